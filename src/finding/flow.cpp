#include "dossier/finding/flow.hpp"

#include <algorithm>

namespace dossier {

static_assert(static_cast<std::int64_t>(Severity::critical) == Flow::first);

auto flow_of(const std::vector<Finding>& findings) -> Flow {
    if (findings.empty()) return {};
    const auto& worst = *std::ranges::max_element(findings, {}, &Finding::severity);
    return {.source = worst.source, .severity = static_cast<std::int64_t>(worst.severity)};
}

} // namespace dossier
