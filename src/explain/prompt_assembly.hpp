#pragma once
// Turns evidence into what an LLM is shown: every item redacted and made harmless, one JSON line each, between lines
// that carry a delimiter of this request alone. Nothing enters the user message but the evidence given.

#include "dossier/explain/llm_provider.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/redact/redactor.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

/// The evidence as the LLM sees it; answers are held against exactly this.
[[nodiscard]] auto shown_evidence(const EvidenceList& evidence, const redact::Redactor& redactor,
                                  redact::Redaction& redaction) -> EvidenceList;
[[nodiscard]] auto evidence_lines(const EvidenceList& shown) -> std::string;
/// System message (the instructions) and user message (the evidence). @param delimiter fresh for each request
[[nodiscard]] auto assemble(const Prompt& prompt, const EvidenceList& shown, const std::string& delimiter)
    -> LlmRequest;

} // namespace dossier::explain
