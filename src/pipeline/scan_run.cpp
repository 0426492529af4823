// Approved scans: started once, watched to their end, and their outcome said on the dossier's ticket.
#include "scan_stage.hpp"

#include "delivery_stage.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;
using store::Intent;

constexpr auto scan_call_limit = 2min;    // for the calls of one look
constexpr auto watch_scans_for = 7 * 24h; // since the approval: what a queue of scans or an outage may last

/// Trying again would say the same.
auto ends_scan(Errc code) -> bool {
    return code == Errc::invalid_argument || code == Errc::not_found || code == Errc::forbidden ||
           code == Errc::rejected || code == Errc::malformed || code == Errc::conflict;
}

class ScanRuns {
public:
    ScanRuns(const Stations& stations, const store::Claim& claim, store::Release end)
        : stations_(stations), claim_(claim), end_(std::move(end)) {}

    auto run() -> Task<Result<store::Release>> {
        // Read anew: the steps before have changed its drafts and its ticket.
        auto row = co_await stations_.store.get_dossier(claim_.dossier_id);
        if (!row) co_return fail(std::move(row.error()));
        for (const auto& draft : row->drafts) {
            if (draft.kind != "scan" || draft.state != DraftState::approved) continue;
            if (stations_.config.mode == Mode::observe) {
                wait_until(now() + observe_pause);
                continue;
            }
            if (auto done = co_await advance(*row, draft); !done) co_return fail(std::move(done.error()));
        }
        co_return std::move(end_);
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }

    void wait_until(Timestamp at) {
        if (end_.kind == store::Release::Kind::wait) {
            end_.ready_at = std::min(end_.ready_at, at);
        } else if (end_.kind == store::Release::Kind::done) {
            end_.kind = store::Release::Kind::wait;
            end_.ready_at = at;
        }
    }

    auto pause(int attempts) const -> Duration {
        const net::RetryPolicy backoff{.base = stations_.config.queue.backoff_base,
                                       .max = stations_.config.queue.backoff_max};
        return std::max(backoff.base, net::full_jitter(backoff, std::min(attempts, 30)));
    }

    auto advance(const store::DossierRow& row, Draft draft) -> Task<Result<void>> {
        if (draft.approved_hash != content_hash(draft))
            co_return fail(Errc::rejected, "the scan is not what was approved; it has to be approved again");
        Intent wanted;
        wanted.key = std::string(ticket::action_prefix) + draft.id;
        wanted.dossier_id = row.id;
        wanted.draft_id = draft.id;
        wanted.sink = draft.sink;
        wanted.content_hash = draft.content_hash;
        auto intent = co_await stations_.store.begin_intent(std::move(wanted));
        if (!intent) co_return fail(std::move(intent.error()));
        if (!intent->is_over()) {
            if (intent->next_at && now() < *intent->next_at) {
                wait_until(*intent->next_at);
                co_return Result<void>{};
            }
            if (auto tried = co_await attempt(*intent, draft); !tried) co_return tried;
        }
        if (!intent->is_over()) co_return Result<void>{};
        co_return co_await tell(row, std::move(draft), *intent);
    }

    /// One look, which starts the scan where it isn't there. What it says stands in the intent.
    auto attempt(Intent& intent, Draft draft) -> Task<Result<void>> {
        intent.state = Intent::State::attempting;
        intent.attempts += 1;
        intent.attempted_at = now();
        intent.next_at.reset();
        if (auto begun = co_await stations_.store.save_intent(intent, {}); !begun) co_return begun;
        const auto decided_at = draft.decided_at.value_or(draft.created_at);
        Result<ticket::ActionReceipt> receipt =
            fail(Errc::invalid_argument, fmt::format("nothing that scans is called `{}` any more", draft.sink));
        if (const auto target = stations_.scan_targets.find(draft.sink); target != stations_.scan_targets.end()) {
            ticket::Action action{.key = ticket::ticket_key(stations_.instance, intent.key), .draft = std::move(draft)};
            receipt = co_await target->second->perform(std::move(action), deadline_in(scan_call_limit));
        }
        std::vector<store::AuditEntry> audit;
        if (receipt) {
            intent.state = Intent::State::done;
            intent.ticket = TicketRef{.sink = intent.sink, .key = receipt->id, .url = receipt->url, .id = {}};
            intent.reason = receipt->detail;
        } else if (ends_scan(receipt.error().code) || now() - decided_at > watch_scans_for) {
            intent.state = Intent::State::failed;
            intent.reason = receipt.error().message;
        } else {
            intent.state = Intent::State::unknown;
            intent.reason = receipt.error().message;
            intent.next_at =
                now() + std::max(pause(intent.attempts), receipt.error().retry_after.value_or(Duration{0}));
            wait_until(*intent.next_at);
        }
        if (intent.is_over()) {
            const bool is_done = intent.state == Intent::State::done;
            audit.push_back({.time = now(),
                             .action = is_done ? "scan.done" : "scan.failed",
                             .dossier_id = intent.dossier_id,
                             .details = dump_json({{"draft", intent.draft_id},
                                                   {"target", intent.sink},
                                                   {"run", intent.ticket ? intent.ticket->key : ""},
                                                   {"outcome", intent.reason},
                                                   {"event_id", intent.key}})});
            stations_.metrics.count("dossier_scans_total",
                                    {{"target", intent.sink}, {"outcome", is_done ? "done" : "failed"}});
            log::info(is_done ? "scan.done" : "scan.failed",
                      {{"dossier", intent.dossier_id}, {"target", intent.sink}, {"outcome", intent.reason}});
        }
        co_return co_await stations_.store.save_intent(intent, std::move(audit));
    }

    /// On the ticket first, which heeds the event's id: the draft is over once its ticket knows.
    auto tell(const store::DossierRow& row, Draft draft, const Intent& intent) -> Task<Result<void>> {
        const bool is_done = intent.state == Intent::State::done;
        if (row.ticket && !stations_.delivery.is_internal(row.ticket->sink)) {
            auto words = is_done ? fmt::format("**Scanned.** {} (run `{}`, approved by {})", intent.reason,
                                               intent.ticket ? intent.ticket->key : "", draft.decided_by)
                                 : fmt::format("**The scan that {} approved has come to nothing.** {}",
                                               draft.decided_by, intent.reason);
            auto said = co_await stations_.delivery.comment(*row.ticket, std::move(words), draft.id + ":outcome",
                                                            deadline_in(scan_call_limit));
            if (!said && !ends_scan(said.error().code)) {
                log::warn("scan.outcome_not_said",
                          {{"dossier", row.id}, {"draft", draft.id}, {"error", said.error().describe()}});
                wait_until(now() + std::max(pause(intent.attempts), said.error().retry_after.value_or(Duration{0})));
                co_return Result<void>{};
            }
        }
        draft.state = is_done ? DraftState::posted : DraftState::expired;
        if (is_done) draft.ticket = intent.ticket;
        draft.comment += (draft.comment.empty() ? "" : " ") + intent.reason;
        store::StageCommit commit;
        commit.claim = claim_;
        commit.at = now();
        commit.stage = row.stage;
        commit.revision = row.revision;
        commit.inputs_hash = row.inputs_hash;
        commit.save_drafts.push_back(std::move(draft));
        co_return co_await stations_.store.commit_stage(std::move(commit));
    }

    const Stations& stations_;
    const store::Claim& claim_;
    store::Release end_;
};

} // namespace

auto carry_out_scans(const Stations& stations, const store::Claim& claim, store::Release end)
    -> Task<Result<store::Release>> {
    if (stations.scan_targets.empty()) co_return end;
    ScanRuns runs(stations, claim, std::move(end));
    co_return co_await runs.run();
}

} // namespace dossier::pipeline
