#pragma once
// A query over stored findings: a fixed set of fields, each with a closed vocabulary or a bounded word. It is all that
// a question in plain language can turn into, whoever turned it: what is no field here can't be asked, and nothing in
// it can write, widen what the caller may see, or run for long.

#include "dossier/base/error.hpp"
#include "dossier/base/json_fwd.hpp"
#include "dossier/store/records.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::report {

/// Every list is "any of"; fields together are "and"; empty means no condition.
struct FindingQuery {
    std::vector<std::string> severities; ///< words of the model
    std::vector<std::string> statuses;
    std::vector<std::string> stages;
    std::vector<std::string> exposures;
    std::vector<std::string> environments;
    std::vector<std::string> finding_types;
    std::vector<std::string> data_classes; ///< pii | phi | pci | financial | secrets | customer
    bool has_data = false;                 ///< only findings about data of a known class
    std::vector<std::string> frameworks;   ///< gdpr | ccpa | hipaa | pci dss | soc 2 | nist | iso 27001 | cis
    std::string source;                    ///< configured name
    std::string owner;                     ///< e-mail, its local part, or id; "none" = nobody
    std::string account;
    std::string region;
    std::string resource_type;      ///< part of the platform's word: bucket, database
    std::string rule;               ///< part of the rule's id or name
    std::vector<std::string> words; ///< each in title, resource or rule
    std::string period;   ///< received in: today | this_quarter | last_7_days | 2026-Q3 | 2026-11-01.. | …; "" = ever
    std::string group_by; ///< one of `query_groups`; "" = rows
    std::string order_by = "risk"; ///< one of `query_orders`
    bool count_only = false;       ///< only how many
    std::size_t limit = 10;        ///< rows or groups, at most `query_limit`
};
inline constexpr std::size_t query_limit = 50;
inline constexpr std::string_view query_groups[] = {
    "owner", "severity",  "status",     "source", "environment", "exposure",      "account",     "region",
    "stage", "framework", "data_class", "rule",   "cloud",       "resource_type", "finding_type"};
inline constexpr std::string_view query_orders[] = {"risk",   "severity", "regulatory_impact",
                                                    "oldest", "newest",   "count"};
inline constexpr std::string_view query_data_classes[] = {"pii", "phi", "pci", "financial", "secrets", "customer"};
inline constexpr std::string_view query_frameworks[] = {"gdpr",  "ccpa", "hipaa",     "pci dss",
                                                        "soc 2", "nist", "iso 27001", "cis"};

/// Whether the question that it came from asks for anything at all: a condition, a group or a count.
[[nodiscard]] auto has_condition(const FindingQuery& query) -> bool;

[[nodiscard]] auto to_json(const FindingQuery& query) -> Json;
/// Reads what somebody else wrote: unknown members, unknown words, wrong types and long texts are `malformed`, each
/// named. Words are taken in any case.
[[nodiscard]] auto read_query(const Json& json) -> Result<FindingQuery>;

/// Half-open: [begin, end).
struct TimeSpan {
    std::optional<Timestamp> begin;
    std::optional<Timestamp> end;
};
/// What a period means at `now`, in UTC; `invalid_argument` for one that nobody knows. "" is unbounded.
[[nodiscard]] auto span_of(std::string_view period, Timestamp now) -> Result<TimeSpan>;

[[nodiscard]] auto matches(const FindingQuery& query, const store::FindingFacts& facts) -> bool;
/// What the finding counts under; more than one for classes and frameworks, "none" where it has no value.
[[nodiscard]] auto groups_of(const FindingQuery& query, const store::FindingFacts& facts) -> std::vector<std::string>;
/// True where `a` comes before `b` in the query's order. Total: ids decide at last.
[[nodiscard]] auto comes_before(const FindingQuery& query, const store::FindingFacts& a, const store::FindingFacts& b)
    -> bool;

} // namespace dossier::report
