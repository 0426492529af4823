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
auto end_of_words(std::string_view text, std::size_t at, const std::vector<std::string>& words) -> std::size_t {
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

auto begins_name(std::string_view word) -> bool {
    const auto first = static_cast<unsigned char>(word.front());
    return (first >= 'A' && first <= 'Z') || first >= 0x80;
}

/// Where the words with capital letters begin that end at `end`, four at the most.
auto capitals_before(std::string_view text, std::size_t end) -> std::size_t {
    auto begin = end;
    auto word_end = end;
    for (int words = 0; words < 4; ++words) {
        const auto gap = text.substr(0, word_end).find_last_of(" \t\n:;,\"'<>()[]{}=|\\");
        const auto start = gap == std::string_view::npos ? 0 : gap + 1;
        if (start == word_end || !begins_name(text.substr(start, word_end - start))) break;
        begin = start;
        if (start == 0 || text[start - 1] != ' ') break;
        word_end = start - 1;
    }
    return begin;
}

} // namespace

auto display_name_before(std::string_view text, std::size_t bracket) -> std::pair<std::size_t, std::size_t> {
    constexpr std::size_t longest = 80;
    auto end = bracket;
    while (end > 0 && text[end - 1] == ' ') --end;
    auto begin = end;
    if (end > 0 && text[end - 1] == '"') {
        end -= text.substr(0, end).ends_with("\\\"") ? 2 : 1;
        const auto from = end > longest ? end - longest : 0;
        const auto open = text.substr(from, end - from).rfind('"');
        begin = open == std::string_view::npos ? end : from + open + 1;
    } else {
        begin = capitals_before(text, end);
    }
    const auto name = text.substr(begin, end - begin);
    return has_several_words(name) && reads_as_person(name) ? std::pair{begin, end} : std::pair{end, end};
}

auto folded_name(std::string_view name) -> std::string {
    std::string folded;
    for (const auto word : name_words(name)) folded += (folded.empty() ? "" : " ") + lower(word);
    return folded;
}

auto has_several_words(std::string_view name) -> bool { return name_words(name).size() >= 2; }

void KnownNames::add(std::string_view name) {
    if (std::ranges::find(names_, name) != names_.end()) return;
    names_.emplace_back(name);
    const auto words = name_words(name);
    if (words.empty()) return;
    orders_.emplace_back(words.begin(), words.end());
    if (words.size() == 2) orders_.emplace_back(words.rbegin(), words.rend());
    for (const auto word : words) {
        first_bytes_[static_cast<unsigned char>(word.front())] = true;
        if (is_letter(word.front())) first_bytes_[static_cast<unsigned char>(word.front() ^ 0x20)] = true;
    }
}

auto KnownNames::places_in(std::string_view text) const -> std::vector<std::pair<std::size_t, std::size_t>> {
    std::vector<std::pair<std::size_t, std::size_t>> places;
    if (empty()) return places;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (!first_bytes_[static_cast<unsigned char>(text[at])] || (at > 0 && continues_word(text[at - 1]))) continue;
        for (const auto& words : orders_)
            if (const auto end = end_of_words(text, at, words); end > 0) places.emplace_back(at, end);
    }
    return places;
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
