#include "store_suite.hpp"

#include <algorithm>
#include <atomic>

namespace dossier::store {
namespace {

class WorkSuite : public StoreSuite {
protected:
    auto release(const Claim& claim, Release::Kind kind, Timestamp ready_at = {}) -> std::optional<Errc> {
        Release end{.claim = claim, .at = minute(5), .kind = kind, .ready_at = ready_at};
        end.failed_stage = Stage::enriched;
        end.error = "upstream said no";
        end.audit = {entry("released")};
        return error_of(store().release(end));
    }
    auto stage(const Claim& claim, Stage stage, const std::vector<std::string>& findings) -> std::optional<Errc> {
        StageCommit commit{.claim = claim, .at = minute(1), .stage = stage, .revision = 1};
        commit.body = "{}";
        for (const auto& id : findings) commit.findings.push_back({.id = id, .doc = "{\"id\":\"" + id + "\"}"});
        return error_of(store().commit_stage(commit));
    }
};

TEST_P(WorkSuite, ClaimsWorstFirstThenOldestUpToTheLimit) {
    deliver({.id = "low", .severity = Severity::low}, minute(0));
    deliver({.id = "late", .severity = Severity::critical}, minute(2));
    deliver({.id = "early", .severity = Severity::critical}, minute(1));
    deliver({.id = "future", .severity = Severity::critical}, minute(30));
    std::string order;
    for (const auto limit : {2U, 5U}) {
        for (const auto& claimed : claim(minute(3), limit)) {
            order += value_of(store().load_work(claimed.dossier_id)).findings[0].fingerprint.substr(3) + " ";
        }
        order += "| ";
    }
    EXPECT_EQ(order, "early late | low | ");
    EXPECT_EQ(value_of(store().next_ready_at()), minute(4)); // the leases
}

TEST_P(WorkSuite, ANoisySourceLeavesTheOthersTheirTurns) {
    std::vector<Sample> noise;
    for (int i = 0; i < 100; ++i) noise.push_back({.source = "noisy", .id = "noisy " + std::to_string(i)});
    value_of(store().commit_intake(delivery(noise, minute(0)), {}));
    for (const auto* id : {"quiet 1", "quiet 2"}) {
        auto one = delivery({{.source = "quiet", .id = id}}, minute(1));
        one.source = "quiet";
        value_of(store().commit_intake(std::move(one), {}));
    }
    std::size_t quiet = 0;
    for (const auto& claimed : claim(minute(2), 4))
        quiet +=
            static_cast<std::size_t>(value_of(store().load_work(claimed.dossier_id)).findings[0].source == "quiet");
    EXPECT_EQ(quiet, 2U) << "every other turn, though a hundred came earlier";
    EXPECT_EQ(claim(minute(2), 500).size(), 98U) << "what nobody else wants the noisy one gets";
}

TEST_P(WorkSuite, LowOnesAreNotStarvedByAStreamOfCriticalOnes) {
    deliver({.id = "low", .severity = Severity::low}, minute(0));
    const auto low = value_of(store().list_findings({}, {})).items.front().dossier_id;
    int waited = 0;
    for (bool done = false; !done && waited < 1'000; ++waited) {
        deliver({.id = "critical " + std::to_string(waited), .severity = Severity::critical}, minute(0));
        done = claim(minute(1), 1).at(0).dossier_id == low;
    }
    EXPECT_EQ(waited, 129) << "after 128 that were worse";
}

TEST_P(WorkSuite, TheBacklogIsKnownBySource) {
    using Counts = std::map<std::string, std::int64_t, std::less<>>;
    deliver({.id = "1"});
    deliver({.id = "2"});
    auto other = delivery({{.source = "orca", .id = "3"}}, minute(0));
    other.source = "orca";
    value_of(store().commit_intake(std::move(other), {}));
    EXPECT_EQ(store().backlog_by_source(), (Counts{{"orca", 1}, {"wiz", 2}}));
    EXPECT_EQ(store().backlog(), 3U);
    for (const auto& claimed : claim(minute(1))) {
        const auto row = value_of(store().load_work(claimed.dossier_id));
        if (row.findings[0].source == "orca")
            EXPECT_EQ(stage(claimed, Stage::closed, {row.findings[0].id}), std::nullopt);
    }
    EXPECT_EQ(store().backlog_by_source(), (Counts{{"wiz", 2}}));
    // What fails leaves no trace in the count either.
    Release stale{.claim = {.dossier_id = "dos_none"}, .at = minute(1), .kind = Release::Kind::dead};
    EXPECT_EQ(error_of(store().release(stale)), Errc::not_found);
    EXPECT_EQ(store().backlog_by_source(), (Counts{{"wiz", 2}}));
    reopen();
    EXPECT_EQ(store().backlog_by_source(), (Counts{{"wiz", 2}}));
}

TEST_P(WorkSuite, AClaimIsExclusiveUntilItsLeaseRunsOutAndThenFenced) {
    const auto id = deliver({}).id;
    const auto first = claim(minute(0)).at(0);
    EXPECT_TRUE(claim(minute(0)).empty());
    value_of(store().renew({first}, minute(3)));
    EXPECT_TRUE(claim(minute(2)).empty());
    EXPECT_EQ(value_of(store().next_ready_at()), minute(3));

    const auto second = claim(minute(3)).at(0);
    EXPECT_GT(second.fence, first.fence);
    EXPECT_EQ(stage(first, Stage::enriched, {id}), Errc::conflict);
    EXPECT_EQ(release(first, Release::Kind::done), Errc::conflict);
    value_of(store().renew({first}, minute(50))); // must not prolong the other's
    EXPECT_EQ(value_of(store().next_ready_at()), minute(4));
    EXPECT_EQ(value_of(store().get_finding(id)).stage, Stage::received);
    EXPECT_TRUE(value_of(store().list_audit({}, {})).items.empty());
    EXPECT_EQ(stage(second, Stage::enriched, {id}), std::nullopt);
}

TEST_P(WorkSuite, AClockThatWentBackHoldsNothingUp) {
    for (const auto* const id : {"1", "2", "3"}) deliver({.id = id}, minute(100));
    EXPECT_EQ(claim(minute(100), 1).size(), 1U);
    EXPECT_TRUE(claim(minute(40)).empty()) << "an hour earlier all of them would wait";
    auto happened = entry("happened");
    happened.time = minute(100);
    value_of(store().append_audit({happened}));
    EXPECT_FALSE(value_of(store().reschedule(minute(100), std::chrono::minutes(1), false))) << "nothing is later";
    EXPECT_TRUE(claim(minute(40)).empty());
    EXPECT_TRUE(value_of(store().reschedule(minute(40), std::chrono::minutes(1), false)));
    EXPECT_EQ(claim(minute(40)).size(), 2U);
    EXPECT_EQ(claim(minute(41)).size(), 3U) << "no lease outlasts its span";
    EXPECT_TRUE(value_of(store().reschedule(minute(30), std::chrono::minutes(1), true)));
    EXPECT_EQ(claim(minute(31)).size(), 3U);
}

TEST_P(WorkSuite, AbandonedLeasesAreClaimedAgainAtOnce) {
    deliver({});
    claim(minute(0));
    value_of(store().abandon_leases("somebody else"));
    EXPECT_TRUE(claim(minute(0)).empty());
    value_of(store().abandon_leases("worker"));
    EXPECT_EQ(claim(minute(0)).size(), 1U);
    value_of(store().abandon_leases(""));
    EXPECT_EQ(claim(minute(0)).size(), 1U) << "nobody's name: everybody's leases";
}

TEST_P(WorkSuite, AStageIsCommittedAsAWhole) {
    const auto result = deliver({});
    const auto claimed = claim(minute(0)).at(0);
    StageCommit commit{.claim = claimed, .at = minute(1), .stage = Stage::drafted, .revision = 2, .inputs_hash = "in"};
    commit.body = "{\"draft\":1}";
    commit.carried = {{.stage = Stage::enriched, .revision = 1, .body = "{\"context\":1}", .at = minute(0)}};
    commit.findings = {{.id = result.id, .doc = "{}", .severity = Severity::critical, .status = Status::in_progress}};
    commit.owner = "alice@acme.example";
    Draft draft;
    draft.id = "drf_1";
    draft.dossier_id = result.dossier_id;
    draft.title = "Close the bucket";
    draft.finding_ids = {result.id};
    commit.save_drafts = {draft};
    commit.ticket = TicketRef{.sink = "jira", .key = "SEC-1", .url = "https://jira.example/SEC-1", .id = "7"};
    commit.audit = {entry("stage.drafted")};
    value_of(store().commit_stage(commit));

    const auto row = value_of(store().load_work(result.dossier_id));
    EXPECT_EQ(row.stage, Stage::drafted);
    EXPECT_EQ(row.revision, 2);
    EXPECT_EQ(row.inputs_hash, "in");
    ASSERT_EQ(row.results.size(), 2U);
    EXPECT_EQ(row.results[0].body, "{\"context\":1}");
    EXPECT_EQ(row.results[0].revision, 2);
    EXPECT_EQ(row.findings.at(0).owner, "alice@acme.example");
    EXPECT_EQ(row.findings.at(0).severity, Severity::critical);
    EXPECT_EQ(row.findings.at(0).status, Status::in_progress);
    EXPECT_EQ(row.findings.at(0).stage, Stage::drafted);
    EXPECT_FALSE(row.findings.at(0).raw.empty());
    ASSERT_EQ(row.drafts.size(), 1U);
    EXPECT_EQ(row.drafts[0].title, "Close the bucket");
    ASSERT_TRUE(row.ticket);
    EXPECT_EQ(row.ticket->key, "SEC-1");
    EXPECT_EQ(value_of(store().list_audit({}, {})).items.size(), 1U);

    // One wrong finding and nothing of the commit happens.
    commit.stage = Stage::delivered;
    commit.findings.push_back({.id = "fnd_of_another"});
    EXPECT_EQ(error_of(store().commit_stage(commit)), Errc::not_found);
    EXPECT_EQ(value_of(store().load_work(result.dossier_id)).stage, Stage::drafted);
    EXPECT_EQ(value_of(store().list_audit({}, {})).items.size(), 1U);
}

TEST_P(WorkSuite, BacklogCountsWhatIsNotDone) {
    struct Row {
        Stage stage;
        std::size_t expected;
    };
    const auto id = deliver({}).id;
    const auto claimed = claim(minute(0)).at(0);
    for (const auto& row : std::vector<Row>{{Stage::normalised, 1},
                                            {Stage::drafted, 1},
                                            {Stage::awaiting_approval, 0},
                                            {Stage::delivered, 0},
                                            {Stage::explained, 1},
                                            {Stage::closed, 0},
                                            {Stage::digested, 0}}) {
        SCOPED_TRACE(to_string(row.stage));
        EXPECT_EQ(stage(claimed, row.stage, {id}), std::nullopt);
        EXPECT_EQ(store().backlog(), row.expected);
    }
    reopen();
    EXPECT_EQ(store().backlog(), 0U);
}

TEST_P(WorkSuite, ANewerDeliveryIsNotOverwrittenByTheWorkUnderWay) {
    const auto id = deliver({}).id;
    const auto claimed = claim(minute(0)).at(0);
    deliver({.title = "changed"}, minute(1));
    EXPECT_EQ(stage(claimed, Stage::normalised, {id}), std::nullopt);
    const auto row = value_of(store().get_finding(id));
    EXPECT_EQ(row.stage, Stage::received);
    EXPECT_EQ(row.doc, "");
}

TEST_P(WorkSuite, ReleaseDecidesWhenWorkGoesOn) {
    struct Row {
        std::string name;
        Release::Kind kind;
        bool arrives_meanwhile;
        std::optional<Timestamp> ready_at;
        int attempts;
        std::size_t dead_letters;
        std::size_t audited;
    };
    const std::vector<Row> rows = {
        {"done", Release::Kind::done, false, std::nullopt, 0, 0, 1},
        {"done, but more came", Release::Kind::done, true, minute(5), 0, 0, 1},
        {"wait", Release::Kind::wait, false, minute(20), 0, 0, 1},
        {"wait, but more came", Release::Kind::wait, true, minute(5), 0, 0, 1},
        {"retry", Release::Kind::retry, false, minute(20), 1, 0, 1},
        {"retry, but more came", Release::Kind::retry, true, minute(5), 1, 0, 1},
        {"dead", Release::Kind::dead, false, std::nullopt, 0, 1, 1},
        {"dead, but more came", Release::Kind::dead, true, minute(5), 0, 0, 0},
    };
    std::size_t letters = 0;
    std::size_t audited = 0;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto dossier = deliver({.id = row.name}).dossier_id;
        const auto claimed = claim(minute(0)).at(0);
        if (row.arrives_meanwhile) deliver({.id = row.name, .title = "changed"}, minute(1));
        EXPECT_EQ(release(claimed, row.kind, minute(20)), std::nullopt);
        EXPECT_EQ(value_of(store().next_ready_at()), row.ready_at);
        EXPECT_EQ(value_of(store().load_work(dossier)).attempts, row.attempts);
        letters += row.dead_letters;
        audited += row.audited;
        EXPECT_EQ(value_of(store().list_dead_letters({})).items.size(), letters);
        EXPECT_EQ(value_of(store().list_audit({}, {})).items.size(), audited);
        if (const auto again = claim(minute(30)); !again.empty()) {
            EXPECT_EQ(again[0].attempts, row.attempts);
            release(again[0], Release::Kind::done);
            ++audited;
        }
    }
}

TEST_P(WorkSuite, ADeadLetterNamesTheWorstFindingAndIsRedrivenOnce) {
    deliver({.id = "a", .exposure = "x", .severity = Severity::low});
    const auto worst = deliver({.id = "b", .exposure = "x", .severity = Severity::high});
    auto claimed = claim(minute(0)).at(0);
    EXPECT_EQ(stage(claimed, Stage::enriched, {worst.id}), std::nullopt);
    EXPECT_EQ(release(claimed, Release::Kind::dead), std::nullopt);
    EXPECT_EQ(store().backlog(), 0U);
    EXPECT_EQ(value_of(store().get_finding(worst.id)).stage, Stage::dead);
    EXPECT_TRUE(claim(minute(9)).empty());

    const auto letter = value_of(store().list_dead_letters({})).items.at(0);
    EXPECT_EQ(letter.finding_id, worst.id);
    EXPECT_EQ(letter.dossier_id, worst.dossier_id);
    EXPECT_EQ(letter.stage, Stage::enriched);
    EXPECT_EQ(letter.error, "upstream said no");
    EXPECT_EQ(letter.attempts, 1);
    EXPECT_EQ(error_of(store().redrive("dlt_none", minute(9), {})), Errc::not_found);
    EXPECT_EQ(value_of(store().redrive(letter.id, minute(9), {entry("redriven")})).redriven_at, minute(9));
    EXPECT_EQ(error_of(store().redrive(letter.id, minute(9), {})), Errc::conflict);
    EXPECT_EQ(store().backlog(), 2U);

    claimed = claim(minute(9)).at(0);
    EXPECT_EQ(claimed.attempts, 0);
    const auto row = value_of(store().load_work(worst.dossier_id));
    EXPECT_EQ(row.stage, Stage::enriched); // after the last stored result
    EXPECT_EQ(row.findings.at(1).stage, Stage::enriched);
}

TEST_P(WorkSuite, ADeliveryRevivesADeadDossier) {
    const auto first = deliver({});
    EXPECT_EQ(release(claim(minute(0)).at(0), Release::Kind::dead), std::nullopt);
    deliver({.title = "changed"}, minute(2));
    EXPECT_EQ(store().backlog(), 1U);
    EXPECT_EQ(value_of(store().get_dossier(first.dossier_id)).stage, Stage::received);
    EXPECT_EQ(claim(minute(2)).size(), 1U);
}

TEST_P(WorkSuite, AReplayIsAskedForAndBegun) {
    const auto result = deliver({});
    release(claim(minute(0)).at(0), Release::Kind::done);
    EXPECT_EQ(error_of(store().request_replay("fnd_none", Stage::explained, minute(1), {})), Errc::not_found);
    value_of(store().request_replay(result.id, Stage::explained, minute(1), {entry("replay")}));
    EXPECT_EQ(value_of(store().load_work(result.dossier_id)).replay_from, Stage::explained);
    StageCommit commit{.claim = claim(minute(1)).at(0), .at = minute(1), .stage = Stage::explained, .revision = 2};
    commit.replay_begun = true;
    value_of(store().commit_stage(commit));
    EXPECT_EQ(value_of(store().load_work(result.dossier_id)).replay_from, std::nullopt);
}

TEST_P(WorkSuite, LoadsTheCurrentRevisionAndShowsAllOfThem) {
    const auto result = deliver({});
    const auto claimed = claim(minute(0)).at(0);
    for (const int revision : {1, 2}) {
        StageCommit commit{.claim = claimed, .at = minute(1), .stage = Stage::explained, .revision = revision};
        commit.body = "{}";
        value_of(store().commit_stage(commit));
    }
    EXPECT_EQ(value_of(store().load_work(result.dossier_id)).results.size(), 1U);
    EXPECT_EQ(value_of(store().get_dossier(result.dossier_id)).results.size(), 2U);
    EXPECT_EQ(error_of(store().load_work("dos_none")), Errc::not_found);
}

TEST_P(WorkSuite, SaysWhenSomethingBecameReady) {
    std::atomic<int> woken = 0;
    store().on_ready([&] { ++woken; });
    deliver({});
    value_of(store().probe()); // the call-back of a group is done before the next group starts
    EXPECT_EQ(woken, 1);
    deliver({}); // a duplicate is no work
    value_of(store().probe());
    EXPECT_EQ(woken, 1);
    store().on_ready({});
}

INSTANTIATE_TEST_SUITE_P(Stores, WorkSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
