#pragma once
// The explain stage: redact → prompt → LLM → schema → grounding → one repair → next provider → template. Never fails:
// the last provider is the built-in template narrator, deterministic and offline. Every LLM call leaves an audit entry
// (finding, session, prompt id/version/hash, redacted prompt, response, model, tokens, latency).

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/store/store.hpp"

#include <memory>
#include <vector>

namespace dossier::explain {

/// What a narrative is written from.
struct NarrationInput {
    std::string dossier_id; ///< "" for explain on demand
    std::vector<Finding> findings;
    Context context;
    Assessment assessment;
    EvidenceList evidence;
    std::string traceparent;
};

struct Narration {
    Narrative narrative;
    std::vector<store::AuditEntry> audit; ///< one for each LLM call; to be committed with the stage
};

/// Deterministic narrative from the evidence alone; every sentence cites. Marked author=template.
[[nodiscard]] auto narrate_by_template(const NarrationInput& input) -> Narrative;

/// The evidence with every statement, value and origin redacted. Same evidence, same pseudonyms: whoever may restore
/// originals (`redaction.restore_in_tickets`) gets the Redaction of a narrative by calling this on its input again.
[[nodiscard]] auto redact_evidence(const EvidenceList& evidence, const redact::Redactor& redactor,
                                   redact::Redaction& redaction) -> EvidenceList;

class Narrator {
public:
    Narrator(std::vector<std::unique_ptr<LlmProvider>> providers, std::shared_ptr<const PromptCatalogue> prompts,
             std::shared_ptr<const redact::Redactor> redactor, LlmConfig config, store::EffectStore* cache,
             const Clock& clock, Metrics& metrics);
    ~Narrator();
    auto narrate(NarrationInput input, Deadline deadline) -> Task<Narration>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::explain
