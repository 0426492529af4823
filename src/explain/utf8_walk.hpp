#pragma once
// One code point after the other, and which of them show nothing.

#include <cstddef>
#include <string_view>

namespace dossier::explain {

struct CodePoint {
    char32_t value = 0;
    std::size_t length = 1;
};

/// The first code point of valid UTF-8.
inline auto decode_utf8(std::string_view text) -> CodePoint {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (length > text.size()) return {lead, 1};
    char32_t value = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {value, length};
}

/// Most texts are; none of what hides or looks alike is among them. Without a branch, so compilers turn it into vector
/// instructions.
inline auto is_ascii(std::string_view text) -> bool {
    unsigned char all = 0;
    for (const char c : text) all |= static_cast<unsigned char>(c);
    return all < 0x80;
}

constexpr auto is_tag_character(char32_t c) -> bool { return c >= 0xE0000 && c <= 0xE007F; }
constexpr auto is_bidi_control(char32_t c) -> bool {
    return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069);
}
constexpr auto is_hidden(char32_t c) -> bool {
    return (c >= 0x200B && c <= 0x200F) || is_bidi_control(c) || (c >= 0x2060 && c <= 0x2065) || c == 0xFEFF ||
           c == 0x00AD || is_tag_character(c) || (c >= 0x80 && c < 0xA0);
}

} // namespace dossier::explain
