#include "store_suite.hpp"

#include <algorithm>

namespace dossier::store {
namespace {

class IntakeSuite : public StoreSuite {};

TEST_P(IntakeSuite, JudgesEachDeliveryByWhatIsKnown) {
    struct Row {
        std::string name;
        Sample sample;
        Outcome expected;
        int version;
    };
    const std::vector<Row> rows = {
        {"first", {.last_seen = minute(1)}, Outcome::created, 1},
        {"the same again", {.last_seen = minute(1)}, Outcome::duplicate, 1},
        {"a rescan", {.last_seen = minute(5)}, Outcome::duplicate, 1},
        {"changed, but older than the rescan", {.title = "Old title", .last_seen = minute(4)}, Outcome::duplicate, 1},
        {"changed", {.title = "New title", .last_seen = minute(6)}, Outcome::updated, 2},
        {"the first version, late and undated", {}, Outcome::duplicate, 2},
        {"resolved", {.title = "New title", .status = Status::resolved, .last_seen = minute(7)}, Outcome::resolved, 3},
        {"another platform, same fingerprint", {.source = "orca"}, Outcome::created, 1},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto result = deliver(row.sample);
        EXPECT_EQ(to_string(result.outcome), to_string(row.expected));
        EXPECT_EQ(value_of(store().get_finding(result.id)).version, row.version);
    }
    EXPECT_EQ(store().backlog(), 2U);
}

TEST_P(IntakeSuite, AnItemTwiceInADeliveryIsTwoDeliveriesInOrder) {
    const auto results = value_of(store().commit_intake(delivery({{}, {}, {.title = "changed"}}, minute(0)), {}));
    ASSERT_EQ(results.size(), 3U);
    EXPECT_EQ(results[0].outcome, Outcome::created);
    EXPECT_EQ(results[1].outcome, Outcome::duplicate);
    EXPECT_EQ(results[2].outcome, Outcome::updated);
    EXPECT_EQ(results[1].id, results[0].id);
    EXPECT_EQ(store().backlog(), 1U);
}

TEST_P(IntakeSuite, FindingsOfOneExposureJoinOneDossierAndStayThere) {
    const auto wiz = deliver({.id = "a", .exposure = "bucket"});
    const auto orca = deliver({.source = "orca", .id = "b", .exposure = "bucket"});
    const auto other = deliver({.id = "c", .exposure = "elsewhere"});
    EXPECT_EQ(wiz.dossier_id, orca.dossier_id);
    EXPECT_NE(wiz.dossier_id, other.dossier_id);

    const auto moved = deliver({.source = "orca", .id = "b", .exposure = "elsewhere", .title = "changed"});
    EXPECT_EQ(moved.outcome, Outcome::updated);
    EXPECT_EQ(moved.dossier_id, wiz.dossier_id);
    EXPECT_EQ(value_of(store().get_finding(orca.id)).exposure_key, "elsewhere");
    const auto dossier = value_of(store().get_dossier(wiz.dossier_id));
    ASSERT_EQ(dossier.findings.size(), 2U);
    EXPECT_EQ(dossier.findings[0].id, wiz.id);
}

TEST_P(IntakeSuite, KeepsEachPayloadAsItCame) {
    auto intake = delivery({{}}, minute(0));
    const std::string odd("{\"a\":\"\0 \xff\"}", 11); // NUL and invalid UTF-8
    intake.items[0].raw = odd;
    const auto id = value_of(store().commit_intake(intake, {})).front().id;
    EXPECT_EQ(value_of(store().get_finding(id)).raw, odd);
    deliver({.title = "changed"});
    EXPECT_EQ(value_of(store().get_finding(id)).raw, "{\"title\":\"changed\"}");
    auto large = delivery({{.title = "large"}}, minute(1));
    large.items[0].raw = "{\"pad\":\"" + std::string(100'000, '\xff') + "\"}"; // is packed
    const auto in = value_of(store().commit_intake(large, {})).front();
    EXPECT_EQ(value_of(store().get_finding(id)).raw, large.items[0].raw);
    EXPECT_EQ(value_of(store().load_work(in.dossier_id)).findings.at(0).raw, large.items[0].raw);
    EXPECT_EQ(value_of(store().get_finding(id)).doc, "");
}

TEST_P(IntakeSuite, CountsTheSameBytesInQuarantineAndTakesThemInOnce) {
    Intake intake;
    intake.source = "wiz";
    intake.at = minute(0);
    intake.items = {{.finding = {}, .raw = "{\"x\":1}", .quarantine_reason = "no title"},
                    {.finding = {}, .raw = "{\"x\":2}", .quarantine_reason = "no title"},
                    {.finding = {}, .raw = "{\"x\":1}", .quarantine_reason = "no title"}};
    const auto results = value_of(store().commit_intake(intake, {}));
    EXPECT_EQ(results[0].outcome, Outcome::quarantined);
    EXPECT_EQ(results[0].id, results[2].id);
    const auto listed = value_of(store().list_quarantine({}));
    ASSERT_EQ(listed.items.size(), 2U);
    EXPECT_EQ(listed.items[1].deliveries, 2);
    EXPECT_EQ(listed.items[1].raw, "{\"x\":1}");
    EXPECT_EQ(store().backlog(), 0U);

    const auto id = results[0].id;
    const IntakeItem good{.finding = finding({}), .raw = "{\"x\":1}", .quarantine_reason = ""};
    EXPECT_EQ(error_of(store().accept_quarantined("qrn_none", good, minute(1), {})), Errc::not_found);
    EXPECT_EQ(error_of(store().accept_quarantined(id, {}, minute(1), {})), Errc::invalid_argument);
    const auto taken = value_of(store().accept_quarantined(id, good, minute(1), {entry("quarantine.accepted")}));
    EXPECT_EQ(taken.outcome, Outcome::created);
    EXPECT_EQ(value_of(store().get_quarantine(id)).finding_id, taken.id);
    EXPECT_EQ(error_of(store().accept_quarantined(id, good, minute(2), {})), Errc::conflict);
    EXPECT_EQ(store().backlog(), 1U);
}

TEST_P(IntakeSuite, AFindingWithoutIdentityIsQuarantined) {
    auto intake = delivery({{}}, minute(0));
    intake.items[0].finding->fingerprint.clear();
    EXPECT_EQ(value_of(store().commit_intake(intake, {})).front().outcome, Outcome::quarantined);
}

TEST_P(IntakeSuite, AnEmptyDeliveryIsNothing) {
    EXPECT_TRUE(value_of(store().commit_intake(delivery({}, minute(0)), {})).empty());
}

TEST_P(IntakeSuite, RemembersEverythingWhenOpenedAgain) {
    const auto result = deliver({});
    deliver({.id = "2"});
    reopen();
    EXPECT_EQ(store().backlog(), 2U);
    EXPECT_EQ(deliver({}).outcome, Outcome::duplicate);
    EXPECT_EQ(value_of(store().get_finding(result.id)).title, "Bucket is public");
}

TEST_P(IntakeSuite, FiltersTellFindingsApart) {
    deliver({.id = "a", .title = "Bucket is public", .severity = Severity::critical}, minute(1));
    deliver({.source = "orca", .id = "b", .title = "Disk at 100% risk", .severity = Severity::low}, minute(2));
    const auto c = deliver({.id = "c", .title = "Key is old", .status = Status::in_progress}, minute(3));
    const auto claims = claim(minute(3));
    const auto held = std::ranges::find(claims, c.dossier_id, &Claim::dossier_id);
    ASSERT_NE(held, claims.end());
    StageCommit commit{.claim = *held, .at = minute(3), .stage = Stage::enriched};
    commit.findings.push_back({.id = c.id});
    commit.owner = "alice@acme.example";
    value_of(store().commit_stage(commit));

    struct Row {
        std::string name;
        FindingFilter filter;
        std::string expected; ///< fingerprints' last letters, newest first
    };
    const std::vector<Row> rows = {
        {"all", {}, "cba"},
        {"source", {.source = "wiz"}, "ca"},
        {"severity", {.severity = Severity::critical}, "a"},
        {"status", {.status = Status::in_progress}, "c"},
        {"stage", {.stage = Stage::received}, "ba"},
        {"owner without case", {.owner = "Alice@ACME.example"}, "c"},
        {"since", {.since = minute(2)}, "cb"},
        {"until", {.until = minute(2)}, "a"},
        {"one word, any case", {.q = "BUCKET"}, "a"},
        {"all words must match", {.q = "bucket old"}, ""},
        {"words in any order and field", {.q = "payments-c  rule_7 key"}, "c"},
        {"percent is a letter", {.q = "100%"}, "b"},
        {"underscore is a letter", {.q = "rule_"}, "cba"},
        {"underscore is no wildcard", {.q = "r_le"}, ""},
        {"backslash is a letter", {.q = "\\"}, ""},
        {"several", {.source = "wiz", .severity = Severity::high, .q = "key"}, "c"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::string found;
        for (const auto& item : value_of(store().list_findings(row.filter, {})).items) found += item.fingerprint.back();
        EXPECT_EQ(found, row.expected);
    }
}

TEST_P(IntakeSuite, ASpanOfTimeIsFoundWholeHoweverTheClockStepped) {
    const char* const ids[] = {"a", "b", "c", "d", "e"};
    const int at[] = {5, 10, 2, 12, 3}; // in the order of their commits
    for (std::size_t i = 0; i < std::size(ids); ++i) deliver({.id = ids[i]}, minute(at[i]));
    const auto found = [&](int since, std::optional<int> until) {
        FindingFilter filter{.since = minute(since)};
        if (until) filter.until = minute(*until);
        std::string listed;
        for (const auto& item : value_of(store().list_findings(filter, {})).items) listed += item.fingerprint.back();
        std::string scanned;
        for (const auto& facts : value_of(store().scan_findings(filter, {})).items)
            scanned += value_of(store().get_finding(facts.id)).fingerprint.back();
        EXPECT_EQ(scanned, listed);
        return listed;
    };
    EXPECT_EQ(found(9, std::nullopt), "db");
    EXPECT_EQ(found(3, 6), "ea");
    EXPECT_EQ(found(13, std::nullopt), "");
    EXPECT_EQ(found(0, std::nullopt), "edcba");
}

TEST_P(IntakeSuite, PagesStayStableWhileFindingsArrive) {
    for (int i = 0; i < 5; ++i) deliver({.id = std::to_string(i)});
    std::string seen;
    Page page{.limit = 2, .cursor = ""};
    for (int round = 0; round < 10; ++round) {
        const auto listed = value_of(store().list_findings({}, page));
        for (const auto& item : listed.items) seen += item.fingerprint.back();
        deliver({.id = "new" + std::to_string(round) + "x"});
        if (!listed.next_cursor) break;
        page.cursor = *listed.next_cursor;
    }
    EXPECT_EQ(seen, "43210");
    for (const std::string bad : {"x", "c", "czz", "c1;", "1"}) {
        EXPECT_EQ(error_of(store().list_findings({}, {.limit = 2, .cursor = bad})), Errc::invalid_argument) << bad;
    }
}

TEST_P(IntakeSuite, DossiersAreListedNewestFirstWithTheirFindings) {
    deliver({.id = "a"});
    const auto b = deliver({.id = "b"});
    const auto first = value_of(store().list_dossiers({.limit = 1, .cursor = ""}));
    ASSERT_EQ(first.items.size(), 1U);
    EXPECT_EQ(first.items[0].id, b.dossier_id);
    ASSERT_EQ(first.items[0].findings.size(), 1U);
    ASSERT_TRUE(first.next_cursor);
    EXPECT_FALSE(value_of(store().list_dossiers({.limit = 1, .cursor = *first.next_cursor})).next_cursor);
    EXPECT_EQ(error_of(store().get_dossier("dos_none")), Errc::not_found);
    EXPECT_EQ(error_of(store().get_finding("fnd_none")), Errc::not_found);
}

INSTANTIATE_TEST_SUITE_P(Stores, IntakeSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
