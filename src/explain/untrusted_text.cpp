#include "untrusted_text.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/strings.hpp"
#include "utf8_walk.hpp"

#include <re2/re2.h>

#include <span>

namespace dossier::explain {

namespace {

/// Whether nothing has to be taken out: printable ASCII with single blanks between; nearly every text is.
auto is_clean(std::string_view text) -> bool {
    if (text.starts_with(' ') || text.ends_with(' ')) return false;
    unsigned found = 0;
    unsigned blank_before = 0;
    each_block(text, 'x', [&](ByteBlock block, std::size_t) {
        const auto blanks = block_bits(block == ' ');
        found |= block_bits((block < 0x20) | (block >= 0x7F)) | (blanks & (blanks << 1U | blank_before));
        blank_before = blanks >> 15U;
    });
    return found == 0;
}

/// Which of the characters stand there with which the patterns of `neutralise` begin.
struct PatternMarks {
    bool angle = false;    ///< <
    bool bracket = false;  ///< [
    bool bar = false;      ///< |
    bool backtick = false; ///< `
};

auto marks_in(std::string_view text) -> PatternMarks {
    const auto any = [](auto compared) { return block_bits(compared) != 0; };
    PatternMarks found;
    each_block(text, ' ', [&](ByteBlock block, std::size_t) {
        if (!any((block == '<') | (block == '[') | (block == '|') | (block == '`'))) return;
        found.angle |= any(block == '<');
        found.bracket |= any(block == '[');
        found.bar |= any(block == '|');
        found.backtick |= any(block == '`');
    });
    return found;
}

/// The names that end or begin something in chat templates, in small letters. What follows them is the expressions'.
constexpr std::string_view bracket_names[] = {"inst", "sys"};
constexpr std::string_view tag_names[] = {"evidence",      "untrusted",   "system",    "data",   "context",
                                          "instruction",   "user",        "assistant", "prompt", "document",
                                          "start_of_turn", "end_of_turn", "s",         "bos",    "eos"};

auto may_follow_name(char c) -> bool {
    static constexpr std::string_view followers = " \t\n\f\r>/]s"; // the last one of "instructions"
    return followers.contains(c);
}

/// Whether one of the names stands right behind a mark, perhaps with a slash before it: pseudonyms as `<EMAIL_1>` are
/// in each message, and an expression that is tried there runs over all of it. Characters that are no ASCII may count
/// as a letter of a name in any case.
auto holds_named(std::string_view text, char mark, std::span<const std::string_view> names) -> bool {
    constexpr std::size_t longest = 16; // with what follows
    for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1)) {
        auto behind = text.substr(at + 1, longest + 1);
        if (behind.starts_with('/')) behind.remove_prefix(1);
        if (!is_ascii(behind)) return true;
        for (const auto name : names)
            if (behind.size() > name.size() && may_follow_name(behind[name.size()]) &&
                iequals(behind.substr(0, name.size()), name))
                return true;
    }
    return false;
}

} // namespace

auto clean_text(std::string_view text, std::size_t max_bytes) -> std::string {
    if (is_clean(text)) return shorten(text, max_bytes);
    const auto valid = to_valid_utf8(text);
    const std::string_view rest = valid;
    std::string out;
    bool blank = true; // no blank at the beginning, and never two
    for (std::size_t at = 0; at < rest.size();) {
        const auto [value, length] = decode_utf8(rest.substr(at));
        if (value <= 0x20 || value == 0x7F || value == 0x2028 || value == 0x2029) {
            if (!blank) out += ' ';
            blank = true;
        } else if (!is_hidden(value)) {
            out += rest.substr(at, length);
            blank = false;
        }
        at += length;
    }
    return shorten(trim(out), max_bytes);
}

auto neutralise(std::string out, std::string_view delimiter) -> std::string {
    static const RE2 chat_tokens(R"((?i)<\|([^|<>]{0,40})\|>)");
    static const RE2 inst(R"((?i)\[(/?)(INST|SYS)\])");
    static const RE2 sys(R"((?i)<<(/?SYS)>>)");
    static const RE2 tags(R"((?i)<(/?)(evidence|untrusted|system|data|context|instructions?|user|assistant|prompt|)"
                          R"(document|start_of_turn|end_of_turn|s|bos|eos)([\s>/]))");
    if (!delimiter.empty()) out = replace_all(std::move(out), delimiter, "(delimiter)");
    const auto marks = marks_in(out);
    if (!marks.angle && !marks.bracket && !marks.bar && !marks.backtick) return out;
    if (marks.angle && marks.bar && out.contains("<|")) RE2::GlobalReplace(&out, chat_tokens, R"((\1))");
    if (marks.bracket && holds_named(out, '[', bracket_names)) RE2::GlobalReplace(&out, inst, R"((\1\2))");
    if (marks.angle && out.contains("<<")) RE2::GlobalReplace(&out, sys, R"((\1))");
    if (marks.angle && holds_named(out, '<', tag_names)) RE2::GlobalReplace(&out, tags, R"((\1\2)\3)");
    // none of what was put in by then begins one of these
    if (marks.angle) out = replace_all(std::move(out), "<|", "( ");
    if (marks.bar) out = replace_all(std::move(out), "|>", " )");
    if (marks.backtick) out = replace_all(std::move(out), "```", "'''");
    if (marks.angle && out.contains("<!--")) out = replace_all(std::move(out), "<!--", "(--");
    return out;
}

} // namespace dossier::explain
