#pragma once
// What follows for a store from its fields and documents: labels, sensitivity, domain, frameworks, whether it is test
// data, what it says of the tags that others have put on it, and whether a person must look.

#include "classification_knowledge.hpp"
#include "dossier/explain/classifier.hpp"

namespace dossier::explain {

/// The most sensitive first. @param is_of_patient identifiers beside a patient are health data, too
[[nodiscard]] auto labels_of(const ClassificationKnowledge& knowledge, const Words& classes, bool is_of_patient)
    -> Words;
[[nodiscard]] auto frameworks_of_classes(const ClassificationKnowledge& knowledge, const Words& classes,
                                         bool is_of_patient) -> Words;
/// The organisation's own domains in place of the built-in ones; a name that is built in keeps its words, too.
void use_taxonomy(ClassificationKnowledge& knowledge, const std::vector<ClassifierConfig::Domain>& domains);
void conclude_store(const ClassificationKnowledge& knowledge, const ClassifierConfig& config, const StoreSketch& store,
                    StoreClassification& result);

} // namespace dossier::explain
