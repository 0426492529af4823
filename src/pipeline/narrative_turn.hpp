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

/// What the route says of asking an LLM; "" = it may be asked. @param route nullptr = none matches @param store keeps
/// who had a turn
[[nodiscard]] auto why_no_llm(store::SpendStore& store, const RouteConfig* route, NarrativeWish wish)
    -> Task<Result<std::string>>;

} // namespace dossier::pipeline
