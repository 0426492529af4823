#include "trace_context.hpp"

#include "dossier/base/ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::net {

namespace {

constexpr std::size_t version_00_size = 55;

auto is_id_character(char c) -> bool {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
}

auto is_lower_hex(std::string_view text) -> bool {
    return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

auto is_zero(std::string_view text) -> bool {
    return std::ranges::all_of(text, [](char c) { return c == '0'; });
}

/// version "-" trace-id "-" parent-id "-" flags; later versions may append more after another dash.
auto is_valid_traceparent(std::string_view text) -> bool {
    if (text.size() < version_00_size) return false;
    if (text[2] != '-' || text[35] != '-' || text[52] != '-') return false;
    const auto version = text.substr(0, 2);
    const auto trace = text.substr(3, 32);
    const auto parent = text.substr(36, 16);
    if (!is_lower_hex(version) || !is_lower_hex(trace) || !is_lower_hex(parent) || !is_lower_hex(text.substr(53, 2))) {
        return false;
    }
    if (version == "ff" || is_zero(trace) || is_zero(parent)) return false;
    if (text.size() == version_00_size) return true;
    return version != "00" && text[version_00_size] == '-';
}

} // namespace

auto request_id_from(std::optional<std::string_view> header) -> std::string {
    constexpr std::size_t most = 128;
    if (header && !header->empty() && header->size() <= most && std::ranges::all_of(*header, is_id_character)) {
        return std::string(*header);
    }
    return random_hex(16);
}

auto continue_trace(std::optional<std::string_view> header) -> std::string {
    const auto span = random_hex(8);
    if (!header || !is_valid_traceparent(*header)) return fmt::format("00-{}-{}-00", random_hex(16), span);
    // Of the flags only `sampled`, the lowest bit, is defined; the others must not be passed on.
    const auto low_digit = (*header)[54];
    const auto low_value = low_digit <= '9' ? low_digit - '0' : low_digit - 'a' + 10;
    return fmt::format("00-{}-{}-0{}", header->substr(3, 32), span, low_value & 1);
}

} // namespace dossier::net
