#pragma once
// Cuts the names of columns, tables, stores and documents into words of one language: separators, camelCase, digits,
// words written together, abbreviations, plurals, accents, and the languages of config/classification.

#include "classification_knowledge.hpp"

namespace dossier::explain {

/// "PSPRT_NBR" → passport, number; "Geburtsdatum" → birth, date; "lastModifiedAt" → last, modified, at.
[[nodiscard]] auto words_of(const ClassificationKnowledge& knowledge, std::string_view name) -> Words;

/// A path such as "contact.phone_numbers[].value", the words of each of its parts.
[[nodiscard]] auto path_words(const ClassificationKnowledge& knowledge, std::string_view path) -> std::vector<Words>;

} // namespace dossier::explain
