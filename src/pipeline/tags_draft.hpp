#pragma once
// The draft that classifies a dossier's asset: made beside the ticket's, or alone where the route says `do: classify`.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

struct TagsDecision {
    std::optional<Draft> draft;
    std::string reason;    ///< why there is none; "" where nothing is to be said about it
    bool is_known = false; ///< a draft of exactly this content was made before and has not been replaced
};

/// Decided in code alone: what is known of the data, who can write it, and whether a person must look first.
[[nodiscard]] auto decide_tags(const Stations& stations, const DossierCase& work, const RouteDecision& route,
                               int revision, Timestamp at) -> TagsDecision;

} // namespace dossier::pipeline
