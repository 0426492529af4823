#pragma once
// ASCII character classes, independent of the locale.

namespace dossier::redact {

constexpr auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }

} // namespace dossier::redact
