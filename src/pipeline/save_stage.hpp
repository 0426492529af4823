#pragma once
// The end of a stage: its commit goes to the store, and what the case has to know of it to the case.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

/// The commit is the store's alone: its result and records are large, and only its drafts are kept beside it.
[[nodiscard]] auto save_stage(const Stations& stations, DossierCase& work, store::StageCommit commit)
    -> Task<Result<void>>;

} // namespace dossier::pipeline
