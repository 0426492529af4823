#include "text_shape.hpp"

#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "utf8_walk.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace dossier::explain {
namespace {

using re2::StringPiece;

/// Whether one of these stands in the text, without which an expression can't match.
auto holds_one_of(std::string_view text, std::string_view bytes) -> bool {
    return std::ranges::any_of(bytes, [&](char byte) { return text.contains(byte); });
}

/// Marks that a reader never sees.
auto hidden_objection(const std::string& text) -> Objection {
    static const RE2 hidden(
        R"([\p{Cf}\p{Co}\x{115F}\x{1160}\x{3164}\x{FE00}-\x{FE0F}\x{E0000}-\x{E0FFF}]|[\x00-\x08\x0b-\x1f\x7f])");
    static const RE2 anything(R"((?s).*)"); // it matches valid UTF-8 alone
    if (!is_ascii(text) && !RE2::FullMatch(text, anything)) return "it is no valid UTF-8";
    const auto is_control = [](char c) { return (c >= 0 && c < ' ' && c != '\t' && c != '\n') || c == '\x7f'; };
    if (is_ascii(text) ? std::ranges::any_of(text, is_control) : RE2::PartialMatch(text, hidden))
        return "it holds characters that nobody sees";
    return std::nullopt;
}

/// Letters beyond the Latin ones: look-alikes and other scripts. A name that the evidence spells like that may stay.
auto script_objection(const std::string& text, const std::string& cited) -> Objection {
    static const RE2 word(R"(([\p{L}\p{M}\p{N}\p{So}]+))");
    static const RE2 latin(R"([\p{Latin}0-9]*)");
    static const RE2 full_width(R"([\x{FF00}-\x{FFEF}\x{1D400}-\x{1D7FF}\x{2100}-\x{214F}\x{2460}-\x{24FF}])");
    if (is_ascii(text)) return std::nullopt;
    StringPiece input(text);
    std::string found;
    while (RE2::FindAndConsume(&input, word, &found)) {
        if (RE2::FullMatch(found, latin) && !RE2::PartialMatch(found, full_width)) continue;
        if (cited.find(found) == std::string::npos && cited.find(lower(found)) == std::string::npos)
            return fmt::format("\"{}\" holds letters of another script", shorten(found, 40));
    }
    return std::nullopt;
}

/// Letters and apostrophes that stand together.
auto words_in(const std::string& text) -> std::vector<std::string> {
    static const RE2 word(R"(([\p{L}'’]+))");
    std::vector<std::string> words;
    if (!is_ascii(text)) {
        StringPiece input(text);
        std::string found;
        while (RE2::FindAndConsume(&input, word, &found)) words.push_back(found);
        return words;
    }
    const auto belongs = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '\''; };
    for (auto at = std::ranges::find_if(text, belongs); at != text.end();) {
        const auto end = std::find_if_not(at, text.end(), belongs);
        words.emplace_back(at, end);
        at = std::find_if(end, text.end(), belongs);
    }
    return words;
}

/// Words of other languages that no English sentence is made with.
auto language_objection(const std::string& text, const std::string& cited) -> Objection {
    static const std::unordered_set<std::string_view> foreign = {
        "der",       "das",       "ist",   "sind",   "nicht",   "kein",       "keine", "und",      "ein",
        "eine",      "einen",     "es",    "dem",    "den",     "von",        "mit",   "wird",     "wurde",
        "fehlalarm", "massnahme", "le",    "les",    "des",     "une",        "est",   "pas",      "aucun",
        "aucune",    "n'est",     "n'y",   "il",     "elle",    "sont",       "dans",  "pour",     "requise",
        "el",        "los",       "las",   "una",    "es",      "no",         "se",    "requiere", "ninguna",
        "ninguno",   "del",       "por",   "para",   "con",     "sin",        "que",   "nessuna",  "nessun",
        "azione",    "richiesta", "di",    "che",    "nenhuma", "necessária", "não",   "é",        "são",
        "geen",      "het",       "een",   "van",    "niet",    "actie",      "nodig", "ingen",    "och",
        "att",       "är",        "inte",  "ikke",   "og",      "det",        "nie",   "jest",     "wymagane",
        "żadne",     "falsa",     "falso", "alarma", "faux",    "positif",
    };
    int strange = 0;
    for (auto& word : words_in(text)) {
        make_lower(word);
        if (is_ascii(word) && (word == "no" || !foreign.contains(word))) continue;
        const auto small = replace_all(std::move(word), "’", "'");
        if (small == "no" || (!foreign.contains(small) && is_ascii(small))) continue;
        if (cited.find(small) == std::string::npos) ++strange;
    }
    if (strange >= 2) return "it is not in English, so it can't be checked";
    return std::nullopt;
}

auto markup_objection(const std::string& text) -> Objection {
    static const RE2 link(R"(!\[[^\]]*\]\s*[(\[]|\[[^\]]*\]\s?[(\[][^)\]]*[)\]]|^\s*\[[^\]]+\]:)");
    static const RE2 html(R"(<\s*/?\s*[a-zA-Z!][^>]*>?|&(?:#\w+|[a-zA-Z]{2,8});)");
    static const RE2 block(R"((?m)^\s*(?:#{1,6} |[|>] |\|.*\|\s*$|```|~~~|[-*_]{3,}\s*$)|```)");
    static const RE2 emphasis(R"(\*\*|__\w|~~|\$\$|\{\{|\{%)");
    if (holds_one_of(text, "[") && RE2::PartialMatch(text, link)) return "it holds a Markdown link or image";
    static const RE2 pseudonym(R"(<[A-Z][A-Z_]*(?:_\d+)?>)");
    auto bare = text;
    if (holds_one_of(text, "<")) RE2::GlobalReplace(&bare, pseudonym, "");
    if (holds_one_of(bare, "<&") && RE2::PartialMatch(bare, html)) return "it holds HTML";
    static const RE2 code(
        R"("[\w:.-]+"\s*:\s*["\[{]|\b(?:curl|wget) \S|\b(?:sudo|bash|powershell|aws|az|gcloud|gsutil|kubectl|chmod) -{0,2}[a-z]+ +(?:-|https?:|s3:|[\w.-]+/)|\$\()");
    if (RE2::PartialMatch(bare, code)) return "it holds code";
    if (holds_one_of(bare, "#|>`~-*_") && RE2::PartialMatch(bare, block)) return "it holds markup";
    if (holds_one_of(bare, "*_~${") && RE2::PartialMatch(bare, emphasis)) return "it holds markup";
    return std::nullopt;
}

/// Only what our own words say may bring links: nobody outside hands them to our readers.
auto link_objection(const std::string& text, const std::string& cited_text, const Cited& cited) -> Objection {
    static const RE2 url(
        R"((?i)\b((?:[a-z][a-z0-9+.-]*://|hxxps?:|www\.|mailto:|javascript:|data:text|file:/)[^\s"'<>)\]]*))");
    static const RE2 web(R"((?i)^(https?:|hxxps?:|www\.|mailto:|javascript:|data:|ftps?:|file:/))");
    static const RE2 email(R"(([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+))");
    StringPiece input(text);
    std::string found;
    const bool may_hold_url = holds_one_of(text, ":") || icontains(text, "www.");
    while (may_hold_url && RE2::FindAndConsume(&input, url, &found)) {
        while (!found.empty() && (found.back() == '.' || found.back() == ',')) found.pop_back();
        const bool is_web = RE2::PartialMatch(found, web);
        if (!(is_web ? text_of(own_words(cited)) : cited_text).contains(lower(found)))
            return fmt::format("the link {} is in no cited evidence that may carry links", found);
    }
    input = text;
    while (holds_one_of(text, "@") && RE2::FindAndConsume(&input, email, &found)) {
        if (!occurs(cited_text, lower(found), false))
            return fmt::format("the address {} is in no cited evidence", found);
    }
    return std::nullopt;
}

/// A host stands where things lie and who reaches them; strangers' prose and tags don't bring one into our text.
auto host_objection(const std::string& text, const Cited& cited) -> Objection {
    static const RE2 email(R"([A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+)");
    static const RE2 host(
        R"((?i)\b((?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|app|example|test|invalid|info|biz|co|ru|cn|xyz|top|sh|site|online|cloud|me|ai|tk|eu|de|uk|us))\b)");
    if (!holds_one_of(std::string_view(text).substr(0, text.find_last_not_of('.') + 1), ".")) return std::nullopt;
    auto bare = text;
    if (holds_one_of(text, "@")) RE2::GlobalReplace(&bare, email, " ");
    const auto places = text_of(of_kinds(cited, {"resource", "location", "access", "access_log", "blast_radius",
                                                 "exposure_path", "fact", "gap", "policy", "business"}));
    StringPiece input(bare);
    std::string found;
    while (RE2::FindAndConsume(&input, host, &found))
        if (!occurs(places, lower(found), false))
            return fmt::format("the host {} is in no cited evidence on places", found);
    return std::nullopt;
}

/// What to decide on drafts and findings is a person's; how to weaken a control is nobody's.
auto decision_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex prompt(
        R"((?i)\b(system prompt|(?:previous|prior|above|my|these|your) instructions|as an ai|ai (?:model|assistant)|language model|redact(?:ed|ion)|unmask\w*|original (?:value|address)(?:es|s)?|prompt injection succeeded)\b)");
    static const FilteredRegex verdict(
        R"((?i)\b((?:approv(?:e|ed|al of|ing)|reject(?:ed|ing)?|clos(?:e|ed|ing)|dismiss(?:ed|ing)?|post(?:ed)?|merge|suppress(?:ed|ing)?|ignor(?:e|ed|ing)|resolve|archive|mute|snooze|whitelist|allow-?list) (?:(?:of|the|this|these|that|all|any|it|as) )*(?:drafts?|tickets?|findings?|dossiers?|reports?|alerts?|issues?|won't fix|wontfix|false positive|resolved|it)\b|mark(?:ed)? (?:it|this|the \w+) (?:as |to be )?\w+|won'?t[- ]?fix|(?:set|chang\w+|lower\w*|downgrad\w+|rais\w+|reduc\w+|adjust\w*|overrid\w+) (?:the |its |this )?(?:severity|priority|status|owner|route|assignee|risk|finding)|re-?assign\w*|(?:drafts?|tickets?) (?:has|have|is|was|were)(?: been)? (?:approved|rejected|closed))\b)");
    static const FilteredRegex weakening(
        R"((?i)\b((?:restore|grant|give|allow|re-?enable|re-?open|open|reinstate|add) (?:\w+ ){0,3}(?:access|permissions?|rights?|principals?|to everyone|to anyone)\b|(?:disable|turn off|switch off|deactivate|stop|pause|skip|bypass|remove|delete) (?:the |all |any )?(?:access |audit |server )?(?:logging|logs?|encryption|monitoring|alert(?:s|ing)?|mfa|block public access|back-?ups?|versioning|guardrails?|detections?|scanner|scans?|rule|finding)|(?:make|set|keep|leave) (?:the |this )?(?:\w+ )?(?:public|open|as it is|as is|unencrypted)|(?:delete|destroy|drop|wipe|purge|empty) (?:the |all )?(?:bucket|database|table|objects|data|records|account|files|evidence))\b)");
    std::string found;
    if (prompt.found_in(text)) return "it talks about its instructions";
    const auto is_ours = [&] { return text_of(own_words(cited)).contains(lower(found)); };
    if (verdict.found_in(text, &found) && !is_ours()) return "it tells people how to decide on the draft";
    if (weakening.found_in(text, &found) && !is_ours())
        return fmt::format("it advises \"{}\", which no remedy does", lower(found));
    return std::nullopt;
}

} // namespace

auto with_plain_blanks(std::string text) -> std::string {
    if (is_ascii(text)) {
        std::ranges::replace(text, '\t', ' ');
        const auto doubled = std::ranges::unique(text, [](char a, char b) { return a == ' ' && b == ' '; });
        text.erase(doubled.begin(), doubled.end());
        return text;
    }
    static const RE2 blank(R"([\p{Zs}\t]+)");
    RE2::GlobalReplace(&text, blank, " ");
    return replace_all(replace_all(std::move(text), "’", "'"), "‘", "'");
}

auto shape_objection(const std::string& text, const Cited& cited, const std::string& cited_text) -> Objection {
    if (auto objected = hidden_objection(text)) return objected;
    if (auto objected = script_objection(text, cited_text)) return objected;
    if (auto objected = markup_objection(text)) return objected;
    if (auto objected = link_objection(text, cited_text, cited)) return objected;
    if (auto objected = host_objection(text, cited)) return objected;
    if (auto objected = decision_objection(text, cited)) return objected;
    return language_objection(text, cited_text);
}

auto take_quotes(std::string& text, const std::string& cited) -> Objection {
    static const RE2 quoted(R"~(“([^”]*)”|"([^"]*)"|`([^`]*)`)~");
    if (is_ascii(text) && !holds_one_of(text, "\"`")) return std::nullopt;
    std::array<StringPiece, 4> found;
    std::size_t at = 0;
    while (quoted.Match(text, at, text.size(), RE2::UNANCHORED, found.data(), 4)) {
        const auto& part = found[1].data() ? found[1] : found[2].data() ? found[2] : found[3];
        std::string content(trim(lower(std::string(part))));
        while (!content.empty() && (content.back() == '.' || content.back() == ',')) content.pop_back();
        const auto begin = static_cast<std::size_t>(found[0].data() - text.data());
        const auto length = found[0].size();
        if (!content.empty() && cited.find(content) == std::string::npos)
            return fmt::format("it quotes \"{}\", which is in no cited evidence", shorten(content, 120));
        text.replace(begin, length, std::string(length, ' '));
        at = begin + std::max<std::size_t>(length, 1);
    }
    return std::nullopt;
}

} // namespace dossier::explain
