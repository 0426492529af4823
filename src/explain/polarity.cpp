#include "polarity.hpp"

#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "pattern_set.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <memory>
#include <ranges>

namespace dossier::explain {
namespace {

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
auto was_done(const Cited& cited) -> bool { return is_resolved(cited); }
/// The words that the claim is made of are looked for in the evidence anyway.
auto has_that_control(const Cited& cited) -> bool { return is_encrypted(cited); }

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
            {"that the matter can rest",
             R"(\b(optional|unnecessary|needless|superfluous|non-?issues?|not? (a )?(real |genuine |actual |true )?(issue|problem|finding|concern)s?|(can|may|could|might|should)( safely| probably| likely| perhaps| well| easily)* (wait|remain|stay|be left|be kept|be skipped|be tolerated|be parked)|(defer|postpone|delay|put off|shelve)\w*( the| this| any)? (remediation|fix|action|work|ticket|finding|issue|matter|change)s?|de-?prioriti[sz]\w+|fine to|safe to (leave|keep|ignore)|(leave|leaving|left) (this|it|the \w+) (open|public|alone|as)|low(er)?[- ]priority|P[3-5] (issue|finding|ticket)|tolerable|tolerated|acceptable|accepted|manageable|under control|of no (consequence|importance|concern)|immaterial|insignificant|harm(s|ed)? no)\b)",
             never, false},
            {"that the report is wrong",
             R"(\b(mistaken(ly)?|misfir(ed|e|es|ing)|erroneous(ly)?|in error|by mistake|spurious|bogus|invalid|unfounded|incorrectly (flagged|reported|detected)|wrongly (flagged|reported|detected)|misclassified|misdetected|misreported|duplicates?|out of date|outdated|obsolete|stale finding)\b)",
             never, false},
            {"that it is meant to be so",
             R"(\b(is|are|was|were) (deliberate(ly)?|intended|intentional(ly)?|meant|supposed|expected|designed|approved|authori[sz]ed|sanctioned|whitelisted|allow-?listed|permitted)\b|\b(works?|working|behav\w+|configured|operating) as (intended|designed|expected)\b|\bas (intended|designed)\b)",
             is_set_aside, false},
            {"that something was done",
             R"(\b(has|have|had|was|were|been|being|got|is|are)( \w+ly| already| now| since| all| also| been| just)* (fixed|remediated|resolved|mitigated|closed|corrected|addressed|patched|contained|secured|blocked|removed|deleted|purged|revoked|rotated|disabled|deactivated|restricted|updated|hardened|deployed|applied|rolled out|rolled back|completed|finished|acknowledged|approved|waived|signed off|verified|validated|notified|informed|alerted|escalated|reassigned|downgraded|upgraded|lowered|reduced|suppressed|archived|quarantined|isolated|moved|masked|redacted|handled|handed over|triaged|investigated|cleared|turned off|switched off|taken (down|offline|care of)|made (private|internal|safe)|locked( down)?|reviewed)\b|\b(has|have)( \w+ly| already| now| since)* (signed|agreed|acknowledged|approved|accepted|confirmed|reviewed|fixed|removed|closed|revoked|rotated|waived|verified|validated|cleared|resolved|blocked|deleted|taken|started|begun)\b|\b(owner|team|manager|security|management|legal|ngo|admins?|\w+ team) (already |also |now )*(approved|acknowledged|accepted|fixed|confirmed|agreed|waived|signed|removed|closed|revoked|resolved|blocked|verified)\b|\b(remediation|fix|clean-?up|rollout|rotation|deployment|review|investigation|work) (is|was|are|has been) (now |already )?(complete|completed|done|finished|over|in place|live|under way|underway|in progress|ongoing)\b|\b(finding|issue|ticket|exposure|case|alert|status|it|matter) (is|was|remains) (now |currently )?(in progress|under (investigation|review|way)|being (fixed|worked on|handled|addressed|remediated|investigated)|closed|done|settled|resolved|suppressed|archived|gone)\b)",
             was_done, true},
            {"that access is confined",
             R"(\b(restricted|limited|confined|locked down|reserved|available|visible|open|accessible|reachable|exposed|readable)( only)? (only )?(to|from|within|inside) (the |a |an |our |your |its |authori[sz]ed |authenticated |internal |known |named |trusted |signed-in )*(authenticated|authori[sz]ed|internal|corporate|company|own|employees?|staff|team|teams|owners?|payments|vpc|vpn|network|intranet|office|organi[sz]ation|account|users|members|administrators?|admins?|signed-in|known|named|trusted|application)\b|\bonly (\S+ ){0,6}(has|have|can|could|may|accessible|reachable|readable|visible|open|available|internal|internally|authenticated|authori[sz]ed)\b|\b(has|have|is|are) only (read|internal|private|local|limited|restricted)\b|\b(behind|protected by|guarded by|shielded by) (a |an |the )?(\w+ )?(firewall|vpn|proxy|waf|gateway|login|password|authentication|mfa)\b|\b(is|are|remains?) (strictly |purely |only |merely )?(internal|private|offline|isolated|air-gapped|segmented|firewalled|protected|safe|secure|secured|guarded|locked)\b|\b(impact|exposure|damage|risk|scope|reach|blast radius) (is|was|remains|seems|appears) (\w+ly )?(limited|contained|small|minor|minimal|low|negligible|restricted|local|bounded)\b)",
             is_not_public, true},
            {"that a control is in place",
             R"(\b(block public access|public access block|public access|access logging|logging|versioning|mfa|multi-factor authentication|back-?ups?|monitoring|firewall|encryption( at rest| in transit)?|server-side encryption|tls|kms|rotation)( \w+){0,4} (is|are|was|were|has been|have been|stays|remains) (already |now |fully |currently |also )*(on|enabled|active|in place|turned on|switched on|configured|enforced|set up|blocked|denied|prevented|working|true)\b|\bencryption[^.;]{0,20}: ?(true|yes|on|enabled)\b|\b(encryption|tls|kms|logging|mfa|versioning|firewall|authentication|policy|waf|scp|block public access)( \w+)? (already |now |fully )?(protects?|secures?|guards?|prevents?|stops?|blocks|denies)\b|\b(tokeni[sz]ed|anonymi[sz]ed|pseudonymi[sz]ed|synthetic|fictitious|dummy|mock|fake|scrambled|obfuscated|hashed|aggregated|de-?identified)\b|\b(is|are) (empty|unused|decommissioned|retired|inactive|dormant|obsolete|a (copy|test|sandbox|demo|honeypot))\b|(^|[^\w-])sandbox($|[^\w-]))",
             has_that_control, true},
            {"that the law is met",
             R"(\b(compl(y|ies|iant|ied) with|conforms? to|in line with|in compliance|meets?|met|satisf(y|ies|ied)|fulfil(s|led)?|adher(e|es|ed) to|certified|audited)\b)",
             never, true},
            {"that the law demands something",
             R"(\b(mandatory|obligatory|legally (required|obliged|bound)|required by law|fine[sd]? (of|is|are|up|will|may|can)|fines|penalt(y|ies)|lawsuits?|liable|liability|sanctions?|turnover)\b)",
             never, false},
            {"that it has no owner",
             R"(\b(no (known |clear |identified )?owner|unowned|without an? (known )?owner|ownerless|orphaned?)\b)",
             has_no_owner, true},
};

auto rule_expression(const Rule& rule) -> std::string { return fmt::format("(?i)({})", rule.expression); }

struct Compiled {
    const Rule* rule;
    std::unique_ptr<RE2> expression;
};

auto compiled() -> const std::vector<Compiled>& {
    static const auto all = [] {
        std::vector<Compiled> list;
        for (const auto& rule : rules) list.push_back({&rule, std::make_unique<RE2>(rule_expression(rule))});
        return list;
    }();
    return all;
}

/// The words before a claim, in its clause, take it back: nobody says yet that it is so.
auto is_hypothetical(std::string_view before) -> bool {
    static const RE2 words(
        R"((?i)\b(whether|if|until|unless|ensure|ensures|ensuring|make sure|so that|verify|verifying|confirm|check that|check whether|should|must|needs? to|has to|have to|how|once|before|after|determine|determining|see if|calls? for|requires?|demands?)\b[^.;:]*$)");
    static const RE2 but(
        R"((?i)\b(but|yet|although|though|however|because|since|as|and therefore|which|so)\b[^.;:]*$)");
    re2::StringPiece found;
    const re2::StringPiece head(before.data(), before.size());
    if (!RE2::PartialMatch(head, words)) return false;
    // "verify the policy, but no action is needed": the turn ends what the first part supposed
    static const RE2 last(
        R"((?i).*\b(whether|if|until|unless|ensure|ensures|ensuring|sure|that|verify|verifying|confirm|should|must|to|how|once|before|after|determine|determining|for|requires?|demands?)\b([^.;:]*)$)");
    std::string after;
    if (!RE2::FullMatch(head, last, nullptr, &after)) return true;
    return !RE2::PartialMatch(after, but);
}

/// "not encrypted" is no reassurance; whether it is true is the negation's matter.
auto is_negated(std::string_view before) -> bool {
    static const RE2 negated(
        R"((?i)\b(not|never|no|without|un|isn't|aren't|wasn't|hasn't|haven't)( \w+ly| yet| been| currently| adequately| being)*[ -]?$)");
    return RE2::PartialMatch(re2::StringPiece(before.data(), before.size()), negated);
}

/// "logging is disabled" is bad news, whatever else was done by disabling something.
auto without_lost_safeguards(std::string text) -> std::string {
    static const FilteredRegex lost(
        R"((?i)\b(logging|versioning|encryption|mfa|authentication|monitoring|rotation|back-?ups?|firewall|(public )?access block|block public access)( at rest| in transit)? (is|are|was|were)( \w+ly)? (disabled|deactivated|turned off|switched off|removed)\b)");
    if (lost.may_match(text)) RE2::GlobalReplace(&text, lost.regex(), "…");
    return text;
}

auto reassurance_objection(const std::string& said, const Cited& cited) -> std::optional<std::string> {
    const auto text = without_lost_safeguards(said);
    static const PatternSet said_by_rules(rules | std::views::transform(rule_expression));
    for (const auto number : said_by_rules.in(text)) {
        const auto& [rule, expression] = compiled()[number];
        re2::StringPiece match;
        if (!RE2::PartialMatch(text, *expression, &match)) continue;
        if (rule->supported(cited)) continue;
        const auto before = std::string_view(text).substr(0, static_cast<std::size_t>(match.data() - text.data()));
        if (rule->may_be_hypothetical && (is_hypothetical(before) || is_negated(before))) continue;
        const std::string words(match);
        const auto says_so = [&](const Cited& items) { return our_words(items).contains(lower(words)); };
        if (!says_so(trusted(cited)) && !says_so(own_words(cited)))
            return fmt::format("it says {} (\"{}\"), and no cited evidence does", rule->what, words);
    }
    return std::nullopt;
}

/// "has been downloaded" is a fact of its own; "could be downloaded" is a conclusion.
auto accusation_objection(const std::string& text, const Cited& cited) -> std::optional<std::string> {
    static const FilteredRegex happened(
        R"((?i)\b(breach(?:ed)?|exfiltrat(?:ed|ion)|stolen|stole|theft|leaked|compromised|hacked|ransomware|malware|infected|exploited|abused|attack(?:ed)?|intru(?:ders?|sion)|unauthori[sz]ed (?:access|download|part(?:y|ies)|use)|(?:was|were|has been|have been|been) (?:downloaded|accessed|copied|read by|viewed|sold|published)|(?:someone|somebody|attackers?|intruders?|hackers?|outsiders?|strangers?|criminals?|part(?:y|ies)|they|users?|people|anonymous \w+|[\w.-]+) (?:has |have |had |already )*(?:downloaded|accessed|copied|exfiltrated|viewed|published|sold|scraped))\b)");
    static const RE2 hedge(
        R"((?i)\b(could|can|may|might|would|if|whether|should|must|potential(?:ly)?|possible|possibly|likely|likelihood|chance|danger|risk of|prevent|before|until|so that|to be assessed|does not say|cannot be told|assess|investigate|review|check|look for|search for)\b)");
    std::string word;
    if (!happened.found_in(text, &word) || RE2::PartialMatch(text, hedge)) return std::nullopt;
    const auto last = lower(word).substr(word.rfind(' ') == std::string::npos ? 0 : word.rfind(' ') + 1);
    // a remedy speaks of downloads that are to be looked for
    const auto witnesses =
        of_kinds(cited, {"access_log", "finding", "fact", "rule", "control", "data", "exposure_path"});
    if (std::ranges::any_of(witnesses, [&](const Evidence* item) { return icontains(item->statement, last); }))
        return std::nullopt;
    return fmt::format("it says that something happened (\"{}\"), and no cited evidence does", word);
}

/// Whether the law demands a notification is for people to find out.
auto notification_objection(const std::string& text) -> std::optional<std::string> {
    static const FilteredRegex duty(
        R"((?i)\b(notif(?:y|ies|ied|ication|ications|ying)|inform(?:ed)?|report(?:ed|able|ing)?)\b[^.]*\b(authorit(?:y|ies)|regulators?|data subjects?|individuals|supervisory|affected (?:people|persons|customers|users|parties)|patients|cardholders|public|breach|HHS|72)\b|\b(authorit(?:y|ies)|regulators?|data subjects?|individuals|people|persons|customers|users|patients|cardholders|consumers)\b[^.]*\b(?:must|ha(?:s|ve) to|needs? to|should|shall|(?:is|are) to)( \w+ly)? be (?:notified|informed|told|alerted)|\bbreach[- ]notification\b|\bnotifiable\b|\breportable\b)");
    static const FilteredRegex open(
        R"((?i)\b(assess(?:ed|ment)?|whether|determine|evaluated?|reviewed?|legal team|decide[ds]?)\b)");
    if (!duty.found_in(text) || open.found_in(text)) return std::nullopt;
    return "a duty to notify may only be called \"to be assessed\"";
}

} // namespace

auto polarity_objection(const std::string& text, const Cited& cited) -> std::optional<std::string> {
    if (auto objection = reassurance_objection(text, cited)) return objection;
    if (auto objection = accusation_objection(text, cited)) return objection;
    return notification_objection(text);
}

} // namespace dossier::explain
