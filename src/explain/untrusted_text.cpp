#include "untrusted_text.hpp"

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
    const auto holds = [&](char mark) { return out.contains(mark); };
    if (!holds('<') && !holds('[') && !holds('|') && !holds('`')) return out; // with one of which each of these begins
    if (out.contains("<|")) RE2::GlobalReplace(&out, chat_tokens, R"((\1))");
    if (out.contains('[')) RE2::GlobalReplace(&out, inst, R"((\1\2))");
    if (out.contains("<<")) RE2::GlobalReplace(&out, sys, R"((\1))");
    if (out.contains('<')) RE2::GlobalReplace(&out, tags, R"((\1\2)\3)");
    out = replace_all(std::move(out), "<|", "( ");
    out = replace_all(std::move(out), "|>", " )");
    out = replace_all(std::move(out), "```", "'''");
    out = replace_all(std::move(out), "<!--", "(--");
    return out;
}

} // namespace dossier::explain
