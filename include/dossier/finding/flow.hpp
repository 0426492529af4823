#pragma once
// In whose turn work on some findings waits.

#include "dossier/base/turn_order.hpp"
#include "dossier/finding/finding.hpp"

#include <vector>

namespace dossier {

/// Source and severity of the worst; without findings, the flow of what a person waits for.
[[nodiscard]] auto flow_of(const std::vector<Finding>& findings) -> Flow;

} // namespace dossier
