#include "dossier/pipeline/router.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::pipeline {

namespace {

auto allows(const std::vector<std::string>& list, std::string_view value) -> bool {
    return list.empty() || std::ranges::find(list, value) != list.end();
}

auto matches(const RouteConfig::When& when, const Finding& finding, Environment environment) -> bool {
    const bool any_class = when.data.empty() || std::ranges::any_of(finding.data.classes, [&](const auto& data_class) {
                               return std::ranges::find(when.data, data_class) != when.data.end();
                           });
    const bool account = when.account.empty() || std::ranges::any_of(when.account, [&](const auto& pattern) {
                             return glob_match(pattern, finding.resource.account);
                         });
    return allows(when.severity, to_string(finding.severity)) && allows(when.exposure, to_string(finding.exposure)) &&
           allows(when.finding_type, to_string(finding.finding_type)) && allows(when.source, finding.source) &&
           allows(when.environment, to_string(environment)) && any_class && account;
}

/// Why nobody may be left out of the loop; empty = the guardrails let it pass.
auto guardrails(const PipelineConfig& config, const RoutingFacts& facts, const RouteConfig& route)
    -> std::vector<std::string> {
    std::vector<std::string> reasons;
    if (config.mode != Mode::automate) reasons.emplace_back(not_automate_reason);
    if (counts_as_prod(facts.environment))
        reasons.push_back(fmt::format("environment is {}", to_string(facts.environment)));
    if (facts.worst.severity > config.automate.max_severity)
        reasons.push_back(fmt::format("severity {} is above {}", to_string(facts.worst.severity),
                                      to_string(config.automate.max_severity)));
    const double confidence = std::min(facts.owner_confidence, facts.grounding_score);
    const double needed = std::max(config.automate.min_confidence, route.min_confidence);
    if (confidence < needed) reasons.push_back(fmt::format("confidence {:.2f} is under {:.2f}", confidence, needed));
    if (facts.automatic_actions_last_hour >= static_cast<std::size_t>(config.automate.max_actions_per_hour))
        reasons.push_back(fmt::format("{}{}", facts.automatic_actions_last_hour, full_hour_reason));
    return reasons;
}

} // namespace

auto match_route(const PipelineConfig& config, const Finding& worst, Environment environment) -> const RouteConfig* {
    static const RouteConfig everything{.name = "default"};
    if (config.routes.empty()) return &everything;
    const auto route = std::ranges::find_if(
        config.routes, [&](const RouteConfig& candidate) { return matches(candidate.when, worst, environment); });
    return route == config.routes.end() ? nullptr : &*route;
}

auto decide_route(const PipelineConfig& config, const RoutingFacts& facts, const std::string& default_approval,
                  const std::string& default_sink) -> RouteDecision {
    const auto* route = match_route(config, facts.worst, facts.environment);
    static const RouteConfig wrong_place{.name = "location-rule"};
    // Data in the wrong place has an owner who must hear of it, whatever the routes leave to the digest.
    const bool is_wrong_place = facts.worst.platform == "dossier" && facts.worst.source == "dossier";
    if (is_wrong_place && (route == nullptr || route->action != "ticket")) route = &wrong_place;
    RouteDecision decision;
    if (route == nullptr) {
        decision.route = "none";
        decision.action = "digest";
        decision.reasons.emplace_back("no route matches");
        return decision;
    }
    const auto& chosen = *route;
    decision.route = chosen.name;
    decision.action = chosen.action;
    if (config.mode == Mode::observe && decision.action != "digest") {
        decision.action = "digest";
        decision.reasons.emplace_back(observe_reason);
    }
    if (decision.action == "digest") return decision;

    if (decision.action == "ticket") decision.sink = chosen.sink.empty() ? default_sink : chosen.sink;
    decision.approval = chosen.approval.empty() ? default_approval : chosen.approval;
    if (decision.approval == "none") {
        decision.reasons = guardrails(config, facts, chosen);
        if (!decision.reasons.empty()) decision.approval = default_approval;
    }
    return decision;
}

} // namespace dossier::pipeline
