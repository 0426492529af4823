#pragma once
// Spellings of a name. Which text is one, only the field can say (see dossier/redact/people.hpp).

#include <string>
#include <string_view>

namespace dossier::redact {

/// Small letters, words with one blank between: "Ngo,  Alice" and "alice.ngo" are "ngo alice" and "alice ngo".
[[nodiscard]] auto folded_name(std::string_view name) -> std::string;
[[nodiscard]] auto has_several_words(std::string_view name) -> bool;

} // namespace dossier::redact
