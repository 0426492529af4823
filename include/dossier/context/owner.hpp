#pragma once
// Who owns it. Several sources name somebody; the order of trust is written down here and nowhere else: CMDB owner >
// identity rule > owner tag on the resource > the platform's project or account owner. The winner carries the rule that
// produced it and a confidence; agreement raises it, disagreement lowers it and is shown.

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
