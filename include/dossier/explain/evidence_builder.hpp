#pragma once
// Builds the evidence list E1… from an allow-list: the canonical findings, the context answers and the assessment.
// Unknown payload fields have no way in.

#include "dossier/explain/withheld.hpp"
#include "dossier/finding/dossier.hpp"

namespace dossier::explain {

[[nodiscard]] auto build_evidence(const std::vector<Finding>& findings, const Context& context,
                                  const Assessment& assessment) -> EvidenceList;
/// The same for who has looked for orders in these findings and this context already.
[[nodiscard]] auto build_evidence(const std::vector<Finding>& findings, const Context& context,
                                  const Assessment& assessment, const Orders& orders) -> EvidenceList;

} // namespace dossier::explain
