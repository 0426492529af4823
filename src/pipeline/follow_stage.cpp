#include "follow_stage.hpp"

#include "delivery_stage.hpp"
#include "due_stage.hpp"

#include "dossier/finding/json.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto follow_limit = 2min; // for the calls of one round

void sooner(store::Release& end, Timestamp at) {
    if (end.kind == store::Release::Kind::wait) {
        end.ready_at = std::min(end.ready_at, at);
    } else if (end.kind == store::Release::Kind::done) {
        end.kind = store::Release::Kind::wait;
        end.ready_at = at;
    }
}

/// What the ticket of a draft says of the findings: all were open when it was written.
auto as_drafted(const Draft& draft, std::vector<Finding> findings) -> ticket::Told {
    for (auto& finding : findings) finding.status = Status::open;
    return ticket::told_at_birth(findings, draft.due);
}

/// A draft that ended while the answer to its ticket's create was missing: the ticket may be there and has to hear of
/// it.
auto is_without_answer(const Stations& stations, const store::DossierRow& row, const Draft& draft) -> bool {
    using enum DraftState;
    const auto stands = [&](const Draft& one) {
        return one.kind == draft.kind && one.generation == draft.generation &&
               (one.ticket || one.state == pending || one.state == approved || one.state == posted);
    };
    return draft.kind == "ticket" && !stations.delivery.is_internal(draft.sink) &&
           std::ranges::none_of(row.drafts, stands);
}

/// Looks for tickets of which nobody knows. @return when to look again
auto recall_tickets(const Stations& stations, const store::Claim& claim, const store::DossierRow& row,
                    const std::vector<Finding>& findings) -> Task<Result<std::optional<Timestamp>>> {
    std::optional<Timestamp> again_at;
    for (const auto& draft : row.drafts) { // the newest first
        if (!is_without_answer(stations, row, draft)) continue;
        auto recalled = co_await stations.delivery.recall(draft, deadline_in(follow_limit));
        if (!recalled) co_return fail(std::move(recalled.error()));
        if (recalled->wait_until) again_at = std::min(again_at.value_or(*recalled->wait_until), *recalled->wait_until);
        if (!recalled->ticket) continue;
        auto known = draft;
        known.ticket = recalled->ticket;
        store::StageCommit commit;
        commit.claim = claim;
        commit.at = stations.clock.now();
        commit.stage = row.stage;
        commit.revision = row.revision;
        commit.ticket = known.ticket;
        commit.opens_ticket = store::TicketRow{.dossier_id = row.id,
                                               .generation = known.generation,
                                               .ticket = *known.ticket,
                                               .told = ticket::to_text(as_drafted(known, findings))};
        commit.save_drafts.push_back(known);
        if (auto saved = co_await stations.store.commit_stage(std::move(commit)); !saved)
            co_return fail(std::move(saved.error()));
        const bool was_decided = known.state == DraftState::rejected || !known.decided_by.empty();
        if (was_decided) {
            auto said = co_await tell_undelivered(stations, std::move(known), deadline_in(follow_limit));
            if (!said) co_return fail(std::move(said.error()));
        }
        break; // what it has to hear of its findings begins with it
    }
    co_return again_at;
}

auto has_draft_of(const store::DossierRow& row, int generation) -> bool {
    return std::ranges::any_of(row.drafts, [&](const Draft& one) {
        return one.kind == "ticket" && one.generation == generation && one.state != DraftState::expired;
    });
}

} // namespace

auto findings_now(const store::DossierRow& row) -> Result<std::vector<Finding>> {
    std::vector<Finding> findings;
    for (const auto& stored : row.findings) {
        if (stored.doc.empty() || stored.stage == Stage::received) continue;
        auto finding = from_text<Finding>(stored.doc);
        if (!finding) return std::unexpected(std::move(finding.error()).with("finding", stored.id));
        finding->id = stored.id;
        finding->source = stored.source;
        finding->status = stored.status;
        findings.push_back(std::move(*finding));
    }
    return findings;
}

auto follow_ticket(const Stations& stations, const store::Claim& claim, store::Release end, bool may_draft)
    -> Task<Result<store::Release>> {
    if (stations.lifecycle == nullptr) co_return end;
    // Read anew: the steps before have just changed it.
    auto row = co_await stations.store.get_dossier(claim.dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    auto findings = findings_now(*row);
    if (!findings) co_return fail(std::move(findings.error()));
    auto recalled = co_await recall_tickets(stations, claim, *row, *findings);
    if (!recalled) co_return fail(std::move(recalled.error()));
    if (*recalled) sooner(end, **recalled);
    auto current = co_await ticket_turn(stations, *row);
    if (!current) co_return fail(std::move(current.error()));
    ticket::FollowOrder order{.claim = claim,
                              .findings = std::move(*findings),
                              .due = due_to_follow(stations, *row, *current),
                              .due_names = names_for_breach(stations, *row, current->generation),
                              .may_write = stations.config.mode != Mode::observe,
                              .pause = observe_pause};
    if (stations.actions != nullptr) {
        auto outcomes = co_await stations.actions->news_of(*row);
        if (!outcomes) co_return fail(std::move(outcomes.error()));
        order.outcomes = std::move(*outcomes);
    }
    auto progress = co_await stations.lifecycle->follow(std::move(order), deadline_in(follow_limit));
    if (!progress) co_return fail(std::move(progress.error()));
    if (progress->again_at) sooner(end, *progress->again_at);
    if (progress->wants_next && may_draft) {
        auto turn = co_await ticket_turn(stations, *row);
        if (!turn) co_return fail(std::move(turn.error()));
        if (turn->is_new) sooner(end, stations.clock.now());
    }
    co_return end;
}

auto ticket_turn(const Stations& stations, const store::DossierRow& row) -> Task<Result<TicketTurn>> {
    if (stations.lifecycle == nullptr) co_return TicketTurn{.ticket = row.ticket};
    auto tickets = co_await stations.store.tickets_of(row.id);
    if (!tickets) co_return fail(std::move(tickets.error()));
    if (tickets->empty()) co_return TicketTurn{.ticket = row.ticket};
    const auto& newest = tickets->back();
    const auto told = ticket::told_from(newest.told);
    if (!told.needs_next) {
        TicketTurn turn{.generation = newest.generation, .ticket = newest.ticket, .has_record = true};
        if (told.due) turn.due = told.due->date;
        turn.is_over = told.is_over;
        co_return turn;
    }
    const int next = newest.generation + 1;
    co_return TicketTurn{.generation = next, .is_new = !has_draft_of(row, next)};
}

} // namespace dossier::pipeline
