#include "untrusted_text.hpp"

#include "dossier/base/byte_block.hpp"
#include "dossier/base/strings.hpp"
#include "utf8_walk.hpp"

#include <re2/re2.h>

namespace dossier::explain {

namespace {

/// Whether nothing has to be taken out: printable ASCII with single blanks between. Without a branch, so that compilers
/// turn it into vector instructions; nearly every text is.
auto is_clean(std::string_view text) -> bool {
    if (text.empty()) return true;
    if (text.front() == ' ' || text.back() == ' ') return false;
    unsigned found = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        found |= static_cast<unsigned>(byte < 0x20) | static_cast<unsigned>(byte >= 0x7F);
    }
    for (std::size_t at = 1; at < text.size(); ++at)
        found |= static_cast<unsigned>(text[at] == ' ') & static_cast<unsigned>(text[at - 1] == ' ');
    return found == 0;
}

/// Whether any of the characters stands there with which each pattern of `neutralise` begins.
auto holds_marks(std::string_view text) -> bool {
    std::uint64_t found = 0;
    each_block(text, ' ', [&](ByteBlock block, std::size_t) {
        for (const auto half : block_marks((block == '<') | (block == '[') | (block == '|') | (block == '`')))
            found |= half;
    });
    return found != 0;
}

/// Whether a mark stands right before what a word in any case begins with: a slash, a letter, or a character that is no
/// ASCII, as some of them count as the same letter.
auto holds_before_word(std::string_view text, char mark) -> bool {
    for (auto at = text.find(mark); at != std::string_view::npos && at + 1 < text.size();
         at = text.find(mark, at + 1)) {
        const auto next = static_cast<unsigned char>(text[at + 1]);
        if (next == '/' || next >= 0x80 || ((next | 0x20U) >= 'a' && (next | 0x20U) <= 'z')) return true;
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
    if (!holds_marks(out)) return out;
    if (out.contains("<|")) RE2::GlobalReplace(&out, chat_tokens, R"((\1))");
    if (holds_before_word(out, '[')) RE2::GlobalReplace(&out, inst, R"((\1\2))");
    if (out.contains("<<")) RE2::GlobalReplace(&out, sys, R"((\1))");
    if (holds_before_word(out, '<')) RE2::GlobalReplace(&out, tags, R"((\1\2)\3)");
    out = replace_all(std::move(out), "<|", "( ");
    out = replace_all(std::move(out), "|>", " )");
    out = replace_all(std::move(out), "```", "'''");
    out = replace_all(std::move(out), "<!--", "(--");
    return out;
}

} // namespace dossier::explain
