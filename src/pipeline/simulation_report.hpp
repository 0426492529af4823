#pragma once
// What was and what would have been, side by side.

#include "simulated_history.hpp"
#include "simulated_narratives.hpp"

#include "dossier/ticket/group_text.hpp"

namespace dossier::pipeline {

/// A decision of the past as it would have been taken.
struct SimulatedDecision {
    RouteDecision route; ///< `group` names a dossier of the scratch store
    SimulatedNarrative narrative;
    ticket::GroupFacts group_facts;
    bool has_acted = false;
    bool is_said_already = false;
    bool was_beaten = false; ///< it was to act by itself, and others had filled the hour
};

[[nodiscard]] auto report_on(const TriedConfig& config, const History& history,
                             const std::vector<SimulatedDecision>& would, Timestamp since, Timestamp until)
    -> Simulation;

} // namespace dossier::pipeline
