#pragma once
// Drafts of kind `scan`: a scan of the store by a platform that was configured for it, wanted by a route or a person,
// decided by a person always, and started and watched as an action (ticket/action.hpp).

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

#include <optional>
#include <string>

namespace dossier::pipeline {

/// The scan that a route wants for the dossier's worst finding.
struct WantedScan {
    std::optional<Draft> draft;
    bool is_known = false; ///< a draft of the same scan was made already, whatever became of it
    std::string reason;    ///< why there is none, for the route decision; "" = nothing to say
};
[[nodiscard]] auto wanted_scan(const Stations& stations, const DossierCase& work, const RouteDecision& route,
                               int revision, Timestamp at) -> WantedScan;

/// Whether an undecided draft goes on under another revision of its dossier: the scan is still wanted, and needs no
/// second reading.
[[nodiscard]] auto outlives_revision(const Draft& old, const WantedScan& wanted) -> bool;

} // namespace dossier::pipeline
