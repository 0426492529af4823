#pragma once
// The words of an answer, made from its rows by code.

#include "dossier/report/questioner.hpp"

namespace dossier::report {

/// Sentences for what the query found.
void write_sentences(QuestionAnswer& answer);
/// Sentences for a question that no query came of.
void write_refusal(QuestionAnswer& answer);

} // namespace dossier::report
