#include "dossier/base/strings.hpp"
#include "pattern_set.hpp"
#include "polarity.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <ranges>

namespace dossier::explain {
namespace {

using re2::StringPiece;

auto has_exposure(const Cited& cited) -> bool {
    const auto text = text_of(of_kinds(cited, {"exposure", "access", "risk"}));
    return text.find("public") != std::string::npos || text.find("anyone") != std::string::npos;
}
auto has_no_exposure(const Cited& cited) -> bool {
    return std::ranges::any_of(of_kinds(cited, {"exposure"}), [](const Evidence* item) {
        return is_one_of(item->value, {"none", "internal", "cross account"});
    });
}
auto has_gap(const Cited& cited) -> bool { return !of_kinds(cited, {"gap"}).empty(); }
auto has_failed_control(const Cited& cited) -> bool {
    return !of_kinds(cited, {"control", "regulation", "fact", "finding", "rule", "risk"}).empty();
}
auto has_dispute(const Cited& cited) -> bool { return !of_kinds(cited, {"owner", "owner_candidate"}).empty(); }
auto always(const Cited&) -> bool { return true; }

struct Harmless {
    const char* expression; ///< a whole negated phrase
    bool (*holds)(const Cited&);
};

constexpr Harmless harmless_forms[] = {
    // what is not known
    {R"((evidence|context|data|source|sources|platform|finding|dossier|log|logs|graph|cmdb|it|list|items?)('s)?( itself| alone| provided| given| cited| above)? (does|do|did)(n't| not) (\w+ly )?(say|show|state|tell|specify|indicate|mention|record|reveal|clarify|establish|name|include information|make clear|give|allow us|permit) ?(whether|who|how|if|when|what|which|where|why|anything about|more)?\b)",
     always},
    {R"((not|n't)( yet| currently| fully| entirely| otherwise)* (known|clear|stated|certain|available|determined|recorded|evident|specified|established|documented|shown|possible to (say|tell)|be determined|be told|be established|be confirmed)\b)",
     always},
    {R"((cannot|can't|can not|could not|couldn't) (yet )?be (determined|told|established|confirmed|assessed|verified|known|said|ruled out|excluded)\b)",
     always},
    {R"(no (information|indication|evidence|statement|data|details?)( is (given|available|provided))?( in the (cited )?evidence)? (about|on|as to|of|regarding) (who|how|when|what|which|why|where|whether)\b)",
     always},
    {R"(no (known )?(source|item|platform)s? (says?|knows?|tells?|names?|gives?)\b)", always},
    {R"(\b(whether|if) or not\b)", always},
    {R"(\bif (\w+ ){1,4}(is|are|does|do|has|was|were)(n't| not)\b)", always},
    {R"(\b(not only|not just|not merely|no later than|no sooner|not limited to|nothing until|not until|no doubt|no less than|without delay|without waiting|not before)\b)",
     always},
    // bad news
    {R"((not|n't|never)( yet| currently| adequately| properly| sufficiently| being| been| fully)* (met|enforced|satisfied|fulfilled|in place|enabled|encrypted|logged|restricted|configured|turned on|protected|implemented|set|secured|limited|applied|active|on|monitored|recorded|classified|rotated|versioned|backed up|followed|respected|covered)\b)",
     has_failed_control},
    {R"(without( adequate| proper| sufficient| any| the)* (encryption|logging|protection|controls?|safeguards?|restrictions?|limits?|classification|versioning|backups?|a condition)\b)",
     has_failed_control},
    {R"(\b(no|without( any| needing| the need for| requiring)?|does not (need|require)|not (need|require)) (any )?(prior )?(authentication|credentials?|log-?in|logins?|password|sign-?in|identity|account|permission|authori[sz]ation|logging in|signing in|authenticating)\b)",
     has_exposure},
    {R"((does not|doesn't|do not|don't|fails? to|not) (\w+ )?(restrict|limit|block|prevent|require|enforce|stop|deny|exclude) (\w+ )?(public|anonymous|access|who|reads?|anyone|everyone|authentication|them|it)\b)",
     has_exposure},
    {R"((not|n't|no longer|never) (\w+ly )?(public|publicly \w+|exposed( to the (public|internet))?|reachable from (the internet|outside)|open to the (public|internet))\b)",
     has_no_exposure},
    {R"(\b(has|have|had|with|there (is|are)|uses?) no (\w+ )?(encryption|logging|versioning|mfa|back-?ups?|monitoring|firewall|rotation)( at rest| in transit)?\b)",
     has_failed_control},
    // context that is missing, owners who are uncertain
    {R"((could not|couldn't|was not|were not|is not|did not|cannot) (be )?(queried|asked|reached|read|consulted|retrieved|fetched|loaded|available|answer|answered|complete|included|in time|respond)\b)",
     has_gap},
    {R"(without (it|this|that|the graph|that context|this context|the missing context|context from|its)\b)", has_gap},
    {R"((does|do|did)(n't| not) agree|not (entirely |fully |yet |completely )?(certain|confirmed|undisputed|settled)|if (she|he|they|\w+ \w+) (is|are) not\b)",
     has_dispute},
    {R"(without (interrupting|affecting|breaking|disturbing|disrupting|cutting off|locking out|changing)\b)", always},
    // what is to be reached
    {R"((should|must|may|ought to|shall)( \w+)? (not|never) (be|remain|stay|have|hold|contain|allow|grant|face|lie|sit|rely)\b)",
     always},
    {R"(\b(those|anyone|everyone|principals|users|whoever|statements?|access|data|records|roles?) (who|that|which|without) (do not|does not|don't|doesn't|is not|are not|no longer|isn't|aren't)? ?(\w+)? ?(need|needed|required|require|used|necessary|a need)\b)",
     always},
};

auto form_expression(const Harmless& form) -> std::string { return fmt::format("(?i)({})", form.expression); }

auto compiled_forms() -> const std::vector<std::pair<std::unique_ptr<RE2>, const Harmless*>>& {
    static const auto all = [] {
        std::vector<std::pair<std::unique_ptr<RE2>, const Harmless*>> list;
        for (const auto& form : harmless_forms) list.emplace_back(std::make_unique<RE2>(form_expression(form)), &form);
        return list;
    }();
    return all;
}

/// "verify that it is no longer public": what has to come true may be negated.
auto is_aim(std::string_view before) -> bool {
    static const RE2 aim(
        R"((?i)\b(ensure|ensures|ensuring|make sure|makes sure|so that|verify|verifying|confirm|check|checking|test|until|unless|whether|if|see|determine)\b[^.;:]*$)");
    static const RE2 turn(R"((?i)[,;] *(but|yet|although|though|however|because|since|which|and|so)\b[^.;:]*$)");
    const StringPiece head(before.data(), before.size());
    return RE2::PartialMatch(head, aim) && !RE2::PartialMatch(head, turn);
}

/// The negation with its neighbours stands in evidence of ours: "no owner is known", "step … without".
auto is_stated(std::string_view around, const std::string& support) -> bool {
    return !trim(around).empty() && support.find(lower(trim(around))) != std::string::npos;
}

} // namespace

auto negation_objection(const std::string& text, const Cited& cited) -> Objection {
    static const RE2 negation(
        R"((?i)(\b(?:no|not|never|nobody|none|nothing|nowhere|without|neither|nor|cannot|no-one|lacks? any|free (?:of|from)|devoid|absence|hardly|scarcely|barely|rarely|seldom|refut\w+|den(?:y|ies|ied) (?:that|any)|un(?:affected|touched|problematic|critical|harmed|concerned|exploited|accessed|compromised))\b|n't\b)((?:\s+[\w'-]+){0,2}))");
    std::string rest = text;
    // what a harmless form takes is blanked, so that it can't excuse another negation
    static const PatternSet forms(harmless_forms | std::views::transform(form_expression));
    auto standing = forms.in(rest);
    for (std::size_t number = 0; number < compiled_forms().size(); ++number) {
        const auto& [expression, form] = compiled_forms()[number];
        if (!std::ranges::binary_search(standing, number) || !form->holds(cited)) continue;
        StringPiece found;
        while (RE2::PartialMatch(rest, *expression, &found) && !found.empty()) {
            const auto begin = static_cast<std::size_t>(found.data() - rest.data());
            rest.replace(begin, found.size(), found.size(), '\x01');
        }
        standing = forms.in(rest); // a blank ends words that went on before
    }
    std::optional<std::string> support;
    StringPiece word;
    StringPiece next;
    std::size_t at = 0;
    StringPiece pieces[3];
    while (negation.Match(rest, at, rest.size(), RE2::UNANCHORED, pieces, 3)) {
        word = pieces[1];
        next = pieces[2];
        const auto begin = static_cast<std::size_t>(word.data() - rest.data());
        at = begin + word.size();
        const auto whole = std::string_view(rest).substr(begin, word.size() + next.size());
        if (is_aim(std::string_view(rest).substr(0, begin))) continue;
        if (!support) support = our_words(trusted(cited)) + our_words(own_words(cited));
        if (is_stated(whole, *support)) continue;
        return fmt::format("it denies something (\"{}\"), and no cited evidence does", trim(whole));
    }
    return std::nullopt;
}

} // namespace dossier::explain
