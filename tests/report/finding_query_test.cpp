#include "dossier/report/finding_query.hpp"

#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

namespace dossier::report {
namespace {

auto at(std::string_view time) -> Timestamp { return parse_time(time).value(); }

struct PeriodCase {
    std::string period;
    std::string begin;
    std::string end; ///< "" = open; "!" as begin = refused
};

TEST(Period, IsResolvedByTheClock) {
    const auto now = at("2026-11-25T23:04:05Z"); // a Wednesday
    const std::vector<PeriodCase> cases = {
        {"today", "2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
        {"yesterday", "2026-11-24T00:00:00Z", "2026-11-25T00:00:00Z"},
        {"this_week", "2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"},
        {"last_week", "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"},
        {"this_month", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"last_month", "2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"},
        {"this_quarter", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"last_quarter", "2026-07-01T00:00:00Z", "2026-10-01T00:00:00Z"},
        {"this_year", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"last_year", "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z"},
        {"last_7_days", "2026-11-18T23:04:05Z", ""},
        {"last_12_hours", "2026-11-25T11:04:05Z", ""},
        {"2026", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"2026-02", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"},
        {"2026-Q4", "2026-10-01T00:00:00Z", "2027-01-01T00:00:00Z"},
        {"2026-11-22", "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"},
        {"2026-11-01..2026-11-30", "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"},
        {"2026-11-01..", "2026-11-01T00:00:00Z", ""},
        {"2026-13", "!", ""},
        {"2026-Q5", "!", ""},
        {"last_0_days", "!", ""},
        {"last_99999999999_days", "!", ""},
        {"last__days", "!", ""},
        {"2026-11-30..2026-11-01", "!", ""},
        {"whenever", "!", ""},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.period);
        const auto span = span_of(row.period, now);
        ASSERT_EQ(span.has_value(), row.begin != "!");
        if (!span) continue;
        EXPECT_EQ(span->begin, at(row.begin));
        EXPECT_EQ(span->end, row.end.empty() ? std::nullopt : std::optional(at(row.end)));
    }
    const auto ever = span_of("", now);
    ASSERT_TRUE(ever);
    EXPECT_FALSE(ever->begin || ever->end);
    EXPECT_EQ(span_of("last_quarter", at("2026-02-01T00:00:00Z"))->begin, at("2025-10-01T00:00:00Z"));
}

TEST(FindingQuery, RefusesWhatIsNoFieldOrNoWordOfIt) {
    const std::vector<std::pair<std::string, std::string>> cases = {
        {R"([])", "JSON object"},
        {R"({"sql": "DROP TABLE findings"})", "sql is no field"},
        {R"({"severities": ["apocalyptic"]})", "no value 'apocalyptic'"},
        {R"({"severities": "high"})", "list of words"},
        {R"({"severities": [1]})", "list of words"},
        {R"({"limit": "all"})", "whole number"},
        {R"({"limit": -1})", "whole number"},
        {R"({"group_by": "password"})", "no value 'password'"},
        {R"({"has_data": "yes"})", "true or false"},
        {R"({"period": "always"})", "period"},
        {R"({"words": ["a","b","c","d","e","f","g","h","i"]})", "at most 8"},
        {R"({"owner": ")" + std::string(200, 'x') + R"("})", "short text"},
    };
    for (const auto& [text, why] : cases) {
        SCOPED_TRACE(text);
        const auto query = read_query(*parse_json(text));
        ASSERT_FALSE(query);
        EXPECT_NE(query.error().message.find(why), std::string::npos) << query.error().message;
    }
    const auto bounded = read_query(*parse_json(R"({"limit": 100000, "severities": ["HIGH", "high"], "owner": null})"));
    ASSERT_TRUE(bounded);
    EXPECT_EQ(bounded->limit, query_limit);
    EXPECT_EQ(bounded->severities, std::vector<std::string>{"high"});
}

auto payments() -> store::FindingFacts {
    store::FindingFacts facts;
    facts.id = "fnd_1";
    facts.source = "wiz";
    facts.title = "Public bucket with PII";
    facts.owner = "alice.ngo@acme.example";
    facts.severity = Severity::critical;
    facts.finding_type = "sensitive_data";
    facts.exposure = "public";
    facts.resource_id = "arn:aws:s3:::payments-exports";
    facts.resource_name = "payments-exports";
    facts.resource_type = "BUCKET";
    facts.account = "012345678901";
    facts.region = "eu-central-1";
    facts.data_classes = {"pci", "pii"};
    facts.environment = "prod";
    facts.risk = 80;
    facts.frameworks = {"GDPR", "PCI DSS 4.0.1"};
    return facts;
}

TEST(FindingQuery, MatchesEachFieldAlone) {
    const std::vector<std::pair<std::string, bool>> cases = {
        {R"({})", true},
        {R"({"severities": ["critical", "low"]})", true},
        {R"({"severities": ["high"]})", false},
        {R"({"statuses": ["open"]})", true},
        {R"({"statuses": ["resolved"]})", false},
        {R"({"exposures": ["public"]})", true},
        {R"({"exposures": ["internal"]})", false},
        {R"({"environments": ["prod"]})", true},
        {R"({"environments": ["dev"]})", false},
        {R"({"data_classes": ["phi", "pci"]})", true},
        {R"({"data_classes": ["phi"]})", false},
        {R"({"has_data": true})", true},
        {R"({"frameworks": ["pci dss"]})", true},
        {R"({"frameworks": ["hipaa"]})", false},
        {R"({"source": "WIZ"})", true},
        {R"({"source": "orca"})", false},
        {R"({"owner": "alice"})", true},
        {R"({"owner": "Alice Ngo"})", true},
        {R"({"owner": "alice.ngo@acme.example"})", true},
        {R"({"owner": "ali"})", false},
        {R"({"owner": "alice@acme.example"})", false},
        {R"({"owner": "none"})", false},
        {R"({"account": "012345678901"})", true},
        {R"({"account": "999999999999"})", false},
        {R"({"region": "eu-central-1"})", true},
        {R"({"resource_type": "bucket"})", true},
        {R"({"resource_type": "database"})", false},
        {R"({"words": ["payments"]})", true},
        {R"({"words": ["payments", "ledger"]})", false},
        {R"({"finding_types": ["sensitive_data"]})", true},
        {R"({"finding_types": ["threat"]})", false},
    };
    for (const auto& [text, expected] : cases) {
        SCOPED_TRACE(text);
        EXPECT_EQ(matches(read_query(*parse_json(text)).value(), payments()), expected);
    }
}

TEST(FindingQuery, OrdersTotally) {
    auto more_law = payments();
    more_law.id = "fnd_2";
    more_law.frameworks.emplace_back("HIPAA");
    more_law.risk = 10;
    FindingQuery query;
    EXPECT_TRUE(comes_before(query, payments(), more_law));
    query.order_by = "regulatory_impact";
    EXPECT_TRUE(comes_before(query, more_law, payments()));
    auto twin = payments();
    twin.id = "fnd_0";
    EXPECT_TRUE(comes_before(query, twin, payments()));
    EXPECT_FALSE(comes_before(query, payments(), payments()));
}

} // namespace
} // namespace dossier::report
