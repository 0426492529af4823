#include "likeness.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "prompt_assembly.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>

namespace dossier::explain {
namespace {

struct ParticularRole {
    std::string_view kind;
    std::string_view field; ///< last part of the origin
    std::string_view mark;
};

/// What differs among like findings. Everything else (severity, rule, classes, environment, risk …) makes the likeness.
constexpr std::array particular_roles = {
    ParticularRole{"resource", "resource.id", "RESOURCE_ID"},
    ParticularRole{"resource", "resource.name", "RESOURCE"},
    ParticularRole{"location", "resource.account", "ACCOUNT"},
    ParticularRole{"tag", "resource.tags", "TAG"},
    ParticularRole{"data", "data.volume", "VOLUME"},
    ParticularRole{"time", "first_seen", "FIRST_SEEN"},
    ParticularRole{"time", "last_seen", "LAST_SEEN"},
    ParticularRole{"owner", "owner", "OWNER"},
    ParticularRole{"owner", "department", "DEPARTMENT"},
    ParticularRole{"owner", "title", "JOB_TITLE"},
    ParticularRole{"owner", "cost_center", "COST_CENTER"},
    ParticularRole{"owner", "manager", "MANAGER"},
    ParticularRole{"owner", "escalation", "ESCALATION"},
    ParticularRole{"owner", "team", "TEAM"},
    ParticularRole{"owner", "rule", "OWNER_RULE"},
    ParticularRole{"owner_candidate", "owner_candidate", "CANDIDATE"},
    ParticularRole{"access", "access", "PRINCIPAL"},
    ParticularRole{"access_log", "access_log", "VISITOR"},
    ParticularRole{"business", "application", "APPLICATION"},
    ParticularRole{"business", "business_unit", "BUSINESS_UNIT"},
    ParticularRole{"business", "support_group", "SUPPORT_GROUP"},
};

auto role_of(const Evidence& item) -> std::string_view {
    const auto colon = item.origin.rfind(':');
    const auto field = std::string_view(item.origin).substr(colon == std::string::npos ? 0 : colon + 1);
    const auto found = std::ranges::find_if(
        particular_roles, [&](const ParticularRole& role) { return role.kind == item.kind && role.field == field; });
    return found == particular_roles.end() ? std::string_view() : found->mark;
}

/// Words that the text around them depends on.
auto is_telling(std::string_view value) -> bool {
    static constexpr std::array words = {"unknown", "anyone", "none", "public"};
    return std::ranges::find(words, value) != words.end();
}

/// Tags that say what kind of resource it is make the likeness, too.
auto is_telling_tag(std::string_view tag) -> bool {
    static constexpr std::array words = {"env", "stage", "class", "sensitiv", "complian", "tier", "critical", "public"};
    const auto key = lower(tag.substr(0, tag.find('=')));
    return std::ranges::any_of(words, [&](std::string_view word) { return key.contains(word); });
}

/// The part of an item's value that is a particular; "" = none.
auto particular_in(const Evidence& item) -> std::string {
    auto value = item.value;
    if (item.kind == "access") value = value.substr(0, value.rfind(" (")); // the level behind it is told
    if (item.kind == "tag")
        value = is_telling_tag(value) ? "" : value.substr(std::min(value.find('='), value.size() - 1) + 1);
    return is_telling(value) ? "" : value;
}

auto is_number(std::string_view value) -> bool {
    return std::ranges::all_of(value, [](unsigned char c) { return std::isdigit(c) != 0; });
}

auto joins_words(char c) -> bool { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_'; }

/// "Alice Ngo (alice@acme.example)" → both parts: a text may use either.
auto around_bracket(const std::string& value) -> std::pair<std::string, std::string> {
    const auto open = value.rfind(" (");
    if (open == std::string::npos || open == 0 || !value.ends_with(')')) return {};
    return {value.substr(0, open), value.substr(open + 2, value.size() - open - 3)};
}

/// The value with what stands in brackets behind it: an account has its name there.
auto bracketed(const std::string& statement, const std::string& value) -> std::string {
    const auto at = statement.find(value + " (");
    const auto end = at == std::string::npos ? at : statement.find(')', at);
    return end == std::string::npos ? value : statement.substr(at, end + 1 - at);
}

/// "48210" → "48,210".
auto with_separators(const std::string& digits) -> std::string {
    std::string text;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > 0 && (digits.size() - i) % 3 == 0) text += ',';
        text += digits[i];
    }
    return text;
}

/// Words in lower case; the shortest tell nothing.
auto lower_words_in(const std::string& text) -> std::set<std::string> {
    constexpr std::size_t telling_length = 3;
    std::set<std::string> words;
    std::string word;
    for (const auto c : lower(text) + " ") {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 || static_cast<unsigned char>(c) >= 0x80) {
            word += c;
        } else {
            if (word.size() >= telling_length) words.insert(word);
            word.clear();
        }
    }
    return words;
}

using Replacement = std::pair<std::string, std::string>; ///< what, by what

/// Replaces whole words, the longest that fits at each place, in one pass.
auto replace_words(const std::string& text, std::vector<Replacement> replacements) -> std::string {
    std::ranges::sort(replacements, std::greater{}, [](const auto& one) { return one.first.size(); });
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto fits = [&](const Replacement& one) {
            const auto& what = one.first;
            if (text.compare(at, what.size(), what) != 0) return false;
            const auto end = at + what.size();
            const bool begins = at == 0 || !joins_words(text[at - 1]) || !joins_words(what.front());
            return begins && (end == text.size() || !joins_words(text[end]) || !joins_words(what.back()));
        };
        const auto found = std::ranges::find_if(replacements, fits);
        if (found == replacements.end()) {
            result += text[at++];
        } else {
            result += found->second;
            at += found->first.size();
        }
    }
    return result;
}

} // namespace

Likeness::Likeness(const EvidenceList& shown) {
    constexpr std::size_t day_length = 10;
    for (const auto& item : shown) {
        const std::string role(role_of(item));
        if (role.empty()) continue;
        const auto value = particular_in(item);
        if (value.empty()) continue;
        add(role, value, item);
        if (const auto [before, inside] = around_bracket(role == "ACCOUNT" ? bracketed(item.statement, value) : value);
            !inside.empty()) {
            if (role != "ACCOUNT") add(role + "_NAME", before, item);
            add(role + "_DETAIL", inside, item);
        }
        if (item.kind == "time" && value.size() > day_length) add(role + "_DAY", value.substr(0, day_length), item);
        if (role == "VOLUME" && is_number(value) && value.size() > 3) add(role + "_READ", with_separators(value), item);
    }
    auto lines = shown;
    for (auto& item : lines) {
        for (const auto& particular : particulars_) {
            const auto& mark = particular.mark;
            if (item.statement.contains(mark) || item.value.contains(mark) || item.origin.contains(mark)) return;
        }
        item.statement = abstract(item.statement, {item.id});
        item.value = abstract(item.value, {item.id});
        item.origin = abstract(item.origin, {item.id});
    }
    const auto abstracted = evidence_lines(lines);
    key_ = sha256_hex(abstracted);
    for (const auto& particular : particulars_) own_words_.merge(lower_words_in(particular.value));
    for (const auto& common : lower_words_in(abstracted)) own_words_.erase(common);
}

auto Likeness::tells_particulars(const std::string& text) const -> bool {
    return std::ranges::any_of(lower_words_in(text), [&](const auto& word) { return own_words_.contains(word); });
}

void Likeness::add(const std::string& role, std::string value, const Evidence& item) {
    constexpr std::size_t telling_length = 4;
    constexpr std::size_t telling_digits = 8; // an account, as opposed to a count
    const auto number = 1 + std::ranges::count_if(
                                particulars_, [&](const auto& one) { return one.mark.starts_with("{" + role + "_"); });
    const bool everywhere = value.size() >= (is_number(value) ? telling_digits : telling_length);
    particulars_.push_back({.mark = fmt::format("{{{}_{}}}", role, number),
                            .value = std::move(value),
                            .evidence = item.id,
                            .everywhere = everywhere});
}

auto Likeness::abstract(const std::string& text, const std::vector<std::string>& cited) const -> std::string {
    // Two particulars may have one value (a team that is the support group, too): what is cited says which is meant.
    std::vector<Replacement> replacements;
    const auto take = [&](const Particular& one) {
        if (std::ranges::find(replacements, one.value, &Replacement::first) == replacements.end())
            replacements.emplace_back(one.value, one.mark);
    };
    for (const auto& one : particulars_)
        if (std::ranges::find(cited, one.evidence) != cited.end()) take(one);
    for (const auto& one : particulars_)
        if (one.everywhere) take(one);
    return replace_words(text, std::move(replacements));
}

auto Likeness::filled(std::string text) const -> std::string {
    for (const auto& one : particulars_) text = replace_all(std::move(text), one.mark, one.value);
    return text;
}

auto Likeness::generalise(DraftedNarrative text) const -> DraftedNarrative {
    text.summary = abstract(text.summary, text.summary_evidence);
    if (tells_particulars(text.summary)) text.summary.clear();
    for (auto& sentence : text.sentences) sentence.text = abstract(sentence.text, sentence.evidence);
    std::erase_if(text.sentences, [&](const Sentence& sentence) { return tells_particulars(sentence.text); });
    return text;
}

auto Likeness::fill(DraftedNarrative text) const -> DraftedNarrative {
    text.summary = filled(std::move(text.summary));
    for (auto& sentence : text.sentences) sentence.text = filled(std::move(sentence.text));
    return text;
}

} // namespace dossier::explain
