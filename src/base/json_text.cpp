#include "dossier/base/json_text.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

namespace dossier {

namespace {

auto is_escaped(char c) -> bool { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

constexpr auto in_each_byte(std::uint64_t byte) -> std::uint64_t { return byte * 0x0101010101010101U; }

/// The highest bit of each byte that is less than `limit` (at most 0x80). Above the first of them, others may be
/// marked.
constexpr auto bytes_below(std::uint64_t word, std::uint64_t limit) -> std::uint64_t {
    return (word - in_each_byte(limit)) & ~word & in_each_byte(0x80);
}

/// Where the first byte from `at` on stands that can't be written as it is. Looks at eight at a time.
auto plain_until(std::string_view text, std::size_t at) -> std::size_t {
    if constexpr (std::endian::native == std::endian::little) {
        for (std::uint64_t word = 0; text.size() - at >= sizeof word; at += sizeof word) {
            std::memcpy(&word, text.data() + at, sizeof word);
            const auto found = bytes_below(word, 0x20) | bytes_below(word ^ in_each_byte('"'), 1) |
                               bytes_below(word ^ in_each_byte('\\'), 1);
            if (found != 0) return at + static_cast<std::size_t>(std::countr_zero(found)) / 8;
        }
    }
    while (at < text.size() && !is_escaped(text[at])) ++at;
    return at;
}

void append_escape(std::string& out, char c) {
    switch (c) {
    case '"':
        out += "\\\"";
        break;
    case '\\':
        out += "\\\\";
        break;
    case '\b':
        out += "\\b";
        break;
    case '\f':
        out += "\\f";
        break;
    case '\n':
        out += "\\n";
        break;
    case '\r':
        out += "\\r";
        break;
    case '\t':
        out += "\\t";
        break;
    default:
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    }
}

void append_value(std::string& out, const Json& value) {
    switch (value.type()) {
    case Json::value_t::object: {
        out += '{';
        bool is_first = true;
        for (const auto& [name, member] : value.get_ref<const Json::object_t&>()) {
            if (!std::exchange(is_first, false)) out += ',';
            append_json_text(out, name);
            out += ':';
            append_value(out, member);
        }
        out += '}';
        break;
    }
    case Json::value_t::array: {
        out += '[';
        bool is_first = true;
        for (const auto& element : value.get_ref<const Json::array_t&>()) {
            if (!std::exchange(is_first, false)) out += ',';
            append_value(out, element);
        }
        out += ']';
        break;
    }
    case Json::value_t::string:
        append_json_text(out, value.get_ref<const std::string&>());
        break;
    default: // numbers as the library prints them
        out += value.dump();
    }
}

} // namespace

void append_json_text(std::string& out, std::string_view text) {
    if (!is_valid_utf8(text)) { // how much of a broken sequence one mark stands for, the library decides
        out += Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
        return;
    }
    append_quoted(out, text);
}

void append_quoted(std::string& out, std::string_view text) {
    out += '"';
    for (std::size_t at = 0;;) {
        const auto end = plain_until(text, at);
        out.append(text, at, end - at);
        if (end == text.size()) break;
        append_escape(out, text[end]);
        at = end + 1;
    }
    out += '"';
}

auto dump_json(const Json& value) -> std::string {
    std::string out;
    append_value(out, value);
    return out;
}

} // namespace dossier
