#include "people_check.hpp"

#include "claim_words.hpp"
#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "pattern_set.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <memory>
#include <set>

namespace dossier::explain {
namespace {

using re2::StringPiece;

/// Words of a person's name, e-mail or id, in lower case.
auto name_words(const Cited& items) -> std::set<std::string> {
    static const RE2 word(R"(([A-Za-z0-9\x{80}-\x{10FFFF}][A-Za-z0-9\x{80}-\x{10FFFF}'-]+))");
    std::set<std::string> words;
    for (const auto* item : items) {
        StringPiece input(item->value);
        std::string found;
        while (RE2::FindAndConsume(&input, word, &found)) words.insert(lower(found));
    }
    return words;
}

auto with_origin(const Cited& cited, std::string_view end) -> Cited {
    Cited some;
    for (const auto* item : cited)
        if (item->origin.ends_with(end)) some.push_back(item);
    return some;
}

auto is_hedged(const std::string& text) -> bool {
    static const FilteredRegex hedge(
        R"((?i)\b(names|named|according to|candidates?|suggests?|suggested|another source|other sources?|disput\w+|disagree|tag|alternative(?:ly)?|possible|possibly|lower confidence|instead|rather than)\b)");
    static const FilteredRegex firm(
        R"((?i)\b(confirmed|verified|certain(?:ly)?|definite(?:ly)?|actual|true|real|admin|access)\b)");
    return hedge.found_in(text) && !firm.found_in(text);
}

/// Strips what is no part of a name.
auto bare(std::string word) -> std::string {
    while (!word.empty() && std::string_view(".,;:)\"'").find(word.back()) != std::string_view::npos) word.pop_back();
    if (word.ends_with("'s")) word.resize(word.size() - 2);
    return lower(word);
}

struct Role {
    const char* expression; ///< takes one or two words that name somebody
    const char* what;
    bool is_about_manager = false;
};

constexpr auto person =
    R"(([A-Za-z0-9\x{80}-\x{10FFFF}<][A-Za-z0-9\x{80}-\x{10FFFF}<_>.@-]*)(?: ([A-Z\x{80}-\x{10FFFF}<][A-Za-z\x{80}-\x{10FFFF}<_>.@-]*))?)";
constexpr auto name_run =
    R"(([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+)(?: ([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+))?)";
constexpr auto adverbs =
    R"((?:(?:the|an?|most|likely|current|confirmed|probable|presumed|named|listed|recorded|known|actual|responsible|primary|accountable|data|business|technical|owner|of|record|resource's|bucket's|its|possible|decided) )*)";

auto owner_role_expressions() -> std::vector<std::string> {
    std::vector<std::string> list;
    const auto add = [&](std::string expression) { list.push_back(std::move(expression)); };
    add(fmt::format(
        R"((?i:\b(?:owners?|steward|custodian|accountable (?:person|party)|responsible (?:person|party|team)|point of contact)(?: of (?:record|the \w+|this \w+|it))?(?: for (?:the|this) \w+)?,?:? (?:is|was|are|remains|being|named|called)?\s?{}){})",
        adverbs, person));
    add(fmt::format(R"((?i:\b(?:owned|held|stewarded) by (?:the |an? )?){})", person));
    add(fmt::format(R"((?i:\bowner(?:'s name)?,) {},)", name_run));
    add(fmt::format(
        R"((?i:\b(?:ownership|responsibility|accountability) (?:of \w+ )?(?:lies|rests|sits|is|stays|remains|belongs)(?: attributed| assigned)? (?:with|to|by) (?:the )?){})",
        person));
    add(fmt::format(R"({} (?:owns|is (?i:{})(?:owner|steward|custodian)\b|is (?:responsible|accountable|in charge))\b)",
                    name_run, adverbs));
    add(fmt::format(R"(\b(?i:responsible|owner|accountable|assignee): ?{})", person));
    return list;
}

/// Ways to say who owns something. One pass tells which of them a sentence uses: most use none.
struct OwnerRoles {
    OwnerRoles() : said(owner_role_expressions()) {
        for (const auto& expression : owner_role_expressions()) each.push_back(std::make_unique<RE2>(expression));
    }
    PatternSet said;
    std::vector<std::unique_ptr<RE2>> each;
};

auto named_objection(std::string word, const std::string& support, std::string_view what) -> Objection {
    const bool is_lower = !word.empty() && std::islower(static_cast<unsigned char>(word.front())) != 0;
    word = bare(std::move(word));
    if (is_lower && word.ends_with("ed")) return std::nullopt; // "the owner was determined by"
    if (word.empty() || is_function_word(word) || is_common_word(word) || occurs(support, word, false))
        return std::nullopt;
    return fmt::format("no cited evidence on {} names {}", what, word);
}

auto owner_objection(const std::string& text, const Cited& cited) -> Objection {
    static const OwnerRoles roles;
    const auto said = roles.said.in(text);
    if (said.empty()) return std::nullopt;
    const auto owners = of_kinds(cited, {"owner"});
    Cited people; // the manager is in evidence on the owner, and isn't the owner
    for (const auto* item : owners)
        if (!item->origin.ends_with(":manager") && !item->origin.ends_with(":escalation")) people.push_back(item);
    const auto business = of_kinds(cited, {"business"});
    people.insert(people.end(), business.begin(), business.end());
    auto support = text_of(people);
    if (is_hedged(text)) support += text_of(of_kinds(cited, {"owner_candidate", "tag"}));
    static const RE2 about_manager(R"((?i)owner'?s? (?:manager|department|team|title|cost)|manager)");
    std::string first;
    std::string second;
    for (const auto number : said) {
        StringPiece input(text);
        while (RE2::FindAndConsume(&input, *roles.each[number], &first, &second)) {
            if (bare(first).empty() || is_one_of(bare(first), {"manager", "department", "team", "title", "name"}))
                continue;
            if (auto objection = named_objection(first, support, "the owner")) return objection;
            if (!second.empty())
                if (auto objection = named_objection(second, support, "the owner")) return objection;
        }
    }
    return std::nullopt;
}

/// Of the words of names those that a text says.
auto names_said(auto words, const std::string& text) {
    const auto said = lower(text);
    std::erase_if(words, [&](const std::string& word) {
        return word.size() <= 2 || is_common_word(word) || !occurs(said, word, false);
    });
    return words;
}

/// Managers are named as such and nothing else.
auto manager_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex is_manager(
        R"((?i)\bmanager(?:,| is| was|:)? (?-i:([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+)(?: ([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+))?))");
    static const FilteredRegex as_manager(
        R"(([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+) ([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}'-]+),? (?:is|as|the) (?:the |her |his |their |[A-Za-z\x{80}-\x{10FFFF}' ]+'s )?(?:owner's )?(?:line )?manager\b)");
    static const FilteredRegex speaks_of(
        R"((?i)\b(manager|manages|reports? to|escalat\w+|head of|supervisor|superior)\b)");
    const auto managers = of_kinds(cited, {"owner"});
    auto items = with_origin(managers, ":manager");
    for (const auto* item : with_origin(managers, ":escalation")) items.push_back(item);
    std::string first;
    std::string second;
    for (const auto* expression : {&is_manager, &as_manager}) {
        if (!expression->may_match(text)) continue;
        const auto support = text_of(items);
        StringPiece input(text);
        while (expression->consume(input, &first, &second)) {
            if (is_common_word(bare(first)) || is_one_of(bare(first), {"robert's"})) continue;
            for (const auto& word : {bare(first), bare(second)})
                if (!word.empty() && !occurs(support, word, false))
                    return fmt::format("no cited evidence calls {} the manager", word);
        }
    }
    if (speaks_of.found_in(text)) return std::nullopt;
    auto elsewhere = cited;
    std::erase_if(elsewhere, [&](const Evidence* item) { return std::ranges::find(items, item) != items.end(); });
    for (const auto& word : names_said(name_words(items), text))
        if (!occurs(text_of(elsewhere), word, false))
            return fmt::format("{} is the owner's manager and nothing else", word);
    return std::nullopt;
}

/// Who lost the decision on the owner may be named as a candidate only.
auto candidate_objection(const std::string& text, const Cited& cited) -> Objection {
    if (is_hedged(text)) return std::nullopt;
    auto others = cited;
    std::erase_if(others, [](const Evidence* item) { return item->kind == "owner_candidate"; });
    for (const auto& word : names_said(name_words(of_kinds(cited, {"owner_candidate"})), text))
        if (!occurs(text_of(others), word, false))
            return fmt::format("{} is a candidate for the owner and nothing else", word);
    return std::nullopt;
}

/// Whom a sentence sends something to, by any evidence cited; what a team is called.
auto team_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex addressed(
        R"((?i)\b(?:belongs to|managed by|maintained by|administered by|operated by|run by|assign(?:ed)? (?:it |this |the \w+ )?to|contact|reach out to|escalate to|speak to|talk to|ask|notify|inform|hand (?:it )?over to)\s+(?:the |an? )?([A-Za-z0-9\x{80}-\x{10FFFF}<_>.@-]+))");
    static const FilteredRegex team(
        R"(((?:[A-Za-z0-9\x{80}-\x{10FFFF}&-]+ ){1,3})(?:[Tt]eam|[Dd]epartment|[Ss]quad|[Gg]uild|[Tt]ribe|[Dd]ivision|[Uu]nit)\b)");
    static const FilteredRegex is_team(
        R"((?i)\b(?:team|department|squad|business unit|unit|division|support group|application|project|system|service) (?:is|are|was|called|named)(?: the| called| named)? ([A-Za-z0-9\x{80}-\x{10FFFF}&_.-]+)(?: (?-i:([A-Z\x{80}-\x{10FFFF}][A-Za-z\x{80}-\x{10FFFF}]+)))?)");
    const auto may_match = [&](const auto&... each) { return (each.may_match(text) || ...); };
    if (!may_match(addressed, team, is_team)) return std::nullopt;
    auto items = cited;
    std::erase_if(items, [](const Evidence* item) { return item->kind == "tampering"; });
    const auto everything = text_of(items);
    const auto people = text_of(of_kinds(cited, {"owner", "business", "access", "policy", "remediation", "regulation",
                                                 "resource", "gap"})) +
                        (is_hedged(text) ? text_of(of_kinds(cited, {"owner_candidate", "tag"})) : std::string());
    std::string first;
    std::string second;
    StringPiece input(text);
    while (addressed.consume(input, &first))
        if (auto objection = named_objection(first, people, "people")) return objection;
    input = text;
    while (is_team.consume(input, &first, &second)) {
        const auto is_state = [](const std::string& word) {
            return looks_like_plain_noun(word) || is_one_of(word, {"named", "called", "critical", "open"});
        };
        for (const auto& word : {bare(first), bare(second)}) {
            if (word.empty() || is_state(word) || is_function_word(word) || is_common_word(word)) continue;
            if (!occurs(everything, word, false)) return fmt::format("no cited evidence names {}", word);
        }
    }
    input = text;
    while (team.consume(input, &first)) {
        const auto words = split(trim(first), ' ');
        for (std::size_t i = 0; i < words.size(); ++i) {
            const bool adjacent = i + 1 == words.size();
            const bool capital =
                std::isupper(static_cast<unsigned char>(words[i].front())) != 0 && (i > 0 || words.size() > 1);
            static constexpr std::array roles = {
                "security", "owning",  "owner's",    "owners", "s",           "response", "incident",
                "legal",    "privacy", "compliance", "cloud",  "application", "support",  "on-call",
                "business", "owner's", "whole",      "entire", "own",         "her",      "his"};
            const auto word = lower(words[i]);
            if (is_function_word(word) || (!adjacent && !capital) || word == "the") continue;
            if (std::ranges::find(roles, word) != roles.end() && !capital) continue;
            if (!occurs(everything, bare(word), false))
                return fmt::format("no cited evidence names the {} team", words[i]);
        }
    }
    return std::nullopt;
}

auto rights_in(std::string_view words) -> std::string_view {
    static const RE2 full(R"((?i)\b(admin\w*|full|owner(?:ship)?|delet\w+|destroy|root|manage|control)\b)");
    static const RE2 write(
        R"((?i)\b(writ\w+|upload\w*|modif\w+|chang\w+|overwrit\w+|tamper\w*|alter\w*|update|edit|put)\b)");
    const StringPiece piece(words.data(), words.size());
    if (RE2::PartialMatch(piece, full)) return "admin";
    if (RE2::PartialMatch(piece, write)) return "write";
    return "read";
}

/// Whether evidence on access gives `who` such a right; a higher one includes the lower.
auto is_granted(std::string_view who, std::string_view right, const Cited& access) -> bool {
    return std::ranges::any_of(access, [&](const Evidence* item) {
        const auto statement = lower(item->statement + " " + item->value);
        if (!occurs(statement, who, false)) return false;
        if (right == "read") return true;
        const auto given = rights_in(item->statement);
        return given == right || given == "admin";
    });
}

} // namespace

auto people_objection(const std::string& text, const Cited& cited) -> Objection {
    if (auto objected = owner_objection(text, cited)) return objected;
    if (auto objected = manager_objection(text, cited)) return objected;
    if (auto objected = candidate_objection(text, cited)) return objected;
    return team_objection(text, cited);
}

auto access_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex granted(
        R"(([A-Za-z0-9\x{80}-\x{10FFFF}<][A-Za-z0-9\x{80}-\x{10FFFF}_/.:@>*-]*) (?:also |still |currently |already )*(?i:(?:has|have|holds?|gets?|with|having)( (?:\w+ ){0,4}?)(?:access|rights?|permissions?|privileges?)|(?:can|could|may|might|is able to|are able to|is allowed to|are allowed to) ((?:also |still |then |even )?(?:read|write|list|delete|modify|upload|overwrite|change|tamper|download|access|destroy|alter|administer|manage)(?: (?:and|or|to) \w+)?)))");
    static const FilteredRegex open_to_all(
        R"((?i)\b((?:publicly|world)[- ]writ\w+|(?:anyone|everyone|anybody|the public|anonymous users?|unauthenticated users?|attackers?|outsiders?)\b[^.;,:()]*\b(?:write|upload|overwrite|delete|modify|tamper)\b))");
    static const RE2 everybody(
        R"((?i)^(anyone|everyone|anybody|everybody|public|internet|users?|attackers?|actors?|outsiders?|visitors?|person|party|parties|people|strangers?|criminals?|someone|somebody|who|that|which|it|they|she|he|principals?|bucket|resource|service|job|and|those|owner|change|team|also)$)");
    const auto access = of_kinds(cited, {"access", "blast_radius", "exposure_path", "access_log"});
    if (open_to_all.found_in(text) && !is_granted("anyone", "write", of_kinds(cited, {"access"})) &&
        !is_granted("everyone", "write", of_kinds(cited, {"finding", "exposure"})))
        return "no cited evidence lets anyone write";
    StringPiece input(text);
    std::string who;
    std::string kind;
    std::string verb;
    static const RE2 of_another_kind(R"((?i)^ (logs?|logging|keys?|points?|controls?|polic(y|ies)|blocks?|tokens?)\b)");
    while (granted.consume(input, &who, &kind, &verb)) {
        if (RE2::PartialMatch(input, of_another_kind)) continue; // "has no access logging", "holds access keys"
        const auto subject = bare(who);
        if (RE2::FullMatch(subject, everybody)) continue;
        const auto right = rights_in(kind + " " + verb);
        const bool is_somebody = std::isupper(static_cast<unsigned char>(who.front())) != 0 ||
                                 subject.find_first_of("/:_<@") != std::string::npos ||
                                 !(is_common_word(subject) || is_function_word(subject));
        if (is_somebody && !is_granted(subject, right, access))
            return fmt::format("no cited evidence gives {} {} access", subject, right);
    }
    return std::nullopt;
}

} // namespace dossier::explain
