#pragma once
// Text that somebody outside wrote: names, tags, descriptions. Cleaned of characters that hide things, shortened,
// looked over for instructions (a flag only: safety comes from structure, TRUST §2), and made harmless inside a prompt.

#include <optional>
#include <string>
#include <string_view>

namespace dossier::explain {

/// One line of valid UTF-8 without control, zero-width, bidirectional and tag characters, at most `max_bytes` long.
[[nodiscard]] auto clean_text(std::string_view text, std::size_t max_bytes) -> std::string;
/// What kind of instruction the text reads like ("override of instructions"); nullopt for ordinary text.
/// Slugs, camelCase, percent-encoding and tag characters are undone first.
[[nodiscard]] auto instruction_in(std::string_view text) -> std::optional<std::string>;
/// The same text with chat-template tokens, closing tags, code fences and `delimiter` broken up.
[[nodiscard]] auto neutralise(std::string_view text, std::string_view delimiter) -> std::string;

} // namespace dossier::explain
