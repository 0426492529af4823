#include "vocabulary_check.hpp"

#include "claim_words.hpp"
#include "dossier/base/strings.hpp"
#include "filtered_regex.hpp"
#include "pattern_set.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <memory>
#include <ranges>
#include <vector>

namespace dossier::explain {
namespace {

using re2::StringPiece;

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
    {R"(\b(financial (data|records?|information|details|accounts?|figures|projections?)|bank|banking)\b)",
     R"(\b(financial|bank|iban|banking|account numbers?)\b)", "financial data"},
    {R"(\b(secrets?|credentials?|passwords?|api keys?|access keys?|private keys?)\b)",
     R"(secret|credential|password|api key|access key|private key|api_key|access_key|token)", "secrets"},
    {R"(\b(social security|ssns?)\b)", R"(social security|ssn)", "social security numbers"},
    {R"(\bpassports?\b)", R"(passport)", "passports"},
    {R"(\b(driver'?s?'? licen[cs]es?|driving licen[cs]es?)\b)", R"(licen[cs]e)", "driving licences"},
    {R"(\b(salar(y|ies)|payroll|wages?|compensation)\b)", R"(salar|payroll|wage|compensation)", "salaries"},
    {R"(\b(source code|intellectual property|trade secrets?|proprietary)\b)",
     R"(source code|intellectual|trade secret|proprietary|code)", "intellectual property"},
    {R"(\b(biometric|fingerprints?|genetic|dna|religio\w+|ethnic\w*|sexual|political|trade union)\b)",
     R"(biometric|fingerprint|genetic|dna|religio|ethnic|sexual|political|union)", "special categories of data"},
    {R"(\b(date of birth|birth ?dates?|dob)\b)", R"(birth|dob)", "dates of birth"},
    {R"(\b(phone|telephone|mobile) numbers?\b)", R"(phone|mobile)", "phone numbers"},
    {R"(\b((home|postal|street|mailing) address(es)?)\b)", R"(address)", "postal addresses"},
    {R"(\be-?mail address(es)?\b)", R"(e-?mail|@)", "e-mail addresses"},
    {R"(\b(tax (ids?|numbers?|records?|returns?)|iban|invoices?|contracts?)\b)", R"(tax|iban|invoice|contract)",
     "tax or contract data"},
    {R"(\b(children'?s?|minors|students?|pupils?)\b)", R"(child|minor|student|pupil)", "children"},
    {R"(\b(employees?|staff|contractors?|vendors?|suppliers?|partners?|interns?|guests?|board members?)\b)",
     R"(employee|staff|contractor|vendor|supplier|partner|intern|guest|board|hr\b|human resources)",
     "people that it doesn't name"},
    {R"(\bcustomer (data|records?|information|details|lists?|names?)\b)", R"(customer)", "customer data"},
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

/// Products and places: plain words to everybody, and yet claims.
constexpr Vocabulary products[] = {
    {R"(\b(azure|entra)\b)", R"(azure|microsoft|entra)", "Azure"},
    {R"(\b(gcp|google|bigquery|gcs)\b)", R"(gcp|google|bigquery|gcs|googleapis)", "Google Cloud"},
    {R"(\b(aws|amazon)\b)", R"(aws|amazon|\bs3\b)", "AWS"},
    {R"(\bsnowflake\b)", R"(snowflake)", "Snowflake"},
    {R"(\bdatabricks\b)", R"(databricks)", "Databricks"},
    {R"(\brds\b)", R"(\brds\b)", "RDS"},
    {R"(\bec2\b)", R"(\bec2\b|instance)", "EC2"},
    {R"(\b(dynamodb|redshift|aurora|athena|glue|kinesis)\b)", R"(dynamodb|redshift|aurora|athena|glue|kinesis)",
     "that database"},
    {R"(\blambda\b)", R"(lambda|function)", "Lambda"},
    {R"(\b(kubernetes|k8s|eks|aks|gke)\b)", R"(kubernetes|k8s|eks|aks|gke|cluster)", "Kubernetes"},
    {R"(\bkms\b)", R"(kms)", "KMS"},
    {R"(\b(wiz)\b)", R"(wiz)", "Wiz"},
    {R"(\b(prisma|orca|macie|guardduty|defender|purview|bigid|cyera|varonis)\b)",
     R"(prisma|orca|macie|guardduty|defender|purview|bigid|cyera|varonis)", "another platform"},
    {R"(\b(frankfurt|ireland|dublin|london|paris|stockholm|milan|zurich|virginia|ohio|oregon|california|singapore|tokyo|sydney|mumbai|germany|france|europe|european|india|china|japan|brazil|canada|australia|switzerland)\b)",
     R"(frankfurt|ireland|dublin|london|paris|stockholm|milan|zurich|virginia|ohio|oregon|california|singapore|tokyo|sydney|mumbai|germany|france|europe|gdpr|\beu\b|eu-|india|china|japan|brazil|canada|australia|switzerland)",
     "a place"},
};

/// A list of them, ready to be held against sentences.
class Vocabularies {
public:
    template <std::size_t N>
    explicit Vocabularies(const Vocabulary (&list)[N])
        : said_(list | std::views::transform([](const auto& words) { return fmt::format("(?i){}", words.said); })) {
        for (const auto& words : list)
            words_.push_back(std::make_unique<Supported>(fmt::format("(?i){}", words.supported), words.what));
    }

    /// The first that the text says and these items don't.
    [[nodiscard]] auto objection(const std::string& text, const Cited& items) const -> Objection {
        const auto said = said_.in(text);
        if (said.empty()) return std::nullopt;
        const auto facts = text_of(items);
        for (const auto number : said) {
            const auto& word = *words_[number];
            // Named by a pass that ran out of memory, it may not be said at all; then it has to be supported all the
            // same.
            if (!RE2::PartialMatch(facts, word.expression))
                return fmt::format("it speaks of {}, and no cited evidence does", word.what);
        }
        return std::nullopt;
    }

private:
    struct Supported {
        RE2 expression;
        const char* what;
    };
    PatternSet said_;
    std::vector<std::unique_ptr<Supported>> words_;
};

/// "readable without credentials" says nothing of credentials that were found.
auto without_absent_things(std::string text) -> std::string {
    static const FilteredRegex absent(
        R"((?i)\b(?:without|no|needs? no|requires? no) (?:any |valid )?(?:credentials?|passwords?|secrets?|access keys?)\b)");
    if (absent.may_match(text)) RE2::GlobalReplace(&text, absent.regex(), "");
    return text;
}

auto word_objection(const std::string& whole, const Cited& cited) -> Objection {
    const auto text = without_absent_things(whole);
    static const Vocabularies fact_words(vocabularies);
    static const Vocabularies environment_words(environments);
    static const Vocabularies product_words(products);
    if (auto objected = fact_words.objection(text, factual(cited))) return objected;
    auto items = cited;
    std::erase_if(items, [](const Evidence* item) { return item->kind == "tampering"; });
    if (auto objected = product_words.objection(text, items)) return objected;
    return environment_words.objection(text, items);
}

/// "severity is low" needs an item on severity that says low; "low risk" one on risk.
auto rating_objection(const std::string& text, const Cited& cited) -> Objection {
    struct Rating {
        FilteredRegex expression;
        bool severity_counts; ///< a severity supports it, and not a risk alone
    };
    static const std::array<Rating, 4> ratings{{
        {FilteredRegex(R"((?i)\b(critical|high|medium|low|informational)[- ]severity\b)"), true},
        {FilteredRegex(
             R"((?i)\bseverity (?:is |of |was |level |rating |remains |rated |as |at |stands |a )*(critical|high|medium|low|informational)\b)"),
         true},
        {FilteredRegex(
             R"((?i)\brisk (?:is |of |level |rating |score |remains |rated |as |at |stands |a )*(critical|high|medium|low)\b)"),
         false},
        {FilteredRegex(R"((?i)\b(critical|high|medium|low)[- ]risk\b)"), false},
    }};
    for (const auto& rating : ratings) {
        StringPiece input(text);
        std::string word;
        while (rating.expression.consume(input, &word)) {
            const auto facts =
                text_of(rating.severity_counts ? of_kinds(cited, {"risk", "severity"}) : of_kinds(cited, {"risk"}));
            if (!occurs(facts, lower(word), false)) return fmt::format("no cited evidence rates it {}", lower(word));
        }
    }
    return std::nullopt;
}

/// "the exposure is internal" needs an item on exposure that says internal: neither more nor less than there is.
auto exposure_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex expression(
        R"((?i)\bexposure (?:of [^,.;]* )?(?:is|was|remains|stays) (?:only |merely |just |now |limited to )*(public|internal|none|unknown|cross[- ]account)\b)");
    if (!expression.may_match(text)) return std::nullopt;
    const auto facts = text_of(of_kinds(cited, {"exposure", "risk"}));
    StringPiece input(text);
    std::string word;
    while (expression.consume(input, &word)) {
        auto wanted = lower(word);
        std::ranges::replace(wanted, '-', ' ');
        if (!occurs(facts, wanted, false)) return fmt::format("no cited evidence says that the exposure is {}", wanted);
    }
    return std::nullopt;
}

/// Where it runs is for evidence on the place to say; a remedy may speak of other clouds.
auto cloud_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex runs_on(
        R"((?i)\b(?:runs?|hosted|lives?|lies|stored|sits|located|resides?|deployed|cloud is|is) (?:(?:on|in|at) )?(?:the )?(?:microsoft |amazon )?(azure|gcp|google|aws|oci|oracle|alibaba)\b)");
    std::string cloud;
    if (!runs_on.found_in(text, &cloud)) return std::nullopt;
    const auto places = text_of(of_kinds(cited, {"location", "resource"}));
    auto word = lower(cloud);
    if (word == "google") word = "gcp";
    if (word == "oracle") word = "oci";
    if (occurs(places, word, false) || occurs(places, lower(cloud), false)) return std::nullopt;
    return fmt::format("no cited evidence on the place says {}", cloud);
}

/// "the bucket ledger-x is …", "the account is payments-dev": what a thing is called stands in the evidence.
auto called_objection(const std::string& text, const Cited& cited) -> Objection {
    static const FilteredRegex apposed(
        R"((?i)\b(?:bucket|account|database|table|dataset|container|host|server|instance|volume|cluster|vault|queue|function|repository|subscription|project) ([a-z][\w.-]*) (?:is|was|are|has|had|holds?|contains?|allows?|stores?|lies|reads?)\b)");
    static const FilteredRegex equated(
        R"((?i)\b(?:(?:bucket|account|database|resource|application|environment|cloud|region|business unit|support group|department|rule|source|platform)(?: (?:name|id))? is|it is the [\w ]{0,20}(?:bucket|account|database|table|application)) (?:called |named |the )?([a-z][\w.-]*)\s*(?:[.,;]|$))");
    if (!apposed.may_match(text) && !equated.may_match(text)) return std::nullopt;
    auto items = cited;
    std::erase_if(items, [](const Evidence* item) { return item->kind == "tampering"; });
    const auto everything = text_of(items);
    for (const auto* expression : {&apposed, &equated}) {
        StringPiece input(text);
        std::string word;
        while (expression->consume(input, &word)) {
            while (!word.empty() && word.back() == '.') word.pop_back();
            const auto small = lower(word);
            if (is_common_word(small) || is_function_word(small) || looks_like_plain_noun(small) ||
                is_one_of(small, {"itself",    "alone",    "still",      "also",      "policy",    "owner",
                                  "currently", "contents", "could",      "affected",  "concerned", "question",
                                  "level",     "readable", "accessible", "reachable", "critical",  "prod",
                                  "urgent",    "relevant", "name",       "clear",     "involved"}))
                continue;
            if (!occurs(everything, small, true)) return fmt::format("{} is in no cited evidence", word);
        }
    }
    return std::nullopt;
}

} // namespace

auto vocabulary_objection(const std::string& text, const Cited& cited) -> Objection {
    if (auto objected = word_objection(text, cited)) return objected;
    if (auto objected = rating_objection(text, cited)) return objected;
    if (auto objected = exposure_objection(text, cited)) return objected;
    if (auto objected = cloud_objection(text, cited)) return objected;
    return called_objection(text, cited);
}

} // namespace dossier::explain
