#include "dossier/explain/location_rules.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::explain {
namespace {

auto takes_region(const std::vector<std::string>& globs, const std::string& region) -> bool {
    return std::ranges::any_of(globs, [&](const std::string& glob) { return glob_match(lower(glob), region); });
}

auto what_lies_there(const LocationRule& rule, const std::vector<std::string>& classes) -> std::string {
    for (const auto& wanted : rule.data)
        for (const auto& one : classes)
            if (iequals(wanted, one)) return one;
    return {};
}

} // namespace

auto location_violations(const std::vector<LocationRule>& rules, const std::vector<std::string>& classes,
                         const Resource& resource, Environment environment) -> std::vector<LocationViolation> {
    std::vector<LocationViolation> violations;
    const auto region = lower(resource.region);
    for (const auto& rule : rules) {
        const auto holds = rule.environment.empty() ||
                           std::ranges::find(rule.environment, to_string(environment)) != rule.environment.end();
        const auto data = what_lies_there(rule, classes);
        if (!holds || data.empty()) continue;
        const auto place = fmt::format("{} in {}", region.empty() ? "an unknown region" : region,
                                       environment == Environment::unknown ? "an unknown environment"
                                                                           : std::string(to_string(environment)));
        if (takes_region(rule.forbidden, region)) {
            violations.push_back({.rule = rule.name,
                                  .data = data,
                                  .why = fmt::format("{} must not lie in {}", data, place),
                                  .severity = rule.severity});
        } else if (!rule.allowed.empty() && !region.empty() && !takes_region(rule.allowed, region)) {
            violations.push_back(
                {.rule = rule.name,
                 .data = data,
                 .why = fmt::format("{} lies in {}, and may lie only in {}", data, place, join(rule.allowed, ", ")),
                 .severity = rule.severity});
        }
    }
    return violations;
}

} // namespace dossier::explain
