#include "dossier/ticket/lifecycle.hpp"

#include "final_refusal.hpp"
#include "lifecycle_case.hpp"
#include "markdown_escape.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/finding/redelivery.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace dossier::ticket {
namespace {

using store::Intent;
using namespace std::chrono_literals;

constexpr auto keep_trying_for = 7 * 24h; ///< since it was planned: what a tracker's longest outage may last

auto past_of(std::string_view what) -> std::string_view {
    if (what == "resolve") return "ticket.resolved";
    if (what == "reopen") return "ticket.reopened";
    if (what == "link") return "ticket.linked";
    if (what == "due") return "ticket.due_moved";
    return "ticket.commented";
}

/// "Done", "6 (Solved)": how a tracker calls where a ticket stands.
auto standing_words(const TicketState& state) -> std::string {
    auto words = one_line(state.status);
    if (!state.resolution.empty()) words += " (" + one_line(state.resolution) + ")";
    return shorten(words, 200);
}

} // namespace

Lifecycle::Lifecycle(std::map<std::string, std::shared_ptr<TicketSink>> sinks, LifecycleStore store,
                     LifecycleConfig rules, net::RetryPolicy pauses, const Clock& clock, Metrics& metrics)
    : sinks_(std::move(sinks)), store_(store), rules_(rules), pauses_(pauses), clock_(clock), metrics_(metrics) {}

auto Lifecycle::follow(FollowOrder order, Deadline deadline) -> Task<Result<FollowProgress>> {
    auto rows = co_await store_.tickets.tickets_of(order.claim.dossier_id);
    if (!rows) co_return fail(std::move(rows.error()));
    if (rows->empty()) co_return FollowProgress{};
    Case work{.claim = std::move(order.claim),
              .rows = std::move(*rows),
              .row = {},
              .told = {},
              .sink = {},
              .deadline = deadline,
              .progress = {}};
    work.row = work.rows.back();
    work.told = told_from(work.row.told);
    const auto sink = sinks_.find(work.row.ticket.sink);
    if (sink == sinks_.end() || sink->second->is_internal()) co_return FollowProgress{}; // nobody to talk to
    work.sink = sink->second;
    if (work.row.wants_look() || is_past_due(work, order, clock_.now())) {
        if (auto looked = co_await look(work); !looked) co_return fail(std::move(looked.error()));
    }
    if (auto planned = co_await plan(work, order); !planned) co_return fail(std::move(planned.error()));
    if (auto done = co_await carry_out(work, order.may_write, order.pause); !done)
        co_return fail(std::move(done.error()));
    work.progress.wants_next = work.told.needs_next;
    co_return work.progress;
}

auto Lifecycle::save(Case& work, std::vector<Intent> planned, std::vector<store::AuditEntry> audit)
    -> Task<Result<void>> {
    work.row.told = to_text(work.told);
    co_return co_await store_.tickets.plan_ticket(work.claim, work.row, std::move(planned), std::move(audit));
}

/// Reads the ticket itself: whoever said that it has changed may be late, out of order or wrong.
auto Lifecycle::look(Case& work) -> Task<Result<void>> {
    auto& row = work.row;
    const auto asked = row.looks_wanted;
    auto state = co_await work.sink->state(row.ticket, work.deadline);
    const auto now = clock_.now();
    std::vector<store::AuditEntry> audit;
    if (!state && state.error().code != Errc::not_found) {
        log::warn("ticket.look_failed",
                  {{"sink", row.ticket.sink}, {"key", row.ticket.key}, {"error", state.error().describe()}});
        work.wait_until(now + std::max(pauses_.base, state.error().retry_after.value_or(pauses_.max / 8)));
        co_return Result<void>{};
    }
    row.looks_done = asked;
    work.is_seen = true;
    if (!state) {
        if (row.status != "deleted")
            audit.push_back(work.entry("ticket.gone", {{"reason", state.error().message}}, now));
        row.status = "deleted";
        row.is_done = true;
        co_return co_await save(work, {}, std::move(audit));
    }
    const bool is_done = state->standing == Standing::done;
    const auto before = row.status;
    const bool was_done = row.is_done;
    row.status = one_line(state->status);
    row.is_done = is_done;
    if (state->updated) row.seen_at = state->updated;
    const Json stands{{"status", row.status}, {"resolution", one_line(state->resolution)}};
    if (is_done && !was_done && !work.told.is_over && !work.told.needs_next) {
        // Somebody thinks that it is done, and the platform doesn't. Both are said to whom it may concern; the ticket
        // stays as that person wants it.
        row.closed_by_person = true;
        work.told.number += 1;
        work.told.closing = work.told.number;
        work.told.closing_words = standing_words(*state);
        audit.push_back(work.entry("ticket.closed_by_person", stands, now));
        metrics_.count("dossier_tickets_total", {{"sink", row.ticket.sink}, {"outcome", "closed_by_person"}});
        log::info("ticket.closed_by_person", {{"sink", row.ticket.sink}, {"key", row.ticket.key}});
    } else if (!is_done && was_done) {
        row.closed_by_person = false;
        audit.push_back(work.entry("ticket.reopened_by_person", stands, now));
    } else if (before != row.status && !before.empty()) {
        audit.push_back(work.entry("ticket.moved", {{"from", before}, {"to", row.status}}, now));
    }
    co_return co_await save(work, {}, std::move(audit));
}

auto Lifecycle::plan(Case& work, const FollowOrder& order) -> Task<Result<void>> {
    const auto now = clock_.now();
    std::vector<Intent> planned;
    std::vector<store::AuditEntry> audit;
    if (work.row.generation > 1 && !work.told.is_linked && work.rows.size() > 1) {
        const auto& earlier = work.rows[work.rows.size() - 2].ticket;
        work.told.is_linked = true;
        work.told.number += 1;
        planned.push_back(
            work.planned(work.told.number, {.what = "link", .text = {}, .other = earlier, .planned_at = now}));
        planned.push_back(work.planned(
            work.told.number, {.what = "comment",
                               .text = fmt::format("This ticket follows {}, which was over when the finding came back.",
                                                   markdown_link(earlier.key, earlier.url)),
                               .other = {},
                               .planned_at = now}));
    }
    for (const auto& outcome : order.outcomes) {
        if (work.has_told(outcome.draft_id)) continue;
        work.told.actions.push_back(outcome.draft_id);
        work.told.number += 1;
        planned.push_back(work.planned(work.told.number,
                                       {.what = "comment", .text = outcome.comment, .other = {}, .planned_at = now}));
    }
    if (auto news = news_for(work.told, order.findings, rules_)) {
        work.told = std::move(news->told);
        const int number = ++work.told.number;
        if (news->comes_back && rules_.on_reopen == OnReopen::new_ticket) {
            // Only a ticket that is over is followed by another one.
            auto state = co_await work.sink->state(work.row.ticket, work.deadline);
            if (!state && !is_final_refusal(state.error().code)) {
                // Nothing was saved: the same news is found again.
                work.told = told_from(work.row.told);
                work.wait_until(now + std::max(pauses_.base, state.error().retry_after.value_or(pauses_.max / 8)));
                co_return Result<void>{};
            }
            work.told.needs_next = !state || state->standing == Standing::done;
            if (work.told.needs_next) news->comment += "\n\nA new ticket follows this one.";
        }
        if (!news->comment.empty())
            planned.push_back(work.planned(
                number, {.what = "comment", .text = std::move(news->comment), .other = {}, .planned_at = now}));
        if (news->move == Move::resolve)
            planned.push_back(work.planned(number, {.what = "resolve",
                                                    .text = "The finding is over, as its platform reports.",
                                                    .other = {},
                                                    .planned_at = now}));
        if (news->move == Move::reopen)
            planned.push_back(work.planned(number, {.what = "reopen",
                                                    .text = "The finding is open again, as its platform reports.",
                                                    .other = {},
                                                    .planned_at = now}));
    }
    plan_due(work, order, planned, audit);
    if (to_text(work.told) == to_text(told_from(work.row.told)) && planned.empty()) co_return Result<void>{};
    Json keys = Json::array();
    for (const auto& intent : planned) keys.push_back(intent.key);
    if (!planned.empty()) audit.push_back(work.entry("ticket.update_planned", {{"steps", keys}}, now));
    auto saved = co_await save(work, std::move(planned), std::move(audit));
    if (saved && work.breaches_due) tell_breach(work);
    co_return saved;
}

/// In the order in which they were planned; what can't be done now holds up what comes after it.
auto Lifecycle::carry_out(Case& work, bool may_write, Duration pause) -> Task<Result<void>> {
    auto intents = co_await store_.effects.intents_of(work.row.dossier_id);
    if (!intents) co_return fail(std::move(intents.error()));
    // A comment is said before the move that goes with it, and the note on a move after that.
    const auto order_of = [](const Intent& intent) {
        static constexpr std::string_view order[] = {"link", "due", "comment", "resolve", "reopen", "note"};
        const auto colon = intent.key.rfind(':');
        const auto what = std::string_view(intent.key).substr(colon + 1);
        return std::pair(intent.key.substr(0, colon), std::ranges::find(order, what) - std::begin(order));
    };
    std::erase_if(*intents, [](const Intent& one) { return !one.key.starts_with("lifecycle:") || one.is_over(); });
    std::ranges::sort(*intents, {}, order_of);
    if (!may_write) {
        if (!intents->empty()) work.wait_until(clock_.now() + pause);
        co_return Result<void>{};
    }
    for (auto& intent : *intents) {
        if (intent.next_at && clock_.now() < *intent.next_at) {
            work.wait_until(*intent.next_at);
            co_return Result<void>{};
        }
        auto goes_on = co_await attempt(work, std::move(intent));
        if (!goes_on) co_return fail(std::move(goes_on.error()));
        if (!*goes_on) co_return Result<void>{};
    }
    co_return Result<void>{};
}

/// @return false where the steps after it have to wait
auto Lifecycle::attempt(Case& work, Intent intent) -> Task<Result<bool>> {
    const auto step = Step::from(intent);
    if (!intent.ticket) intent.ticket = work.row.ticket;
    intent.state = Intent::State::attempting;
    intent.attempts += 1;
    intent.attempted_at = clock_.now();
    intent.next_at.reset();
    if (auto committed = co_await store_.effects.save_intent(intent, {}); !committed)
        co_return fail(std::move(committed.error()));
    fault_point("step.intended");
    auto done = co_await call(work, step, intent);
    fault_point("step.taken");
    const auto now = clock_.now();
    if (done) {
        intent.state = Intent::State::done;
        intent.reason.clear();
        metrics_.count("dossier_tickets_total", {{"sink", intent.sink}, {"outcome", past_of(step.what).substr(7)}});
        if (work.is_current(intent) && (step.what == "resolve" || step.what == "reopen")) {
            work.row.is_done = step.what == "resolve";
            work.row.closed_by_person = false;
            if (auto saved = co_await save(work, {}, {}); !saved) co_return fail(std::move(saved.error()));
        }
        std::vector<store::AuditEntry> audit{
            work.entry(std::string(past_of(step.what)), {{"event_id", intent.key}, {"key", intent.ticket->key}}, now)};
        if (auto saved = co_await store_.effects.save_intent(std::move(intent), std::move(audit)); !saved)
            co_return fail(std::move(saved.error()));
        co_return true;
    }
    auto& error = done.error();
    intent.reason = error.message;
    if (is_final_refusal(error.code) || now - step.planned_at > keep_trying_for) {
        if (auto settled = co_await settle_refused(work, std::move(intent), step, std::move(error)); !settled)
            co_return fail(std::move(settled.error()));
        co_return true;
    }
    const bool is_unknown = error.code == Errc::outcome_unknown;
    intent.state = is_unknown ? Intent::State::unknown : Intent::State::planned;
    if (is_unknown && !intent.unknown_since) intent.unknown_since = now;
    intent.next_at = now + std::max(net::full_jitter(pauses_, std::min(intent.attempts, 30)),
                                    std::max(error.retry_after.value_or(Duration{0}), pauses_.base));
    work.wait_until(*intent.next_at);
    metrics_.count("dossier_tickets_total",
                   {{"sink", intent.sink}, {"outcome", is_unknown ? "outcome_unknown" : "delayed"}});
    log::warn(
        "ticket.update_delayed",
        {{"dossier", intent.dossier_id}, {"sink", intent.sink}, {"step", step.what}, {"error", error.describe()}});
    if (auto saved = co_await store_.effects.save_intent(std::move(intent), {}); !saved)
        co_return fail(std::move(saved.error()));
    co_return false;
}

auto Lifecycle::call(Case& work, Step step, Intent intent) -> Task<Result<void>> {
    const auto ticket = *intent.ticket; // the last words to a ticket may follow the birth of the next one
    const auto found = sinks_.find(ticket.sink);
    if (found == sinks_.end()) co_return fail(Errc::invalid_argument, "no ticket sink is called '" + ticket.sink + "'");
    const auto sink = found->second;
    if (step.what == "comment" || step.what == "note")
        co_return co_await sink->comment(ticket, step.text, intent.key, Audience::staff, work.deadline);
    if (step.what == "link") co_return co_await sink->link(ticket, step.other, LinkKind::relates, work.deadline);
    if (step.what == "due" && step.due && step.due_before)
        co_return co_await sink->move_due(ticket, *step.due_before, *step.due, work.deadline);
    if (step.what == "resolve") {
        TicketTarget target;
        target.standing = Standing::done;
        target.note = step.text;
        co_return co_await sink->transition(ticket, target, work.deadline);
    }
    if (step.what == "reopen") co_return co_await sink->reopen(ticket, step.text, work.deadline);
    co_return fail(Errc::invalid_argument, "a step that this version doesn't know");
}

/// Kept with its reason, and said on the ticket where a person has to do what we could not.
auto Lifecycle::settle_refused(Case& work, Intent intent, const Step& step, Error error) -> Task<Result<void>> {
    const auto now = clock_.now();
    const bool is_move = step.what == "resolve" || step.what == "reopen";
    if (error.code == Errc::not_found && work.is_current(intent)) {
        work.row.status = "deleted";
        work.row.is_done = true;
    }
    std::vector<Intent> planned;
    if (step.what == "reopen" && work.is_current(intent) && !work.told.is_over) work.told.needs_next = true;
    if (is_move && error.code != Errc::not_found) {
        const auto number = work.told.number;
        const auto words = step.what == "resolve"
                               ? fmt::format("dossier could not close this ticket ({}). Please close it by hand.",
                                             escape_markdown(error.message))
                               : fmt::format("dossier could not take this ticket up again ({}). A new one follows.",
                                             escape_markdown(error.message));
        planned.push_back(work.planned(number, {.what = "note", .text = words, .other = {}, .planned_at = now}));
    }
    if (auto saved = co_await save(work, std::move(planned), {}); !saved) co_return saved;
    intent.state = Intent::State::failed;
    metrics_.count("dossier_tickets_total", {{"sink", intent.sink}, {"outcome", "failed"}});
    log::warn(
        "ticket.update_failed",
        {{"dossier", intent.dossier_id}, {"sink", intent.sink}, {"step", step.what}, {"error", error.describe()}});
    std::vector<store::AuditEntry> audit{
        work.entry("ticket.update_failed",
                   {{"event_id", intent.key}, {"key", intent.ticket->key}, {"reason", error.message}}, now)};
    auto saved = co_await store_.effects.save_intent(std::move(intent), std::move(audit));
    if (saved && !work.progress.again_at && is_move) work.wait_until(now); // the note is a step of its own
    co_return saved;
}

} // namespace dossier::ticket
