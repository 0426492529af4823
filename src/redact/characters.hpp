#pragma once
// ASCII character classes, independent of the locale.

#include <array>
#include <string_view>

namespace dossier::redact {

/// A few bytes, asked for by a table: a search of the few for each byte of a text costs ten times as much.
class ByteSet {
public:
    constexpr explicit ByteSet(std::string_view bytes) {
        for (const char c : bytes) has_[static_cast<unsigned char>(c)] = true;
    }
    [[nodiscard]] constexpr auto contains(char c) const -> bool { return has_[static_cast<unsigned char>(c)]; }

private:
    std::array<bool, 256> has_{};
};

constexpr auto is_letter(char c) -> bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
constexpr auto is_digit(char c) -> bool { return c >= '0' && c <= '9'; }
constexpr auto is_hex(char c) -> bool { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
/// What \b takes for part of a word.
constexpr auto is_word_byte(char c) -> bool { return is_letter(c) || is_digit(c) || c == '_'; }

} // namespace dossier::redact
