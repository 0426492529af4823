#include "dossier_run.hpp"

#include "classify_stage.hpp"
#include "delivery_stage.hpp"
#include "draft_stage.hpp"
#include "enclosure_stage.hpp"
#include "group_stage.hpp"
#include "narrative_turn.hpp"
#include "policy_stage.hpp"
#include "save_stage.hpp"
#include "stage_timer.hpp"
#include "write_back_stage.hpp"

#include "dossier/base/log.hpp"
#include "dossier/explain/evidence_builder.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/pipeline/router.hpp"

#include <algorithm>

namespace dossier::pipeline {

namespace {

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

auto DossierRun::run() -> Task<Result<store::Release>> {
    auto ended = co_await open();
    if (!ended) co_return fail(std::move(ended.error()));
    if (*ended) co_return **std::move(ended);
    if (auto made = co_await make_results(*work_); !made) co_return fail(std::move(made.error()));
    co_return co_await bring_out(*work_);
}

auto DossierRun::open() -> Task<Result<Ended>> {
    auto row = co_await stations_.store.load_work(claim_.dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    // What came thin becomes whole by the platform's API.
    const auto thin = co_await complete_thin(stations_, claim_, *row);
    if (!thin) co_return fail(thin.error());
    if (thin->attempts_over) claim_.attempts = 0;
    if (thin->moved) co_return finished(); // under another dossier's claim from now on
    if (thin->changed) row = co_await stations_.store.load_work(claim_.dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    auto normalised = co_await normalise(*row, *thin);
    if (!normalised) co_return fail(std::move(normalised.error()));
    // One that a delivery has changed since it was normalised: the next claim, which it asked for, sees it whole.
    if (std::ranges::any_of(row->findings, [](const auto& one) { return one.doc.empty(); })) co_return finished();
    if (is_group(*row)) co_return co_await advance_group(stations_, claim_, std::move(*row));
    auto turn = co_await ticket_turn(stations_, *row);
    if (!turn) co_return fail(std::move(turn.error()));
    turn_ = *turn;
    if (turn_.is_new && !row->replay_from) row->replay_from = Stage::drafted;
    auto opened = DossierCase::open(std::move(*row), claim_, *std::move(normalised));
    if (!opened) co_return fail(std::move(opened.error()));
    work_ = std::make_unique<DossierCase>(std::move(*opened));
    failed_stage = work_->row().stage;

    // Drafts that a person asked for, with no finding behind them.
    if (work_->row().findings.empty()) co_return co_await post_policies(stations_, claim_, finished());
    if (!work_->has_open_findings()) co_return co_await close_all(*work_);
    co_return std::nullopt;
}

auto DossierRun::close_all(DossierCase& work) -> Task<Result<store::Release>> {
    auto closed = co_await close(work);
    if (!closed) co_return fail(std::move(closed.error()));
    if (auto told = co_await tell_group(stations_, claim_); !told) co_return fail(std::move(told.error()));
    auto followed = co_await follow_ticket(stations_, claim_, std::move(*closed), true);
    if (!followed) co_return fail(std::move(followed.error()));
    co_return co_await post_policies(stations_, claim_, std::move(*followed));
}

auto DossierRun::make_results(DossierCase& work) -> Task<Result<void>> {
    if (!work.context) {
        if (auto done = co_await enrich(work); !done) co_return done;
    }
    if (!work.assessment) {
        if (auto done = co_await assess(work); !done) co_return done;
    }
    if (!work.narrative) co_return co_await explain(work);
    co_return Result<void>{};
}

auto DossierRun::bring_out(DossierCase& work) -> Task<Result<store::Release>> {
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
        const auto is_tags = [](const Draft& one) { return one.kind == "tags" && one.state != DraftState::expired; };
        const bool has_tags = work.route->action == "classify" && std::ranges::any_of(work.row().drafts, is_tags);
        auto rests = work.commit(has_tags ? Stage::awaiting_approval : Stage::digested, {}, now());
        if (auto saved = co_await save_stage(stations_, work, std::move(rests)); !saved)
            co_return fail(std::move(saved.error()));
    }
    failed_stage = Stage::delivered;
    if (work.route->action == "classify") {
        if (auto kept = co_await keep_approved_tags(stations_, work); !kept) co_return fail(std::move(kept.error()));
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

auto DossierRun::finished() const -> store::Release {
    return {.claim = claim_, .at = now(), .kind = store::Release::Kind::done};
}

auto DossierRun::normalise(store::DossierRow& row, const ThinOutcome& thin) -> Task<Result<std::vector<Finding>>> {
    store::StageCommit commit;
    commit.claim = claim_;
    commit.at = now();
    commit.stage = Stage::normalised;
    commit.revision = row.revision;
    commit.inputs_hash = row.inputs_hash;
    commit.attempts_over = thin.attempts_over;
    std::vector<Finding> findings;
    StageTimer timer(stations_.metrics, "normalise");
    for (auto& stored : row.findings) {
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
        stored.doc = to_text(*finding);
        stored.severity = finding->severity;
        stored.status = finding->status;
        stored.stage = Stage::normalised;
        store::StageCommit::FindingUpdate update;
        update.id = stored.id;
        update.doc = stored.doc;
        update.severity = stored.severity;
        update.status = stored.status;
        commit.findings.push_back(std::move(update));
        commit.audit.push_back({.time = commit.at,
                                .action = "finding.normalised",
                                .finding_id = stored.id,
                                .dossier_id = row.id,
                                .details = dump_json({{"version", stored.version},
                                                      {"severity", to_string(finding->severity)},
                                                      {"status", to_string(finding->status)}})});
        // What was no UTF-8 was mended in the document alone: it is read back from there, as it will be at other times.
        if (!stored.doc.contains("\uFFFD")) findings.push_back(std::move(*finding));
    }
    timer.done();
    if (commit.findings.empty()) co_return findings;
    row.stage = Stage::normalised;
    if (auto saved = co_await stations_.store.commit_stage(std::move(commit)); !saved)
        co_return fail(std::move(saved.error()));
    co_return findings;
}

auto DossierRun::enrich(DossierCase& work) -> Task<Result<void>> {
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
    auto saved = co_await save_stage(stations_, work, std::move(commit));
    if (!saved) co_return saved;
    work.context = std::move(context);
    timer.done();
    co_return saved;
}

auto DossierRun::assess(DossierCase& work) -> Task<Result<void>> {
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
    auto saved = co_await save_stage(stations_, work, std::move(commit));
    if (!saved) co_return saved;
    work.assessment = std::move(assessment);
    timer.done();
    co_return saved;
}

auto DossierRun::explain(DossierCase& work) -> Task<Result<void>> {
    failed_stage = Stage::assessed;
    StageTimer timer(stations_.metrics, "explain");
    auto narration = co_await narrate(work);
    if (!narration) co_return fail(std::move(narration.error()));
    auto saved = co_await keep(work, *std::move(narration));
    if (saved) timer.done();
    co_return saved;
}

auto DossierRun::keep(DossierCase& work, std::unique_ptr<explain::Narration> narration) -> Task<Result<void>> {
    auto saved = co_await save_stage(stations_, work, explained(work, *narration));
    if (saved) work.narrative = std::move(narration->narrative);
    co_return saved;
}

auto DossierRun::wish_of(const DossierCase& work) -> Task<Result<std::string>> {
    return why_no_llm(stations_.store, route_of(work),
                      {.dossier_id = work.row().id, .risk = work.assessment->risk, .at = now()});
}

auto DossierRun::narrate(DossierCase& work) -> Task<Result<std::unique_ptr<explain::Narration>>> {
    auto why_not = co_await wish_of(work);
    if (!why_not) co_return fail(std::move(why_not.error()));
    auto narration = co_await begin_narration(work, *std::move(why_not), deadline_in(explain_limit));
    if (narration->no_place) co_return fail(*std::move(narration->no_place));
    co_return narration;
}

auto DossierRun::begin_narration(const DossierCase& work, std::string why_no_llm, Deadline deadline)
    -> Task<std::unique_ptr<explain::Narration>> {
    return stations_.narrator.narrate_apart(narration_input(work, std::move(why_no_llm)), deadline);
}

auto DossierRun::route_of(const DossierCase& work) const -> const RouteConfig* {
    return match_route(stations_.config, work.open_findings().front(), work.context->environment);
}

auto DossierRun::narration_input(const DossierCase& work, std::string why_no_llm) const -> explain::NarrationInput {
    explain::NarrationInput input;
    input.dossier_id = work.row().id;
    input.findings = work.open_findings();
    input.evidence = [&work] {
        return explain::build_evidence(work.open_findings(), *work.context, *work.assessment, work.orders());
    };
    const auto* route = route_of(work);
    input.route = route == nullptr ? "none" : route->name;
    input.why_no_llm = std::move(why_no_llm);
    input.places = stations_.model_places;
    return input;
}

auto DossierRun::explained(const DossierCase& work, explain::Narration& narration) const -> store::StageCommit {
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

auto DossierRun::rest_in_group(DossierCase& work) -> Task<Result<void>> {
    if (work.row().stage != Stage::normalised) co_return Result<void>{};
    auto group = co_await stations_.store.group_of(work.row().id);
    if (!group) co_return fail(std::move(group.error()));
    auto rests = work.commit(*group ? stage_of_member(**group) : Stage::awaiting_approval, {}, now());
    co_return co_await save_stage(stations_, work, std::move(rests));
}

auto DossierRun::close(DossierCase& work) -> Task<Result<store::Release>> {
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

auto DossierRun::all_closed(const DossierCase& work) -> bool {
    return std::ranges::all_of(work.row().findings, [](const auto& f) { return f.stage == Stage::closed; });
}

} // namespace dossier::pipeline
