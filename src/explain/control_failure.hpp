#pragma once
// What failed, finer than a control family, and what the data is, finer than its class: the words by which the
// compliance catalogue is asked. Decided in code; what a platform's words say only chooses within a family.

#include "dossier/finding/dossier.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// Every word that `controls` of the catalogue may use: the control families and the finer failures.
[[nodiscard]] auto is_control_word(std::string_view word) -> bool;

/// The families of the findings and the failures that they, the exposure and the environment tell: encryption →
/// no_encryption_at_rest or no_encryption_in_transit, both where nothing says which.
[[nodiscard]] auto failed_controls(const std::vector<Finding>& findings, Exposure exposure, Environment environment)
    -> std::set<std::string>;

/// The classes of the findings and what classes and detectors tell further: government_id, sensitive_pii, pci_sad,
/// children, credentials, confidential.
[[nodiscard]] auto data_facets(const std::vector<Finding>& findings) -> std::set<std::string>;

} // namespace dossier::explain
