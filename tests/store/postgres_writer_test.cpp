// How the writer runs its groups on PostgreSQL: what they cost in round trips, what is asked ahead, and what becomes of
// an operation that fails among others.
#include "postgres_suite.hpp"

#include <chrono>
#include <thread>

namespace dossier::store {
namespace {

using namespace std::chrono_literals;

class PostgresGroups : public PostgresSuite {
protected:
    static auto stage(const Claim& claim, Stage stage, const std::string& finding) -> StageCommit {
        StageCommit commit{.claim = claim, .at = minute(1), .stage = stage, .revision = 1};
        commit.body = "{}";
        commit.findings.push_back({.id = finding, .doc = "{}"});
        commit.audit = {entry(std::string(to_string(stage)))};
        return commit;
    }
    static auto claim(Store& store, std::size_t most = 1) -> std::vector<Claim> {
        return value_of(store.claim_ready("worker", minute(0), std::chrono::minutes(1), most));
    }
    /// Runs them side by side while the writers' lock is held for a moment, so that what comes behind the first one
    /// shares a transaction.
    template <class T>
    auto together(std::vector<Task<Result<T>>> tasks) -> std::vector<Result<T>> {
        const auto holder = connect();
        holder->begin("BEGIN");
        EXPECT_TRUE(holder->query("SELECT pg_advisory_xact_lock(?)", static_cast<std::int64_t>(Lock::writing)).next());
        const std::jthread release([&] {
            std::this_thread::sleep_for(200ms);
            holder->rollback();
        });
        return side_by_side(std::move(tasks));
    }
};

TEST_F(PostgresGroups, OfNewFindingsCostAFewRoundTrips) {
    const auto store = open();
    std::vector<Task<Result<std::vector<IntakeResult>>>> deliveries;
    for (int i = 0; i < 64; ++i)
        deliveries.push_back(
            store->commit_intake(delivery({{.id = std::to_string(i)}}, minute(0)), {entry("received")}));
    const auto before = store->counters();
    for (const auto& result : side_by_side(std::move(deliveries)))
        EXPECT_EQ(result.value().front().outcome, Outcome::created);
    const auto after = store->counters();
    // Lock, questions and head; the numbers of dossiers and of findings; COMMIT.
    EXPECT_LE(after.round_trips - before.round_trips, 4 * (after.groups - before.groups));
    EXPECT_EQ(after.operations - before.operations, 64U);
    expect_whole_chain(*store, 64);
}

TEST_F(PostgresGroups, OfStageResultsCostAFewRoundTrips) {
    const auto store = open();
    std::vector<Sample> samples;
    for (int i = 0; i < 64; ++i) samples.push_back({.id = std::to_string(i)});
    value_of(store->commit_intake(delivery(samples, minute(0)), {}));
    std::vector<Task<Result<void>>> commits;
    const auto claims = claim(*store, 64);
    ASSERT_EQ(claims.size(), 64U);
    for (const auto& one : claims) {
        auto commit = stage(one, Stage::drafted, value_of(store->load_work(one.dossier_id)).findings.at(0).id);
        commit.save_drafts.push_back({.id = "drf_" + one.dossier_id, .dossier_id = one.dossier_id});
        commits.push_back(store->commit_stage(commit));
    }
    std::vector<Task<Result<void>>> releases;
    for (const auto& one : claims)
        releases.push_back(store->release({.claim = one, .at = minute(2), .kind = Release::Kind::done}));
    const auto before = store->counters();
    for (const auto& result : together(std::move(commits))) EXPECT_TRUE(result);
    for (const auto& result : together(std::move(releases))) EXPECT_TRUE(result);
    const auto after = store->counters();
    // Lock, questions and head; COMMIT.
    EXPECT_LE(after.round_trips - before.round_trips, 2 * (after.groups - before.groups));
    EXPECT_EQ(after.operations - before.operations, 128U);
    expect_whole_chain(*store, 64);
    EXPECT_EQ(value_of(store->list_drafts({}, {.limit = 100})).items.size(), 64U);
}

/// What the first of a dossier's operations asked ahead and didn't use is no answer for the next one, before which a
/// delivery came.
TEST_F(PostgresGroups, SeeWhatTheirOwnOperationsChanged) {
    const auto store = open();
    const auto taken = value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front();
    const auto held = claim(*store).at(0);
    auto stale = held;
    --stale.fence;
    std::vector<Task<Result<void>>> tasks;
    tasks.push_back(store->probe()); // alone, since nothing waits yet
    tasks.push_back(store->commit_stage(stage(stale, Stage::enriched, taken.id)));
    tasks.push_back([](Store& to) -> Task<Result<void>> {
        auto news = co_await to.commit_intake(delivery({{.title = "It is worse"}}, minute(1)), {});
        if (!news) co_return fail(news.error());
        co_return Result<void>{};
    }(*store));
    tasks.push_back(store->commit_stage(stage(held, Stage::enriched, taken.id)));
    const auto results = together(std::move(tasks));
    ASSERT_FALSE(results[1]);
    EXPECT_EQ(results[1].error().code, Errc::conflict);
    EXPECT_TRUE(results[2]);
    EXPECT_TRUE(results[3]);
    EXPECT_LE(store->counters().groups, 3U) << "the delivery, the probe, and all others together";
    const auto row = value_of(store->get_finding(taken.id));
    EXPECT_EQ(row.stage, Stage::received) << "the delivery's version is still to be worked on";
    EXPECT_EQ(row.title, "It is worse");
    EXPECT_EQ(value_of(store->get_dossier(taken.dossier_id)).stage, Stage::enriched);
}

TEST_F(PostgresGroups, LoseNothingButTheOperationThatFailed) {
    const auto store = open();
    const auto taken = value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front();
    const auto held = claim(*store).at(0);
    std::vector<Task<Result<void>>> tasks;
    tasks.push_back(store->probe());
    tasks.push_back(store->append_audit({entry("before")}));
    auto unknown = stage(held, Stage::enriched, "fnd_none"); // fails when its dossier is written already
    unknown.owner = "alice";
    tasks.push_back(store->commit_stage(unknown));
    tasks.push_back(store->append_audit({entry("after")}));
    const auto results = together(std::move(tasks));
    EXPECT_TRUE(results[1]);
    ASSERT_FALSE(results[2]);
    EXPECT_EQ(results[2].error().code, Errc::not_found);
    EXPECT_TRUE(results[3]);
    EXPECT_LE(store->counters().groups, 3U) << "one transaction for the three";
    const auto dossier = value_of(store->get_dossier(taken.dossier_id));
    EXPECT_EQ(dossier.stage, Stage::received);
    EXPECT_TRUE(dossier.results.empty());
    expect_whole_chain(*store, 2);
    EXPECT_EQ(store->backlog(), 1U);
}

} // namespace
} // namespace dossier::store
