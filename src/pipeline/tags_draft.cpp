#include "tags_draft.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/classification_draft.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::pipeline {
namespace {

/// The first finding of each source whose assets can be tagged.
auto targets_of(const ticket::WriteBack& platforms, const std::vector<Finding>& findings)
    -> std::vector<const Finding*> {
    std::vector<const Finding*> targets;
    for (const auto& finding : findings) {
        const bool is_taken = std::ranges::any_of(targets, [&](auto* one) { return one->source == finding.source; });
        if (!is_taken && platforms.can_tag(finding.source)) targets.push_back(&finding);
    }
    return targets;
}

auto min_confidence(const PipelineConfig& config, const std::string& route) -> double {
    const auto found = std::ranges::find(config.routes, route, &RouteConfig::name);
    return found == config.routes.end() ? 0 : found->min_confidence;
}

/// What a route demands of a classification before it is worth a person's time; "" = it is met.
auto too_unsure(const ingest::Classification& known, double needed) -> std::string {
    if (needed <= 0) return {};
    if (!known.confidence)
        return fmt::format("no platform says how sure the classification is, and the route needs {:.2f}", needed);
    if (*known.confidence < needed)
        return fmt::format("the classification is {:.2f} sure, and the route needs {:.2f}", *known.confidence, needed);
    return {};
}

auto steward_of(const Stations& stations, const StoreClassification& known) -> std::string {
    if (!known.steward.empty() || stations.classifier == nullptr) return known.steward;
    const auto& config = stations.classifier->config();
    for (const auto& [domain, who] : config.stewards)
        if (iequals(domain, known.domain)) return who;
    return config.steward;
}

} // namespace

auto decide_tags(const Stations& stations, const DossierCase& work, const RouteDecision& route, int revision,
                 Timestamp at) -> TagsDecision {
    const bool is_classify = route.action == "classify";
    const auto none = [&](std::string reason) {
        return TagsDecision{.reason = is_classify ? std::move(reason) : std::string()};
    };
    if (route.action == "digest") return {};
    const auto& found = work.assessment->classification;
    const auto known = found ? std::optional(ticket::classification_of(*found, *work.context))
                             : ticket::known_classification(work.open_findings(), *work.context, *work.assessment);
    if (!known) return none("nobody has classified the store yet");
    const auto targets = stations.write_back == nullptr ? std::vector<const Finding*>{}
                                                        : targets_of(*stations.write_back, work.open_findings());
    // Our own classification is worth a person's look also where no platform takes it: it waits in the outbox.
    const bool is_kept_here = targets.empty() && found && is_classify;
    if (targets.empty() && !is_kept_here) return none("no platform of this dossier takes classification tags");
    const auto needed = min_confidence(stations.config, route.route);
    if (is_classify && !found)
        if (auto reason = too_unsure(*known, needed); !reason.empty()) return none(std::move(reason));

    Draft draft;
    draft.id = new_id("drf");
    draft.dossier_id = work.row().id;
    draft.revision = revision;
    draft.kind = "tags";
    std::vector<std::string> sources;
    for (const auto* target : targets) {
        draft.finding_ids.push_back(target->id);
        sources.push_back(target->source);
    }
    if (is_kept_here) draft.finding_ids = {work.open_findings().front().id};
    draft.sink = is_kept_here ? "outbox" : join(sources, ", ");
    // Who is sure enough to leave the person out is decided for the ticket; of a classification one must be sure, too.
    const bool is_sure =
        known->confidence && *known->confidence >= std::max(needed, stations.config.automate.min_confidence);
    auto reasons = found ? found->needs_person : std::vector<std::string>{};
    if (found && reasons.empty() && found->confidence < needed)
        reasons.push_back(fmt::format("the route asks for {:.2f}, and it is {:.2f} sure", needed, found->confidence));
    draft.approval = route.approval == "none" && is_sure && reasons.empty() ? "none" : "before_create";
    if (!reasons.empty()) {
        draft.assignee = steward_of(stations, *found);
        draft.labels = {"data-steward"};
    }
    auto text = ticket::render_classification(*known, work.open_findings().front().resource,
                                              is_kept_here ? std::vector<std::string>{"outbox"} : sources);
    draft.title = std::move(text.title);
    draft.body = std::move(text.body);
    if (found) draft.body += "\n" + ticket::classification_details(*found) + "\n";
    if (!reasons.empty()) draft.body += fmt::format("\nFor the data steward: {}.\n", join(reasons, "; "));
    draft.payload = ticket::payload_of(*known);
    draft.severity = work.open_findings().front().severity;
    draft.created_at = at;
    draft.content_hash = content_hash(draft);
    // Asking again what was answered, in whatever way, is no use to anybody.
    const bool is_known = std::ranges::any_of(work.row().drafts, [&](const Draft& earlier) {
        return earlier.kind == "tags" && earlier.state != DraftState::expired &&
               earlier.content_hash == draft.content_hash;
    });
    return {.draft = std::move(draft), .is_known = is_known};
}

} // namespace dossier::pipeline
