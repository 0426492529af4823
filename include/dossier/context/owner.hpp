#pragma once
// Who owns it. Several sources name somebody; the order of trust is written down here and nowhere else: CMDB owner >
// identity rule > owner tag on the resource > the platform's project or account owner. The winner carries the rule that
// produced it and a confidence; agreement raises it, disagreement lowers it and is shown.
//
//   origin           confidence alone   remark
//   cmdb:*           0.90
//   identity:*       0.85               what the source says counts
//   tag:owner        0.70               owner, contact, data steward, …
//   tag:team         0.50               a group, so it neither agrees nor disagrees with a person
//   platform:*       0.40               project or account owner
//   tag:creator      0.10               who made it; shown, never chosen
//
// With winner confidence c and another origin's s: agreement gives 1 − (1 − c)(1 − s/2), disagreement c(1 − 0.35 s).

#include "dossier/finding/dossier.hpp"

namespace dossier::context {

/// Signals that the finding itself carries: tags by the usual keys (owner, team, contact, …, with prefixes and any
/// case), the platform's own owner hints.
[[nodiscard]] auto owner_signals_of(const Finding& finding) -> std::vector<OwnerSignal>;
[[nodiscard]] auto decide_owner(std::vector<OwnerSignal> signals, const std::optional<Asset>& asset) -> Owner;
/// Environment from CMDB, else tags environment|env|stage, else unknown; second = where from.
[[nodiscard]] auto environment_of(const Finding& finding, const std::optional<Asset>& asset)
    -> std::pair<Environment, std::string>;

} // namespace dossier::context
