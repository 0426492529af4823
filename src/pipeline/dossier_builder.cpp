#include "dossier/pipeline/dossier_builder.hpp"

#include "classify_stage.hpp"
#include "dossier_run.hpp"

#include "dossier/base/log.hpp"
#include "dossier/explain/evidence_builder.hpp"
#include "dossier/explain/live_text.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/pipeline/mode.hpp"
#include "dossier/pipeline/router.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <algorithm>
#include <exception>
#include <iterator>

namespace dossier::pipeline {

namespace {

/// By how many tries of backoff those are spread who wait for one circuit.
constexpr int tries_of_a_spread = 4;

} // namespace

DossierBuilder::DossierBuilder(Stations stations)
    : model_places_(std::make_unique<net::InFlightLimit>(stations.config.queue.in_flight)),
      stations_(std::move(stations)) {
    stations_.model_places = model_places_.get();
    for (const auto mode : {Mode::observe, Mode::assist, Mode::automate}) {
        auto& one = by_mode_.emplace_back(stations_);
        one.config.mode = mode;
    }
}

auto DossierBuilder::in_mode(Mode mode) const -> const Stations& { return by_mode_.at(static_cast<std::size_t>(mode)); }

auto DossierBuilder::advance(store::Claim claim) -> Task<store::Release> {
    std::unique_ptr<DossierRun> run;
    Result<store::Release> outcome = fail(Errc::internal, "nothing was done");
    try {
        // The switch is looked at anew for each claim: what is under way ends in the mode in which it began.
        const auto mode = co_await mode_in_force(stations_.store, stations_.config.mode);
        if (mode) {
            run = std::make_unique<DossierRun>(in_mode(mode->mode), claim);
            outcome = co_await run->run();
        } else {
            outcome = fail(mode.error());
        }
    } catch (const boost::system::system_error& e) {
        if (e.code() == asio::error::operation_aborted) throw; // cancelled: the lease is given back as it is
        outcome = fail(Errc::internal, e.what());
    } catch (const std::exception& e) {
        // A broken invariant counts as an attempt, or the dossier would come back for ever.
        outcome = fail(Errc::internal, e.what());
    }
    if (outcome) co_return std::move(*outcome);
    if (run) claim.attempts = run->attempts();
    co_return failed(std::move(claim), run ? run->failed_stage : Stage::received, outcome.error());
}

auto DossierBuilder::failed(store::Claim claim, Stage stage, const Error& error) const -> store::Release {
    const auto& queue = stations_.config.queue;
    store::Release release{.claim = claim, .at = stations_.clock.now(), .failed_stage = stage};
    release.error = error.describe();
    const bool hopeless = error.code == Errc::rejected || error.code == Errc::malformed;
    const bool used_up = claim.attempts + 1 >= queue.max_attempts;
    const net::RetryPolicy backoff{
        .attempts = queue.max_attempts, .base = queue.backoff_base, .max = queue.backoff_max};
    if (error.not_sent && !hopeless) {
        // An outage would use up the attempts of all that wait for its end. They come back spread, since only one of
        // them finds out whether it has come.
        release.kind = store::Release::Kind::wait;
        release.ready_at =
            release.at + error.retry_after.value_or(Duration{0}) + net::full_jitter(backoff, tries_of_a_spread);
        log::debug("dossier.held_back", {{"dossier", claim.dossier_id},
                                         {"stage", to_string(stage)},
                                         {"code", name_of(error.code)},
                                         {"error", release.error}});
        return release;
    }
    release.kind = hopeless || used_up ? store::Release::Kind::dead : store::Release::Kind::retry;
    const auto pause = std::max(net::full_jitter(backoff, claim.attempts + 1), error.retry_after.value_or(Duration{0}));
    release.ready_at = release.at + pause;
    if (release.kind == store::Release::Kind::dead) {
        release.audit.push_back(
            {.time = release.at,
             .action = "dossier.dead",
             .dossier_id = claim.dossier_id,
             .details =
                 dump_json({{"stage", to_string(stage)}, {"error", release.error}, {"attempts", claim.attempts + 1}})});
        log::error("dossier.dead", {{"dossier", claim.dossier_id},
                                    {"stage", to_string(stage)},
                                    {"code", name_of(error.code)},
                                    {"error", release.error}});
        stations_.metrics.count("dossier_dead_letters_total", {{"stage", to_string(stage)}});
    } else {
        log::warn("dossier.retry", {{"dossier", claim.dossier_id},
                                    {"stage", to_string(stage)},
                                    {"code", name_of(error.code)},
                                    {"attempt", claim.attempts + 1},
                                    {"error", release.error}});
    }
    return release;
}

auto DossierBuilder::explain(std::vector<Finding> findings, ExplainWatch watch) -> Task<ticket::WholeDossier> {
    const auto tell = [&watch](std::string_view stage) {
        if (watch.on_stage) watch.on_stage(stage);
    };
    most_severe_first(findings);
    ticket::WholeDossier view;
    view.findings = std::move(findings);
    for (auto& finding : view.findings) mask_content(finding, stations_.redactor);
    tell("enriching");
    view.context = co_await stations_.enricher.enrich(view.findings, deadline_in(enrich_limit));
    tell("assessing");
    auto classified = co_await classify_store(stations_, view.findings, view.context, "");
    if (!classified) {
        log::warn("classification.failed", {{"error", classified.error().describe()}});
        classified = ClassifyOutcome{};
    }
    view.assessment = stations_.assessor.assess(with_classes(view.findings, classified->classification), view.context);
    view.assessment.classification = std::move(classified->classification);
    explain::NarrationInput input;
    input.findings = view.findings;
    input.evidence = [&view] { return explain::build_evidence(view.findings, view.context, view.assessment); };
    if (watch.on_assessed) {
        redact::Redaction redaction;
        watch.on_assessed(view.assessment, explain::redact_evidence(input.evidence(), stations_.redactor, redaction));
    }
    // Somebody asks for this one: the route's rule on narratives is for what nobody asked for.
    const auto* route = match_route(stations_.config, view.findings.front(), view.context.environment);
    input.route = route == nullptr ? "none" : route->name;
    // A try begins anew with what it shows: each has a reader of its own.
    auto live = std::make_shared<explain::LiveText>(stations_.redactor, watch.on_text);
    if (watch.on_text) input.on_text = [live](std::string_view delta) { live->feed(delta); };
    input.on_restart = [live, restarted = watch.on_restart] {
        if (live->restart() && restarted) restarted();
    };
    tell("explaining");
    auto narration = co_await stations_.narrator.narrate(std::move(input), deadline_in(explain_limit));
    live->finish();
    view.narrative = std::move(narration.narrative);
    std::ranges::move(classified->audit, std::back_inserter(narration.audit));
    if (!narration.audit.empty()) {
        // Calls were made and may have cost something: their record stands, also when nobody waits any more.
        co_await asio::this_coro::throw_if_cancelled(false);
        if (auto kept = co_await stations_.store.append_audit(std::move(narration.audit)); !kept)
            log::error("audit.failed", {{"error", kept.error().describe()}});
        co_await asio::this_coro::throw_if_cancelled(true);
    }
    const RoutingFacts facts{.worst = view.findings.front(),
                             .environment = view.context.environment,
                             .owner_confidence = view.context.owner.confidence,
                             .grounding_score = view.narrative.grounding_score};
    view.route = decide_route(stations_.config, facts, stations_.default_approval, stations_.default_sink);
    co_return view;
}

} // namespace dossier::pipeline
