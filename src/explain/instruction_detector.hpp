#pragma once
// Text of outsiders that reads like an order to a model. A flag for the dossier and for people only: nothing rests on
// it, since text is delimited data and decides nothing (docs/decisions/0018). Read beneath escapes, base64, hidden and
// look-alike characters, slugs, camelCase, leet and rot13, and in some twenty languages.

#include <optional>
#include <string>
#include <string_view>

namespace dossier::explain {

/// What kind of instruction the text reads like ("override of instructions"); nullopt for ordinary text. Looks at the
/// first 16 KiB.
[[nodiscard]] auto instruction_in(std::string_view text) -> std::optional<std::string>;

} // namespace dossier::explain
