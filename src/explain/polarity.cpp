#include "polarity.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>

namespace dossier::explain {
namespace {

using Cited = std::vector<const Evidence*>;

auto has_value(const Cited& cited, std::string_view kind, std::initializer_list<std::string_view> values) -> bool {
    return std::ranges::any_of(cited, [&](const Evidence* item) {
        return item->kind == kind && std::ranges::find(values, std::string_view(item->value)) != values.end();
    });
}

auto is_resolved(const Cited& cited) -> bool { return has_value(cited, "status", {"resolved"}); }
auto is_set_aside(const Cited& cited) -> bool { return has_value(cited, "status", {"suppressed", "resolved"}); }
auto is_not_public(const Cited& cited) -> bool {
    return has_value(cited, "exposure", {"none", "internal", "cross account"});
}
auto is_without_exposure(const Cited& cited) -> bool { return has_value(cited, "exposure", {"none"}); }
auto has_no_owner(const Cited& cited) -> bool { return has_value(cited, "owner", {"unknown"}); }
auto is_encrypted(const Cited& cited) -> bool {
    static const RE2 yes(R"((?i)encrypt\w*( at rest| in transit)?\W+(is |are )?(true|yes|enabled|on)\b)");
    return std::ranges::any_of(
        cited, [&](const Evidence* item) { return item->kind == "fact" && RE2::PartialMatch(item->statement, yes); });
}
auto never(const Cited&) -> bool { return false; }

struct Rule {
    const char* what;
    const char* expression;
    bool (*supported)(const Cited&);
    bool may_be_hypothetical; ///< "ensure that …", "whether …" take the claim back
};

constexpr Rule
    rules[] =
        {
            {"that no action is needed",
             R"(\b(no|without any?|not? require (any )?)( \w+)?( \w+)? ?(action|remediation|fix|follow-?up|work|response|change)s?( \w+)?( \w+)? ?(is|are|be|was)? ?(needed|required|necessary|warranted|called for)\b|\bnothing (needs|has|is|more|further|to)\b|\b(does|do|did|need|needs)(n't| not) (need|require|warrant|demand|be (fixed|changed|remediated|done))\b|\bno (further |immediate |additional )?(action|remediation|fix)\b|\bnot (urgent|necessary|a priority|a concern)\b|\bcan (safely )?(be (safely )?(ignored|closed|dismissed|disregarded|deferred|postponed)|wait)\b|\b(safely|may be|should be) (ignored?|dismissed|disregarded|closed)\b)",
             never, false},
            {"that it is harmless",
             R"(\bfalse (positive|alarm)s?\b|\b(benign|harmless|innocuous|is safe|are safe|is secure|are secure|fully compliant|is compliant|are compliant|remains compliant|well protected|adequately protected|not serious|no cause for concern|no concern|no threat|no impact|no (business |real )?harm|only a test|test data|dummy data|sample data|synthetic data|fake data)\b)",
             never, false},
            {"that there is no risk",
             R"(\b(no|zero|little|negligible|minimal) (\w+ )?(risk|danger|exposure)s?\b|\b(not|n't) (pose |present |create )?(a |any )?(\w+ )?(risk|danger|threat)\b|\brisk is (negligible|minimal|gone|accepted)\b)",
             is_without_exposure, true},
            {"that it is fixed already",
             R"(\b(already|now|since|has|have|had|is|are|was|were)( already| now| since| been| fully| completely)* (fixed|remediated|resolved|mitigated|closed|corrected|addressed|patched|contained|secured|locked down)\b|\bno longer\b|\bhas been (notified|informed|rotated|revoked|disabled|blocked|deleted|removed|restricted|reassigned|downgraded|lowered)\b|\bhave been (notified|informed|rotated|revoked|disabled|blocked|deleted|removed|restricted)\b)",
             is_resolved, true},
            {"that the risk is accepted",
             R"(\b(risk (has been |was |is )?accepted|accepted risk|exception (has been |was |is )?(granted|approved)|approved exception|by design|intentional(ly)?|expected behaviou?r|authori[sz]ed exception|pre-?approved|out of scope|not in scope)\b|\b(is|was|been) suppressed\b)",
             is_set_aside, true},
            {"that it is encrypted",
             R"(\b(is|are|was|were|remains?|stays?|being|fully|already|properly|strongly) (\w+ly )?(now |at rest |also )?encrypted\b|\bencryption (at rest |in transit )?(is|was|has been) (on|active|enabled|turned on|in place|used)\b|\bencrypted (data|objects?|records?|files?|bucket|volume|at rest|with)\b|\b(is|are) (masked|tokeni[sz]ed|anonymi[sz]ed|pseudonymi[sz]ed)\b)",
             is_encrypted, true},
            {"that it is not public",
             R"(\b(not|never|n't|isn't|aren't)( \w+)?( \w+)? (public|publicly|exposed|reachable|accessible|internet|readable|writable|open)\b|\b(is|are|remains?|stays?|kept) (now |already |fully |entirely |strictly )?(private|internal only|inaccessible|unreachable)\b|\b(cannot|can't|can not) (be )?(\w+ )?(reach|reached|access|accessed|read|seen|downloaded)\b|\b(no ?one|nobody|no (user|person|outsider|principal|third party)s?)( \w+)? (can|could|has|have|is able)\b)", is_not_public,
             true},
            {"that no such data is there",
             R"(\b(no|without|not contain|n't contain|not hold|n't hold|not include|n't include) (any )?(\w+ )?(sensitive|personal|customer|health|card|cardholder|financial|confidential|real|production|pii|phi|pci)( \w+)? ?(data|information|records?)\b|\b(does|do)(n't| not) (contain|hold|store|include) (any )?(data|records|information|pii|phi)\b|\bno (data|records?|objects?|files?) (is|are|was|were|has|have)\b)",
             never, true},
            {"that nothing happened",
             R"(\bno (evidence|sign|signs|indication|trace|traces|proof|suspicion) (of|that)\b|\b(unaffected|untouched|not (been )?(affected|accessed|downloaded|compromised|breached|leaked|exploited|abused))\b|\bno (breach|incident|leak|data loss|access) (has|have|was|were|occurred|took)\b|\bnot a (breach|incident|violation)\b)",
             never, true},
            {"that it does not apply",
             R"(\b(not applicable|(does|do) ?(n't|not| not) apply|not (subject to|covered by|regulated|relevant|in breach)|exempt(ed)? from|no (regulation|regulatory|legal|compliance) ?(\w+ )?(applies|apply|obligations?|impact|implications?|consequences?|dut(y|ies)|requirements?|concerns?))\b)",
             never, true},
            {"that it has no owner",
             R"(\b(no (known |clear |identified )?owner|unowned|without an? (known )?owner|ownerless|orphaned?)\b)",
             has_no_owner, true},
};

/// Kinds whose statements our own code words; only these can reassure.
auto is_trusted(const Evidence& item) -> bool {
    static constexpr std::string_view kinds[] = {"status",   "exposure", "data", "owner",   "access",    "blast_radius",
                                                 "business", "gap",      "risk", "control", "regulation"};
    // Among them, what only repeats a name or a value from outside.
    static constexpr std::string_view repeated[] = {":node", ":data.fields", ":data.objects", ":data.samples"};
    if (std::ranges::any_of(repeated, [&](std::string_view end) { return item.origin.ends_with(end); })) return false;
    return std::ranges::find(kinds, std::string_view(item.kind)) != std::end(kinds);
}

struct Compiled {
    const Rule* rule;
    std::unique_ptr<RE2> expression;
};

auto compiled() -> const std::vector<Compiled>& {
    static const auto all = [] {
        std::vector<Compiled> list;
        for (const auto& rule : rules)
            list.push_back({&rule, std::make_unique<RE2>(fmt::format("(?i)({})", rule.expression))});
        return list;
    }();
    return all;
}

auto is_hypothetical(std::string_view before) -> bool {
    static const RE2 words(
        R"((?i)\b(whether|if|until|unless|ensure|make sure|so that|verify|confirm|check that|should be|must be|how|once|before)\b[^.;]*$)");
    return RE2::PartialMatch(re2::StringPiece(before.data(), before.size()), words);
}

auto reassurance_objection(const std::string& text, const Cited& cited) -> std::optional<std::string> {
    for (const auto& [rule, expression] : compiled()) {
        re2::StringPiece match;
        if (!RE2::PartialMatch(text, *expression, &match)) continue;
        if (rule->supported(cited)) continue;
        const auto before = std::string_view(text).substr(0, static_cast<std::size_t>(match.data() - text.data()));
        if (rule->may_be_hypothetical && is_hypothetical(before)) continue;
        const std::string words(match);
        const bool stated = std::ranges::any_of(cited, [&](const Evidence* item) {
            return (is_trusted(*item) || item->kind == "remediation") && icontains(item->statement, words) &&
                   !item->origin.ends_with(":recommendation");
        });
        if (!stated) return fmt::format("it says {} (\"{}\"), and no cited evidence does", rule->what, words);
    }
    return std::nullopt;
}

/// "has been downloaded" is a fact of its own; "could be downloaded" is a conclusion.
auto accusation_objection(const std::string& text, const Cited& cited) -> std::optional<std::string> {
    static const RE2 happened(
        R"((?i)\b(breach(?:ed)?|exfiltrat(?:ed|ion)|stolen|stole|theft|leaked|compromised|hacked|ransomware|malware|infected|exploited|abused|attack(?:ed)?|intru(?:ders?|sion)|unauthori[sz]ed (?:access|download|part(?:y|ies)|use)|(?:was|were|has been|have been|been) (?:downloaded|accessed|copied|read by|viewed|sold|published))\b)");
    static const RE2 hedge(
        R"((?i)\b(could|can|may|might|would|if|whether|should|must|potential(?:ly)?|possible|possibly|likely|risk of|prevent|before|so that|to be assessed|does not say|cannot be told|assess|investigate|review|check)\b)");
    std::string word;
    if (!RE2::PartialMatch(text, happened, &word) || RE2::PartialMatch(text, hedge)) return std::nullopt;
    const auto stem = lower(word).substr(0, std::min<std::size_t>(word.size(), 6));
    const bool stated = std::ranges::any_of(cited, [&](const Evidence* item) {
        return item->kind != "tag" && item->kind != "tampering" && icontains(item->statement, stem);
    });
    if (stated) return std::nullopt;
    return fmt::format("it says that something happened (\"{}\"), and no cited evidence does", word);
}

/// Whether the law demands a notification is for people to find out.
auto notification_objection(const std::string& text) -> std::optional<std::string> {
    static const RE2 duty(
        R"((?i)\b(notif(?:y|ies|ied|ication|ications|ying)|inform(?:ed)?|report(?:ed|able|ing)?)\b[^.]*\b(authorit(?:y|ies)|regulators?|data subjects?|individuals|supervisory|affected (?:people|persons|customers|users|parties)|patients|cardholders|public|breach|HHS|72)\b|\bbreach[- ]notification\b|\bnotifiable\b|\breportable\b)");
    static const RE2 open(
        R"((?i)\b(assess(?:ed|ment)?|whether|determine|evaluated?|reviewed?|legal team|decide[ds]?)\b)");
    if (!RE2::PartialMatch(text, duty) || RE2::PartialMatch(text, open)) return std::nullopt;
    return "a duty to notify may only be called \"to be assessed\"";
}

} // namespace

auto polarity_objection(const std::string& text, const Cited& cited) -> std::optional<std::string> {
    if (auto objection = reassurance_objection(text, cited)) return objection;
    if (auto objection = accusation_objection(text, cited)) return objection;
    return notification_objection(text);
}

} // namespace dossier::explain
