#pragma once
// What a dossier comes to: its route, and the drafts a person is to decide on, or the digest.

#include "dossier_case.hpp"
#include "follow_stage.hpp"

namespace dossier::pipeline {

/// Decides the route and commits it with the drafts that follow from it; sets `work.route`. The caller's data outlive
/// it.
[[nodiscard]] auto draft_dossier(const Stations& stations, DossierCase& work, const TicketTurn& turn,
                                 const store::Claim& claim) -> Task<Result<void>>;

} // namespace dossier::pipeline
