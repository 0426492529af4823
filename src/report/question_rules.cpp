#include "dossier/report/question_rules.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace dossier::report {
namespace {

constexpr std::size_t tokens_limit = 200;

/// A phrase of one to three words and the word of the model that it means.
struct Meaning {
    std::string_view phrase;
    std::string_view value;
};

constexpr Meaning severity_meanings[] = {{"critical", "critical"},
                                         {"criticals", "critical"},
                                         {"high", "high"},
                                         {"medium", "medium"},
                                         {"moderate", "medium"},
                                         {"low", "low"},
                                         {"informational", "informational"},
                                         {"info", "informational"}};
constexpr Meaning status_meanings[] = {
    {"open", "open"},         {"unresolved", "open"}, {"unfixed", "open"},    {"in progress", "in_progress"},
    {"resolved", "resolved"}, {"fixed", "resolved"},  {"closed", "resolved"}, {"suppressed", "suppressed"},
    {"ignored", "suppressed"}};
constexpr Meaning stage_meanings[] = {{"awaiting approval", "awaiting_approval"},
                                      {"waiting for approval", "awaiting_approval"},
                                      {"dead", "dead"},
                                      {"delivered", "delivered"},
                                      {"digested", "digested"}};
constexpr Meaning exposure_meanings[] = {{"public", "public"},
                                         {"publicly", "public"},
                                         {"internet facing", "public"},
                                         {"internet-facing", "public"},
                                         {"internet exposed", "public"},
                                         {"internet-exposed", "public"},
                                         {"cross account", "cross_account"},
                                         {"cross-account", "cross_account"},
                                         {"internal", "internal"}};
constexpr Meaning environment_meanings[] = {{"prod", "prod"},
                                            {"production", "prod"},
                                            {"live", "prod"},
                                            {"staging", "staging"},
                                            {"stage environment", "staging"},
                                            {"test environment", "test"},
                                            {"dev", "dev"},
                                            {"development", "dev"}};
constexpr Meaning data_meanings[] = {
    {"pii", "pii"},          {"personal data", "pii"},   {"personal information", "pii"},
    {"phi", "phi"},          {"health data", "phi"},     {"health records", "phi"},
    {"medical", "phi"},      {"patient", "phi"},         {"pci", "pci"},
    {"card data", "pci"},    {"cards", "pci"},           {"credit card", "pci"},
    {"credit cards", "pci"}, {"cardholder", "pci"},      {"financial", "financial"},
    {"secrets", "secrets"},  {"credentials", "secrets"}, {"customer data", "customer"}};
constexpr Meaning framework_meanings[] = {
    {"gdpr", "gdpr"},       {"ccpa", "ccpa"},           {"cpra", "ccpa"},          {"hipaa", "hipaa"},
    {"pci dss", "pci dss"}, {"pci-dss", "pci dss"},     {"soc 2", "soc 2"},        {"soc2", "soc 2"},
    {"nist", "nist"},       {"iso 27001", "iso 27001"}, {"iso27001", "iso 27001"}, {"cis benchmark", "cis"},
    {"cis", "cis"}};
constexpr Meaning type_meanings[] = {{"vulnerability", "vulnerability"},
                                     {"vulnerabilities", "vulnerability"},
                                     {"misconfiguration", "misconfiguration"},
                                     {"misconfigurations", "misconfiguration"},
                                     {"threat", "threat"},
                                     {"threats", "threat"},
                                     {"unclassified", "unclassified_data"}};
constexpr Meaning resource_meanings[] = {{"bucket", "bucket"},      {"buckets", "bucket"},    {"database", "database"},
                                         {"databases", "database"}, {"vm", "virtual"},        {"vms", "virtual"},
                                         {"snapshot", "snapshot"},  {"snapshots", "snapshot"}};
constexpr Meaning period_meanings[] = {{"today", "today"},
                                       {"yesterday", "yesterday"},
                                       {"this week", "this_week"},
                                       {"last week", "last_week"},
                                       {"this month", "this_month"},
                                       {"last month", "last_month"},
                                       {"this quarter", "this_quarter"},
                                       {"last quarter", "last_quarter"},
                                       {"previous quarter", "last_quarter"},
                                       {"current quarter", "this_quarter"},
                                       {"this year", "this_year"},
                                       {"last year", "last_year"}};
constexpr Meaning group_meanings[] = {{"owner", "owner"},
                                      {"owners", "owner"},
                                      {"person", "owner"},
                                      {"team", "owner"},
                                      {"severity", "severity"},
                                      {"status", "status"},
                                      {"source", "source"},
                                      {"sources", "source"},
                                      {"platform", "source"},
                                      {"tool", "source"},
                                      {"environment", "environment"},
                                      {"environments", "environment"},
                                      {"env", "environment"},
                                      {"exposure", "exposure"},
                                      {"account", "account"},
                                      {"accounts", "account"},
                                      {"region", "region"},
                                      {"regions", "region"},
                                      {"stage", "stage"},
                                      {"regulation", "framework"},
                                      {"regulations", "framework"},
                                      {"framework", "framework"},
                                      {"frameworks", "framework"},
                                      {"data class", "data_class"},
                                      {"data type", "data_class"},
                                      {"class", "data_class"},
                                      {"rule", "rule"},
                                      {"rules", "rule"},
                                      {"control", "rule"},
                                      {"cloud", "cloud"},
                                      {"resource type", "resource_type"},
                                      {"type", "finding_type"}};

/// Lower-case words without the punctuation around them; dots, dashes, colons and at-signs within stay.
auto tokens_of(std::string_view question) -> std::vector<std::string> {
    std::vector<std::string> tokens;
    std::string token;
    const auto end_token = [&] {
        while (!token.empty() && std::string_view(".,:;!?").contains(token.back())) token.pop_back();
        if (token.ends_with("'s")) token.resize(token.size() - 2);
        if (!token.empty() && tokens.size() < tokens_limit) tokens.push_back(token);
        token.clear();
    };
    for (const char c : lower(replace_all(std::string(question), "’", "'"))) {
        if (std::string_view(" \t\r\n()[]{}\"“”,;?!").contains(c))
            end_token();
        else
            token += c;
    }
    end_token();
    return tokens;
}

class Reader {
public:
    Reader(std::string_view question, const std::vector<std::string>& sources)
        : tokens_(tokens_of(question)), used_(tokens_.size(), false), sources_(sources) {}

    auto read() -> RuleReading {
        auto& query = reading_.query;
        read_order_and_groups(query);
        read_owner(query);
        read_period(query);
        // The longer phrases first: "pci dss" is a framework, "pci" alone is data.
        each(framework_meanings, query.frameworks);
        each(data_meanings, query.data_classes);
        each(severity_meanings, query.severities);
        each(status_meanings, query.statuses);
        each(stage_meanings, query.stages);
        each(exposure_meanings, query.exposures);
        each(environment_meanings, query.environments);
        each(type_meanings, query.finding_types);
        std::vector<std::string> resources;
        each(resource_meanings, resources);
        if (!resources.empty()) query.resource_type = resources.front();
        read_places(query);
        read_words(query);
        if (std::ranges::find(query.statuses, "open") != query.statuses.end() && has_any({"unresolved", "unfixed"}))
            query.statuses.emplace_back("in_progress");
        const bool about_risk = has_any({"risk", "risks"});
        if (has_phrase("data risk") || has_phrase("data risks") || has_phrase("sensitive data"))
            query.has_data = query.data_classes.empty();
        // What is over is no risk any more.
        if (about_risk && query.statuses.empty()) query.statuses = {"open", "in_progress"};
        reading_.is_question = is_about_findings() && (has_condition(query) || asks_);
        return std::move(reading_);
    }

private:
    /// Position of a phrase in tokens that nothing has taken yet.
    [[nodiscard]] auto find(std::string_view phrase) const -> std::optional<std::size_t> {
        const auto wanted = split(phrase, ' ');
        for (std::size_t i = 0; i + wanted.size() <= tokens_.size(); ++i) {
            bool is_here = true;
            for (std::size_t j = 0; is_here && j < wanted.size(); ++j)
                is_here = tokens_[i + j] == wanted[j] && !used_[i + j];
            if (is_here) return i;
        }
        return std::nullopt;
    }
    void use(std::size_t at, std::size_t count) {
        std::fill_n(used_.begin() + static_cast<std::ptrdiff_t>(at), count, true);
    }
    [[nodiscard]] auto take(std::string_view phrase) -> bool {
        const auto at = find(phrase);
        if (at) use(*at, static_cast<std::size_t>(std::ranges::count(phrase, ' ')) + 1);
        return at.has_value();
    }
    [[nodiscard]] auto has_phrase(std::string_view phrase) const -> bool {
        return (" " + join(tokens_, " ") + " ").contains(" " + std::string(phrase) + " ");
    }
    [[nodiscard]] auto has_any(std::initializer_list<std::string_view> words) const -> bool {
        return std::ranges::any_of(words, [&](std::string_view word) { return has_phrase(word); });
    }
    template <std::size_t N>
    void each(const Meaning (&meanings)[N], std::vector<std::string>& out) {
        for (const auto& [phrase, value] : meanings) {
            while (take(phrase))
                if (std::ranges::find(out, value) == out.end()) out.emplace_back(value);
        }
    }
    [[nodiscard]] auto number_at(std::size_t i) const -> std::optional<std::size_t> {
        if (i >= tokens_.size()) return std::nullopt;
        static const std::map<std::string_view, std::size_t> words = {
            {"three", 3}, {"five", 5}, {"ten", 10}, {"twenty", 20}};
        if (const auto word = words.find(tokens_[i]); word != words.end()) return word->second;
        std::size_t number = 0;
        const auto& text = tokens_[i];
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (error != std::errc{} || end != text.data() + text.size() || text.size() > 4) return std::nullopt;
        return number;
    }

    void read_order_and_groups(FindingQuery& query) {
        for (const auto* word : {"top", "first", "worst", "biggest", "riskiest", "show", "list"}) {
            const auto at = find(word);
            if (!at) continue;
            asks_ = true;
            if (const auto number = number_at(*at + 1)) {
                query.limit = std::clamp<std::size_t>(*number, 1, query_limit);
                use(*at, 2);
            } else {
                use(*at, 1);
            }
        }
        for (const auto* words : {"regulatory impact", "regulatory exposure", "regulatory risk", "compliance impact"})
            if (take("by " + std::string(words)) || take(words)) query.order_by = "regulatory_impact";
        if (take("by risk")) query.order_by = "risk";
        if (take("oldest") || take("by age") || take("longest")) query.order_by = "oldest", asks_ = true;
        if (take("newest") || take("latest") || take("most recent")) query.order_by = "newest", asks_ = true;
        if (take("how many") || take("number of") || take("count") || take("count of")) query.count_only = asks_ = true;
        for (const auto& [phrase, value] : group_meanings) {
            for (const auto* lead : {"by ", "per ", "for each ", "by each ", "grouped by "})
                if (query.group_by.empty() && take(lead + std::string(phrase))) query.group_by = value;
            // "which owners have …", "which accounts …"
            if (query.group_by.empty() && phrase.ends_with('s') && take("which " + std::string(phrase)))
                query.group_by = value;
        }
        if (query.group_by.empty() && (take("who owns") || take("who own") || take("who has")))
            query.group_by = "owner", asks_ = true;
        asks_ = asks_ || has_any({"which", "what", "where", "who", "are there", "is there", "find", "any", "give"});
    }

    void set_owner(FindingQuery& query, std::size_t at) {
        static constexpr std::string_view no_names[] = {"the", "a",  "each", "every", "any",  "which",    "who",
                                                        "we",  "us", "i",    "you",   "they", "findings", "risks"};
        if (at >= tokens_.size() || used_[at] || std::ranges::find(no_names, tokens_[at]) != std::end(no_names)) return;
        const auto& name = tokens_[at];
        query.owner = name == "nobody" || name == "no-one" ? "none" : name;
        use(at, 1);
    }

    void read_owner(FindingQuery& query) {
        for (const auto* phrase : {"without owner", "without an owner", "no owner", "unowned", "ownerless"})
            if (take(phrase)) query.owner = "none";
        for (const auto* phrase :
             {"owned by", "assigned to", "belong to", "belongs to", "belonging to", "owner is", "owner"}) {
            if (!query.owner.empty()) return;
            const auto at = find(phrase);
            if (!at) continue;
            const auto length = static_cast<std::size_t>(std::ranges::count(std::string_view(phrase), ' ')) + 1;
            set_owner(query, *at + length);
            if (!query.owner.empty()) use(*at, length);
        }
        // "what did alice own", "what does bob@acme.example own"
        if (const auto own = find("own"); own && query.owner.empty() && *own > 0) {
            set_owner(query, *own - 1);
            if (!query.owner.empty()) use(*own, 1), asks_ = true;
        }
        // "findings for bob@acme.example"; an address elsewhere may be anybody's.
        static constexpr std::string_view leads[] = {"for", "of", "by", "to", "has", "have", "does", "did"};
        for (std::size_t i = 1; i < tokens_.size() && query.owner.empty(); ++i)
            if (tokens_[i].contains('@') && std::ranges::find(leads, tokens_[i - 1]) != std::end(leads))
                set_owner(query, i);
    }

    void read_period(FindingQuery& query) {
        for (const auto& [phrase, value] : period_meanings)
            if (query.period.empty() && take(phrase)) query.period = value;
        for (const auto* lead : {"last", "past", "previous"}) {
            const auto at = find(lead);
            const auto number = at ? number_at(*at + 1) : std::nullopt;
            if (!query.period.empty() || !number || *at + 2 >= tokens_.size()) continue;
            static const std::map<std::string_view, std::size_t> units = {{"day", 1},   {"days", 1},   {"week", 7},
                                                                          {"weeks", 7}, {"month", 30}, {"months", 30}};
            const auto& unit = tokens_[*at + 2];
            if (const auto found = units.find(unit); found != units.end())
                query.period = "last_" + std::to_string(*number * found->second) + "_days";
            else if (unit == "hours" || unit == "hour")
                query.period = "last_" + std::to_string(*number) + "_hours";
            else
                continue;
            use(*at, 3);
        }
        for (std::size_t i = 0; i < tokens_.size() && query.period.empty(); ++i) {
            const auto& token = tokens_[i];
            const bool is_quarter = token.size() == 2 && token[0] == 'q' && token[1] >= '1' && token[1] <= '4';
            if (is_quarter && i + 1 < tokens_.size() && number_at(i + 1).value_or(0) >= 1970) {
                query.period = tokens_[i + 1] + "-" + token;
                use(i, 2);
            } else if (i > 0 && (token.size() == 10 || token.size() == 7) && token[4] == '-' && span_of(token, {})) {
                query.period = tokens_[i - 1] == "since" && token.size() == 10 ? token + ".." : token;
                use(i, 1);
            }
        }
        if (!span_of(query.period, {})) query.period.clear();
    }

    void read_places(FindingQuery& query) {
        for (std::size_t i = 0; i < tokens_.size(); ++i) {
            if (used_[i]) continue;
            const auto& token = tokens_[i];
            const bool digits = std::ranges::all_of(token, [](char c) { return c >= '0' && c <= '9'; });
            const auto source = std::ranges::find_if(sources_, [&](const auto& name) { return iequals(name, token); });
            if (source != sources_.end()) {
                query.source = *source;
            } else if (digits && token.size() == 12) {
                query.account = token;
            } else if (is_region(token)) {
                query.region = token;
            } else {
                continue;
            }
            use(i, 1);
        }
    }

    /// eu-west-1, us-gov-east-2
    static auto is_region(std::string_view token) -> bool {
        static constexpr std::string_view places[] = {"us-", "eu-", "ap-", "sa-", "ca-", "me-", "af-", "il-"};
        return token.size() >= 9 && std::ranges::any_of(places, [&](auto place) { return token.starts_with(place); }) &&
               token[token.size() - 2] == '-' && token.back() >= '1' && token.back() <= '9';
    }

    /// Names of things: what has a dash, a colon or an underscore and no other meaning.
    void read_words(FindingQuery& query) {
        for (std::size_t i = 0; i < tokens_.size() && query.words.size() < 4; ++i) {
            const auto& token = tokens_[i];
            if (used_[i] || token.size() < 5 || token.size() > 120) continue;
            if (token.find_first_of("-_:/") == std::string::npos || token.contains("://")) continue;
            static constexpr std::string_view prose[] = {"high-risk",   "at-risk",       "follow-up",
                                                         "in-progress", "non-compliant", "well-known"};
            if (std::ranges::find(prose, token) != std::end(prose)) continue;
            query.words.push_back(token);
            use(i, 1);
        }
    }

    /// Names something that this service keeps, or asks (which, how many, list …) with a word that only findings have.
    /// A severity or an environment alone may be about anything: "the high sea".
    [[nodiscard]] auto is_about_findings() const -> bool {
        const auto& q = reading_.query;
        const bool has_noun =
            has_any({"finding", "findings", "risk", "risks", "exposure", "exposures", "issue", "issues", "dossier",
                     "dossiers", "ticket", "tickets", "alert", "alerts", "resources"});
        if (has_noun || !q.owner.empty() || !q.resource_type.empty() || !q.source.empty()) return true;
        const bool has_word = !q.severities.empty() || !q.exposures.empty() || !q.data_classes.empty() ||
                              !q.frameworks.empty() || !q.finding_types.empty() || !q.group_by.empty() ||
                              !q.words.empty() || q.order_by == "regulatory_impact" || has_any({"exposed"});
        return asks_ && has_word;
    }

    std::vector<std::string> tokens_;
    std::vector<bool> used_;
    const std::vector<std::string>& sources_;
    RuleReading reading_;
    bool asks_ = false;
};

} // namespace

auto read_by_rules(std::string_view question, const std::vector<std::string>& sources) -> RuleReading {
    return Reader(question, sources).read();
}

} // namespace dossier::report
