#include "markdown_escape.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/concat.hpp"
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

/// Told block by block whether a text is one line of ASCII already, without two blanks in a row.
class CleanLine {
public:
    void take(ByteBlock block) {
        const auto blanks = block_bits(block == ' ');
        found_ |= block_bits((block < 0x20) | (block >= 0x7f)) | (blanks & (blanks << 1U | blank_before_));
        blank_before_ = blanks >> 15U;
    }
    [[nodiscard]] auto is_clean() const -> bool { return found_ == 0; }

private:
    unsigned found_ = 0;
    unsigned blank_before_ = 0; ///< whether the last block ended with one
};

auto has_blank_ends(std::string_view text) -> bool { return text.starts_with(' ') || text.ends_with(' '); }

/// Nearly every text is, and without blanks at its ends.
auto is_clean_line(std::string_view text) -> bool {
    CleanLine line;
    each_block(text, 'x', [&](ByteBlock block, std::size_t) { line.take(block); });
    return line.is_clean() && !has_blank_ends(text);
}

/// Whether nothing has to be taken out of lines of code: ASCII and no control characters.
auto is_clean_code(std::string_view text) -> bool {
    unsigned found = 0;
    each_block(text, 'x', [&](ByteBlock block, std::size_t) {
        found |= block_bits(((block < 0x20) & (block != '\n') & (block != '\t')) | (block >= 0x7f));
    });
    return found == 0;
}

auto longest_run(std::string_view text, char wanted) -> std::size_t {
    const auto first = text.find(wanted);
    if (first == std::string_view::npos) return 0;
    text.remove_prefix(first);
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

/// "12." and "12)": of a list, where a line begins; the text may be put there.
auto is_number_before(std::string_view line, std::size_t at) -> bool {
    return at > 0 && std::ranges::all_of(line.substr(0, at), [](char digit) { return digit >= '0' && digit <= '9'; });
}

auto is_www_before(std::string_view line, std::size_t at) -> bool {
    return at >= 3 && (line[at - 1] | 0x20) == 'w' && iequals(line.substr(at - 3, 3), "www");
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
    switch (c) {
    case '_': // inside a word it is no mark
        return at == 0 || !is_word(line[at - 1]) || at + 1 == line.size() || !is_word(line[at + 1]);
    case ':':
        return at == 0 || line.substr(at).starts_with("://");
    case '.':
        return is_www_before(line, at) || is_number_before(line, at);
    case ')':
        return is_number_before(line, at);
    default: // where a line begins
        return at == 0;
    }
}

/// Appends a line with its escapes, block by block.
class Escaper {
public:
    /// @param line outlives this
    Escaper(std::string& out, std::string_view line) : out_(out), line_(line) {}

    void take(ByteBlock block, std::size_t begin) {
        const auto is_letter = ((block | 0x20) - 'a') < 26;
        const auto is_digit = (block - '0') < 10;
        each_bit(block_bits(~(is_letter | is_digit) & (block != ' ')), [&](std::size_t offset) {
            const auto at = begin + offset;
            if (escape_of(line_[at]) == Escape::never || !needs_escape(line_, at)) return;
            out_.append(line_, from_, at - from_).append(1, '\\');
            from_ = at;
        });
    }
    void end() { out_.append(line_, from_); }

private:
    std::string& out_;
    std::string_view line_;
    std::size_t from_ = 0; ///< where what isn't written yet begins
};

void append_escaped(std::string& out, std::string_view line) {
    Escaper escaper(out, line);
    each_block(line, 'x', [&](ByteBlock block, std::size_t begin) { escaper.take(block, begin); });
    escaper.end();
}

/// Looks and escapes in one pass. False where the text is no clean line; then nothing is added.
auto append_clean(std::string& out, std::string_view text) -> bool {
    if (has_blank_ends(text)) return false;
    const auto size = out.size();
    CleanLine line;
    Escaper escaper(out, text);
    each_block(text, 'x', [&](ByteBlock block, std::size_t begin) {
        line.take(block);
        escaper.take(block, begin);
    });
    if (line.is_clean())
        escaper.end();
    else
        out.resize(size);
    return line.is_clean();
}

/// Of what isn't clean ASCII.
auto as_one_line(std::string_view text) -> std::string {
    const auto valid = to_valid_utf8(text);
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

} // namespace

auto one_line(std::string_view text) -> std::string {
    return is_clean_line(text) ? std::string(text) : as_one_line(text);
}

void append_markdown(std::string& out, std::string_view text) {
    if (!append_clean(out, text)) append_escaped(out, as_one_line(text));
}

void append_cell(std::string& out, std::string_view text, std::size_t most_bytes) {
    if (text.size() > most_bytes || !append_clean(out, text)) append_markdown(out, shorten(one_line(text), most_bytes));
}

auto escape_markdown(std::string_view text) -> std::string {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    append_markdown(out, text);
    return out;
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
    if (is_clean_code(code)) {
        text = code;
    } else {
        const auto valid = to_valid_utf8(code);
        for (std::size_t at = 0; at < valid.size(); ++at) {
            const auto byte = static_cast<unsigned char>(valid[at]);
            if (is_deceptive(valid, at)) {
                at += 2;
            } else if (byte == '\n' || byte == '\t' || (byte >= 0x20 && byte != 0x7f)) {
                text += valid[at];
            }
        }
    }
    while (!text.empty() && text.back() == '\n') text.pop_back();
    const auto run = longest_run(text, '`');
    if (run >= longest_fence) text = with_short_runs(text, longest_fence);
    const auto fence = std::string(std::max<std::size_t>(3, std::min(run, longest_fence - 1) + 1), '`');
    return concat({fence, word, "\n", text, "\n", fence});
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
