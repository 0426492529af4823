#include "store_suite.hpp"

namespace dossier::store {
namespace {

class ScanSuite : public StoreSuite {};

TEST_P(ScanSuite, GivesTheFactsOfDocumentAndCurrentRevision) {
    const auto id = deliver({.severity = Severity::critical}).id;
    const auto bare = value_of(store().scan_findings({}, {})).items.at(0);
    EXPECT_EQ(bare.id, id);
    EXPECT_EQ(bare.severity, Severity::critical);
    EXPECT_EQ(bare.finding_type, "") << "nothing is normalised yet";
    EXPECT_EQ(bare.risk, 0);

    const auto held = claim(minute(1)).at(0);
    const auto commit = [&](Stage stage, std::string body, std::string doc) {
        StageCommit made{.claim = held, .at = minute(1), .stage = stage, .revision = 1, .body = std::move(body)};
        made.findings.push_back({.id = id, .doc = std::move(doc)});
        made.owner = "alice@acme.example";
        value_of(store().commit_stage(made));
    };
    commit(Stage::enriched, R"({"environment":"prod"})",
           R"({"finding_type":"sensitive_data","exposure":"public","rule":{"id":"r1","name":"Public"},)"
           R"("resource":{"id":"arn:aws:s3:::b","name":"b","type":"bucket","cloud":"aws","account":"012345678901",)"
           R"("region":"eu-central-1"},"data":{"classes":["pci","pii",7]},"first_seen":"2026-03-04T08:15:30.000Z"})");
    commit(Stage::assessed,
           R"({"risk":81.25,"regulations":[{"framework":"GDPR"},{"framework":"GDPR"},{"framework":"HIPAA"}]})", "");
    const auto facts = value_of(store().scan_findings({}, {})).items.at(0);
    EXPECT_EQ(facts.finding_type, "sensitive_data");
    EXPECT_EQ(facts.exposure, "public");
    EXPECT_EQ(facts.resource_id, "arn:aws:s3:::b");
    EXPECT_EQ(facts.resource_type, "bucket");
    EXPECT_EQ(facts.account, "012345678901");
    EXPECT_EQ(facts.rule_name, "Public");
    EXPECT_EQ(facts.data_classes, (std::vector<std::string>{"pci", "pii"}));
    EXPECT_EQ(facts.first_seen, parse_time("2026-03-04T08:15:30.000Z"));
    EXPECT_EQ(facts.owner, "alice@acme.example");
    EXPECT_EQ(facts.environment, "prod");
    EXPECT_DOUBLE_EQ(facts.risk, 81.25);
    EXPECT_EQ(facts.frameworks, (std::vector<std::string>{"GDPR", "HIPAA"}));
}

TEST_P(ScanSuite, PagesLikeTheListAndTakesItsFilter) {
    for (int i = 0; i < 5; ++i)
        deliver({.id = std::to_string(i), .severity = i == 0 ? Severity::low : Severity::high}, minute(i));
    std::vector<std::string> seen;
    Page page{.limit = 2, .cursor = {}};
    do {
        const auto part = value_of(store().scan_findings({.severity = Severity::high}, page));
        for (const auto& one : part.items) seen.push_back(one.id);
        page.cursor = part.next_cursor.value_or("");
    } while (!page.cursor.empty());
    std::vector<std::string> listed;
    for (const auto& row : value_of(store().list_findings({.severity = Severity::high}, {})).items)
        listed.push_back(row.id);
    EXPECT_EQ(seen, listed);
    EXPECT_EQ(seen.size(), 4U);
    EXPECT_EQ(value_of(store().scan_findings({.since = minute(3)}, {})).items.size(), 2U);
    EXPECT_EQ(error_of(store().scan_findings({}, {.limit = 2, .cursor = "nonsense"})), Errc::invalid_argument);
}

INSTANTIATE_TEST_SUITE_P(Stores, ScanSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
