#pragma once
// The words that CMDBs use for how much an asset matters.

#include "dossier/finding/vocabulary.hpp"

#include <string_view>

namespace dossier::context {

/// "critical", "1 - most critical" and its three neighbours (ServiceNow), "tier 0" … "tier 3", "mission critical",
/// "P1"; unknown for anything else.
[[nodiscard]] auto criticality_from_text(std::string_view text) -> Criticality;

} // namespace dossier::context
