#include "policy_relevance.hpp"

#include "dossier/base/strings.hpp"
#include "tags.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace dossier::context {
namespace {

enum Concept : std::size_t {
    personal,
    health,
    card,
    financial,
    secret,
    customer,
    access_public,
    access_excess,
    encryption,
    logging,
    backup,
    network,
    classifying,
    credential,
    vulnerability,
    malware,
    incident,
    sharing,
    production,
    not_production,
    europe,
    america,
    object_store,
    database,
    compute,
    warehouse,
};

/// A word stands for all that begin with it; a phrase is found as it is.
struct Words {
    Concept meaning;
    std::string_view words; ///< separated by '|'
};
constexpr Words vocabulary[] = {
    {personal, "pii|personal data|personally identif|personal information|gdpr|data subject|privacy|ccpa"},
    {health, "phi|health|patient|medical|hipaa|clinical"},
    {card, "pci|cardholder|card number|card data|payment card|credit card|pan data"},
    {financial, "financial|bank account|iban|sox|accounting"},
    {secret, "secret|private key|api key|access key"},
    {customer, "customer data|customer information|client data|customer record"},
    {access_public, "public|anonymous|internet|world-readable|everyone|unauthenticated"},
    {access_excess, "least privilege|access review|excessive|permission|need to know|need-to-know|access right"},
    {encryption, "encrypt|kms|cipher|tls|at rest|in transit"},
    {logging, "logging|log retention|audit log|audit trail|access log|monitor"},
    {backup, "backup|retention|retain|deletion|erasure|archiv|versioning"},
    {network, "network|firewall|security group|open port|ingress|load balancer"},
    {classifying, "classif|sensitivity|label"},
    {credential, "credential|password|mfa|multi-factor|rotation|rotate"},
    {vulnerability, "vulnerab|patch|cve"},
    {malware, "malware|ransomware|virus"},
    {incident, "incident|breach|detection|threat"},
    {sharing, "third party|third-party|cross-account|external party|vendor|partner|share"},
    {production, "production"},
    {not_production, "staging|development environment|test environment|test data|sandbox|non-production"},
    {europe, "eu|eea|europe|european union"},
    {america, "united states|us region|california"},
    {object_store, "bucket|object storage|object store|blob|s3|storage account|file share"},
    {database, "database|rds|sql|dynamodb|cosmos"},
    {compute, "virtual machine|instance|server|container|function"},
    {warehouse, "data lake|data warehouse|bigquery|snowflake|redshift"},
};

auto is_word_char(unsigned char c) -> bool { return std::isalnum(c) != 0 || c >= 0x80; }

/// `word` at a beginning of a word of `text`, which is lower case; words of up to three letters only as a whole.
auto has_word(std::string_view text, std::string_view word) -> bool {
    for (auto at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const auto end = at + word.size();
        const bool begins = at == 0 || !is_word_char(static_cast<unsigned char>(text[at - 1]));
        const bool ends = end == text.size() || !is_word_char(static_cast<unsigned char>(text[end]));
        if (begins && (ends || word.size() > 3)) return true;
    }
    return false;
}

auto set_of(std::initializer_list<Concept> list) -> Concepts {
    Concepts concepts;
    for (const auto one : list) concepts.set(one);
    return concepts;
}

auto concepts_of(ControlFamily control) -> Concepts {
    switch (control) {
    case ControlFamily::public_access:
        return set_of({access_public});
    case ControlFamily::excessive_access:
        return set_of({access_excess, sharing});
    case ControlFamily::encryption:
        return set_of({encryption});
    case ControlFamily::logging:
        return set_of({logging});
    case ControlFamily::backup_retention:
        return set_of({backup});
    case ControlFamily::network_exposure:
        return set_of({network, access_public});
    case ControlFamily::classification:
        return set_of({classifying});
    case ControlFamily::credentials:
        return set_of({credential, secret});
    case ControlFamily::vulnerability:
        return set_of({vulnerability});
    case ControlFamily::malware:
        return set_of({malware, incident});
    case ControlFamily::threat:
        return set_of({incident});
    case ControlFamily::data_at_risk:
    case ControlFamily::other:
        break;
    }
    return {};
}

auto concepts_of_class(std::string_view data_class) -> Concepts {
    constexpr std::pair<std::string_view, Concept> classes[] = {
        {"pii", personal},        {"phi", health},     {"pci", card},
        {"financial", financial}, {"secrets", secret}, {"customer", customer},
    };
    for (const auto& [name, meaning] : classes)
        if (data_class == name) return set_of({meaning});
    return concepts_in(data_class);
}

auto words_of(std::string_view text) -> std::vector<std::string> {
    constexpr std::array<std::string_view, 16> empty{"with", "that",   "this",  "from", "have",  "without",
                                                     "data", "should", "into",  "when", "where", "which",
                                                     "been", "their",  "there", "found"};
    std::vector<std::string> words;
    std::string word;
    const auto end_word = [&] {
        if (word.size() >= 4 && std::ranges::find(empty, word) == empty.end()) words.push_back(word);
        word.clear();
    };
    for (const unsigned char c : text) {
        if (is_word_char(c))
            word.push_back(static_cast<char>(std::tolower(c)));
        else
            end_word();
    }
    end_word();
    std::ranges::sort(words);
    const auto repeats = std::ranges::unique(words);
    words.erase(repeats.begin(), repeats.end());
    return words;
}

/// The stem that "encrypted", "encrypts" and "encryption" share, near enough for counting.
auto shared_words(const std::vector<std::string>& mine, const std::vector<std::string>& theirs) -> int {
    int shared = 0;
    for (const auto& word : mine) {
        const auto stem = word.substr(0, std::max<std::size_t>(4, word.size() > 5 ? word.size() - 2 : word.size()));
        const auto at = std::ranges::lower_bound(theirs, stem);
        if (at != theirs.end() && at->starts_with(stem)) ++shared;
    }
    return shared;
}

auto weigh(const Topic& topic, const Concepts& concepts, int data, int control, int around) -> int {
    return static_cast<int>((topic.data & concepts).count()) * data +
           static_cast<int>((topic.control & concepts).count()) * control +
           static_cast<int>((topic.around & concepts).count()) * around;
}

/// Ends of sentences, and line breaks between paragraphs.
auto sentences_of(std::string_view text) -> std::vector<std::string_view> {
    std::vector<std::string_view> sentences;
    std::size_t begin = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool ends = text[at] == '\n' || ((text[at] == '.' || text[at] == '!' || text[at] == '?') &&
                                               (at + 1 == text.size() || text[at + 1] == ' ' || text[at + 1] == '\n'));
        if (!ends) continue;
        if (const auto sentence = trim(text.substr(begin, at + 1 - begin)); sentence.size() > 2)
            sentences.push_back(sentence);
        begin = at + 1;
    }
    if (const auto rest = trim(text.substr(begin)); !rest.empty()) sentences.push_back(rest);
    return sentences;
}

/// What a policy demands is worth quoting before what it explains.
auto is_demand(std::string_view lowered) -> bool {
    return std::ranges::any_of(std::array<std::string_view, 8>{"must", "shall", "may not", "never", "required",
                                                               "prohibit", "within", "not allowed"},
                               [&](std::string_view word) { return has_word(lowered, word); });
}

} // namespace

auto concepts_in(std::string_view text) -> Concepts {
    const auto lowered = lower(text);
    Concepts concepts;
    for (const auto& [meaning, words] : vocabulary)
        for (const auto word : split(words, '|'))
            if (!concepts.test(meaning) && has_word(lowered, word)) concepts.set(meaning);
    return concepts;
}

auto topic_of(const Finding& finding) -> Topic {
    Topic topic;
    for (const auto& data_class : finding.data.classes) topic.data |= concepts_of_class(data_class);
    for (const auto& identifier : finding.data.identifiers) topic.data |= concepts_in(identifier);
    topic.data &= set_of({personal, health, card, financial, secret, customer});
    topic.control = concepts_of(finding.control);
    if (finding.exposure == Exposure::public_) topic.control.set(access_public);
    if (finding.exposure == Exposure::cross_account) topic.control.set(sharing);
    if (finding.finding_type == FindingType::unclassified_data) topic.control.set(classifying);
    for (const auto& [key, value] : finding.resource.tags) {
        if (tag_meaning(key) != TagMeaning::environment) continue;
        const auto environment = environment_from_text(value);
        if (environment == Environment::prod) topic.around.set(production);
        if (environment == Environment::staging || environment == Environment::test || environment == Environment::dev)
            topic.around.set(not_production);
    }
    const auto region = lower(finding.resource.region);
    if (region.starts_with("eu") || icontains(region, "europe")) topic.around.set(europe);
    if (region.starts_with("us")) topic.around.set(america);
    topic.around |= concepts_in(finding.resource.type) & set_of({object_store, database, compute, warehouse});
    topic.words = words_of(finding.title + " " + finding.rule.name);
    return topic;
}

auto index_text(std::string_view heading, std::string_view text) -> IndexedText {
    return {.heading = concepts_in(heading),
            .text = concepts_in(text),
            .words = words_of(std::string(heading) + " " + std::string(text))};
}

auto relevance(const Topic& topic, const IndexedText& text) -> int {
    const auto about = weigh(topic, text.heading, 4, 4, 1) + weigh(topic, text.text, 3, 3, 1);
    // Neither the data nor the control: whatever words they share, it is about something else.
    const auto concepts = text.heading | text.text;
    if ((topic.data & concepts).none() && (topic.control & concepts).none()) return 0;
    return about + std::min(4, shared_words(topic.words, text.words));
}

auto quotation(const Topic& topic, std::string_view text, std::size_t most_bytes) -> std::string {
    std::string_view best;
    int most = -1;
    for (const auto sentence : sentences_of(text)) {
        const auto indexed = index_text("", sentence);
        const auto score = weigh(topic, indexed.text, 3, 3, 1) + shared_words(topic.words, indexed.words) +
                           (is_demand(lower(sentence)) ? 2 : 0);
        if (score <= most) continue;
        most = score;
        best = sentence;
    }
    return shorten(best, most_bytes);
}

} // namespace dossier::context
