#pragma once
// What follows a decision without being waited for: the platforms of the findings are told, and approved tags are
// written. It runs at the end of every claim and never changes what became of the ticket; what could not be written yet
// makes the dossier ready again at its time.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

/// @param end how the claim would end without it
/// @return the same end, or a wait where something is left to be tried; an error is the store's
[[nodiscard]] auto write_back(const Stations& stations, const DossierCase& work, store::Release end)
    -> Task<Result<store::Release>>;

} // namespace dossier::pipeline
