#include "dossier/redact/sample_mask.hpp"

#include "characters.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace dossier::redact {

namespace {

auto is_uuid(std::string_view text) -> bool {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

auto is_boolean(std::string_view text) -> bool {
    constexpr std::array<std::string_view, 4> words = {"true", "false", "yes", "no"};
    return std::ranges::any_of(words, [&](std::string_view word) { return iequals(word, text); });
}

/// 12.5, -3, 1,299.00
auto is_number(std::string_view text) -> bool {
    if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
    return !text.empty() && is_digit(text.front()) &&
           std::ranges::all_of(text, [](char c) { return is_digit(c) || c == '.' || c == ','; });
}

auto shape_of(std::string_view text) -> std::string {
    if (is_boolean(text)) return "BOOLEAN";
    if (std::ranges::all_of(text, is_digit)) return fmt::format("DIGITS {}", text.size());
    if (is_uuid(text)) return "UUID";
    if (is_number(text)) return "NUMBER";
    if (is_digit(text.front()) && text.find('-') != std::string_view::npos && parse_time(text)) return "DATE";
    if (text.size() >= 16 && std::ranges::all_of(text, is_hex)) return fmt::format("HEX {}", text.size());
    return fmt::format("TEXT {}", code_points(to_valid_utf8(text)));
}

} // namespace

auto mask_sample(const Redactor& redactor, std::string_view field, std::string_view value) -> std::string {
    const auto text = trim(value);
    if (text.empty()) return "<EMPTY>";
    const auto spans = redactor.find(text, field);
    if (spans.size() == 1 && spans[0].begin == 0 && spans[0].end == text.size())
        return fmt::format("<{}>", spans[0].kind);
    std::set<std::string> kinds;
    for (const auto& span : spans) kinds.emplace(span.kind);
    const auto shape = shape_of(text);
    return kinds.empty() ? fmt::format("<{}>", shape) : fmt::format("<{} with {}>", shape, fmt::join(kinds, ", "));
}

} // namespace dossier::redact
