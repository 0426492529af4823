#pragma once
// Whether a route lets an LLM be asked for a dossier: always, never, or for the highest risks of a window.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/pipeline/config.hpp"
#include "dossier/store/store.hpp"

#include <string>

namespace dossier::pipeline {

struct NarrativeWish {
    std::string dossier_id;
    double risk = 0; ///< 0…100
    Timestamp at{};
};

/// What a narrative says that is not among those of its route that may have one from an LLM. Without the rank of the
/// moment: a replay that changes nothing should change no text.
[[nodiscard]] auto not_among_the_top(const RouteConfig& route) -> std::string;

/// What the route says of asking an LLM; "" = it may be asked. @param route nullptr = none matches @param store keeps
/// who had a turn
[[nodiscard]] auto why_no_llm(store::SpendStore& store, const RouteConfig* route, NarrativeWish wish)
    -> Task<Result<std::string>>;

} // namespace dossier::pipeline
