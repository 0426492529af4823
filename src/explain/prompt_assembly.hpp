#pragma once
// Turns evidence into what an LLM is shown: every item redacted and made harmless, one JSON line each, between lines
// that carry a delimiter of this request alone. Nothing enters the user message but the evidence given.

#include "dossier/finding/evidence.hpp"
#include "dossier/redact/redactor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// The evidence as the LLM sees it; answers are held against exactly this.
[[nodiscard]] auto shown_evidence(const EvidenceList& evidence, const redact::Redactor& redactor,
                                  redact::Redaction& redaction) -> EvidenceList;
[[nodiscard]] auto evidence_lines(const EvidenceList& shown) -> std::string;
/// What the model is asked about the evidence. @param lines of the evidence @param delimiter fresh for each request
[[nodiscard]] auto user_message(const std::string& lines, const std::string& delimiter) -> std::string;
/// The evidence that a user message shows, read back as the model sees it; empty for what is no such message.
[[nodiscard]] auto evidence_shown_in(std::string_view message) -> EvidenceList;

} // namespace dossier::explain
