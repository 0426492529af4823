#include "classify_stage.hpp"

#include "save_stage.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/location_rules.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/redact/sample_mask.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto ask_limit = 5min;
constexpr auto own_source = "dossier"; ///< of findings that location rules make

/// The words by which the rest of the house knows the labels.
auto data_word(const std::string& label) -> std::string { return lower(label); }

auto has_content(const explain::StoreSketch& sketch) -> bool {
    return !sketch.fields.empty() || !sketch.documents.empty();
}

/// What a rule may name: labels, and fine words.
auto classes_of(const std::optional<StoreClassification>& known, const std::vector<Finding>& findings)
    -> std::vector<std::string> {
    std::vector<std::string> classes;
    if (known) {
        if (known->is_test_data) return classes;
        classes = known->labels;
        classes.insert(classes.end(), known->classes.begin(), known->classes.end());
        return classes;
    }
    for (const auto& finding : findings)
        for (const auto& word : finding.data.classes) classes.push_back(word);
    return classes;
}

auto location_finding(const Finding& about, const explain::LocationViolation& violation, Timestamp at) -> Finding {
    Finding finding;
    finding.source = own_source;
    finding.platform = own_source;
    const auto identity = resource_identity(about.resource);
    finding.source_id = fmt::format("location:{}:{}", violation.rule, identity.empty() ? about.fingerprint : identity);
    finding.resource = about.resource;
    const auto& called = about.resource.name.empty() ? about.resource.id : about.resource.name;
    finding.title = shorten(fmt::format("Data in the wrong place: {}", called), 300);
    finding.description = fmt::format("{}. The location rule `{}` says so.", violation.why, violation.rule);
    finding.recommendation = "Move the data to a region that the rule allows, or have the rule changed.";
    finding.severity = violation.severity;
    finding.finding_type = FindingType::misconfiguration;
    finding.rule = {.id = violation.rule, .name = "location rule " + violation.rule};
    finding.data.classes = {data_word(violation.data)};
    finding.exposure = about.exposure;
    finding.last_seen = at;
    finding.facts = {{"location_rule", violation.rule}, {"found_in", about.id}};
    finding.fingerprint = make_fingerprint(finding);
    finding.exposure_key = finding.fingerprint; // of its own: no other finding says the same
    return finding;
}

auto item_of(Finding finding) -> store::IntakeItem {
    store::IntakeItem item;
    item.raw = to_text(finding);
    item.finding = std::move(finding);
    return item;
}

/// Opens what lies wrong and resolves what doesn't any more; what is known already is a duplicate and changes nothing.
auto tell_violations(const Stations& stations, const DossierCase& work,
                     const std::vector<explain::LocationViolation>& wrong) -> Task<Result<void>> {
    const auto& about = work.open_findings().front();
    const auto now = stations.clock.now();
    store::Intake intake{.source = own_source, .at = now, .via = store::Via::backlog};
    std::set<std::string> seen;
    for (const auto& violation : wrong) {
        auto finding = location_finding(about, violation, now);
        seen.insert(finding.fingerprint);
        intake.items.push_back(item_of(std::move(finding)));
    }
    std::string after;
    for (;;) {
        auto rows = co_await stations.store.open_backlog(own_source, after, 100);
        if (!rows) co_return fail(std::move(rows.error()));
        if (rows->empty()) break;
        after = rows->back().id;
        for (const auto& row : *rows) {
            if (seen.contains(row.fingerprint)) continue;
            auto finding = from_text<Finding>(row.raw);
            if (!finding) co_return fail(std::move(finding.error()).with("finding", row.id));
            const bool is_ours = std::ranges::any_of(
                finding->facts, [&](const auto& fact) { return fact.first == "found_in" && fact.second == about.id; });
            if (!is_ours) continue;
            finding->status = Status::resolved;
            finding->last_seen = now;
            intake.items.push_back(item_of(std::move(*finding)));
        }
    }
    if (intake.items.empty()) co_return Result<void>{};
    auto taken = co_await stations.store.commit_intake(std::move(intake), {});
    if (!taken) co_return fail(std::move(taken.error()));
    for (const auto& one : *taken)
        if (one.outcome != Outcome::duplicate)
            log::info("location.finding",
                      {{"finding", one.id}, {"about", about.id}, {"outcome", to_string(one.outcome)}});
    co_return Result<void>{};
}

} // namespace

void mask_content(Finding& finding, const redact::Redactor& redactor) {
    for (auto& row : finding.data.samples) {
        if (!row.starts_with('{')) continue; // masked already
        const auto json = parse_json(row);
        std::string masked;
        if (json && json->is_object())
            for (const auto& [key, value] : json->items())
                masked +=
                    (masked.empty() ? "" : ", ") + shorten(key, 300) + "=" +
                    redact::mask_sample(redactor, key, value.is_string() ? value.get<std::string>() : dump_json(value));
        row = std::move(masked);
    }
    redact::Redaction redaction;
    for (auto& [name, text] : finding.data.texts) text = redactor.redact(text, redaction, name);
}

auto classify_store(const Stations& stations, std::vector<Finding> findings, Context context, std::string dossier_id)
    -> Task<Result<ClassifyOutcome>> {
    ClassifyOutcome outcome;
    if (stations.classifier == nullptr || findings.empty()) co_return outcome;
    const auto sketch = explain::sketch_of(findings, context);
    if (!has_content(sketch)) co_return outcome;
    auto corrections = co_await stations.store.corrections_of(stations.classifier->keys_of(sketch));
    if (!corrections) co_return fail(std::move(corrections.error()));
    outcome.classification = stations.classifier->classify(sketch, *corrections);
    if (stations.llm_classifier != nullptr) {
        explain::LlmPurpose purpose{
            .source = findings.front().source, .dossier_id = dossier_id, .finding_id = findings.front().id};
        outcome.audit = co_await stations.llm_classifier->complete(*outcome.classification, sketch, std::move(purpose),
                                                                   deadline_in(ask_limit));
    }
    const auto& known = *outcome.classification;
    outcome.audit.push_back({.time = stations.clock.now(),
                             .action = "store.classified",
                             .finding_id = findings.front().id,
                             .dossier_id = dossier_id,
                             .details = dump_json({{"classes", known.labels},
                                                   {"sensitivity", known.sensitivity},
                                                   {"confidence", known.confidence},
                                                   {"is_test_data", known.is_test_data},
                                                   {"needs_person", known.needs_person},
                                                   {"corrected", corrections->size()}})});
    co_return outcome;
}

auto with_classes(std::vector<Finding> findings, const std::optional<StoreClassification>& known)
    -> std::vector<Finding> {
    if (!known) return findings;
    for (auto& finding : findings) {
        std::set<std::string> classes(finding.data.classes.begin(), finding.data.classes.end());
        for (const auto& label : known->labels) classes.insert(data_word(label));
        finding.data.classes.assign(classes.begin(), classes.end());
    }
    return findings;
}

auto keep_approved_tags(const Stations& stations, DossierCase& work) -> Task<Result<void>> {
    for (const auto& draft : work.row().drafts) {
        if (draft.kind != "tags" || draft.sink != "outbox") continue;
        if (draft.state != DraftState::approved && draft.state != DraftState::rejected) co_return Result<void>{};
        const bool is_approved = draft.state == DraftState::approved;
        auto commit = work.commit(is_approved ? Stage::delivered : Stage::closed, {}, stations.clock.now());
        if (is_approved) {
            auto kept = draft;
            kept.state = DraftState::posted;
            commit.save_drafts.push_back(std::move(kept));
        }
        co_return co_await save_stage(stations, work, std::move(commit)); // newest first: earlier ones are over
    }
    co_return Result<void>{};
}

auto follow_classification(const Stations& stations, DossierCase& work) -> Task<Result<void>> {
    if (stations.classifier == nullptr || !work.context || !work.assessment) co_return Result<void>{};
    if (work.open_findings().front().source == own_source) co_return Result<void>{};
    auto& known = work.assessment->classification;
    if (known) {
        const auto sketch = explain::sketch_of(work.open_findings(), *work.context);
        auto corrections = co_await stations.store.corrections_of(stations.classifier->keys_of(sketch));
        if (!corrections) co_return fail(std::move(corrections.error()));
        if (stations.classifier->correct(*known, sketch, *corrections)) {
            auto commit = work.commit(work.row().stage, {}, stations.clock.now());
            commit.carried.push_back({.stage = Stage::assessed,
                                      .revision = commit.revision,
                                      .body = to_text(*work.assessment),
                                      .at = commit.at});
            if (auto saved = co_await save_stage(stations, work, std::move(commit)); !saved) co_return saved;
        }
    }
    if (stations.location_rules.empty()) co_return Result<void>{};
    const auto& about = work.open_findings().front();
    const auto wrong = explain::location_violations(stations.location_rules, classes_of(known, work.open_findings()),
                                                    about.resource, work.context->environment);
    co_return co_await tell_violations(stations, work, wrong);
}

} // namespace dossier::pipeline
