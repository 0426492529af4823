#pragma once
// What the names around a store's content say: its domain, whether it is test data, the purpose that somebody states,
// and whether the tags that others put on it hold.

#include "classification_knowledge.hpp"
#include "dossier/explain/classifier.hpp"

namespace dossier::explain {

struct DomainGuess {
    std::string name;
    std::string label;
};
[[nodiscard]] auto domain_of(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                             const StoreClassification& result) -> DomainGuess;
/// Fills `result.test_signs`.
[[nodiscard]] auto is_test_data(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                                StoreClassification& result) -> bool;
/// "customer addresses for EU marketing campaign", of words that names, texts and tags carry; "" without a purpose.
[[nodiscard]] auto business_context(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                                    const StoreClassification& result) -> std::string;
[[nodiscard]] auto verdicts_on_tags(const ClassificationKnowledge& knowledge, const StoreSketch& store,
                                    const StoreClassification& result) -> std::vector<TagVerdict>;

} // namespace dossier::explain
