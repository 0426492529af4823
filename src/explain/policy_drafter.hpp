#pragma once
// Drafts of policies for a finding: which templates fit, the facts that fill them, and for each the table of who can
// reach the data before and after. Where an evaluator of ours decides the table it is *proven*, else *unproven*; a
// draft that would leave the exposure open or lock the owner out says so and is not offered as closing.

#include "policy_catalogue.hpp"

#include "dossier/finding/dossier.hpp"

#include <vector>

namespace dossier::explain {

/// What closes comes first, what would fail last.
/// @param failed the control to mend
[[nodiscard]] auto draft_policies(const PolicyCatalogue& catalogue, ControlFamily failed, const Finding& finding,
                                  const Context& context) -> std::vector<PolicyProposal>;

} // namespace dossier::explain
