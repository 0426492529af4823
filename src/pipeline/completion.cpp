#include "completion.hpp"

#include "dossier/base/log.hpp"
#include "dossier/finding/json.hpp"

#include <algorithm>

namespace dossier::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto fetch_limit = 30s;

auto api_of(const Stations& stations, const std::string& source) -> std::shared_ptr<ingest::PlatformApi> {
    const auto found =
        std::ranges::find_if(stations.platforms, [&](const auto& api) { return api->source() == source; });
    if (found == stations.platforms.end() || !(*found)->capabilities().fetch) return nullptr;
    return *found;
}

/// A replay asks again for what could not be had the first time.
auto is_wanted(const store::FindingRow& finding, const store::DossierRow& work) -> bool {
    if (finding.wants_fetch) return true;
    if (!work.replay_from || *work.replay_from > Stage::normalised || finding.doc.empty()) return false;
    const auto known = from_text<Finding>(finding.doc);
    return known && known->is_partial;
}

/// The last word where the platform can't be asked: an end that a thin delivery reported is believed.
auto last_word(const Stations& stations, const store::FindingRow& stored) -> store::IntakeItem {
    store::IntakeItem item;
    if (stored.thin_raw.empty()) return item;
    auto thin = stations.receiver.normalise(stored.source, stored.thin_raw);
    auto known = from_text<Finding>(stored.doc);
    if (!thin || !known || !is_over(thin->status) || is_over(stored.status)) return item;
    known->status = thin->status;
    known->is_partial = true;
    item.finding = std::move(*known);
    item.raw = stored.thin_raw;
    return item;
}

class Completing {
public:
    Completing(const Stations& stations, store::Claim claim, ThinOutcome& outcome)
        : stations_(stations), claim_(std::move(claim)), outcome_(outcome) {}

    auto complete(store::FindingRow stored) -> Task<Result<void>> {
        auto known = stations_.receiver.normalise(stored);
        const auto api = api_of(stations_, stored.source);
        if (!known || !api) co_return co_await save(stored, {}, store::Via::webhook, {});
        auto fetched = co_await api->fetch(known->source_id, deadline_in(fetch_limit));
        if (!fetched) co_return co_await give_up_or_retry(std::move(stored), std::move(fetched.error()));
        auto item = stations_.receiver.read_found(stored.source, std::move(fetched->raw), fetched->updated_at);
        if (!item.finding)
            co_return co_await give_up(stored, "the platform's answer can't be read: " + item.quarantine_reason);
        if (item.finding->fingerprint != stored.fingerprint)
            co_return co_await give_up(stored, "the platform answered with another finding");
        co_return co_await save(stored, std::move(item), store::Via::reconcile, {});
    }

private:
    auto give_up_or_retry(store::FindingRow stored, Error error) -> Task<Result<void>> {
        if (error.code == Errc::cancelled) co_return fail(std::move(error));
        error.not_sent = false; // whoever waits for a platform does so for some attempts and goes on without
        if (is_retryable(error.code)) {
            if (claim_.attempts + 1 < stations_.config.queue.max_attempts)
                co_return fail(std::move(error).with("finding", stored.id));
            outcome_.attempts_over = true;
        }
        auto reason = error.code == Errc::not_found ? "the platform knows no such finding" : error.message;
        co_return co_await give_up(stored, std::move(reason));
    }

    auto give_up(const store::FindingRow& stored, std::string reason) -> Task<Result<void>> {
        log::warn("finding.not_completed", {{"finding", stored.id}, {"source", stored.source}, {"reason", reason}});
        outcome_.given_up[stored.id] = reason;
        return save(stored, last_word(stations_, stored), store::Via::webhook, std::move(reason));
    }

    auto save(store::FindingRow stored, store::IntakeItem item, store::Via via, std::string reason)
        -> Task<Result<void>> {
        const bool had = item.finding && reason.empty();
        store::FetchCommit commit{.claim = claim_,
                                  .at = stations_.clock.now(),
                                  .finding_id = stored.id,
                                  .item = std::move(item),
                                  .via = via,
                                  .audit = {}};
        Json details{{"source", stored.source}};
        if (!reason.empty()) details["reason"] = reason;
        commit.audit.push_back({.time = commit.at,
                                .action = had ? "finding.completed" : "finding.not_completed",
                                .finding_id = stored.id,
                                .dossier_id = claim_.dossier_id,
                                .details = dump_json(details)});
        auto saved = co_await stations_.store.complete_finding(std::move(commit));
        if (!saved) co_return fail(std::move(saved.error()));
        stations_.metrics.count("dossier_completions_total",
                                {{"source", stored.source}, {"outcome", had ? to_string(saved->outcome) : "given_up"}});
        outcome_.changed = true;
        outcome_.moved = saved->moved;
        co_return Result<void>{};
    }

    const Stations& stations_;
    store::Claim claim_;
    ThinOutcome& outcome_;
};

} // namespace

auto complete_thin(const Stations& stations, store::Claim claim, const store::DossierRow& work)
    -> Task<Result<ThinOutcome>> {
    ThinOutcome outcome;
    Completing completing(stations, std::move(claim), outcome);
    for (const auto& finding : work.findings) {
        if (!is_wanted(finding, work)) continue;
        auto done = co_await completing.complete(finding);
        if (!done) co_return fail(std::move(done.error()));
        if (outcome.moved) break; // it was the only one of its dossier
    }
    co_return outcome;
}

auto over_known(Finding thin, const store::FindingRow& stored) -> Finding {
    if (!thin.is_partial || stored.doc.empty()) return thin;
    auto known = from_text<Finding>(stored.doc);
    if (!known || known->is_partial) return thin;
    known->status = stored.status;
    return std::move(*known);
}

} // namespace dossier::pipeline
