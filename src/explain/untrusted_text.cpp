#include "untrusted_text.hpp"

#include "dossier/base/strings.hpp"

#include <re2/re2.h>

#include <array>
#include <cctype>
#include <memory>
#include <vector>

namespace dossier::explain {
namespace {

constexpr char32_t tag_block_begin = 0xE0000;
constexpr char32_t tag_block_end = 0xE007F;

struct CodePoint {
    char32_t value = 0;
    std::size_t length = 1;
};

/// Decodes one code point of valid UTF-8.
auto decode(std::string_view text) -> CodePoint {
    const auto lead = static_cast<unsigned char>(text.front());
    if (lead < 0x80) return {lead, 1};
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (length > text.size()) return {lead, 1};
    char32_t value = lead & (0xFFU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) value = (value << 6U) | (static_cast<unsigned char>(text[i]) & 0x3FU);
    return {value, length};
}

auto is_tag_character(char32_t c) -> bool { return c >= tag_block_begin && c <= tag_block_end; }
auto is_bidi_control(char32_t c) -> bool { return (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069); }
auto is_hidden(char32_t c) -> bool {
    return (c >= 0x200B && c <= 0x200F) || is_bidi_control(c) || (c >= 0x2060 && c <= 0x2065) || c == 0xFEFF ||
           c == 0x00AD || is_tag_character(c) || (c >= 0x80 && c < 0xA0);
}

/// Words separated by single blanks, lower case: slugs and camelCase taken apart, tag characters read as ASCII.
auto plain_words(std::string_view text) -> std::string {
    std::string readable;
    for (std::size_t at = 0; at < text.size();) {
        const auto [value, length] = decode(text.substr(at));
        if (is_tag_character(value)) {
            if (value >= 0xE0020 && value <= 0xE007E) readable += static_cast<char>(value - tag_block_begin);
        } else if (!is_hidden(value)) {
            readable += text.substr(at, length);
        }
        at += length;
    }
    if (readable.find('%') != std::string::npos) {
        if (auto decoded = percent_decode(readable)) readable = to_valid_utf8(*decoded);
    }
    std::string words;
    char before = ' ';
    for (const char c : readable) {
        const auto byte = static_cast<unsigned char>(c);
        const bool starts_word = std::isupper(byte) != 0 && std::islower(static_cast<unsigned char>(before)) != 0;
        if (starts_word) words += ' ';
        const bool separates = byte < 0x80 && std::isalnum(byte) == 0 && c != '\'';
        if (!separates) {
            words += static_cast<char>(std::tolower(byte));
        } else if (!words.empty() && words.back() != ' ') {
            words += ' ';
        }
        before = c;
    }
    return words;
}

struct Pattern {
    const char* name;
    const char* expression;
    bool on_words; ///< on the words alone, else on the text as it is
};

constexpr std::array patterns{
    Pattern{"override of instructions",
            R"(\b(ignore|disregard|forget|override|bypass|skip)\b( \w+){0,6} )"
            R"((instructions?|prompts?|directions|directives|guidelines|commands|told|said)\b)",
            true},
    Pattern{
        "override of instructions",
        R"(\b(ignore|disregard|forget)( about)? (everything|anything|all|what) (you|above|before|that|i|was|said|the above)\b)",
        true},
    Pattern{"override of instructions",
            R"(\b(ignore|disregard|forget) (the )?(above|previous|prior|foregoing|evidence)\b)", true},
    Pattern{
        "new role",
        R"(\b(you are now|from now on|pretend (to be|you are|that you)|act as (if|an?|the)|you must now|new instructions?|)"
        R"(as an ai|roleplay as)\b)",
        true},
    Pattern{"question for the prompt",
            R"(\b(system (prompt|message|notice|override|instructions?)|developer (mode|message)|hidden instructions|)"
            R"(initial (prompt|instructions)|your (system )?(prompt|instructions|rules))\b)",
            true},
    Pattern{"order about the finding",
            R"(\b(assign|route|escalate|send|reassign) (this|the|it|all)?( \w+){0,3} ?to \w+)", true},
    Pattern{
        "order about the finding",
        R"(\b(set|change|lower|downgrade|mark|treat|rate|report|classify|close) (this|the|it|its|all)?( \w+){0,3} ?)"
        R"((severity|priority|status|owner|ticket|finding|issue|alert|risk) (to|as|is)\b)",
        true},
    Pattern{
        "order about the finding",
        R"(\b(set|change|lower|downgrade|mark|treat|rate|report|classify|close) (this|the|it) (finding|issue|alert|ticket)?)"
        R"( ?(as|to) (resolved|closed|low|informational|false|benign|done|a false)\b)",
        true},
    Pattern{
        "order about the text",
        R"(\b(do not|don't|dont|never) (mention|report|create|escalate|open a|include|tell|reveal|disclose|flag)\b)",
        true},
    Pattern{"order about the text",
            R"(\b(respond|reply|answer) (only )?(with|by|in|as)\b|\b(say|state|write|claim) (only )?that\b|)"
            R"(\badd this (image|link|text)\b|\binclude (this|the following)\b)",
            true},
    Pattern{
        "order about the text",
        R"(\b(print|reveal|repeat|output|show|display|leak) (me )?(your|the|all) (system|hidden|initial|full|previous|prompt|instructions|above)\b)",
        true},
    Pattern{"chat token", R"((?i)<\|[a-z_ ]{2,30}\|>|\[/?INST\]|<</?SYS>>|<(start|end)_of_turn>)", false},
    Pattern{
        "closing tag or comment",
        R"((?i)</?(evidence|untrusted|system|data|context|instructions?|user|assistant|prompt|document)\b[^>]*>|<!--)",
        false},
    Pattern{"role marker", R"((?im)(^|[\n.;>"'])\s*#{0,4}\s*(system|assistant|human|developer|instruction)s?\s*:\s*\S)",
            false},
    Pattern{"image or link", R"(!\[[^\]]*\]\([^)]*\))", false},
};

struct CompiledPattern {
    const Pattern* pattern;
    std::unique_ptr<RE2> expression;
};

auto compiled_patterns() -> const std::vector<CompiledPattern>& {
    static const auto all = [] {
        std::vector<CompiledPattern> list;
        for (const auto& pattern : patterns) list.push_back({&pattern, std::make_unique<RE2>(pattern.expression)});
        return list;
    }();
    return all;
}

} // namespace

auto clean_text(std::string_view text, std::size_t max_bytes) -> std::string {
    const auto valid = to_valid_utf8(text);
    const std::string_view rest = valid;
    std::string out;
    bool blank = true; // no blank at the beginning, and never two
    for (std::size_t at = 0; at < rest.size();) {
        const auto [value, length] = decode(rest.substr(at));
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

auto instruction_in(std::string_view text) -> std::optional<std::string> {
    const auto valid = to_valid_utf8(text.substr(0, 16'384));
    for (std::size_t at = 0; at < valid.size();) {
        const auto [value, length] = decode(std::string_view(valid).substr(at));
        if (is_tag_character(value)) return "hidden characters";
        at += length;
    }
    const auto words = plain_words(valid);
    for (const auto& [pattern, expression] : compiled_patterns()) {
        if (RE2::PartialMatch(pattern->on_words ? words : valid, *expression)) return pattern->name;
    }
    return std::nullopt;
}

auto neutralise(std::string_view text, std::string_view delimiter) -> std::string {
    static const RE2 chat_tokens(R"((?i)<\|([^|<>]{0,40})\|>)");
    static const RE2 inst(R"((?i)\[(/?)(INST|SYS)\])");
    static const RE2 sys(R"((?i)<<(/?SYS)>>)");
    static const RE2 tags(R"((?i)<(/?)(evidence|untrusted|system|data|context|instructions?|user|assistant|prompt|)"
                          R"(document|start_of_turn|end_of_turn|s|bos|eos)([\s>/]))");
    std::string out(text);
    if (!delimiter.empty()) out = replace_all(std::move(out), delimiter, "(delimiter)");
    RE2::GlobalReplace(&out, chat_tokens, R"((\1))");
    RE2::GlobalReplace(&out, inst, R"((\1\2))");
    RE2::GlobalReplace(&out, sys, R"((\1))");
    RE2::GlobalReplace(&out, tags, R"((\1\2)\3)");
    out = replace_all(std::move(out), "<|", "( ");
    out = replace_all(std::move(out), "|>", " )");
    out = replace_all(std::move(out), "```", "'''");
    out = replace_all(std::move(out), "<!--", "(--");
    return out;
}

} // namespace dossier::explain
