// The part of Lifecycle that keeps a ticket's due date: moved where it is counted anew, and once it has passed, said
// once on a ticket that still is open.
#include "lifecycle_case.hpp"

#include "dossier/base/log.hpp"
#include "dossier/ticket/due.hpp"

#include <fmt/format.h>

#include <utility>

namespace dossier::ticket {
namespace {

auto moved_words(const DueDate& before, const DueDate& now) -> std::string {
    const auto why = now.severity > before.severity ? fmt::format("the severity rose from {} to {}",
                                                                  to_string(before.severity), to_string(now.severity))
                                                    : std::string("the finding came back");
    return fmt::format("**Due date:** now {}, before {}: {}.", due_words(now), before.on, why);
}

auto breach_words(const DueDate& due, const std::string& names) -> std::string {
    auto text = fmt::format("**The due date has passed.** This ticket was due on {}, and what it is about still is "
                            "reported as open.",
                            due_words(due));
    if (!names.empty()) text += "\n\n" + names;
    return text;
}

} // namespace

/// Whether the ticket has to be looked at before it is said that its date has passed.
auto Lifecycle::is_past_due(const Case& work, const FollowOrder& order, Timestamp now) -> bool {
    const auto& due = work.told.due;
    return order.due && due && !due->is_breached && now >= due->date.ends_at && !work.row.is_done && !work.told.is_over;
}

void Lifecycle::plan_due(Case& work, const FollowOrder& order, std::vector<store::Intent>& planned,
                         std::vector<store::AuditEntry>& audit) {
    auto& told = work.told;
    if (!order.due || !told.due || told.is_over || told.needs_next) return;
    const auto now = clock_.now();
    if (told.due->date != *order.due) {
        const auto before = std::exchange(*told.due, ToldDue{.date = *order.due}).date;
        if (before.on != order.due->on) {
            told.number += 1;
            planned.push_back(work.planned(
                told.number,
                {.what = "due", .text = {}, .other = {}, .planned_at = now, .due_before = before, .due = order.due}));
            planned.push_back(work.planned(
                told.number,
                {.what = "comment", .text = moved_words(before, *order.due), .other = {}, .planned_at = now}));
        }
    }
    if (told.due->is_breached || work.row.is_done) return;
    const auto& date = told.due->date;
    if (now < date.ends_at) return work.wait_until(date.ends_at);
    // Not without having seen the ticket: somebody may have closed it, and trackers needn't tell.
    if (!work.is_seen) return work.wait_until(now + pauses_.base);
    told.due->is_breached = true;
    told.number += 1;
    planned.push_back(work.planned(
        told.number, {.what = "comment", .text = breach_words(date, order.due_names), .other = {}, .planned_at = now}));
    audit.push_back(work.entry("ticket.due_breached",
                               {{"due", date.on}, {"severity", to_string(date.severity)}, {"business_days", date.days}},
                               now));
    work.breaches_due = true;
}

/// Once it is in the store: a claim that was lost has breached nothing.
void Lifecycle::tell_breach(const Case& work) {
    const auto severity = std::string(to_string(work.told.due->date.severity));
    metrics_.count("dossier_due_breaches_total", {{"sink", work.row.ticket.sink}, {"severity", severity}});
    log::info("ticket.due_breached", {{"dossier", work.row.dossier_id},
                                      {"sink", work.row.ticket.sink},
                                      {"key", work.row.ticket.key},
                                      {"due", work.told.due->date.on},
                                      {"severity", severity}});
}

} // namespace dossier::ticket
