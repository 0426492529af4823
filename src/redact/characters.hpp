#pragma once
// ASCII character classes, independent of the locale.

namespace dossier::redact {

constexpr auto is_letter(char c) -> bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }
constexpr auto is_hex(char c) -> bool { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// What \b takes for part of a word.
constexpr auto is_word_byte(char c) -> bool { return is_letter(c) || is_digit(c) || c == '_'; }

} // namespace dossier::redact
