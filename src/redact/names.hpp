#pragma once
// Spellings of a name. Which text is one, only the field can say (see dossier/redact/people.hpp).

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::redact {

/// Small letters, words with one blank between: "Ngo,  Alice" and "alice.ngo" are "ngo alice" and "alice ngo".
[[nodiscard]] auto folded_name(std::string_view name) -> std::string;
[[nodiscard]] auto has_several_words(std::string_view name) -> bool;
/// The person in `Alice Ngo <alice@acme.example>`, before the bracket at `bracket`: the display name of a mailbox
/// (RFC 5322, 3.4), where it reads like a person and has two words.
/// @return begin and end; the same where there is none
[[nodiscard]] auto display_name_before(std::string_view text, std::size_t bracket)
    -> std::pair<std::size_t, std::size_t>;

} // namespace dossier::redact
