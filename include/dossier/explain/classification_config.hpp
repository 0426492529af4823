#pragma once
// Section `classification`: when a person must look and who, the organisation's domains, and where data may lie.

#include "dossier/base/config.hpp"
#include "dossier/explain/classifier.hpp"
#include "dossier/explain/location_rules.hpp"

namespace dossier::explain {

struct ClassificationConfig {
    ClassifierConfig classifier;
    bool use_llm = true; ///< ask about what the rules leave open
    std::vector<LocationRule> location_rules;
};
[[nodiscard]] auto read_classification(config::Section section) -> ClassificationConfig;

} // namespace dossier::explain
