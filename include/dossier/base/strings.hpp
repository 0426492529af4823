#pragma once
// Small text helpers that the standard library lacks. All of them treat text as UTF-8 bytes; `lower` is ASCII.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

[[nodiscard]] auto lower(std::string_view text) -> std::string;
void make_lower(std::string& text);
[[nodiscard]] auto trim(std::string_view text) -> std::string_view;
[[nodiscard]] auto split(std::string_view text, char separator) -> std::vector<std::string_view>;
[[nodiscard]] auto join(const std::vector<std::string>& parts, std::string_view separator) -> std::string;
[[nodiscard]] auto replace_all(std::string text, std::string_view from, std::string_view to) -> std::string;
[[nodiscard]] auto iequals(std::string_view a, std::string_view b) -> bool;
[[nodiscard]] auto icontains(std::string_view haystack, std::string_view needle) -> bool;
/// Shell-like glob over the whole text: `*` any run (also of `/` and `:`), `?` one byte; case-sensitive. Linear time.
[[nodiscard]] auto glob_match(std::string_view pattern, std::string_view text) -> bool;
/// Cuts at a code-point boundary so that at most `max_bytes` remain, ending in "…" where something was cut.
[[nodiscard]] auto shorten(std::string_view text, std::size_t max_bytes) -> std::string;
[[nodiscard]] auto is_valid_utf8(std::string_view text) -> bool;
/// Invalid bytes become U+FFFD.
[[nodiscard]] auto to_valid_utf8(std::string_view text) -> std::string;
/// Number of Unicode code points of valid UTF-8.
[[nodiscard]] auto code_points(std::string_view text) -> std::size_t;
/// For element content and quoted attribute values of XML and HTML: `& < > " '` as character references.
[[nodiscard]] auto escape_xml(std::string_view text) -> std::string;
[[nodiscard]] auto percent_encode(std::string_view text) -> std::string; ///< RFC 3986 unreserved stay
[[nodiscard]] auto percent_decode(std::string_view text) -> std::optional<std::string>;
/// The candidate with the least edit distance, if it is near enough to be a misspelling.
[[nodiscard]] auto nearest(std::string_view word, const std::vector<std::string_view>& candidates)
    -> std::optional<std::string_view>;

} // namespace dossier
