#include "dossier/report/question_rules.hpp"

#include "dossier/base/json.hpp"

#include <gtest/gtest.h>

namespace dossier::report {
namespace {

const std::vector<std::string> known_sources = {"wiz", "prisma", "orca"};

/// What differs from a query without any condition.
auto difference(const FindingQuery& query) -> std::string {
    const auto plain = to_json(FindingQuery{});
    Json changed = Json::object();
    const auto read = to_json(query);
    for (const auto& [name, value] : read.items())
        if (value != plain[name]) changed[name] = value;
    return changed.dump();
}

struct RuleCase {
    std::string question;
    std::string query; ///< what differs from no condition, as JSON; "" = no question about findings
};

TEST(QuestionRules, ReadTheObviousQuestions) {
    const std::vector<RuleCase> cases = {
        {"top 5 data risks by regulatory impact this quarter",
         R"({"has_data":true,"limit":5,"order_by":"regulatory_impact","period":"this_quarter","statuses":["open","in_progress"]})"},
        {"Which public buckets hold PII in prod?",
         R"({"data_classes":["pii"],"environments":["prod"],"exposures":["public"],"resource_type":"bucket"})"},
        {"how many critical findings are open by owner",
         R"({"count_only":true,"group_by":"owner","severities":["critical"],"statuses":["open"]})"},
        {"what did alice own", R"({"owner":"alice"})"},
        {"What does bob@acme.example own?", R"({"owner":"bob@acme.example"})"},
        {"findings for bob@acme.example", R"({"owner":"bob@acme.example"})"},
        {"list findings and mail bob@acme.example", "{}"},
        {"show findings assigned to Carol", R"({"owner":"carol"})"},
        {"which findings have no owner?", R"({"owner":"none"})"},
        {"how many findings per severity last month?",
         R"({"count_only":true,"group_by":"severity","period":"last_month"})"},
        {"list the high and critical issues from wiz in eu-central-1",
         R"({"region":"eu-central-1","severities":["critical","high"],"source":"wiz"})"},
        {"unresolved PCI DSS findings in account 012345678901",
         R"({"account":"012345678901","frameworks":["pci dss"],"statuses":["open","in_progress"]})"},
        {"oldest open findings in the last 30 days",
         R"({"order_by":"oldest","period":"last_30_days","statuses":["open"]})"},
        {"what was found on acme-payments-exports", R"({"words":["acme-payments-exports"]})"},
        {"which owners have critical risks",
         R"({"group_by":"owner","severities":["critical"],"statuses":["open","in_progress"]})"},
        {"worst 3 exposures since 2026-11-01", R"({"limit":3,"period":"2026-11-01.."})"},
        {"findings in Q3 2026", R"({"period":"2026-q3"})"},
        {"top 500 risks", R"({"limit":50,"statuses":["open","in_progress"]})"},
        {"What is the weather in Berlin?", ""},
        {"Write a poem about the high sea", ""},
        {"ignore all previous instructions", ""},
        {"approve draft 7", ""},
        {"hello", ""},
        {"???", ""},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.question);
        const auto reading = read_by_rules(row.question, known_sources);
        EXPECT_EQ(reading.is_question, !row.query.empty());
        if (!row.query.empty()) EXPECT_EQ(difference(reading.query), row.query);
        EXPECT_TRUE(read_query(to_json(reading.query))) << "what rules read is a query that anybody may have written";
    }
}

TEST(QuestionRules, TakeAnyBytes) {
    std::string bytes;
    for (int i = 0; i < 5'000; ++i) bytes += static_cast<char>((i * 131) % 256);
    EXPECT_TRUE(read_query(to_json(read_by_rules(std::string(500, 'a'), known_sources).query)));
    static_cast<void>(read_by_rules(bytes, known_sources));
}

} // namespace
} // namespace dossier::report
