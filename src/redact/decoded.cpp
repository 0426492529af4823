#include "dossier/redact/decoded.hpp"

#include "byte_classes.hpp"
#include "characters.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::redact {

namespace {

constexpr int most_layers = 3;

/// A piece of the source that stands for something else. `size` 0 = no escape here.
struct Escape {
    std::size_t size = 0;
    std::string_view text;       ///< what it stands for, if that is short ASCII
    char32_t code_point = 0;     ///< else this
    bool is_byte = false;        ///< `code_point` is a byte of UTF-8, not a character
    bool removes = false;        ///< stands for nothing
    bool is_worth_a_look = true; ///< line breaks and quotes alone hide nothing
};

auto hex_value(char c) -> int {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// `count` hex digits at `at`, or -1.
auto hex_at(std::string_view text, std::size_t at, std::size_t count) -> long {
    if (at + count > text.size()) return -1;
    long value = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const int digit = hex_value(text[at + i]);
        if (digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

auto backslash_escape(std::string_view text, std::size_t at) -> Escape {
    if (at + 1 >= text.size()) return {};
    switch (text[at + 1]) {
    case 'u': {
        const auto high = hex_at(text, at + 2, 4);
        if (high < 0) return {};
        if (high >= 0xD800 && high < 0xDC00 && text.substr(at + 6, 2) == "\\u") {
            const auto low = hex_at(text, at + 8, 4);
            if (low >= 0xDC00 && low < 0xE000)
                return {.size = 12,
                        .code_point = static_cast<char32_t>(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00))};
        }
        return {.size = 6, .code_point = static_cast<char32_t>(high)};
    }
    case 'x': {
        const auto value = hex_at(text, at + 2, 2);
        return value < 0 ? Escape{} : Escape{.size = 4, .code_point = static_cast<char32_t>(value), .is_byte = true};
    }
    case 'n':
        return {.size = 2, .text = "\n", .is_worth_a_look = false};
    case 't':
        return {.size = 2, .text = "\t", .is_worth_a_look = false};
    case 'r':
        return {.size = 2, .text = "\r", .is_worth_a_look = false};
    case '"':
        return {.size = 2, .text = "\"", .is_worth_a_look = false};
    case '\'':
        return {.size = 2, .text = "'", .is_worth_a_look = false};
    case '/':
        return {.size = 2, .text = "/", .is_worth_a_look = false};
    case '\\':
        return {.size = 2, .text = "\\", .is_worth_a_look = text.substr(at + 2, 1) == "u"};
    default:
        return {};
    }
}

auto entity_escape(std::string_view text, std::size_t at) -> Escape {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 16> names{{{"amp", "&"},
                                                                                   {"lt", "<"},
                                                                                   {"gt", ">"},
                                                                                   {"quot", "\""},
                                                                                   {"apos", "'"},
                                                                                   {"commat", "@"},
                                                                                   {"period", "."},
                                                                                   {"nbsp", " "},
                                                                                   {"colon", ":"},
                                                                                   {"equals", "="},
                                                                                   {"hyphen", "-"},
                                                                                   {"dash", "-"},
                                                                                   {"lowbar", "_"},
                                                                                   {"plus", "+"},
                                                                                   {"lpar", "("},
                                                                                   {"rpar", ")"}}};
    const auto end = text.substr(at, 12).find(';');
    if (end == std::string_view::npos || end < 2) return {};
    const auto name = text.substr(at + 1, end - 1);
    if (name[0] != '#') {
        const auto found = std::ranges::find(names, name, &std::pair<std::string_view, std::string_view>::first);
        return found == names.end() ? Escape{} : Escape{.size = end + 1, .text = found->second};
    }
    const bool is_hex = name.size() > 1 && (name[1] | 0x20) == 'x';
    const auto digits = name.substr(is_hex ? 2 : 1);
    char32_t value = 0;
    for (const char c : digits) {
        const int digit = hex_value(c);
        if (digit < 0 || (!is_hex && digit > 9)) return {};
        value = value * (is_hex ? 16 : 10) + static_cast<char32_t>(digit);
        if (value > 0x10FFFF) return {};
    }
    return digits.empty() ? Escape{} : Escape{.size = end + 1, .code_point = value};
}

/// Only what can hide an identifier: `=40`, a soft line break, bytes beyond ASCII. `count=12` is no escape.
auto quoted_printable_escape(std::string_view text, std::size_t at) -> Escape {
    if (text.substr(at, 2) == "=\n") return {.size = 2, .removes = true};
    if (text.substr(at, 3) == "=\r\n") return {.size = 3, .removes = true};
    const auto next = text.substr(at + 1, 2);
    if (next == "40" || next == "2E" || next == "2D" || next == "3D" || next == "20" || next == "5F")
        return {.size = 3, .code_point = static_cast<char32_t>(hex_at(text, at + 1, 2)), .is_byte = true};
    return {};
}

/// A quote inside a quoted cell of CSV is written twice (RFC 4180, 2.7). With a word on neither side it is an empty
/// value.
auto doubled_quote_escape(std::string_view text, std::size_t at) -> Escape {
    constexpr std::string_view around_values = " \t\r\n,:;=|\"'`{}[]()<>\\";
    if (text.substr(at, 2) != "\"\"") return {};
    const bool follows_word = at > 0 && !around_values.contains(text[at - 1]);
    const bool precedes_word = at + 2 < text.size() && !around_values.contains(text[at + 2]);
    return follows_word || precedes_word ? Escape{.size = 2, .text = "\""} : Escape{};
}

/// Characters that look like ASCII, or like nothing.
auto wide_escape(std::string_view text, std::size_t at) -> Escape {
    const auto byte = [&](std::size_t i) {
        return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0U;
    };
    if (byte(0) == 0xEF && (byte(1) == 0xBC || byte(1) == 0xBD)) { // U+FF01–U+FF5E
        const auto code = 0xF000U | ((byte(1) & 0x3FU) << 6U) | (byte(2) & 0x3FU);
        if (code >= 0xFF01 && code <= 0xFF5E) return {.size = 3, .code_point = code - 0xFF01U + 0x21U};
    }
    if (byte(0) == 0xEF && byte(1) == 0xBB && byte(2) == 0xBF) return {.size = 3, .removes = true};
    if (byte(0) == 0xE2 && byte(1) == 0x80 && byte(2) >= 0x8B && byte(2) <= 0x8F) return {.size = 3, .removes = true};
    if (byte(0) == 0xE2 && byte(1) == 0x81 && byte(2) == 0xA0) return {.size = 3, .removes = true};
    if (byte(0) == 0xE2 && byte(1) == 0x80 && byte(2) >= 0x90 && byte(2) <= 0x93) return {.size = 3, .text = "-"};
    if (byte(0) == 0xC2 && byte(1) == 0xAD) return {.size = 2, .removes = true};
    if (byte(0) == 0xC2 && byte(1) == 0xA0) return {.size = 2, .text = " "};
    return {};
}

auto escape_at(std::string_view text, std::size_t at) -> Escape {
    switch (static_cast<unsigned char>(text[at])) {
    case '\\':
        return backslash_escape(text, at);
    case '%': {
        const auto value = hex_at(text, at + 1, 2);
        return value < 0 ? Escape{} : Escape{.size = 3, .code_point = static_cast<char32_t>(value), .is_byte = true};
    }
    case '&':
        return entity_escape(text, at);
    case '=':
        return quoted_printable_escape(text, at);
    case '"':
        return doubled_quote_escape(text, at);
    case 0xC2:
    case 0xE2:
    case 0xEF:
        return wide_escape(text, at);
    default:
        return {};
    }
}

void append_utf8(std::string& text, char32_t c) {
    const auto tail = [&](unsigned shift) { return static_cast<char>(0x80U | ((c >> shift) & 0x3FU)); };
    if (c < 0x80) {
        text += static_cast<char>(c);
    } else if (c < 0x800) {
        text += {static_cast<char>(0xC0U | (c >> 6U)), tail(0)};
    } else if (c < 0x10000) {
        text += {static_cast<char>(0xE0U | (c >> 12U)), tail(6), tail(0)};
    } else {
        text += {static_cast<char>(0xF0U | (c >> 18U)), tail(12), tail(6), tail(0)};
    }
}

/// Bytes at which an escape may begin.
constexpr auto openers = [] {
    std::array<bool, 256> table{};
    for (const unsigned char c : {'\\', '%', '&', '=', '"'}) table[c] = true;
    for (const int c : {0xC2, 0xE2, 0xEF}) table[static_cast<std::size_t>(c)] = true;
    return table;
}();

auto may_open(char c) -> bool { return openers[static_cast<unsigned char>(c)]; }

auto is_opener_but_quote(ByteBlock block) -> Compared {
    return is_byte(block, '\\') | is_between(block, '%', '&') | is_byte(block, '=') |
           is_letter_between(block, '\xE2', '\xE2') | is_byte(block, '\xEF');
}
auto is_opener(ByteBlock block) -> Compared { return is_opener_but_quote(block) | is_byte(block, '"'); }

auto is_quote(ByteBlock block) -> Compared { return is_byte(block, '"'); }

/// Not by a search for the two, which stops at each of the many quotes.
auto has_doubled_quotes(std::string_view text) -> bool {
    std::uint64_t before = 0;
    for (std::size_t block = 0; block < text.size(); block += bytes_of_bits) {
        const auto quotes = bits_at<is_quote>(text, block);
        if ((quotes & (quotes << 1U | before)) != 0) return true;
        before = quotes >> (bytes_of_bits - 1);
    }
    return false;
}

/// Whether an escape hides something, and not line breaks and quotes alone.
template <auto is_opener_here>
auto has_escape(std::string_view text) -> bool {
    ByteSearch<is_opener_here> opener(text);
    for (auto at = opener.next(0); at < text.size();) {
        const auto escape = escape_at(text, at);
        if (escape.size > 0 && escape.is_worth_a_look) return true;
        at = opener.next(at + std::max<std::size_t>(escape.size, 1));
    }
    return false;
}

auto is_readable(std::string_view text) -> bool {
    const auto is_printable = [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte >= 0x20 ? byte != 0x7F : c == '\n' || c == '\t' || c == '\r';
    };
    return text.size() >= 7 && std::ranges::all_of(text, is_printable) && is_valid_utf8(text);
}

constexpr auto base64_values = [] {
    std::array<signed char, 256> table{};
    table.fill(-1);
    signed char value = 0;
    for (char c = 'A'; c <= 'Z'; ++c) table[static_cast<unsigned char>(c)] = value++;
    for (char c = 'a'; c <= 'z'; ++c) table[static_cast<unsigned char>(c)] = value++;
    for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = value++;
    table['+'] = table['-'] = 62;
    table['/'] = table['_'] = 63;
    return table;
}();

auto is_of_base64(ByteBlock block) -> Compared {
    return is_letter_between(block, 'a', 'z') | is_between(block, '0', '9') | is_byte(block, '+') |
           is_byte(block, '-') | is_byte(block, '/') | is_byte(block, '_');
}

auto base64_text(std::string_view run) -> std::string {
    while (run.ends_with('=')) run.remove_suffix(1);
    std::string text;
    unsigned bits = 0;
    int count = 0;
    int continued = 0; // bytes that the character still needs
    for (const char c : run) {
        bits = (bits << 6U) | static_cast<unsigned>(base64_values[static_cast<unsigned char>(c)]);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        const auto byte = static_cast<unsigned char>(bits >> static_cast<unsigned>(count));
        // No text, or no UTF-8; most runs end here, at their first bytes.
        if (byte < 0x20 && byte != '\n' && byte != '\t' && byte != '\r') return {};
        const bool continues = (byte & 0xC0U) == 0x80U;
        if (continues != (continued > 0) || byte > 0xF4) return {};
        continued = continues ? continued - 1 : byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        text += static_cast<char>(byte);
    }
    return is_readable(text) ? text : std::string();
}

auto hex_text(std::string_view run) -> std::string {
    if (run.size() % 2 != 0) return {};
    std::string text;
    for (std::size_t i = 0; i < run.size(); i += 2) {
        const auto value = hex_at(run, i, 2);
        if (value < 0x20 || value == 0x7F) return {};
        text += static_cast<char>(value);
    }
    return is_readable(text) ? text : std::string();
}

auto held_text(std::string_view run) -> std::string {
    auto text = hex_text(run);
    return text.empty() ? base64_text(run) : text;
}

constexpr std::size_t shortest_run = 12;

/// Where the next part of a path or slug ends. By a table: find_first_of would search the joints for each byte.
auto joint_from(std::string_view text, std::size_t at) -> std::size_t {
    static constexpr auto joints = [] {
        std::array<bool, 256> table{};
        for (const unsigned char c : {'/', '-', '_', '+'}) table[c] = true;
        return table;
    }();
    while (at < text.size() && !joints[static_cast<unsigned char>(text[at])]) ++at;
    return at;
}

/// The run as a whole, else the parts of a path or slug that it may be.
void add_run(std::string_view text, std::size_t begin, std::size_t end, std::vector<EncodedRun>& found) {
    if (end - begin < shortest_run) return;
    if (auto held = held_text(text.substr(begin, end - begin)); !held.empty()) {
        found.push_back({.begin = begin, .end = end, .text = std::move(held)});
        return;
    }
    for (auto at = begin; at < end;) {
        const auto stop = joint_from(text.substr(0, end), at);
        const bool is_part = stop - at < end - begin;
        if (is_part && stop - at >= shortest_run)
            if (auto held = held_text(text.substr(at, stop - at)); !held.empty())
                found.push_back({.begin = at, .end = stop, .text = std::move(held)});
        at = stop + 1;
    }
}

} // namespace

auto may_hold_escape(std::string_view text) -> bool { return std::ranges::any_of(text, may_open); }

auto decode_layer(std::string_view text) -> std::optional<Decoded> {
    // Quotes are in nearly every text, and escapes only where two of them stand together.
    if (!(has_doubled_quotes(text) ? has_escape<is_opener>(text) : has_escape<is_opener_but_quote>(text)))
        return std::nullopt;
    Decoded decoded;
    decoded.text.reserve(text.size());
    decoded.source.reserve(text.size() + 1);
    for (std::size_t at = 0; at < text.size();) {
        const auto escape = may_open(text[at]) ? escape_at(text, at) : Escape{};
        if (escape.size == 0)
            decoded.text += text[at];
        else if (!escape.text.empty())
            decoded.text += escape.text;
        else if (escape.is_byte)
            decoded.text += static_cast<char>(escape.code_point);
        else if (!escape.removes)
            append_utf8(decoded.text, escape.code_point);
        decoded.source.resize(decoded.text.size(), static_cast<std::uint32_t>(at));
        at += std::max<std::size_t>(escape.size, 1);
    }
    decoded.source.push_back(static_cast<std::uint32_t>(text.size()));
    return decoded;
}

auto decoded_value(std::string_view text) -> std::string {
    std::string value(text);
    for (int layer = 0; layer < most_layers; ++layer) {
        auto decoded = decode_layer(value);
        if (!decoded) break;
        value = std::move(decoded->text);
    }
    return value;
}

auto encoded_runs(std::string_view text) -> std::vector<EncodedRun> {
    static_assert(shortest_run == 12, "which is what the shifts below add up to");
    std::vector<EncodedRun> found;
    if (text.size() < shortest_run) return found;
    const auto is_base64 = [&](std::size_t at) { return base64_values[static_cast<unsigned char>(text[at])] >= 0; };
    const auto bits_from = [&](std::size_t at) { return at < text.size() ? bits_at<is_of_base64>(text, at) : 0; };
    std::uint64_t before = 0; // whether a long run goes on where the bits begin
    auto next = bits_from(0);
    for (std::size_t block = 0; block < text.size(); block += bytes_of_bits) {
        const auto bits = std::exchange(next, bits_from(block + bytes_of_bits));
        // From where on two of them stand one after the other, then four, eight and twelve.
        const auto two = bits & (bits >> 1U | next << 63U);
        const auto next_two = next & next >> 1U;
        const auto four = two & (two >> 2U | next_two << 62U);
        const auto next_four = next_two & next_two >> 2U;
        const auto eight = four & (four >> 4U | next_four << 60U);
        const auto twelve = eight & (four >> 8U | next_four << 56U);
        auto begins = twelve & ~(twelve << 1U | before);
        before = twelve >> (bytes_of_bits - 1);
        for (; begins != 0; begins &= begins - 1) {
            auto begin = block + static_cast<std::size_t>(std::countr_zero(begins));
            auto end = begin + shortest_run;
            while (end < text.size() && is_base64(end)) ++end;
            if (begin > 0 && text[begin - 1] == '\\') ++begin; // the n of a line break
            if (end - begin < shortest_run) continue;
            auto stop = end;
            while (stop < text.size() && stop < end + 2 && text[stop] == '=') ++stop;
            add_run(text, begin, stop, found);
        }
    }
    return found;
}

} // namespace dossier::redact
