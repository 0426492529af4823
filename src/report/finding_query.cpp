#include "dossier/report/finding_query.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

namespace dossier::report {
namespace {

constexpr std::size_t word_limit = 120;
constexpr std::size_t words_limit = 8;
constexpr std::size_t list_limit = 12;

constexpr std::array<std::string_view, 5> severity_words = {"informational", "low", "medium", "high", "critical"};
constexpr std::array<std::string_view, 4> status_words = {"open", "in_progress", "resolved", "suppressed"};
constexpr std::array<std::string_view, 11> stage_words = {
    "received",          "normalised", "enriched", "assessed", "explained", "drafted",
    "awaiting_approval", "delivered",  "closed",   "digested", "dead"};
constexpr std::array<std::string_view, 5> exposure_words = {"public", "cross_account", "internal", "none", "unknown"};
constexpr std::array<std::string_view, 5> environment_words = {"prod", "staging", "test", "dev", "unknown"};
constexpr std::array<std::string_view, 7> type_words = {
    "sensitive_data", "unclassified_data", "misconfiguration", "vulnerability", "threat", "identity", "other"};

/// Takes members one by one, notes what is wrong, and knows in the end what nobody asked for.
class MemberReader {
public:
    explicit MemberReader(const Json& json) : json_(json) {}

    template <class Allowed>
    void words(const char* name, const Allowed& allowed, std::vector<std::string>& out) {
        const auto* list = member(name);
        if (list == nullptr) return;
        if (!list->is_array() || list->size() > list_limit) return note(name, "must be a short list of words");
        for (const auto& item : *list) {
            if (!item.is_string()) return note(name, "must be a list of words");
            auto word = lower(trim(item.get_ref<const std::string&>()));
            if (std::ranges::find(allowed, std::string_view(word)) == std::ranges::end(allowed))
                return note(name, "has no value '" + shorten(word, 40) + "'");
            if (std::ranges::find(out, word) == out.end()) out.push_back(std::move(word));
        }
    }
    void free_words(const char* name, std::vector<std::string>& out) {
        const auto* list = member(name);
        if (list == nullptr) return;
        if (!list->is_array() || list->size() > words_limit) return note(name, "must be a list of at most 8 words");
        for (const auto& item : *list) {
            if (!item.is_string() || item.get_ref<const std::string&>().size() > word_limit)
                return note(name, "must be a list of short words");
            if (auto word = std::string(trim(item.get_ref<const std::string&>())); !word.empty())
                out.push_back(std::move(word));
        }
    }
    void text(const char* name, std::string& out) {
        const auto* value = member(name);
        if (value == nullptr) return;
        if (!value->is_string() || value->get_ref<const std::string&>().size() > word_limit)
            return note(name, "must be a short text");
        out = trim(value->get_ref<const std::string&>());
    }
    template <class Allowed>
    void word(const char* name, const Allowed& allowed, std::string& out) {
        std::string value;
        text(name, value);
        value = lower(value);
        if (value.empty()) return;
        if (std::ranges::find(allowed, std::string_view(value)) == std::ranges::end(allowed))
            return note(name, "has no value '" + shorten(value, 40) + "'");
        out = std::move(value);
    }
    void flag(const char* name, bool& out) {
        const auto* value = member(name);
        if (value == nullptr) return;
        if (!value->is_boolean()) return note(name, "must be true or false");
        out = value->get<bool>();
    }
    void count(const char* name, std::size_t& out) {
        const auto* value = member(name);
        if (value == nullptr) return;
        const auto number = value->is_number_integer() ? value->get<std::int64_t>() : -1;
        if (number < 0) return note(name, "must be a whole number");
        if (number > 0) out = std::min<std::size_t>(static_cast<std::size_t>(number), query_limit);
    }
    auto problems() -> std::vector<std::string>& {
        for (const auto& [name, value] : json_.items())
            if (std::ranges::find(seen_, name) == seen_.end())
                note(shorten(name, 40).c_str(), "is no field of a query");
        return problems_;
    }

private:
    auto member(const char* name) -> const Json* {
        seen_.emplace_back(name);
        const auto found = json_.find(name);
        return found == json_.end() || found->is_null() ? nullptr : &*found;
    }
    void note(const char* name, std::string_view what) { problems_.push_back(fmt::format("{} {}", name, what)); }

    const Json& json_;
    std::vector<std::string> seen_;
    std::vector<std::string> problems_;
};

auto any_of_words(const std::vector<std::string>& wanted, std::string_view value) -> bool {
    return wanted.empty() || std::ranges::find(wanted, value) != wanted.end();
}

/// "PCI DSS 4.0.1" is of "pci dss", "CPRA" of "ccpa".
auto is_of_framework(std::string_view name, std::string_view wanted) -> bool {
    return icontains(name, wanted) || (wanted == "ccpa" && icontains(name, "cpra")) ||
           (wanted == "pci dss" && icontains(name, "pci")) || (wanted == "soc 2" && icontains(name, "soc2")) ||
           (wanted == "iso 27001" && icontains(name, "27001"));
}

auto owner_matches(const std::string& wanted, const std::string& owner) -> bool {
    if (wanted.empty()) return true;
    if (iequals(wanted, "none")) return owner.empty();
    if (iequals(wanted, owner)) return true;
    if (wanted.contains('@')) return false;
    const auto local = std::string_view(owner).substr(0, owner.find('@'));
    if (iequals(local, wanted)) return true;
    // "alice" is "alice.ngo@…", too, and "Alice Ngo" is "alice.ngo@…".
    const auto dotted = replace_all(lower(wanted), " ", ".");
    return lower(local) == dotted || lower(local).starts_with(dotted + ".");
}

auto contains_word(const store::FindingFacts& facts, std::string_view word) -> bool {
    return icontains(facts.title, word) || icontains(facts.resource_name, word) || icontains(facts.resource_id, word) ||
           icontains(facts.rule_name, word) || icontains(facts.rule_id, word) || icontains(facts.resource_type, word);
}

auto or_none(const std::string& value) -> std::string { return value.empty() ? "none" : value; }

} // namespace

auto has_condition(const FindingQuery& query) -> bool {
    return !query.severities.empty() || !query.statuses.empty() || !query.stages.empty() || !query.exposures.empty() ||
           !query.environments.empty() || !query.finding_types.empty() || !query.data_classes.empty() ||
           query.has_data || !query.frameworks.empty() || !query.source.empty() || !query.owner.empty() ||
           !query.account.empty() || !query.region.empty() || !query.resource_type.empty() || !query.rule.empty() ||
           !query.words.empty() || !query.period.empty() || !query.group_by.empty() || query.count_only;
}

auto to_json(const FindingQuery& query) -> Json {
    return {{"severities", query.severities},
            {"statuses", query.statuses},
            {"stages", query.stages},
            {"exposures", query.exposures},
            {"environments", query.environments},
            {"finding_types", query.finding_types},
            {"data_classes", query.data_classes},
            {"has_data", query.has_data},
            {"frameworks", query.frameworks},
            {"source", query.source},
            {"owner", query.owner},
            {"account", query.account},
            {"region", query.region},
            {"resource_type", query.resource_type},
            {"rule", query.rule},
            {"words", query.words},
            {"period", query.period},
            {"group_by", query.group_by},
            {"order_by", query.order_by},
            {"count_only", query.count_only},
            {"limit", query.limit}};
}

auto read_query(const Json& json) -> Result<FindingQuery> {
    if (!json.is_object()) return fail(Errc::malformed, "a query is a JSON object");
    FindingQuery query;
    MemberReader reader(json);
    reader.words("severities", severity_words, query.severities);
    reader.words("statuses", status_words, query.statuses);
    reader.words("stages", stage_words, query.stages);
    reader.words("exposures", exposure_words, query.exposures);
    reader.words("environments", environment_words, query.environments);
    reader.words("finding_types", type_words, query.finding_types);
    reader.words("data_classes", query_data_classes, query.data_classes);
    reader.flag("has_data", query.has_data);
    reader.words("frameworks", query_frameworks, query.frameworks);
    reader.text("source", query.source);
    reader.text("owner", query.owner);
    reader.text("account", query.account);
    reader.text("region", query.region);
    reader.text("resource_type", query.resource_type);
    reader.text("rule", query.rule);
    reader.free_words("words", query.words);
    reader.text("period", query.period);
    reader.word("group_by", query_groups, query.group_by);
    reader.word("order_by", query_orders, query.order_by);
    reader.flag("count_only", query.count_only);
    reader.count("limit", query.limit);
    auto& problems = reader.problems();
    if (auto span = span_of(query.period, Timestamp{}); !span) problems.push_back("period " + span.error().message);
    if (!problems.empty()) return fail(Errc::malformed, "no query of ours: " + join(problems, "; "));
    return query;
}

auto matches(const FindingQuery& query, const store::FindingFacts& facts) -> bool {
    if (!any_of_words(query.severities, to_string(facts.severity))) return false;
    if (!any_of_words(query.statuses, to_string(facts.status))) return false;
    if (!any_of_words(query.stages, to_string(facts.stage))) return false;
    if (!any_of_words(query.exposures, facts.exposure)) return false;
    if (!any_of_words(query.environments, facts.environment.empty() ? "unknown" : facts.environment)) return false;
    if (!any_of_words(query.finding_types, facts.finding_type)) return false;
    if (query.has_data && facts.data_classes.empty()) return false;
    if (!query.data_classes.empty() && std::ranges::none_of(facts.data_classes, [&](const std::string& one) {
            return std::ranges::find(query.data_classes, one) != query.data_classes.end();
        }))
        return false;
    if (!query.frameworks.empty() && std::ranges::none_of(facts.frameworks, [&](const std::string& one) {
            return std::ranges::any_of(query.frameworks, [&](const auto& two) { return is_of_framework(one, two); });
        }))
        return false;
    if (!query.source.empty() && !iequals(query.source, facts.source)) return false;
    if (!owner_matches(query.owner, facts.owner)) return false;
    if (!query.account.empty() && !iequals(query.account, facts.account)) return false;
    if (!query.region.empty() && !iequals(query.region, facts.region)) return false;
    if (!query.resource_type.empty() && !icontains(facts.resource_type, query.resource_type) &&
        !icontains(facts.resource_id, query.resource_type == "bucket" ? ":s3:::" : query.resource_type))
        return false;
    if (!query.rule.empty() && !icontains(facts.rule_id, query.rule) && !icontains(facts.rule_name, query.rule))
        return false;
    return std::ranges::all_of(query.words, [&](const std::string& word) { return contains_word(facts, word); });
}

auto groups_of(const FindingQuery& query, const store::FindingFacts& facts) -> std::vector<std::string> {
    const auto& by = query.group_by;
    const auto list_or_none = [](std::vector<std::string> list) {
        if (list.empty()) list.emplace_back("none");
        return list;
    };
    if (by == "framework") return list_or_none(facts.frameworks);
    if (by == "data_class") return list_or_none(facts.data_classes);
    if (by == "owner") return {or_none(facts.owner)};
    if (by == "severity") return {std::string(to_string(facts.severity))};
    if (by == "status") return {std::string(to_string(facts.status))};
    if (by == "stage") return {std::string(to_string(facts.stage))};
    if (by == "source") return {or_none(facts.source)};
    if (by == "environment") return {facts.environment.empty() ? "unknown" : facts.environment};
    if (by == "exposure") return {facts.exposure.empty() ? "unknown" : facts.exposure};
    if (by == "account") return {or_none(facts.account)};
    if (by == "region") return {or_none(facts.region)};
    if (by == "cloud") return {or_none(facts.cloud)};
    if (by == "resource_type") return {or_none(facts.resource_type)};
    if (by == "finding_type") return {or_none(facts.finding_type)};
    if (by == "rule") return {or_none(facts.rule_name.empty() ? facts.rule_id : facts.rule_name)};
    return {};
}

auto comes_before(const FindingQuery& query, const store::FindingFacts& a, const store::FindingFacts& b) -> bool {
    if (query.order_by == "oldest" && a.received_at != b.received_at) return a.received_at < b.received_at;
    if (query.order_by == "newest" && a.received_at != b.received_at) return a.received_at > b.received_at;
    if (query.order_by == "regulatory_impact" && a.frameworks.size() != b.frameworks.size())
        return a.frameworks.size() > b.frameworks.size();
    if (query.order_by == "severity" && a.severity != b.severity) return a.severity > b.severity;
    if (a.risk != b.risk) return a.risk > b.risk;
    if (a.severity != b.severity) return a.severity > b.severity;
    if (a.received_at != b.received_at) return a.received_at > b.received_at;
    return a.id < b.id;
}

} // namespace dossier::report
