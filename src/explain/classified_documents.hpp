#pragma once
// What a document holds, by its name, by where it lies and by the text that the platform gives of it.

#include "classification_knowledge.hpp"
#include "dossier/explain/classifier.hpp"

namespace dossier::explain {

[[nodiscard]] auto classify_document(const ClassificationKnowledge& knowledge, const std::string& store,
                                     const StoreSketch::Document& document) -> ClassifiedDocument;

} // namespace dossier::explain
