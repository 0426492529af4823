#pragma once
// Which way a dossier goes, and whether a person must look first. First matching route wins; guardrails are applied
// after it and can only make things stricter. Decided from code-made facts alone: no text can move it.

#include "dossier/finding/dossier.hpp"
#include "dossier/pipeline/config.hpp"

#include <string_view>

namespace dossier::pipeline {

struct RoutingFacts {
    Finding worst; ///< the most severe open finding
    Environment environment = Environment::unknown;
    double owner_confidence = 0;
    double grounding_score = 1;
    std::size_t automatic_actions_last_hour = 0;
};

/// Reasons of a decision that the mode alone gave.
inline constexpr std::string_view observe_reason = "mode is observe: nothing leaves the service";
inline constexpr std::string_view not_automate_reason = "mode is not automate";

/// Follows the number of them.
inline constexpr std::string_view full_hour_reason = " automatic actions in the last hour";

/// The route that matches, by what the worst finding is and where it stands: known before anything is written.
/// Without any configured, the one that takes everything; nullptr = none matches. Points into `config`.
[[nodiscard]] auto match_route(const PipelineConfig& config, const Finding& worst, Environment environment)
    -> const RouteConfig*;

/// What the matching route does, and what the guardrails say to it.
/// @param default_approval `tickets.approval` @param default_sink the first configured sink
[[nodiscard]] auto decide_route(const PipelineConfig& config, const RoutingFacts& facts,
                                const std::string& default_approval, const std::string& default_sink) -> RouteDecision;

} // namespace dossier::pipeline
