#pragma once
// After a ticket has been made or brought to what was approved: its files and links. Last of all steps, so that nothing
// else waits for them.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

/// Encloses what belongs to the newest draft that its ticket shows.
/// @param end how the run was to be released; comes back earlier where something has to be tried again
[[nodiscard]] auto enclose_evidence(const Stations& stations, const DossierCase& work, const store::Claim& claim,
                                    store::Release end) -> Task<Result<store::Release>>;

} // namespace dossier::pipeline
