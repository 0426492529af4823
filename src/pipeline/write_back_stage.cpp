#include "write_back_stage.hpp"

#include "delivery_stage.hpp"
#include "follow_stage.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/finding/redelivery.hpp"
#include "dossier/pipeline/mode.hpp"
#include "dossier/ticket/write_back_text.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto write_limit = 2min; // for the calls of one round

class WriteBackStage {
public:
    WriteBackStage(const Stations& stations, const DossierCase& work, store::Release end)
        : stations_(stations), work_(work), end_(std::move(end)) {}

    auto run() -> Task<Result<store::Release>> {
        // Read anew: the step before has just changed its drafts.
        auto row = co_await stations_.store.get_dossier(work_.row().id);
        if (!row) co_return fail(std::move(row.error()));
        row_ = std::move(*row);
        if (stations_.config.mode == Mode::observe) {
            // What was approved before keeps until the mode allows writing again.
            if (auto waiting = co_await has_unfinished(); !waiting)
                co_return fail(std::move(waiting.error()));
            else if (*waiting)
                wait_until(now() + observe_pause);
            co_return std::move(end_);
        }
        if (auto done = co_await write_tags(); !done) co_return fail(std::move(done.error()));
        if (auto done = co_await tell_platforms(); !done) co_return fail(std::move(done.error()));
        if (auto done = co_await tell_of_closing(); !done) co_return fail(std::move(done.error()));
        co_return std::move(end_);
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }

    void wait_until(Timestamp at) {
        if (end_.kind == store::Release::Kind::wait)
            end_.ready_at = std::min(end_.ready_at, at);
        else if (end_.kind == store::Release::Kind::done) {
            end_.kind = store::Release::Kind::wait;
            end_.ready_at = at;
        }
    }

    auto has_unfinished() -> Task<Result<bool>> {
        auto intents = co_await stations_.store.intents_of(row_.id);
        if (!intents) co_return fail(std::move(intents.error()));
        const bool is_begun = std::ranges::any_of(
            *intents, [](const store::Intent& one) { return one.key.starts_with("writeback:") && !one.is_over(); });
        co_return is_begun || std::ranges::any_of(row_.drafts, [](const Draft& one) {
            return one.kind == "tags" && one.state == DraftState::approved;
        });
    }

    /// The findings of a draft as they are now.
    auto findings_of(const Draft& draft) const -> Result<std::vector<Finding>> {
        std::vector<Finding> findings;
        for (const auto& stored : row_.findings) {
            if (std::ranges::find(draft.finding_ids, stored.id) == draft.finding_ids.end()) continue;
            auto finding = from_text<Finding>(stored.doc);
            if (!finding) return std::unexpected(std::move(finding.error()).with("finding", stored.id));
            finding->id = stored.id;
            finding->source = stored.source;
            finding->status = stored.status;
            findings.push_back(std::move(*finding));
        }
        return findings;
    }

    auto narrative_of(int revision) const -> Narrative {
        for (const auto& result : row_.results) {
            if (result.stage != Stage::explained || result.revision != revision) continue;
            if (auto narrative = from_text<Narrative>(result.body)) return *std::move(narrative);
        }
        return {};
    }

    static auto is_automatic(const Draft& draft) -> bool {
        return draft.approval == "none" && draft.decided_by == own_name;
    }

    /// The ticket that was handed over last: who reported the findings hears of it.
    auto tell_platforms() -> Task<Result<void>> {
        const auto is_posted = [](const Draft& one) { return one.kind == "ticket" && one.state == DraftState::posted; };
        const auto posted = std::ranges::find_if(row_.drafts, is_posted); // newest first
        if (posted == row_.drafts.end() || !posted->ticket) co_return Result<void>{};
        auto findings = findings_of(*posted);
        if (!findings) co_return fail(std::move(findings.error()));
        std::erase_if(*findings, [&](const Finding& one) { return !stations_.write_back->serves(one.source); });
        if (findings->empty()) co_return Result<void>{};
        const auto earlier = std::find_if(std::next(posted), row_.drafts.end(), is_posted);
        const auto narrative = narrative_of(posted->revision);
        ticket::WriteBackOrder order;
        order.draft = *posted;
        order.findings = std::move(*findings);
        order.ticket = *posted->ticket;
        order.text = ticket::write_back_comment(*posted, earlier == row_.drafts.end() ? nullptr : &*earlier, narrative,
                                                order.ticket);
        order.author = ticket::author_line(narrative);
        order.is_automatic = is_automatic(*posted);
        auto progress = co_await stations_.write_back->report(std::move(order), deadline_in(write_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (progress->again_at) wait_until(*progress->again_at);
        co_return Result<void>{};
    }

    /// A person closed the ticket and the finding is open: both sides are to know.
    auto tell_of_closing() -> Task<Result<void>> {
        auto tickets = co_await stations_.store.tickets_of(row_.id);
        if (!tickets) co_return fail(std::move(tickets.error()));
        if (tickets->empty() || !tickets->back().closed_by_person) co_return Result<void>{};
        const auto& closed = tickets->back();
        const auto told = ticket::told_from(closed.told);
        auto findings = findings_now(row_);
        if (!findings) co_return fail(std::move(findings.error()));
        std::erase_if(*findings, [&](const Finding& one) {
            return is_over(one.status) || !stations_.write_back->serves(one.source);
        });
        if (findings->empty()) co_return Result<void>{};
        ticket::WriteBackOrder order;
        order.draft.dossier_id = row_.id;
        order.draft.decided_at = closed.seen_at.value_or(now());
        order.findings = std::move(*findings);
        order.ticket = closed.ticket;
        order.text = ticket::closed_ticket_comment(closed.ticket, told.closing_words);
        order.closing = closed.ticket.sink + "/" + closed.ticket.key + "#" + std::to_string(told.closing);
        auto progress = co_await stations_.write_back->report(std::move(order), deadline_in(write_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (progress->again_at) wait_until(*progress->again_at);
        co_return Result<void>{};
    }

    auto write_tags() -> Task<Result<void>> {
        std::vector<Draft> drafts; // a copy: what is written changes the row
        std::ranges::copy_if(row_.drafts, std::back_inserter(drafts),
                             [](const Draft& one) { return one.kind == "tags"; });
        for (auto& draft : drafts) {
            const bool may_decide = draft.approval == "none" && stations_.config.mode == Mode::automate;
            if (draft.state == DraftState::pending && may_decide) {
                auto approved = co_await approve(draft);
                if (!approved) co_return approved;
            }
            if (draft.state != DraftState::approved) continue;
            auto written = co_await write(draft);
            if (!written) co_return written;
        }
        if (!drafts.empty() && work_.route && work_.route->action == "classify")
            co_return co_await settle(drafts.front());
        co_return Result<void>{};
    }

    /// The decision that the route left to the service.
    auto approve(Draft& draft) -> Task<Result<void>> {
        auto mode = co_await mode_in_force(stations_.store, stations_.config.mode);
        if (!mode) co_return fail(std::move(mode.error()));
        if (mode->mode != Mode::automate) co_return Result<void>{};
        const auto as_drafted = draft;
        draft.state = DraftState::approved;
        draft.approved_hash = draft.content_hash;
        draft.decided_by = own_name;
        draft.decided_at = now();
        draft.comment = "approved by route " + (work_.route ? work_.route->route : std::string()) + " (automate)";
        auto saved = co_await save(draft, "draft.approved_automatically", action_limit(stations_.config, now()));
        if (saved || saved.error().code != Errc::quota_exhausted) co_return saved;
        draft = as_drafted; // others took the last place of this hour: a person decides
        co_return Result<void>{};
    }

    auto write(Draft& draft) -> Task<Result<void>> {
        if (draft.approved_hash != content_hash(draft))
            co_return fail(Errc::rejected, "the tags are not what was approved; they have to be approved again");
        auto findings = findings_of(draft);
        if (!findings) co_return fail(std::move(findings.error()));
        ticket::WriteBackOrder order;
        order.draft = draft;
        order.findings = std::move(*findings);
        order.is_automatic = is_automatic(draft);
        auto progress = co_await stations_.write_back->tag(std::move(order), deadline_in(write_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (progress->again_at) {
            wait_until(*progress->again_at);
        } else if (progress->done > 0) {
            draft.state = DraftState::posted;
            co_return co_await save(draft, "tags.delivered");
        }
        co_return Result<void>{}; // what failed for good stays approved, with the reason beside it
    }

    /// Saves the draft and moves nothing: the stage of a dossier is its ticket's.
    auto save(const Draft& draft, std::string action, std::optional<store::ActionLimit> limit = std::nullopt)
        -> Task<Result<void>> {
        store::StageCommit commit;
        commit.action_limit = limit;
        commit.claim = end_.claim;
        commit.at = now();
        commit.stage = row_.stage;
        commit.revision = row_.revision;
        commit.save_drafts.push_back(draft);
        commit.audit.push_back(
            {.time = commit.at,
             .action = std::move(action),
             .finding_id = draft.finding_ids.empty() ? "" : draft.finding_ids.front(),
             .dossier_id = row_.id,
             .details = dump_json({{"draft", draft.id}, {"sink", draft.sink}, {"content_hash", draft.content_hash}})});
        co_return co_await stations_.store.commit_stage(std::move(commit));
    }

    /// A dossier that was only to be classified is where its tags are.
    auto settle(const Draft& draft) -> Task<Result<void>> {
        auto stage = row_.stage;
        if (draft.state == DraftState::posted) stage = Stage::delivered;
        const bool has_run_out = draft.state == DraftState::expired && !draft.decided_by.empty();
        if (draft.state == DraftState::rejected || has_run_out) stage = Stage::closed;
        if (stage == row_.stage) co_return Result<void>{};
        auto saved = co_await stations_.store.commit_stage(work_.commit(stage, {}, now()));
        co_return saved;
    }

    const Stations& stations_;
    const DossierCase& work_;
    store::Release end_;
    store::DossierRow row_;
};

} // namespace

auto write_back(const Stations& stations, const DossierCase& work, store::Release end) -> Task<Result<store::Release>> {
    const bool has_platform =
        stations.write_back != nullptr && std::ranges::any_of(work.row().findings, [&](const store::FindingRow& one) {
            return stations.write_back->serves(one.source);
        });
    if (!has_platform) co_return end;
    WriteBackStage stage(stations, work, std::move(end));
    co_return co_await stage.run();
}

} // namespace dossier::pipeline
