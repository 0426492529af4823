#include "names.hpp"

#include "characters.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/redact/people.hpp"

#include <algorithm>
#include <array>

namespace dossier::redact {

namespace {

auto is_name_separator(char c) -> bool { return std::string_view(" ._,+-").find(c) != std::string_view::npos; }

auto name_words(std::string_view name) -> std::vector<std::string_view> {
    std::vector<std::string_view> words;
    for (std::size_t at = 0; at < name.size();) {
        auto end = at;
        while (end < name.size() && !is_name_separator(name[end])) ++end;
        if (end > at) words.push_back(name.substr(at, end - at));
        at = end + 1;
    }
    return words;
}

auto continues_word(char c) -> bool { return is_letter(c) || is_digit(c) || static_cast<unsigned char>(c) >= 0x80; }

/// Where the words end if they stand at `at` one after the other; 0 = they don't.
auto end_of_words(std::string_view text, std::size_t at, const std::vector<std::string_view>& words) -> std::size_t {
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) {
            const auto start = at;
            while (at < text.size() && at < start + 2 && is_name_separator(text[at])) ++at;
            if (at == start) return 0;
        }
        if (!iequals(text.substr(at, words[i].size()), words[i])) return 0;
        at += words[i].size();
    }
    return at < text.size() && continues_word(text[at]) ? 0 : at;
}

void add_places(std::string_view text, const std::vector<std::string_view>& words, std::vector<Redactor::Span>& spans) {
    if (words.empty()) return;
    const char first = words[0][0];
    const std::array<char, 3> heads{first, static_cast<char>(first ^ 0x20), '\0'};
    const std::string_view either(heads.data(), is_letter(first) ? 2 : 1);
    for (auto at = text.find_first_of(either); at != std::string_view::npos; at = text.find_first_of(either, at + 1)) {
        if (at > 0 && continues_word(text[at - 1])) continue;
        if (const auto end = end_of_words(text, at, words); end > 0)
            spans.push_back({.begin = at, .end = end, .kind = "PERSON"});
    }
}

} // namespace

auto folded_name(std::string_view name) -> std::string {
    std::string folded;
    for (const auto word : name_words(name)) folded += (folded.empty() ? "" : " ") + lower(word);
    return folded;
}

auto has_several_words(std::string_view name) -> bool { return name_words(name).size() >= 2; }

void add_names(std::string_view text, const std::vector<std::string>& names, std::vector<Redactor::Span>& spans) {
    for (const auto& name : names) {
        auto words = name_words(name);
        add_places(text, words, spans);
        if (words.size() != 2) continue;
        std::ranges::reverse(words);
        add_places(text, words, spans);
    }
}

auto reads_as_person(std::string_view value) -> bool {
    constexpr std::array<std::string_view, 52> of_groups{
        "team",           "teams",    "platform",   "engineering", "security",    "data",      "ops",     "operations",
        "group",          "dept",     "department", "services",    "service",     "support",   "oncall",  "infra",
        "infrastructure", "finance",  "payments",   "billing",     "admin",       "admins",    "system",  "bot",
        "pipeline",       "role",     "job",        "app",         "application", "owner",     "unknown", "none",
        "root",           "cloud",    "devops",     "sre",         "analytics",   "marketing", "sales",   "hr",
        "legal",          "it",       "core",       "central",     "shared",      "business",  "unit",    "project",
        "product",        "everyone", "anyone",     "public"};
    const auto text = trim(value);
    if (text.size() < 2 || text.size() > 80) return false;
    const auto fits = [](char c) {
        return is_letter(c) || static_cast<unsigned char>(c) >= 0x80 || std::string_view(" .,'-_").find(c) < 6;
    };
    if (!std::ranges::all_of(text, fits)) return false;
    const auto words = name_words(text);
    if (words.empty() || words.size() > 5) return false;
    const auto is_of_a_group = [&](std::string_view word) {
        return std::ranges::any_of(of_groups, [&](std::string_view known) { return iequals(known, word); });
    };
    if (std::ranges::any_of(words, is_of_a_group)) return false;
    // payments-core is a team, Jean-Luc a person.
    const bool is_slug = text.find_first_of("-_") != std::string_view::npos && text.find(' ') == std::string_view::npos;
    return !is_slug || std::ranges::all_of(words, [](auto word) { return word[0] < 'a' || word[0] > 'z'; });
}

} // namespace dossier::redact
