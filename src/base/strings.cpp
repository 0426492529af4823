#include "dossier/base/strings.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/concat.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>

namespace dossier {

namespace {

auto to_lower(char c) -> char { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

/// Length of the valid UTF-8 sequence at the front, 0 if there is none (RFC 3629: no overlong forms, no surrogates).
auto sequence_length(std::string_view text) -> std::size_t {
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
    const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0U) == 0x80U; };
    const auto first = byte(0);
    if (first < 0x80) return 1;
    if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
    if (first >= 0xE0 && first <= 0xEF) {
        if (!continues(1) || !continues(2)) return 0;
        if (first == 0xE0 && byte(1) < 0xA0) return 0;
        if (first == 0xED && byte(1) > 0x9F) return 0;
        return 3;
    }
    if (first >= 0xF0 && first <= 0xF4) {
        if (!continues(1) || !continues(2) || !continues(3)) return 0;
        if (first == 0xF0 && byte(1) < 0x90) return 0;
        if (first == 0xF4 && byte(1) > 0x8F) return 0;
        return 4;
    }
    return 0;
}

/// How many bytes of ASCII stand at the front; looks at eight at a time.
auto ascii_size(std::string_view text) -> std::size_t {
    using Signed = signed char __attribute__((vector_size(sizeof(ByteBlock))));
    const auto foreign = [&](std::size_t at) {
        return block_bits(std::bit_cast<Signed>(block_at(text.data() + at)) < 0);
    };
    std::size_t at = 0;
    constexpr std::size_t together = 4 * sizeof(ByteBlock);
    for (; text.size() - at >= together; at += together) {
        const auto* const here = text.data() + at;
        const auto all = (block_at(here) | block_at(here + sizeof(ByteBlock))) |
                         (block_at(here + 2 * sizeof(ByteBlock)) | block_at(here + 3 * sizeof(ByteBlock)));
        if (block_bits(std::bit_cast<Signed>(all) < 0) != 0) break;
    }
    for (; text.size() - at >= sizeof(ByteBlock); at += sizeof(ByteBlock))
        if (const auto bits = foreign(at); bits != 0) return at + static_cast<std::size_t>(std::countr_zero(bits));
    if (at > 0 && at < text.size() && foreign(text.size() - sizeof(ByteBlock)) == 0) return text.size();
    while (at < text.size() && static_cast<std::uint8_t>(text[at]) < 0x80U) ++at;
    return at;
}

/// `find` looks at each place where the first letter stands, which in a long text is too often: here the last one has
/// to stand in its place, too.
auto find_text(std::string_view text, std::string_view wanted, std::size_t from) -> std::size_t {
    if (wanted.size() < 4) return text.find(wanted, from);
    const auto first = static_cast<unsigned char>(wanted.front());
    const auto last = static_cast<unsigned char>(wanted.back());
    const auto to_last = wanted.size() - 1;
    for (; text.size() - from >= to_last + sizeof(ByteBlock); from += sizeof(ByteBlock)) {
        const auto* const here = text.data() + from;
        const auto bits = block_bits((block_at(here) == first) & (block_at(here + to_last) == last));
        if (bits == 0) continue;
        auto found = std::string_view::npos;
        each_bit(bits, [&](std::size_t at) {
            if (found == std::string_view::npos && text.substr(from + at, wanted.size()) == wanted) found = from + at;
        });
        if (found != std::string_view::npos) return found;
    }
    return text.find(wanted, from);
}

auto edit_distance(std::string_view a, std::string_view b) -> std::size_t {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t above = row[j];
            const std::size_t substitution = diagonal + (to_lower(a[i - 1]) == to_lower(b[j - 1]) ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, substitution});
            diagonal = above;
        }
    }
    return row[b.size()];
}

} // namespace

auto lower(std::string_view text) -> std::string {
    std::string result(text);
    make_lower(result);
    return result;
}

void make_lower(std::string& text) { std::ranges::transform(text, text.begin(), to_lower); }

auto trim(std::string_view text) -> std::string_view {
    constexpr std::string_view blanks = " \t\r\n\f\v";
    const auto first = text.find_first_not_of(blanks);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

auto split(std::string_view text, char separator) -> std::vector<std::string_view> {
    std::vector<std::string_view> parts;
    parts.reserve(static_cast<std::size_t>(std::ranges::count(text, separator)) + 1);
    std::size_t start = 0;
    for (;;) {
        const auto end = text.find(separator, start);
        parts.push_back(text.substr(start, end - start));
        if (end == std::string_view::npos) return parts;
        start = end + 1;
    }
}

auto concat(std::initializer_list<std::string_view> parts) -> std::string {
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();
    std::string result;
    result.reserve(size);
    for (const auto part : parts) result += part;
    return result;
}

auto join(const std::vector<std::string>& parts, std::string_view separator) -> std::string {
    std::string result;
    std::size_t size = parts.size() * separator.size();
    for (const auto& part : parts) size += part.size();
    result.reserve(size);
    for (const auto& part : parts) {
        if (&part != &parts.front()) result += separator;
        result += part;
    }
    return result;
}

auto replace_all(std::string text, std::string_view from, std::string_view to) -> std::string {
    if (from.empty()) return text;
    auto at = find_text(text, from, 0);
    if (at == std::string::npos) return text;
    std::string result;
    result.reserve(text.size() + (to.size() > from.size() ? 8 * (to.size() - from.size()) : 0));
    std::size_t begin = 0;
    for (; at != std::string::npos; at = find_text(text, from, begin)) {
        result.append(text, begin, at - begin).append(to);
        begin = at + from.size();
    }
    return result.append(text, begin);
}

auto iequals(std::string_view a, std::string_view b) -> bool {
    return std::ranges::equal(a, b, [](char x, char y) { return to_lower(x) == to_lower(y); });
}

auto icontains(std::string_view haystack, std::string_view needle) -> bool {
    return !std::ranges::search(haystack, needle, [](char x, char y) { return to_lower(x) == to_lower(y); }).empty() ||
           needle.empty();
}

auto glob_match(std::string_view pattern, std::string_view text) -> bool {
    std::size_t p = 0;
    std::size_t t = 0;
    if (!pattern.contains('?')) { // most patterns are a text, or one with a star at its end
        const auto plain = pattern.substr(0, pattern.find('*'));
        if (!text.starts_with(plain)) return false;
        p = t = plain.size();
    }
    // Greedy with one way back to the last star: linear in practice, never exponential.
    std::size_t star = std::string_view::npos;
    std::size_t mark = 0;
    while (t < text.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            if (p == pattern.size()) return true; // takes all that is left
            mark = t;
        } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
            ++p;
            ++t;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            t = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
}

auto shorten(std::string_view text, std::size_t max_bytes) -> std::string {
    if (text.size() <= max_bytes) return std::string(text);
    constexpr std::string_view ellipsis = "…";
    if (max_bytes < ellipsis.size()) return {};
    std::size_t end = max_bytes - ellipsis.size();
    while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xC0U) == 0x80U) --end;
    return std::string(text.substr(0, end)) + std::string(ellipsis);
}

auto is_valid_utf8(std::string_view text) -> bool {
    for (text.remove_prefix(ascii_size(text)); !text.empty(); text.remove_prefix(ascii_size(text))) {
        const auto length = sequence_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

auto to_valid_utf8(std::string_view text) -> std::string {
    std::string result;
    result.reserve(text.size());
    while (!text.empty()) {
        if (const auto size = ascii_size(text); size > 0) {
            result.append(text, 0, size);
            text.remove_prefix(size);
            continue;
        }
        const auto length = sequence_length(text);
        if (length == 0) {
            result += "\xEF\xBF\xBD";
            text.remove_prefix(1);
        } else {
            result += text.substr(0, length);
            text.remove_prefix(length);
        }
    }
    return result;
}

auto code_points(std::string_view text) -> std::size_t {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<std::uint8_t>(c) & 0xC0U) != 0x80U; }));
}

auto escape_xml(std::string_view text) -> std::string {
    std::string out;
    out.reserve(text.size());
    for (const char c : text) {
        switch (c) {
        case '&':
            out += "&amp;";
            break;
        case '<':
            out += "&lt;";
            break;
        case '>':
            out += "&gt;";
            break;
        case '"':
            out += "&quot;";
            break;
        case '\'':
            out += "&#39;";
            break;
        default:
            out += c;
        }
    }
    return out;
}

auto percent_encode(std::string_view text) -> std::string {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        const bool unreserved = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved) {
            result += c;
        } else {
            const auto byte = static_cast<std::uint8_t>(c);
            result += '%';
            result += digits[byte >> 4U];
            result += digits[byte & 15U];
        }
    }
    return result;
}

auto percent_decode(std::string_view text) -> std::optional<std::string> {
    const auto digit = [](char c) -> int {
        if (c >= '0' && c <= '9') return c - '0';
        if (c >= 'a' && c <= 'f') return c - 'a' + 10;
        if (c >= 'A' && c <= 'F') return c - 'A' + 10;
        return -1;
    };
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = digit(text[i + 1]);
        const int low = digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        result += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return result;
}

auto nearest(std::string_view word, const std::vector<std::string_view>& candidates)
    -> std::optional<std::string_view> {
    std::optional<std::string_view> best;
    std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
    for (const auto candidate : candidates) {
        const auto distance = edit_distance(word, candidate);
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

} // namespace dossier
