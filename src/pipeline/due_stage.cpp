#include "due_stage.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

/// A severity, and since when a finding has had it as far as deliveries tell.
struct WorstOpen {
    Severity severity = Severity::informational;
    Timestamp since{};
};

auto worst_open(const store::DossierRow& row) -> std::optional<WorstOpen> {
    std::optional<WorstOpen> worst;
    for (const auto& finding : row.findings) {
        if (is_over(finding.status)) continue;
        const bool is_worse = !worst || finding.severity > worst->severity ||
                              (finding.severity == worst->severity && finding.updated_at < worst->since);
        if (is_worse) worst = WorstOpen{.severity = finding.severity, .since = finding.updated_at};
    }
    return worst;
}

/// Newest first, as the store has them.
auto newest_ticket_draft(const store::DossierRow& row, int generation) -> const Draft* {
    const auto found = std::ranges::find_if(
        row.drafts, [&](const Draft& one) { return one.kind == "ticket" && one.generation == generation; });
    return found == row.drafts.end() ? nullptr : &*found;
}

/// As it was counted before, for the ticket or for a draft that still counts.
auto known_due(const store::DossierRow& row, const TicketTurn& turn) -> std::optional<DueDate> {
    if (turn.is_over) return std::nullopt; // what comes back has its time anew
    auto known = turn.due;
    for (const auto& draft : row.drafts) {
        if (draft.kind != "ticket" || draft.generation != turn.generation || !draft.due) continue;
        if (draft.state == DraftState::expired) continue;
        // The draft of this claim knows of a risen severity before the ticket does.
        if (!known || draft.due->severity > known->severity) known = draft.due;
        break;
    }
    return known;
}

} // namespace

auto due_days(const Stations& stations, const std::string& route) -> const ticket::DueDays& {
    const auto found = std::ranges::find(stations.config.routes, route, &RouteConfig::name);
    return found != stations.config.routes.end() && found->due ? *found->due : stations.due.days;
}

auto due_now(const Stations& stations, const store::DossierRow& row, const TicketTurn& turn, const std::string& route)
    -> std::optional<DueDate> {
    const auto& days = due_days(stations, route);
    if (days.empty() || (turn.has_record && !turn.due)) return std::nullopt;
    const auto known = known_due(row, turn);
    const auto worst = worst_open(row);
    if (!worst) return known;
    const auto& calendar = stations.due.calendar;
    if (known) return ticket::due_after(*known, days, calendar, worst->severity, worst->since);
    return ticket::due_date(days, calendar, worst->severity, worst->since);
}

auto due_to_follow(const Stations& stations, const store::DossierRow& row, const TicketTurn& turn)
    -> std::optional<DueDate> {
    const auto* draft = newest_ticket_draft(row, turn.generation);
    if (draft == nullptr || !turn.due) return std::nullopt;
    const bool was_handed_over = std::ranges::any_of(row.drafts, [&](const Draft& one) {
        return one.kind == "ticket" && one.generation == turn.generation && one.state == DraftState::posted;
    });
    const bool is_unwanted =
        draft->state == DraftState::rejected || (draft->state == DraftState::expired && !draft->decided_by.empty());
    if (is_unwanted && !was_handed_over) return std::nullopt;
    return due_now(stations, row, turn, draft->route);
}

auto names_for_breach(const Stations& stations, const store::DossierRow& row, int generation) -> std::string {
    const auto* draft = newest_ticket_draft(row, generation);
    if (draft == nullptr) return {};
    auto facts = draft->facts;
    // A group's draft has no facts of one finding, and an owner only where its members have the same.
    if (facts.empty() && !draft->owner.empty()) facts.emplace_back("owner.email", draft->owner);
    return ticket::named_for_breach(stations.due, facts);
}

} // namespace dossier::pipeline
