#include "dossier/explain/grounding.hpp"

#include "claim_extractor.hpp"
#include "claim_words.hpp"
#include "dossier/base/strings.hpp"
#include "polarity.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <functional>
#include <iterator>

namespace dossier::explain {
namespace {

using re2::StringPiece;
using Cited = std::vector<const Evidence*>;
using Objection = std::optional<std::string>;

auto is_one_of(std::string_view kind, std::initializer_list<std::string_view> kinds) -> bool {
    return std::ranges::find(kinds, kind) != kinds.end();
}

/// Statements, values and origins of the cited items that `wanted` takes, in lower case, one a line.
template <class Predicate>
auto text_of(const Cited& cited, Predicate wanted) -> std::string {
    std::string text;
    for (const auto* item : cited) {
        if (!wanted(std::string_view(item->kind))) continue;
        text += item->statement + "\n" + item->value + "\n" + item->origin + "\n";
    }
    return lower(text);
}

/// A resource may be *named* "public" or "customer-data"; that says nothing about it.
auto states_facts(std::string_view kind) -> bool {
    return !is_one_of(kind, {"resource", "location", "tag", "owner", "owner_candidate", "tampering", "gap"});
}

/// What things around the resource are called says nothing about it either.
auto is_a_mere_name(const Evidence* item) -> bool {
    return item->kind == "blast_radius" && item->origin.ends_with(":node");
}

/// False for what a platform or a tag says in its own words.
auto words_are_ours(const Evidence* item) -> bool {
    return is_one_of(item->kind, {"remediation", "regulation", "risk", "business"}) &&
           !item->origin.ends_with(":recommendation");
}

auto is_word_char(char c) -> bool { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// `needle` stands in `text` (both lower case) and is not part of a longer word; of a longer identifier if `whole`.
auto occurs(std::string_view text, std::string_view needle, bool whole) -> bool {
    const auto joins = [&](char c) { return is_word_char(c) || (whole && (c == '-' || c == '_')); };
    for (auto at = text.find(needle); at != std::string_view::npos; at = text.find(needle, at + 1)) {
        const bool begins = at == 0 || !joins(text[at - 1]) || !is_word_char(needle.front());
        const auto end = at + needle.size();
        const bool ends = end == text.size() || !joins(text[end]) || !is_word_char(needle.back());
        if (begins && ends) return true;
    }
    return false;
}

auto cited_items(const Sentence& sentence, const EvidenceList& evidence, Cited& cited) -> Objection {
    for (const auto& id : sentence.evidence) {
        const auto found = std::ranges::find(evidence, id, &Evidence::id);
        if (found == evidence.end()) return fmt::format("it cites {}, which does not exist", shorten(id, 40));
        if (std::ranges::find(cited, &*found) == cited.end()) cited.push_back(&*found);
    }
    if (cited.empty()) return "it cites no evidence";
    return std::nullopt;
}

/// Links, addresses, markup, and talk about the prompt: nothing that a reader or a renderer may act on.
/// @param cited text of the cited items; `own` of those whose words are ours
auto shape_objection(const std::string& text, const std::string& cited, const std::string& own) -> Objection {
    static const RE2 image(R"(!\[[^\]]*\]\s*[(\[])");
    static const RE2 link(R"(\[[^\]]*\]\([^)]*\))");
    static const RE2 html(R"(<\s*/?\s*[a-zA-Z!][^>]*>)");
    static const RE2 pseudonym(R"(<[A-Z][A-Z_]*(?:_\d+)?>)");
    static const RE2 url(R"((?i)\b((?:[a-z][a-z0-9+.-]*://|www\.|mailto:|javascript:|data:text)[^\s"'<>)\]]*))");
    static const RE2 email(R"(([A-Za-z0-9._%+-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+))");
    static const RE2 prompt(
        R"((?i)\b(system prompt|previous instructions|my instructions|as an ai|language model|prompt injection succeeded)\b)");
    // Deciding on a draft is a person's: a narrative has nothing to say about it.
    static const RE2 verdict(
        R"((?i)\b((?:approv(?:e|ed|al of|ing)|reject(?:ed|ing)?|close(?:d)?|closing|dismiss(?:ed|ing)?|post(?:ed)?|merge) (?:(?:of|the|this|these|that|all|any) )*(?:drafts?|tickets?|findings?|dossiers?|reports?|alerts?|issues?))\b)");
    if (RE2::PartialMatch(text, image) || RE2::PartialMatch(text, link)) return "it holds a Markdown link or image";
    std::string bare = text;
    RE2::GlobalReplace(&bare, pseudonym, "");
    if (RE2::PartialMatch(bare, html)) return "it holds HTML";
    if (RE2::PartialMatch(text, prompt)) return "it talks about its instructions";
    std::string found;
    if (RE2::PartialMatch(text, verdict, &found) && own.find(lower(found)) == std::string::npos)
        return "it tells people how to decide on the draft";
    StringPiece input(text);
    while (RE2::FindAndConsume(&input, url, &found)) {
        while (!found.empty() && (found.back() == '.' || found.back() == ',')) found.pop_back();
        const auto link_text = lower(found);
        static const RE2 web(R"(^(https?:|www\.|mailto:|javascript:|data:|ftps?:))");
        const auto& support = RE2::PartialMatch(link_text, web) ? own : cited; // nobody outside hands our readers links
        if (support.find(link_text) == std::string::npos)
            return fmt::format("the link {} is in no cited evidence that may carry links", found);
    }
    input = text;
    while (RE2::FindAndConsume(&input, email, &found)) {
        if (!occurs(cited, lower(found), false)) return fmt::format("the address {} is in no cited evidence", found);
    }
    return std::nullopt;
}

/// Quoted text must stand in the evidence; it is then nobody's claim and leaves the sentence.
auto take_quotes(std::string& text, const std::string& cited) -> Objection {
    static const RE2 quoted(R"~(“([^”]*)”|"([^"]*)"|`([^`]*)`)~");
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

auto same_number(const NumberClaim& claim, double fact) -> bool {
    using Kind = NumberClaim::Kind;
    switch (claim.kind) {
    case Kind::about:
        return std::abs(claim.value - fact) <= 0.05 * std::abs(fact);
    case Kind::at_least:
        return fact >= claim.value && fact <= 2 * claim.value;
    case Kind::magnitude:
        return fact >= 2 * claim.value && fact < 1000 * claim.value;
    case Kind::exact:
    case Kind::word:
        return std::abs(claim.value - fact) < 1e-9 * std::max(1.0, std::abs(fact));
    }
    return false;
}

/// "three principals" may count what it cites: items, or the members of a list in one of them.
auto counts_cited(const NumberClaim& claim, const Cited& cited) -> bool {
    static constexpr std::array amounts = {"record",  "records", "objects", "files", "rows",   "customers", "people",
                                           "percent", "days",    "hours",   "weeks", "months", "years",     "million"};
    if (claim.kind != NumberClaim::Kind::word || std::ranges::find(amounts, claim.unit) != amounts.end()) return false;
    const auto wanted = static_cast<std::ptrdiff_t>(claim.value);
    if (std::ssize(cited) == wanted) return true;
    return std::ranges::any_of(cited, [&](const Evidence* item) {
        const auto alike = std::ranges::count(cited, item->kind, &Evidence::kind);
        return alike == wanted || (wanted > 1 && std::ranges::count(item->value, ',') + 1 == wanted);
    });
}

auto number_objection(const Claims& claims, const Claims& facts, const std::string& cited_text, const Cited& cited)
    -> Objection {
    for (const auto& claim : claims.numbers) {
        const auto matches = [&](const NumberClaim& fact) { return same_number(claim, fact.value); };
        if (std::ranges::any_of(facts.numbers, matches)) continue;
        const bool is_year =
            std::ranges::any_of(facts.dates, [&](const DateClaim& date) { return date.year == claim.value; });
        if (is_year || counts_cited(claim, cited)) continue;
        const bool is_long_id = claim.text.size() >= 6 && occurs(cited_text, lower(claim.text), false);
        if (is_long_id) continue;
        return fmt::format("the number {} is in no cited evidence", claim.text);
    }
    for (const auto& claim : claims.dates) {
        const bool found = std::ranges::any_of(facts.dates, [&](const DateClaim& fact) {
            return (claim.year == 0 || claim.year == fact.year) && (claim.month == 0 || claim.month == fact.month) &&
                   (claim.day == 0 || claim.day == fact.day);
        });
        if (!found)
            return fmt::format("the date {:04}-{:02}-{:02} is in no cited evidence", claim.year, claim.month,
                               claim.day);
    }
    return std::nullopt;
}

auto regulation_objection(const Claims& claims, const Claims& facts, const std::string& cited) -> Objection {
    for (const auto& framework : claims.frameworks) {
        const bool listed = std::ranges::any_of(facts.frameworks, [&](const std::string& fact) {
            return fact == framework || fact.starts_with(framework + " ");
        });
        if (!listed && !(framework == "cis" && occurs(cited, "cis", false)))
            return fmt::format("{} is in no cited evidence", framework);
    }
    for (const auto& citation : claims.citations) {
        const bool listed = std::ranges::any_of(facts.citations, [&](const std::string& fact) {
            return fact == citation || fact.starts_with(citation + "(") || fact.starts_with(citation + ".");
        });
        if (!listed && !occurs(cited, citation, true))
            return fmt::format("the citation {} is in no cited evidence", citation);
    }
    return std::nullopt;
}

auto name_objection(const Claims& claims, const std::string& cited) -> Objection {
    for (const auto& pseudonym : claims.pseudonyms) {
        if (cited.find(lower(pseudonym)) == std::string::npos)
            return fmt::format("the mark {} is in no cited evidence", pseudonym);
    }
    for (const auto& identifier : claims.identifiers) {
        if (!occurs(cited, lower(identifier), true)) return fmt::format("{} is in no cited evidence", identifier);
    }
    for (const auto& name : claims.names) {
        if (!occurs(cited, lower(name), false)) return fmt::format("the name {} is in no cited evidence", name);
    }
    return std::nullopt;
}

struct Vocabulary {
    const char* said;      ///< in the sentence
    const char* supported; ///< in the cited facts
    const char* what;
};

/// Words with one meaning here: who says them needs evidence that says them too.
constexpr Vocabulary vocabularies[] = {
    {R"(\bcritical(ly)?\b)", R"(\bcritical\b)", "critical"},
    {R"(\b(high|severe|serious)\b)", R"(\b(high|critical)\b)", "high"},
    {R"(\b(medium|moderate)\b)", R"(\bmedium\b)", "medium"},
    {R"(\b(low|minor|trivial|negligible)\b)", R"(\blow\b)", "low"},
    {R"(\b(informational|info-level)\b)", R"(\binformational\b)", "informational"},
    {R"(\b(public|publicly|internet|internet-facing|anyone|everyone|anybody|everybody|anonymous(ly)?|unauthenticated|world-readable|world-writable)\b)",
     R"(\b(public|publicly|internet|anyone|everyone|anonymous|unauthenticated|world|allusers|0\.0\.0\.0)\b|publi[cs])",
     "public exposure"},
    {R"(\b(cross-account|cross account|(another|other|foreign|external) accounts?)\b)",
     R"(cross[ _-]account|(another|other|foreign|external) account)", "cross-account exposure"},
    {R"(\b(pii|personal(ly)? (data|information|identifiable)|personal)\b)", R"(\b(pii|personal|gdpr|ccpa)\b)",
     "personal data"},
    {R"(\b(phi|health|medical|patients?)\b)", R"(\b(phi|health|medical|patients?|hipaa)\b)", "health data"},
    {R"(\b(pci|card|cards|cardholders?|credit)\b)", R"(\b(pci|cards?|cardholders?|credit)\b)", "card data"},
    {R"(\b(financial|bank|banking)\b)", R"(\b(financial|bank|iban|banking|account numbers?)\b)", "financial data"},
    {R"(\b(secrets?|credentials?|passwords?|api keys?|access keys?|private keys?)\b)",
     R"(secret|credential|password|api key|access key|private key|api_key|access_key|token)", "secrets"},
    {R"(\b(customers?)\b)", R"(customer)", "customer data"},
    {R"(\b(encrypted|unencrypted|encryption|encrypt)\b)", R"(encrypt)", "encryption"},
    {R"(\b(vulnerab(le|ility|ilities)|unpatched)\b)", R"(vulnerab|cve-|patch)", "a vulnerability"},
};

/// The same for the environment, which tags and account names may well tell.
constexpr Vocabulary environments[] = {
    {R"(\b(production|prod|live environment)\b)", R"(\b(production|prod|prd|live)\b)", "production"},
    {R"(\b(staging)\b)", R"(\b(staging|stage|stg)\b)", "staging"},
    {R"(\b(development|dev) (environment|account|system|bucket|workload|resource)\b)", R"(\b(development|dev)\b)",
     "development"},
    {R"(\btest(ing)? (environment|account|system|bucket|workload|resource)\b)", R"(\b(test|testing|qa)\b)",
     "a test environment"},
};

struct CompiledVocabulary {
    explicit CompiledVocabulary(const Vocabulary& words)
        : said(fmt::format("(?i){}", words.said)),
          supported(fmt::format("(?i){}", words.supported)),
          what(words.what) {}
    RE2 said;
    RE2 supported;
    const char* what;
};

template <std::size_t N>
auto compile(const Vocabulary (&words)[N]) -> std::vector<std::unique_ptr<CompiledVocabulary>> {
    std::vector<std::unique_ptr<CompiledVocabulary>> list;
    for (const auto& word : words) list.push_back(std::make_unique<CompiledVocabulary>(word));
    return list;
}

auto vocabulary_objection(const std::string& text, const Cited& cited) -> Objection {
    static const auto fact_words = compile(vocabularies);
    static const auto environment_words = compile(environments);
    Cited factual;
    std::ranges::copy_if(cited, std::back_inserter(factual), std::not_fn(is_a_mere_name));
    const auto facts = text_of(factual, states_facts);
    for (const auto& word : fact_words) {
        if (RE2::PartialMatch(text, word->said) && !RE2::PartialMatch(facts, word->supported))
            return fmt::format("it speaks of {}, and no cited evidence does", word->what);
    }
    const auto everything = text_of(cited, [](std::string_view kind) { return kind != "tampering"; });
    for (const auto& word : environment_words) {
        if (RE2::PartialMatch(text, word->said) && !RE2::PartialMatch(everything, word->supported))
            return fmt::format("it speaks of {}, and no cited evidence does", word->what);
    }
    return std::nullopt;
}

/// "severity is low" needs an item on severity that says low; "low risk" one on risk.
auto rating_objection(const std::string& text, const Cited& cited) -> Objection {
    struct Rating {
        RE2 expression;
        bool severity_counts; ///< a severity supports it, and not a risk alone
    };
    static const std::array<Rating, 4> ratings{{
        {RE2(R"((?i)\b(critical|high|medium|low|informational)[- ]severity\b)"), true},
        {RE2(R"((?i)\bseverity (?:is |of |was |level |rating |remains |rated |as |at |stands |a )*(critical|high|medium|low|informational)\b)"),
         true},
        {RE2(R"((?i)\brisk (?:is |of |level |rating |score |remains |rated |as |at |stands |a )*(critical|high|medium|low)\b)"),
         false},
        {RE2(R"((?i)\b(critical|high|medium|low)[- ]risk\b)"), false},
    }};
    for (const auto& rating : ratings) {
        StringPiece input(text);
        std::string word;
        while (RE2::FindAndConsume(&input, rating.expression, &word)) {
            const auto facts = text_of(cited, [&](std::string_view kind) {
                return kind == "risk" || (rating.severity_counts && kind == "severity");
            });
            if (!occurs(facts, lower(word), false)) return fmt::format("no cited evidence rates it {}", lower(word));
        }
    }
    return std::nullopt;
}

/// "the exposure is internal" needs an item on exposure that says internal: neither more nor less than there is.
auto exposure_objection(const std::string& text, const Cited& cited) -> Objection {
    static const RE2 expression(
        R"((?i)\bexposure (?:of [^,.;]* )?(?:is|was|remains|stays) (?:only |merely |just |now |limited to )*(public|internal|none|unknown|cross[- ]account)\b)");
    const auto facts = text_of(cited, [](std::string_view kind) { return is_one_of(kind, {"exposure", "risk"}); });
    StringPiece input(text);
    std::string word;
    while (RE2::FindAndConsume(&input, expression, &word)) {
        auto wanted = lower(word);
        std::ranges::replace(wanted, '-', ' ');
        if (!occurs(facts, wanted, false)) return fmt::format("no cited evidence says that the exposure is {}", wanted);
    }
    return std::nullopt;
}

/// Who is called the owner must be so called by evidence on the owner; who a team is, by any evidence cited.
auto owner_objection(const std::string& text, const Cited& cited) -> Objection {
    static const RE2 called(
        R"((?i)(?:\bowner (?:is|was|remains)|\bowned by|\bowners? (?:are|being))\s+(?:the |an? )?([\p{L}\p{N}<_>.@-]+)(?: ([\p{L}<_>.@-]+))?)");
    static const RE2 owning(
        R"((?:([\p{Lu}][\p{L}-]+) )?([\p{Lu}<][\p{L}_0-9>-]*) (?:owns|is the owner|is responsible|is accountable)\b)");
    static const RE2 addressed(
        R"((?i)\b(?:belongs to|managed by|maintained by|administered by|assign(?:ed)? (?:it |this |the \w+ )?to|contact|escalate to|hand (?:it )?over to)\s+(?:the |an? )?([\p{L}\p{N}<_>.@-]+))");
    static const RE2 team(R"(((?:[\p{L}\p{N}&-]+ ){1,3})(?:[Tt]eam|[Dd]epartment|[Ss]quad|[Gg]uild)\b)");
    static const RE2 hedge(
        R"((?i)\b(names|named|according to|candidate|suggests?|another source|disputed|disagree)\b)");
    const auto everything = text_of(cited, [](std::string_view kind) { return kind != "tampering"; });
    const auto owners = text_of(cited, [](std::string_view kind) { return is_one_of(kind, {"owner", "business"}); });
    const auto& support = RE2::PartialMatch(text, hedge) ? everything : owners;
    const auto named = [&](std::string word, const std::string& where) -> Objection {
        while (!word.empty() && (word.back() == '.' || word.back() == ',')) word.pop_back();
        if (word.empty() || is_function_word(lower(word)) || occurs(where, lower(word), false)) return std::nullopt;
        return fmt::format("no cited evidence on the owner names {}", word);
    };
    std::string first;
    std::string second;
    StringPiece input(text);
    while (RE2::FindAndConsume(&input, called, &first, &second)) {
        if (auto objection = named(first, support)) return objection;
        if (!second.empty() && std::isupper(static_cast<unsigned char>(second.front())) != 0)
            if (auto objection = named(second, support)) return objection;
    }
    input = text;
    while (RE2::FindAndConsume(&input, owning, &first, &second)) {
        if (!is_common_word(lower(second)))
            if (auto objection = named(second, support)) return objection;
    }
    input = text;
    while (RE2::FindAndConsume(&input, addressed, &first)) {
        if (auto objection = named(first, everything)) return objection;
    }
    input = text;
    while (RE2::FindAndConsume(&input, team, &first)) {
        const auto words = split(trim(first), ' ');
        for (std::size_t i = 0; i < words.size(); ++i) {
            const bool adjacent = i + 1 == words.size();
            const bool capital =
                std::isupper(static_cast<unsigned char>(words[i].front())) != 0 && (i > 0 || words.size() > 1);
            static constexpr std::array roles = {"security", "owning",      "owner's", "owners",  "s",
                                                 "response", "incident",    "legal",   "privacy", "compliance",
                                                 "cloud",    "application", "support", "on-call"};
            const auto word = lower(words[i]);
            if (is_function_word(word) || (!adjacent && !capital) || word == "the") continue;
            if (std::ranges::find(roles, word) != roles.end() && !capital) continue;
            if (!occurs(everything, word, false)) return fmt::format("no cited evidence names the {} team", words[i]);
        }
    }
    return std::nullopt;
}

} // namespace

auto objection(const Sentence& sentence, const EvidenceList& evidence) -> std::optional<std::string> {
    if (trim(sentence.text).empty()) return "it is empty";
    Cited cited;
    if (auto objected = cited_items(sentence, evidence, cited)) return objected;
    const auto cited_text = text_of(cited, [](std::string_view) { return true; });
    Cited own;
    std::ranges::copy_if(cited, std::back_inserter(own), words_are_ours);
    const auto own_text = text_of(own, [](std::string_view) { return true; });
    if (auto objected = shape_objection(sentence.text, cited_text, own_text)) return objected;
    // what the sentence quotes from a title may reassure all the same, so the polarity check sees the whole text
    if (auto objected = polarity_objection(sentence.text, cited)) return objected;
    auto text = sentence.text;
    if (auto objected = take_quotes(text, cited_text)) return objected;

    const auto claims = extract_claims(text);
    std::string raw;
    for (const auto* item : cited) raw += item->statement + "\n" + item->value + "\n";
    const auto facts = extract_claims(raw);
    for (const auto& id : claims.evidence_ids) {
        if (std::ranges::find(sentence.evidence, id) == sentence.evidence.end())
            return fmt::format("it names {} in its text without citing it", id);
    }
    if (auto objected = regulation_objection(claims, facts, cited_text)) return objected;
    if (auto objected = name_objection(claims, cited_text)) return objected;
    if (auto objected = number_objection(claims, facts, cited_text, cited)) return objected;
    if (auto objected = vocabulary_objection(text, cited)) return objected;
    if (auto objected = rating_objection(text, cited)) return objected;
    if (auto objected = exposure_objection(text, cited)) return objected;
    return owner_objection(text, cited);
}

} // namespace dossier::explain
