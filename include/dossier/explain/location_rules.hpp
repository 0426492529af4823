#pragma once
// Where data may lie: data class × region × environment, from the configuration. Data that a rule is about lies wrong
// in a region that the rule forbids, and in every region but those that it allows.

#include "dossier/finding/dossier.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

struct LocationRule {
    std::string name;
    std::vector<std::string> data;        ///< labels, data classes or fine classes; any of them
    std::vector<std::string> environment; ///< where the rule holds: prod | staging | test | dev | unknown; empty = all
    std::vector<std::string> allowed;     ///< globs of region names; empty = every region that isn't forbidden
    std::vector<std::string> forbidden;   ///< globs; `*` also takes a region that nobody knows
    Severity severity = Severity::high;
};

struct LocationViolation {
    std::string rule;
    std::string data; ///< what lies wrong: "PII"
    std::string why;
    Severity severity = Severity::high;
};

/// @param classes labels, data classes and fine classes of what the store holds. A region that nobody knows breaks no
/// rule.
[[nodiscard]] auto location_violations(const std::vector<LocationRule>& rules, const std::vector<std::string>& classes,
                                       const Resource& resource, Environment environment)
    -> std::vector<LocationViolation>;

} // namespace dossier::explain
