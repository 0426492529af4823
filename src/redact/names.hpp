#pragma once
// Names of people. Which text is one, only the field can say; these say whether a value of such a field reads like a
// person rather than a team or an account, and find a known name again however it is spelled.

#include "dossier/redact/redactor.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::redact {

/// Small letters, words with one blank between: "Ngo,  Alice" and "alice.ngo" are "ngo alice" and "alice ngo".
[[nodiscard]] auto folded_name(std::string_view name) -> std::string;
[[nodiscard]] auto has_several_words(std::string_view name) -> bool;
/// Adds a span for each place where one of the names stands: its words in either order, with a separator between.
void add_names(std::string_view text, const std::vector<std::string>& names, std::vector<Redactor::Span>& spans);

} // namespace dossier::redact
