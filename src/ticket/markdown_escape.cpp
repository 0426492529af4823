#include "markdown_escape.hpp"

#include "dossier/base/strings.hpp"
#include "markdown_tree.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace dossier::ticket {
namespace {

auto is_word(char c) -> bool { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

/// Bidirectional embeddings, overrides and isolates, line and paragraph separators: they reorder what a reader sees.
auto is_deceptive(std::string_view text, std::size_t at) -> bool {
    static constexpr std::array<std::string_view, 11> marks{"\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066",
                                                            "\u2067", "\u2068", "\u2069", "\u2028", "\u2029"};
    if (text[at] != '\xe2') return false; // with which each of them begins
    return std::ranges::any_of(marks, [&](auto mark) { return text.substr(at).starts_with(mark); });
}

/// Whether the text, valid UTF-8, is one line already. Looks at all of it without a branch, which compilers turn into
/// vector instructions: nearly every text is.
auto is_clean_line(std::string_view text) -> bool {
    if (text.empty()) return true;
    if (text.front() == ' ' || text.back() == ' ') return false;
    unsigned found = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const auto byte = static_cast<unsigned char>(text[at]);
        found |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte == 0x7f) |
                 static_cast<unsigned>(byte == 0xe2);
    }
    for (std::size_t at = 1; at < text.size(); ++at)
        found |= static_cast<unsigned>(text[at] == ' ') & static_cast<unsigned>(text[at - 1] == ' ');
    return found == 0;
}

auto longest_run(std::string_view text, char wanted) -> std::size_t {
    std::size_t longest = 0;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == wanted ? run + 1 : 0;
        longest = std::max(longest, run);
    }
    return longest;
}

/// cmark takes no longer run of backticks for the mark of code in a line, and counts that of a fence no further.
constexpr std::size_t longest_mark = 80;
constexpr std::size_t longest_fence = 255;

/// The text with no run of backticks as long as `limit`.
auto with_short_runs(std::string_view text, std::size_t limit) -> std::string {
    std::string cut;
    std::size_t run = 0;
    for (const char c : text) {
        run = c == '`' ? run + 1 : 0;
        if (run < limit) cut += c;
    }
    return cut;
}

/// Characters that mean something only where a line begins; the text may be put there.
auto opens_a_block(std::string_view line, std::size_t at) -> bool {
    const char c = line[at];
    if (at == 0) return c == '#' || c == '+' || c == '-' || c == '=' || c == ':';
    return (c == '.' || c == ')') &&
           std::ranges::all_of(line.substr(0, at), [](char digit) { return digit >= '0' && digit <= '9'; });
}

/// What a character of Markdown needs.
enum class Escape : std::uint8_t { never, always, somewhere };
constexpr auto escapes = [] {
    std::array<Escape, 256> table{};
    for (const unsigned char c : std::string_view{"\\`*[]<>|~&$"}) table[c] = Escape::always;
    for (const unsigned char c : std::string_view{"_:.)#+-="}) table[c] = Escape::somewhere;
    return table;
}();
auto escape_of(char c) -> Escape { return escapes[static_cast<unsigned char>(c)]; }

auto needs_escape(std::string_view line, std::size_t at) -> bool {
    const char c = line[at];
    if (escape_of(c) != Escape::somewhere) return escape_of(c) == Escape::always;
    const bool inside_word = at > 0 && is_word(line[at - 1]) && at + 1 < line.size() && is_word(line[at + 1]);
    if (c == '_') return !inside_word;
    if (c == ':') return line.substr(at).starts_with("://") || opens_a_block(line, at);
    if (c == '.' && at >= 3 && iequals(line.substr(at - 3, 3), "www")) return true;
    return opens_a_block(line, at);
}

} // namespace

auto one_line(std::string_view text) -> std::string {
    auto valid = to_valid_utf8(text);
    if (is_clean_line(valid)) return valid;
    std::string line;
    line.reserve(valid.size());
    for (std::size_t at = 0; at < valid.size(); ++at) {
        const auto byte = static_cast<unsigned char>(valid[at]);
        if (is_deceptive(valid, at)) {
            at += 2; // all of them are three bytes long
        } else if (byte == '\n' || byte == '\r' || byte == '\t' || byte == ' ') {
            if (!line.empty() && line.back() != ' ') line += ' ';
        } else if (byte >= 0x20 && byte != 0x7f) {
            line += valid[at];
        }
    }
    return std::string(trim(line));
}

auto escape_markdown(std::string_view text) -> std::string {
    auto line = one_line(text);
    const auto first = std::ranges::find_if(line, [](char c) { return escape_of(c) != Escape::never; });
    if (first == line.end()) return line;
    std::string out;
    out.reserve(line.size() + line.size() / 8);
    std::size_t from = 0;
    for (auto at = static_cast<std::size_t>(first - line.begin()); at < line.size(); ++at) {
        if (escape_of(line[at]) == Escape::never || !needs_escape(line, at)) continue;
        out.append(line, from, at - from).append(1, '\\');
        from = at;
    }
    return out.append(line, from);
}

auto inline_code(std::string_view text) -> std::string {
    const auto line = one_line(text);
    if (line.empty()) return "";
    const auto run = longest_run(line, '`');
    // A table takes `|` for a cell's end even inside code; such a text is shown plain.
    if (line.find('|') != std::string::npos || run >= longest_mark) return escape_markdown(line);
    const auto fence = std::string(run + 1, '`');
    const std::string_view pad = line.front() == '`' || line.back() == '`' ? " " : "";
    return fmt::format("{0}{1}{2}{1}{0}", fence, pad, line);
}

auto fenced_code(std::string_view code, std::string_view language) -> std::string {
    std::string word;
    for (const char c : lower(language)) {
        if (is_word(c)) word += c;
    }
    std::string text;
    const auto valid = to_valid_utf8(code);
    for (std::size_t at = 0; at < valid.size(); ++at) {
        const auto byte = static_cast<unsigned char>(valid[at]);
        if (is_deceptive(valid, at)) {
            at += 2;
        } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
            text += valid[at];
        }
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    text = with_short_runs(text, longest_fence);
    const auto fence = std::string(std::max<std::size_t>(3, longest_run(text, '`') + 1), '`');
    return fmt::format("{0}{1}\n{2}\n{0}", fence, word, text);
}

auto markdown_link(std::string_view label, std::string_view url) -> std::string {
    if (!is_web_link(url)) return escape_markdown(label);
    std::string address;
    for (const char c : url) {
        const auto byte = static_cast<unsigned char>(c);
        // What an address may hold keeps its form (consoles put state into fragments, which nobody decodes); the rest
        // is no part of an address.
        if (std::string_view{"()'*~&"}.find(c) != std::string_view::npos) {
            address += '\\';
            address += c;
        } else if (byte < 0x80 && std::string_view{"<>[]`|\""}.find(c) != std::string_view::npos) {
            address += fmt::format("%{:02X}", byte);
        } else {
            address += c;
        }
    }
    return fmt::format("[{}]({})", escape_markdown(label), address);
}

} // namespace dossier::ticket
