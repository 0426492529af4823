#pragma once
// What a sentence may be made of: English in plain letters. Markup, links, addresses, hidden characters, look-alike
// letters, other languages and talk about the prompt or the decision have no place, whatever they say.

#include "cited.hpp"

namespace dossier::explain {

/// Blanks of all kinds as plain ones and typographic apostrophes as ASCII; to be done before anything is looked up.
[[nodiscard]] auto with_plain_blanks(std::string text) -> std::string;

/// @param cited everything that the sentence cites, and cited_text its text
[[nodiscard]] auto shape_objection(const std::string& text, const Cited& cited, const std::string& cited_text)
    -> Objection;

/// Quoted text must stand in the evidence; it is then nobody's claim and leaves the sentence.
[[nodiscard]] auto take_quotes(std::string& text, const std::string& cited) -> Objection;

} // namespace dossier::explain
