#pragma once
// Asks an LLM about the columns that the rules leave open. It sees names, types and masked samples through the
// redactor, and nothing else; it chooses from the closed list of classes. What it says of other columns, or in other
// words, is refused; what the rules are sure of stays. Who said it stands on each field.

#include "dossier/explain/classifier.hpp"
#include "dossier/explain/llm_gateway.hpp"
#include "dossier/redact/redactor.hpp"

namespace dossier::explain {

class LlmClassifier {
public:
    /// @param gateway and classifier outlive it
    LlmClassifier(LlmGateway& gateway, const Classifier& classifier, std::shared_ptr<const PromptCatalogue> prompts,
                  std::shared_ptr<const redact::Redactor> redactor);
    /// Fills what is open in `result` and concludes the store again. @return audit entries of the calls
    auto complete(StoreClassification& result, StoreSketch store, LlmPurpose purpose, Deadline deadline)
        -> Task<std::vector<store::AuditEntry>>;

private:
    LlmGateway& gateway_;
    const Classifier& classifier_;
    std::shared_ptr<const PromptCatalogue> prompts_;
    std::shared_ptr<const redact::Redactor> redactor_;
};

} // namespace dossier::explain
