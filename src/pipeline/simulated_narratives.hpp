#pragma once
// Who would write the narratives of the past, and for how much. The gateway itself goes through the tried providers,
// their prices and budgets; they are stand-ins that answer with the tokens that were used then. What no LLM was asked
// for then is reckoned by the size of its prompt.

#include "simulated_history.hpp"
#include "simulated_windows.hpp"

#include "dossier/explain/narrator.hpp"

namespace dossier::pipeline {

struct SimulatedNarrative {
    std::string by = "template"; ///< provider
    double usd = 0;
    bool is_estimate = false;
    double grounding_score = 1;
};

class SimulatedNarratives {
public:
    SimulatedNarratives(const TriedConfig& config, const SimulationRooms& rooms, const History& history,
                        SimulatedWindows& windows, context::ContextReplay& replay);
    ~SimulatedNarratives();

    /// @param route that the dossier takes, nullptr = none matches @param dossier_id of the history
    auto narrate(const PastDecision& past, std::string dossier_id, const RouteConfig* route)
        -> Task<Result<SimulatedNarrative>>;

private:
    struct Memory;

    auto may_ask(const PastDecision& past, std::string dossier_id, const RouteConfig* route) -> Task<Result<bool>>;

    auto ask(const PastDecision& past, std::string dossier_id, const RouteConfig* route)
        -> Task<Result<explain::LlmReply>>;
    auto input_of(const PastDecision& past, std::string dossier_id) -> Task<Result<explain::NarrationInput>>;

    SimulationRooms rooms_;
    const History& history_;
    bool is_limited_; ///< the most that a call may cost counts, too
    SimulatedWindows& windows_;
    context::ContextReplay& replay_;
    std::shared_ptr<Memory> memory_;
    std::unique_ptr<explain::LlmGateway> gateway_;
};

} // namespace dossier::pipeline
