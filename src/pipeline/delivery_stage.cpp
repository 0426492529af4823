#include "delivery_stage.hpp"

#include "follow_stage.hpp"
#include "save_stage.hpp"
#include "stage_timer.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/pipeline/mode.hpp"

#include <algorithm>

namespace dossier::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto ticket_limit = 2min; // for the calls of one step

auto is_held_back(const Stations& stations, const Draft& draft) -> bool {
    return stations.config.mode == Mode::observe && !stations.delivery.is_internal(draft.sink);
}

/// The mode may have become stricter since the draft was made.
auto is_for_person(const Stations& stations, const Draft& draft) -> bool {
    return draft.approval != "none" || stations.config.mode != Mode::automate;
}

auto wants_ticket_first(const Stations& stations, const Draft& draft) -> bool {
    return draft.approval == "before_assign" && !stations.delivery.is_internal(draft.sink) && !draft.ticket;
}

class DeliveryStage {
public:
    DeliveryStage(const Stations& stations, DossierCase& work, const store::Claim& claim)
        : stations_(stations), work_(work), claim_(claim) {}

    auto run() -> Task<Result<store::Release>> {
        const auto* current = work_.current_draft();
        if (current == nullptr) co_return release(store::Release::Kind::done);
        // A draft of the time before the mode became observe: it keeps until the mode allows writing again.
        const bool is_over = current->state == DraftState::rejected || current->state == DraftState::posted;
        if (!is_over && is_held_back(stations_, *current))
            co_return release(store::Release::Kind::wait, now() + observe_pause);
        if (work_.row().stage == Stage::awaiting_approval && waits_at_once(stations_, *current))
            co_return release(store::Release::Kind::done);
        Draft draft = *current;
        switch (draft.state) {
        case DraftState::pending:
            if (is_for_person(stations_, draft)) co_return co_await wait_for_person(std::move(draft));
            co_return co_await approve_and_post(std::move(draft));
        case DraftState::approved:
            co_return co_await post(std::move(draft));
        case DraftState::rejected:
            co_return co_await end_undelivered(std::move(draft));
        case DraftState::posted:
            co_return co_await settle(Stage::delivered);
        case DraftState::expired:
            if (!draft.decided_by.empty()) co_return co_await end_undelivered(std::move(draft));
            break;
        }
        co_return release(store::Release::Kind::done);
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }

    auto release(store::Release::Kind kind, Timestamp ready_at = {}) const -> store::Release {
        return {.claim = claim_, .at = now(), .kind = kind, .ready_at = ready_at, .failed_stage = Stage::drafted};
    }

    auto entry(std::string action, Json details) const -> store::AuditEntry {
        return {.time = now(),
                .action = std::move(action),
                .finding_id = work_.row().findings.front().id,
                .dossier_id = work_.row().id,
                .details = dump_json(details)};
    }

    auto save(store::StageCommit commit) -> Task<Result<void>> {
        return save_stage(stations_, work_, std::move(commit));
    }

    /// Moves dossier and findings to `stage` unless they are there.
    auto settle(Stage stage) -> Task<Result<store::Release>> {
        if (work_.row().stage != stage) {
            auto commit = work_.commit(stage, {}, now());
            if (auto saved = co_await save(std::move(commit)); !saved) co_return fail(std::move(saved.error()));
        }
        co_return release(store::Release::Kind::done);
    }

    auto wait_for_person(Draft draft) -> Task<Result<store::Release>> {
        auto commit = work_.commit(Stage::awaiting_approval, {}, now());
        if (wants_ticket_first(stations_, draft)) {
            auto progress = co_await stations_.delivery.ensure_ticket(draft, deadline_in(ticket_limit));
            if (!progress) co_return fail(std::move(progress.error()));
            if (!progress->ticket)
                co_return release(store::Release::Kind::wait, progress->wait_until.value_or(now() + 1s));
            draft.ticket = progress->ticket;
            commit.ticket = progress->ticket;
            commit.opens_ticket = record_of(draft);
            commit.save_drafts.push_back(draft);
        }
        commit.at = now();
        commit.audit.push_back(awaiting_entry(work_, draft, commit.at));
        if (auto saved = co_await save(std::move(commit)); !saved) co_return fail(std::move(saved.error()));
        co_return release(store::Release::Kind::done);
    }

    /// The ticket's description says what the findings say now: nothing of it is news to it.
    auto record_of(const Draft& draft) const -> std::optional<store::TicketRow> {
        if (!draft.ticket || stations_.delivery.is_internal(draft.ticket->sink)) return std::nullopt;
        auto findings = findings_now(work_.row());
        store::TicketRow record;
        record.dossier_id = draft.dossier_id;
        record.generation = draft.generation;
        record.ticket = *draft.ticket;
        record.told = ticket::to_text(ticket::told_at_birth(findings ? *findings : work_.open_findings(), draft.due));
        return record;
    }

    /// A ticket that was made for this draft alone says that nobody wants it; one that was handed over stays as it is.
    auto end_undelivered(Draft draft) -> Task<Result<store::Release>> {
        const bool was_handed_over = std::ranges::any_of(work_.row().drafts, [&](const Draft& one) {
            return one.state == DraftState::posted && one.kind == "ticket" && one.generation == draft.generation;
        });
        if (!was_handed_over) {
            auto said = co_await tell_undelivered(stations_, std::move(draft), deadline_in(ticket_limit));
            if (!said) co_return fail(std::move(said.error()));
        }
        co_return co_await settle(Stage::closed);
    }

    /// The decision that the route left to the service.
    auto approve_and_post(Draft draft) -> Task<Result<store::Release>> {
        auto mode = co_await mode_in_force(stations_.store, stations_.config.mode);
        if (!mode) co_return fail(std::move(mode.error()));
        if (mode->mode == Mode::observe) co_return release(store::Release::Kind::wait, now() + observe_pause);
        if (mode->mode != Mode::automate) co_return co_await wait_for_person(std::move(draft));
        const auto as_drafted = draft;
        draft.state = DraftState::approved;
        draft.approved_hash = draft.content_hash;
        draft.decided_by = own_name;
        draft.decided_at = now();
        draft.comment = "approved by route " + work_.route->route + " (automate)";
        if (draft.approved_hash != content_hash(draft)) co_return not_as_approved();
        auto commit = work_.commit(Stage::drafted, {}, now());
        commit.action_limit = action_limit(stations_.config, now());
        commit.save_drafts.push_back(draft);
        commit.audit.push_back(
            entry("draft.approved_automatically", {{"draft", draft.id}, {"content_hash", draft.content_hash}}));
        if (auto saved = co_await save(std::move(commit)); !saved) {
            // Others took the last place of this hour since the draft was made.
            if (saved.error().code == Errc::quota_exhausted) co_return co_await wait_for_person(as_drafted);
            co_return fail(std::move(saved.error()));
        }
        co_return co_await post(std::move(draft));
    }

    static auto not_as_approved() -> std::unexpected<Error> {
        return fail(Errc::rejected, "the draft is not what was approved; it has to be approved again");
    }

    /// Carries out a decision. What was approved is what is posted: the hash says so.
    auto post(Draft draft) -> Task<Result<store::Release>> {
        if (draft.approved_hash != content_hash(draft)) co_return not_as_approved();
        const bool automatic = draft.approval == "none" && draft.decided_by == own_name;
        auto progress = co_await stations_.delivery.ensure_ticket(draft, deadline_in(ticket_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (!progress->ticket) co_return release(store::Release::Kind::wait, progress->wait_until.value_or(now() + 1s));
        auto applied = co_await stations_.delivery.apply_approval(draft, *progress->ticket, note_on(draft, *progress),
                                                                  deadline_in(ticket_limit));
        if (!applied) co_return fail(std::move(applied.error()));

        draft.state = DraftState::posted;
        draft.ticket = progress->ticket;
        auto commit = work_.commit(Stage::delivered, {}, now());
        commit.ticket = progress->ticket;
        commit.opens_ticket = record_of(draft);
        commit.save_drafts.push_back(draft);
        commit.audit.push_back(entry(automatic ? "ticket.delivered_automatically" : "ticket.delivered",
                                     {{"draft", draft.id},
                                      {"sink", draft.sink},
                                      {"key", progress->ticket->key},
                                      {"content_hash", draft.content_hash}}));
        if (auto saved = co_await save(std::move(commit)); !saved) co_return fail(std::move(saved.error()));
        log::info("ticket.delivered", {{"dossier", work_.row().id},
                                       {"finding", work_.row().findings.front().id},
                                       {"sink", draft.sink},
                                       {"key", progress->ticket->key}});
        co_return release(store::Release::Kind::done);
    }

    /// What the ticket's readers are told; a ticket made just now says all of it in its description.
    auto note_on(const Draft& draft, const ticket::Delivery::Progress& progress) const -> std::string {
        if (progress.created_now) return {};
        std::string note;
        if (draft.revision > 1 && work_.row().ticket)
            note = "The dossier was revised (revision " + std::to_string(draft.revision) + "). ";
        note += "Approved by " + draft.decided_by + ".";
        if (!draft.comment.empty()) note += " " + draft.comment;
        return note;
    }

    const Stations& stations_;
    DossierCase& work_;
    const store::Claim& claim_;
};

} // namespace

auto tell_undelivered(const Stations& stations, Draft draft, Deadline deadline) -> Task<Result<void>> {
    const bool may_write = stations.config.mode != Mode::observe;
    if (!may_write || !draft.ticket || stations.delivery.is_internal(draft.ticket->sink)) co_return Result<void>{};
    const bool is_expired = draft.state == DraftState::expired;
    std::string note = (is_expired ? "Expired" : "Rejected by " + draft.decided_by) + ": nobody is assigned.";
    if (!draft.comment.empty()) note += " " + draft.comment;
    co_return co_await stations.delivery.comment(*draft.ticket, std::move(note),
                                                 draft.id + ":" + std::string(to_string(draft.state)), deadline);
}

auto waits_at_once(const Stations& stations, const Draft& draft) -> bool {
    return draft.state == DraftState::pending && !is_held_back(stations, draft) && is_for_person(stations, draft) &&
           !wants_ticket_first(stations, draft);
}

auto awaiting_entry(const DossierCase& work, const Draft& draft, Timestamp at) -> store::AuditEntry {
    return stage_entry(work, "draft.awaiting_approval", {{"draft", draft.id}, {"approval", draft.approval}}, at);
}

auto deliver(const Stations& stations, DossierCase& work, const store::Claim& claim) -> Task<Result<store::Release>> {
    DeliveryStage stage(stations, work, claim);
    co_return co_await stage.run();
}

} // namespace dossier::pipeline
