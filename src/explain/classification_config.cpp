#include "dossier/explain/classification_config.hpp"

#include <fmt/format.h>

namespace dossier::explain {
namespace {

auto read_rule(config::Section& section, std::vector<std::string>& names) -> LocationRule {
    LocationRule rule;
    section.read_name("name", rule.name, names);
    section.require("data");
    section.read("data", rule.data);
    section.read_words("environment", rule.environment, {"prod", "staging", "test", "dev", "unknown"});
    section.read("regions", rule.allowed); // the same as `allowed`
    if (!rule.allowed.empty() && section.has("allowed"))
        section.problem("allowed", "is the same as `regions`; name one");
    section.read("allowed", rule.allowed);
    section.read("forbidden", rule.forbidden);
    section.read_enum("severity", rule.severity,
                      {{"informational", Severity::informational},
                       {"low", Severity::low},
                       {"medium", Severity::medium},
                       {"high", Severity::high},
                       {"critical", Severity::critical}});
    if (rule.allowed.empty() && rule.forbidden.empty())
        section.problem("", "says nothing about places: give `allowed` or `forbidden`, globs of region names");
    return rule;
}

} // namespace

auto read_classification(config::Section section) -> ClassificationConfig {
    ClassificationConfig config;
    auto& classifier = config.classifier;
    section.read("min_confidence", classifier.min_confidence);
    if (!(classifier.min_confidence >= 0 && classifier.min_confidence <= 1))
        section.problem("min_confidence", "must lie in 0…1");
    section.read("policy_critical", classifier.policy_critical);
    section.read("steward", classifier.steward);
    std::vector<std::pair<std::string, std::string>> stewards;
    section.read("stewards", stewards);
    for (auto& [domain, who] : stewards) classifier.stewards[domain] = who;
    section.read("llm", config.use_llm);
    for (auto& item : section.items("domains")) {
        ClassifierConfig::Domain domain;
        item.require("name");
        item.read("name", domain.name);
        item.read("words", domain.words);
        classifier.domains.push_back(std::move(domain));
    }
    std::vector<std::string> names;
    for (auto& item : section.items("location_rules")) config.location_rules.push_back(read_rule(item, names));
    return config;
}

} // namespace dossier::explain
