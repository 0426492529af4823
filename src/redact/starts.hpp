#pragma once
// Where a shape can begin, told by a few bytes, so that its pattern runs at few places of a text and anchored there.
// A start may say yes too often and never no where the pattern would match. Shapes that are told by their middle (the
// `@` of an e-mail address, the `://` of a URL) have reaches instead: the bytes before such a middle.

#include <cstddef>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct Start {
    /// What it begins with, ASCII, any of these with blanks between.
    std::string_view words;
    enum Place { anywhere, word_boundary } place = anywhere;
    enum Case { exact, any } letters = exact;
    /// A second look at the text from `at` on; null = the word is enough.
    bool (*looks_right)(std::string_view text, std::size_t at) = nullptr;
    /// Told by its middle; `words` is then empty.
    enum Middle { none, at_sign, url } middle = none;
};

/// The pattern can match from `from` until before `to`, and nowhere else.
struct Reach {
    std::size_t from = 0;
    std::size_t to = 0;
};

/// In order, for `middle`.
[[nodiscard]] auto reaches(std::string_view text, Start::Middle middle) -> std::vector<Reach>;

/// What \b takes for part of a word.
[[nodiscard]] constexpr auto is_word_byte(char c) -> bool {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Second looks; each stands for the first bytes of the patterns in shapes.cpp.
[[nodiscard]] auto begins_uuid(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_time(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_date(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_iban(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_bot_token(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_card(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_ssn(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_plus_phone(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_bracketed_phone(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_nanp_phone(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_loose_phone(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_ipv4(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_ipv6(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_entra_secret(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_finnish_id(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto begins_spanish_id(std::string_view text, std::size_t at) -> bool;
[[nodiscard]] auto follows_blank(std::string_view text, std::size_t at) -> bool;

} // namespace dossier::redact
