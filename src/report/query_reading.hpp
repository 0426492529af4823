#pragma once
// What an LLM made of a question, and how far it is believed.

#include "dossier/report/question_rules.hpp"

#include "dossier/redact/redactor.hpp"

namespace dossier::report {

struct ModelReading {
    bool is_answerable = false;
    FindingQuery query; ///< as written, with pseudonyms
};

/// From the model's answer `{"answerable", "query"}`. `malformed` names what is wrong in words that the model can mend:
/// also free words that don't stand in the (redacted) question, since nothing may come in that wasn't asked.
[[nodiscard]] auto read_model_answer(std::string_view text, std::string_view question) -> Result<ModelReading>;

/// The model's query, with what rules read from the same words where the two disagree: a condition that the question
/// names in the very words of a field can't be dropped or changed. Says so in `notes`.
[[nodiscard]] auto held_to_rules(FindingQuery model, const FindingQuery& rules, std::vector<std::string>& notes)
    -> FindingQuery;

/// Pseudonyms in free words become what they stand for.
void restore(FindingQuery& query, const redact::Redaction& redaction);

} // namespace dossier::report
