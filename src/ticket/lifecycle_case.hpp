#pragma once
// What the parts of `Lifecycle` work on: one ticket under work, and one thing to do for it.

#include "dossier/base/json.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/lifecycle.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {

/// One thing to do, as planned.
struct Lifecycle::Step {
    std::string what;       ///< due | comment | resolve | reopen | note | link
    std::string text;       ///< Markdown of a comment; words for the move
    TicketRef other;        ///< of a link
    Timestamp planned_at{}; ///< trying ends some days after
    std::optional<DueDate> due_before{};
    std::optional<DueDate> due{}; ///< to be set in place of the one before

    [[nodiscard]] auto to_body() const -> std::string {
        Json json{{"what", what}, {"text", text}, {"other", other}, {"planned_at", format_time(planned_at)}};
        if (due_before) json["due_before"] = *due_before;
        if (due) json["due"] = *due;
        return dump_json(json);
    }
    [[nodiscard]] static auto from(const store::Intent& intent) -> Step {
        Step step;
        const auto json = parse_json(intent.body);
        if (!json || !json->is_object()) return step;
        step.what = text_at(*json, "what");
        step.text = text_at(*json, "text");
        if (const auto other = json->find("other"); other != json->end() && other->is_object())
            step.other = {.sink = text_at(*other, "sink"),
                          .key = text_at(*other, "key"),
                          .url = text_at(*other, "url"),
                          .id = text_at(*other, "id")};
        const auto date_at = [&](const char* key) -> std::optional<DueDate> {
            if (!json->contains(key)) return std::nullopt;
            auto date = from_text<DueDate>(dump_json((*json)[key]));
            return date ? std::optional(std::move(*date)) : std::nullopt;
        };
        step.due_before = date_at("due_before");
        step.due = date_at("due");
        step.planned_at = parse_time(text_at(*json, "planned_at")).value_or(Timestamp{});
        return step;
    }
};

/// One dossier's ticket under work.
struct Lifecycle::Case {
    store::Claim claim;
    std::vector<store::TicketRow> rows; ///< all generations
    store::TicketRow row;               ///< the newest
    Told told;
    std::shared_ptr<TicketSink> sink;
    Deadline deadline;
    FollowProgress progress;
    bool is_seen = false;      ///< the tracker has just shown the ticket
    bool breaches_due = false; ///< what is planned says that its date has passed

    [[nodiscard]] auto is_current(const store::Intent& intent) const -> bool {
        return intent.ticket && intent.ticket->key == row.ticket.key;
    }
    void wait_until(Timestamp at) { progress.again_at = std::min(progress.again_at.value_or(at), at); }

    /// Whether this ticket, or one before it, has heard of an action's outcome.
    [[nodiscard]] auto has_told(const std::string& draft_id) const -> bool {
        const auto knows = [&](const Told& one) {
            return std::ranges::find(one.actions, draft_id) != one.actions.end();
        };
        return knows(told) ||
               std::ranges::any_of(rows, [&](const store::TicketRow& one) { return knows(told_from(one.told)); });
    }

    [[nodiscard]] auto planned(int number, const Step& step) const -> store::Intent {
        store::Intent intent;
        intent.key = fmt::format("lifecycle:{}:{}:{:06}:{}", row.dossier_id, row.generation, number, step.what);
        intent.dossier_id = row.dossier_id;
        intent.sink = row.ticket.sink;
        intent.ticket = row.ticket;
        intent.body = step.to_body();
        return intent;
    }
    [[nodiscard]] auto entry(std::string action, Json details, Timestamp at) const -> store::AuditEntry {
        if (!details.contains("key")) details["key"] = row.ticket.key;
        details["sink"] = row.ticket.sink;
        return {.time = at,
                .action = std::move(action),
                .finding_id = told.findings.empty() ? "" : told.findings.front().id,
                .dossier_id = row.dossier_id,
                .details = dump_json(details)};
    }
};

} // namespace dossier::ticket
