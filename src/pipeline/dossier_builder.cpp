#include "dossier/pipeline/dossier_builder.hpp"

#include "classify_stage.hpp"
#include "completion.hpp"
#include "delivery_stage.hpp"
#include "dossier_case.hpp"
#include "draft_stage.hpp"
#include "enclosure_stage.hpp"
#include "follow_stage.hpp"
#include "group_stage.hpp"
#include "narrative_turn.hpp"
#include "policy_stage.hpp"
#include "stage_timer.hpp"
#include "write_back_stage.hpp"

#include "dossier/base/log.hpp"
#include "dossier/explain/evidence_builder.hpp"
#include "dossier/explain/live_text.hpp"
#include "dossier/finding/flow.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/pipeline/mode.hpp"
#include "dossier/pipeline/router.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <exception>

namespace dossier::pipeline {

namespace {

using namespace std::chrono_literals;

constexpr auto enrich_limit = 10min;  // over the wait for a turn; each source has a time limit of its own
constexpr auto explain_limit = 10min; // over all providers and repair tries
/// By how many tries of backoff those are spread who wait for one circuit.
constexpr int tries_of_a_spread = 4;

/// Nothing of it was decided or written anywhere yet, so nobody has to hear more. What a person decides meanwhile makes
/// it ready again.
auto is_untold(const DossierCase& work) -> bool {
    const auto waits = [](const Draft& one) { return one.state == DraftState::pending && !one.ticket; };
    return !work.row().ticket && std::ranges::all_of(work.row().drafts, waits);
}

/// What the platform could not be asked for is missing like any other context.
void add_gaps_of_thin(const std::vector<Finding>& findings, std::vector<ContextGap>& gaps) {
    for (const auto& finding : findings) {
        const auto why = std::ranges::find(finding.facts, not_completed, &std::pair<std::string, std::string>::first);
        if (why != finding.facts.end())
            gaps.push_back({.source = "platform:" + finding.source, .reason = "the finding came thin: " + why->second});
    }
}

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

/// One run over one claimed dossier. Members are the stages in order.
class DossierRun {
public:
    DossierRun(const Stations& stations, store::Claim claim) : stations_(stations), claim_(std::move(claim)) {}

    /// Each part is a coroutine of its own: what a finding holds while it waits for a model is the frames that are open
    /// then, and a frame is as large as all that it ever needs.
    auto run() -> Task<Result<store::Release>> {
        auto ended = co_await open();
        if (!ended) co_return fail(std::move(ended.error()));
        if (*ended) co_return **std::move(ended);
        if (auto made = co_await make_results(*work_); !made) co_return fail(std::move(made.error()));
        co_return co_await bring_out(*work_);
    }

    Stage failed_stage = Stage::received; ///< where an error belongs
    [[nodiscard]] auto attempts() const -> int { return claim_.attempts; }

private:
    using Ended = std::optional<store::Release>;

    /// Opens the dossier as `work_`, or ends the run where there is nothing to work through.
    auto open() -> Task<Result<Ended>> {
        auto row = co_await stations_.store.load_work(claim_.dossier_id);
        if (!row) co_return fail(std::move(row.error()));
        // What came thin becomes whole by the platform's API.
        const auto thin = co_await complete_thin(stations_, claim_, *row);
        if (!thin) co_return fail(thin.error());
        if (thin->attempts_over) claim_.attempts = 0;
        if (thin->moved) co_return finished(); // under another dossier's claim from now on
        if (thin->changed) row = co_await stations_.store.load_work(claim_.dossier_id);
        if (!row) co_return fail(std::move(row.error()));
        const auto normalised = co_await normalise(*row, *thin);
        if (!normalised) co_return fail(normalised.error());
        if (*normalised > 0) row = co_await stations_.store.load_work(claim_.dossier_id);
        if (!row) co_return fail(std::move(row.error()));
        // One that a delivery has changed since it was normalised: the next claim, which it asked for, sees it whole.
        if (std::ranges::any_of(row->findings, [](const auto& one) { return one.doc.empty(); })) co_return finished();
        if (is_group(*row)) co_return co_await advance_group(stations_, claim_, std::move(*row));
        auto turn = co_await ticket_turn(stations_, *row);
        if (!turn) co_return fail(std::move(turn.error()));
        turn_ = *turn;
        if (turn_.is_new && !row->replay_from) row->replay_from = Stage::drafted;
        auto opened = DossierCase::open(std::move(*row), claim_);
        if (!opened) co_return fail(std::move(opened.error()));
        work_ = std::make_unique<DossierCase>(std::move(*opened));
        failed_stage = work_->row().stage;

        // Drafts that a person asked for, with no finding behind them.
        if (work_->row().findings.empty()) co_return co_await post_policies(stations_, claim_, finished());
        if (!work_->has_open_findings()) co_return co_await close_all(*work_);
        co_return std::nullopt;
    }

    auto close_all(DossierCase& work) -> Task<Result<store::Release>> {
        auto closed = co_await close(work);
        if (!closed) co_return fail(std::move(closed.error()));
        if (auto told = co_await tell_group(stations_, claim_); !told) co_return fail(std::move(told.error()));
        auto followed = co_await follow_ticket(stations_, claim_, std::move(*closed), true);
        if (!followed) co_return fail(std::move(followed.error()));
        co_return co_await post_policies(stations_, claim_, std::move(*followed));
    }

    /// Whatever of context, assessment and narrative this revision lacks.
    auto make_results(DossierCase& work) -> Task<Result<void>> {
        if (!work.context) {
            if (auto done = co_await enrich(work); !done) co_return done;
        }
        if (!work.assessment) {
            if (auto done = co_await assess(work); !done) co_return done;
        }
        if (!work.narrative) co_return co_await explain(work);
        co_return Result<void>{};
    }

    /// From the results to drafts, tickets and what is told outside.
    auto bring_out(DossierCase& work) -> Task<Result<store::Release>> {
        if (!work.route) {
            failed_stage = Stage::explained;
            if (auto done = co_await draft_dossier(stations_, work, turn_, claim_); !done)
                co_return fail(std::move(done.error()));
        }
        if (auto done = co_await follow_classification(stations_, work); !done) co_return fail(std::move(done.error()));
        auto end = finished();
        if (work.route->action == "ticket" && stations_.group.is_on()) {
            if (auto yielded = co_await yield_to_group(stations_, work, claim_); !yielded)
                co_return fail(std::move(yielded.error()));
        }
        if (!work.route->group.empty()) {
            if (auto rests = co_await rest_in_group(work); !rests) co_return fail(std::move(rests.error()));
        } else if (work.route->action == "ticket") {
            failed_stage = Stage::drafted;
            auto delivered = co_await deliver(stations_, work, claim_);
            if (!delivered) co_return fail(std::move(delivered.error()));
            end = std::move(*delivered);
        } else if (work.row().stage == Stage::normalised) {
            // A delivery that changed nothing of it: it goes back to where it was.
            const auto is_tags = [](const Draft& one) {
                return one.kind == "tags" && one.state != DraftState::expired;
            };
            const bool has_tags = work.route->action == "classify" && std::ranges::any_of(work.row().drafts, is_tags);
            auto rests = work.commit(has_tags ? Stage::awaiting_approval : Stage::digested, {}, now());
            if (auto saved = co_await save(work, std::move(rests)); !saved) co_return fail(std::move(saved.error()));
        }
        failed_stage = Stage::delivered;
        if (work.route->action == "classify") {
            if (auto kept = co_await keep_approved_tags(stations_, work); !kept)
                co_return fail(std::move(kept.error()));
        }
        if (auto told = co_await tell_group(stations_, claim_); !told) co_return fail(std::move(told.error()));
        if (is_untold(work)) co_return end;
        auto followed = co_await follow_ticket(stations_, claim_, std::move(end), !turn_.is_new);
        if (!followed) co_return fail(std::move(followed.error()));
        auto written = co_await write_back(stations_, work, std::move(*followed));
        if (!written) co_return fail(std::move(written.error()));
        auto posted = co_await post_policies(stations_, claim_, std::move(*written));
        if (!posted) co_return fail(std::move(posted.error()));
        co_return co_await enclose_evidence(stations_, work, claim_, std::move(*posted));
    }

    auto now() const -> Timestamp { return stations_.clock.now(); }

    auto finished() const -> store::Release {
        return {.claim = claim_, .at = now(), .kind = store::Release::Kind::done};
    }

    auto save(DossierCase& work, store::StageCommit commit) -> Task<Result<void>> {
        store::StageCommit kept; // what the case takes in; the result and the records are large, and the store's alone
        kept.stage = commit.stage;
        kept.ticket = commit.ticket;
        kept.save_drafts = commit.save_drafts;
        auto saved = co_await stations_.store.commit_stage(std::move(commit));
        if (saved) work.committed(kept);
        co_return saved;
    }

    /// From payload to canonical finding, for the findings that have not been through it in their current version.
    /// @param row and thin live in whoever awaits this
    /// @return how many they were
    auto normalise(const store::DossierRow& row, const ThinOutcome& thin) -> Task<Result<std::size_t>> {
        store::StageCommit commit;
        commit.claim = claim_;
        commit.at = now();
        commit.stage = Stage::normalised;
        commit.revision = row.revision;
        commit.inputs_hash = row.inputs_hash;
        commit.attempts_over = thin.attempts_over;
        StageTimer timer(stations_.metrics, "normalise");
        for (const auto& stored : row.findings) {
            const bool wanted = stored.stage == Stage::received || stored.doc.empty() ||
                                (row.replay_from && *row.replay_from <= Stage::normalised);
            if (!wanted) continue;
            auto finding = stations_.receiver.normalise(stored);
            if (!finding) co_return fail(std::move(finding.error()).with("finding", stored.id));
            *finding = over_known(std::move(*finding), stored);
            mask_content(*finding, stations_.redactor);
            finding->id = stored.id;
            if (const auto given_up = thin.given_up.find(stored.id); given_up != thin.given_up.end())
                finding->facts.emplace_back(not_completed, given_up->second);
            store::StageCommit::FindingUpdate update;
            update.id = stored.id;
            update.doc = to_text(*finding);
            update.severity = finding->severity;
            update.status = finding->status;
            commit.findings.push_back(std::move(update));
            commit.audit.push_back({.time = commit.at,
                                    .action = "finding.normalised",
                                    .finding_id = stored.id,
                                    .dossier_id = row.id,
                                    .details = dump_json({{"version", stored.version},
                                                          {"severity", to_string(finding->severity)},
                                                          {"status", to_string(finding->status)}})});
        }
        timer.done();
        const auto count = commit.findings.size();
        if (count == 0) co_return count;
        if (auto saved = co_await stations_.store.commit_stage(std::move(commit)); !saved)
            co_return fail(std::move(saved.error()));
        co_return count;
    }

    auto enrich(DossierCase& work) -> Task<Result<void>> {
        failed_stage = Stage::normalised;
        StageTimer timer(stations_.metrics, "enrich");
        auto context = co_await stations_.enricher.enrich(work.open_findings(), deadline_in(enrich_limit));
        add_gaps_of_thin(work.open_findings(), context.gaps);
        auto commit = work.commit(Stage::enriched, to_text(context), now());
        commit.owner = owner_column(context.owner);
        Json gaps = Json::array();
        for (const auto& gap : context.gaps) gaps.push_back({{"source", gap.source}, {"reason", gap.reason}});
        commit.audit.push_back(stage_entry(work, "dossier.enriched",
                                           {{"revision", commit.revision},
                                            {"owner", commit.owner},
                                            {"owner_rule", context.owner.rule},
                                            {"owner_confidence", context.owner.confidence},
                                            {"environment", to_string(context.environment)},
                                            {"gaps", gaps}},
                                           commit.at));
        auto saved = co_await save(work, std::move(commit));
        if (!saved) co_return saved;
        work.context = std::move(context);
        timer.done();
        co_return saved;
    }

    auto assess(DossierCase& work) -> Task<Result<void>> {
        failed_stage = Stage::enriched;
        StageTimer timer(stations_.metrics, "assess");
        auto classified = co_await classify_store(stations_, work.open_findings(), *work.context, work.row().id);
        if (!classified) co_return fail(std::move(classified.error()));
        const auto& known = classified->classification;
        auto assessment = stations_.assessor.assess(with_classes(work.open_findings(), known), *work.context);
        assessment.classification = known;
        auto commit = work.commit(Stage::assessed, to_text(assessment), now());
        commit.audit = std::move(classified->audit);
        Json regulations = Json::array();
        for (const auto& regulation : assessment.regulations)
            regulations.push_back(regulation.framework + " " + regulation.citation);
        commit.audit.push_back(stage_entry(work, "dossier.assessed",
                                           {{"revision", commit.revision},
                                            {"risk", assessment.risk},
                                            {"level", assessment.level},
                                            {"regulations", regulations}},
                                           commit.at));
        auto saved = co_await save(work, std::move(commit));
        if (!saved) co_return saved;
        work.assessment = std::move(assessment);
        timer.done();
        co_return saved;
    }

    auto explain(DossierCase& work) -> Task<Result<void>> {
        failed_stage = Stage::assessed;
        StageTimer timer(stations_.metrics, "explain");
        auto narration = co_await narrate(work);
        if (!narration) co_return fail(std::move(narration.error()));
        auto saved = co_await keep(work, *std::move(narration));
        if (saved) timer.done();
        co_return saved;
    }

    auto keep(DossierCase& work, std::unique_ptr<explain::Narration> narration) -> Task<Result<void>> {
        auto saved = co_await save(work, explained(work, *narration));
        if (saved) work.narrative = std::move(narration->narrative);
        co_return saved;
    }

    auto wish_of(const DossierCase& work) -> Task<Result<std::string>> {
        return why_no_llm(stations_.store, route_of(work),
                          {.dossier_id = work.row().id, .risk = work.assessment->risk, .at = now()});
    }

    /// A place is held for the wait alone: others take it while this one's text is saved and its draft is made.
    auto narrate(DossierCase& work) -> Task<Result<std::unique_ptr<explain::Narration>>> {
        auto why_not = co_await wish_of(work);
        if (!why_not) co_return fail(std::move(why_not.error()));
        const auto deadline = deadline_in(explain_limit);
        auto place = co_await stations_.model_places->acquire(deadline, flow_of(work.open_findings()));
        if (!place) co_return fail(std::move(place.error()));
        co_return co_await begin_narration(work, *std::move(why_not), deadline);
    }

    /// No coroutine: what the narrator is given is its alone while it waits.
    auto begin_narration(const DossierCase& work, std::string why_no_llm, Deadline deadline)
        -> Task<std::unique_ptr<explain::Narration>> {
        return stations_.narrator.narrate_apart(narration_input(work, std::move(why_no_llm)), deadline);
    }

    [[nodiscard]] auto route_of(const DossierCase& work) const -> const RouteConfig* {
        return match_route(stations_.config, work.open_findings().front(), work.context->environment);
    }

    [[nodiscard]] auto narration_input(const DossierCase& work, std::string why_no_llm) const
        -> explain::NarrationInput {
        explain::NarrationInput input;
        input.dossier_id = work.row().id;
        input.findings = work.open_findings();
        input.evidence = [&work] {
            return explain::build_evidence(work.open_findings(), *work.context, *work.assessment);
        };
        const auto* route = route_of(work);
        input.route = route == nullptr ? "none" : route->name;
        input.why_no_llm = std::move(why_no_llm);
        return input;
    }

    [[nodiscard]] auto explained(const DossierCase& work, explain::Narration& narration) const -> store::StageCommit {
        const auto& narrative = narration.narrative;
        auto commit = work.commit(Stage::explained, to_text(narrative), now());
        commit.audit = std::move(narration.audit);
        commit.audit.push_back(stage_entry(work, "dossier.explained",
                                           {{"revision", commit.revision},
                                            {"author", narrative.author},
                                            {"provider", narrative.provider},
                                            {"model", narrative.model},
                                            {"prompt_id", narrative.prompt.id},
                                            {"prompt_version", narrative.prompt.version},
                                            {"grounding_score", narrative.grounding_score},
                                            {"removed", narrative.removed.size()}},
                                           commit.at));
        return commit;
    }

    /// A member is where its group's draft is; a delivery that changed nothing of it moves it back there.
    auto rest_in_group(DossierCase& work) -> Task<Result<void>> {
        if (work.row().stage != Stage::normalised) co_return Result<void>{};
        auto group = co_await stations_.store.group_of(work.row().id);
        if (!group) co_return fail(std::move(group.error()));
        auto rests = work.commit(*group ? stage_of_member(**group) : Stage::awaiting_approval, {}, now());
        co_return co_await save(work, std::move(rests));
    }

    /// Every finding is over: nothing is left to decide.
    auto close(DossierCase& work) -> Task<Result<store::Release>> {
        if (work.row().stage == Stage::closed && work.replaceable_drafts().empty() && all_closed(work))
            co_return finished();
        auto commit = work.commit(Stage::closed, {}, now());
        commit.revision = work.row().revision;
        // What ends undecided is asked for anew when a finding comes back, also when it says just the same then.
        commit.inputs_hash = work.replaceable_drafts().empty() ? work.row().inputs_hash : "closed";
        commit.carried.clear();
        commit.findings.clear();
        for (const auto& finding : work.row().findings) {
            store::StageCommit::FindingUpdate update;
            update.id = finding.id;
            commit.findings.push_back(std::move(update));
        }
        for (auto& draft : work.replaceable_drafts()) {
            draft.state = DraftState::expired;
            draft.comment = "every finding of this dossier is resolved";
            commit.save_drafts.push_back(std::move(draft));
        }
        commit.audit.push_back(stage_entry(work, "dossier.closed", {{"reason", "all findings resolved"}}, commit.at));
        if (auto saved = co_await stations_.store.commit_stage(std::move(commit)); !saved)
            co_return fail(std::move(saved.error()));
        log::info("dossier.closed", {{"dossier", work.row().id}});
        co_return finished();
    }

    static auto all_closed(const DossierCase& work) -> bool {
        return std::ranges::all_of(work.row().findings, [](const auto& f) { return f.stage == Stage::closed; });
    }

    const Stations& stations_;
    store::Claim claim_;
    TicketTurn turn_;
    std::unique_ptr<DossierCase> work_; ///< once it is open
};

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

auto DossierBuilder::explain(std::vector<Finding> findings, ExplainWatch watch) -> Task<ticket::DossierView> {
    const auto tell = [&watch](std::string_view stage) {
        if (watch.on_stage) watch.on_stage(stage);
    };
    most_severe_first(findings);
    ticket::DossierView view;
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
