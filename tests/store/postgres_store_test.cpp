// What only the PostgreSQL store has: a server that others use too, connections that are lost, and several writers.
#include "cutting_proxy.hpp"
#include "postgres_migrate.hpp"
#include "postgres_suite.hpp"

#include <algorithm>
#include <atomic>
#include <set>
#include <thread>

namespace dossier::store {
namespace {

using namespace std::chrono_literals;

template <class Condition>
auto comes_true(Condition condition) -> bool {
    for (const auto end = std::chrono::steady_clock::now() + 20s; std::chrono::steady_clock::now() < end;) {
        if (condition()) return true;
        std::this_thread::sleep_for(5ms);
    }
    return false;
}

// The schema ----------------------------------------

TEST_F(PostgresSuite, ReplicasThatStartTogetherMakeTheSchemaOnce) {
    std::vector<std::unique_ptr<PostgresStore>> stores(6);
    {
        std::vector<std::jthread> starts;
        starts.reserve(stores.size());
        for (auto& store : stores) starts.emplace_back([&] { store = open(); });
    }
    for (const auto& store : stores) value_of(store->probe());
    EXPECT_EQ(number("SELECT count(*) FROM dossier_schema"), 1);
    EXPECT_EQ(number("SELECT version FROM dossier_schema"), static_cast<std::int64_t>(schema().size()));
    EXPECT_EQ(number("SELECT writes FROM probe"), static_cast<std::int64_t>(stores.size()));
}

TEST_F(PostgresSuite, WhatAnEarlierSchemaKeptIsLedForward) {
    {
        const auto db = connect();
        migrate(*db, schema().first(8));
        db->script(
            "INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
            "VALUES('dos_1', 'exp-1', 'digested', 3, 0, 0); "
            "INSERT INTO drafts(id, dossier, revision, state, content_hash, finding_ids, doc) VALUES('drf_1', 1, "
            "1, 'pending', 'h', '', '{\"id\":\"drf_1\",\"kind\":\"ticket\",\"severity\":\"high\",\"assignee\":"
            "\"Alice@acme.example\",\"created_at\":\"2026-11-22T00:01:00Z\"}')");
    }
    const auto store = open();
    EXPECT_EQ(number("SELECT created_at FROM drafts"), minute(1).time_since_epoch().count());
    const auto found = value_of(store->list_drafts({.kind = "ticket", .assignee = "alice@acme.example"}, {}));
    ASSERT_EQ(found.items.size(), 1U);
    EXPECT_EQ(found.items[0].id, "drf_1");
}

TEST_F(PostgresSuite, AReplicaOfTheVersionBeforeWritesAndReadsLongTextsBeside) {
    {
        const auto db = connect();
        for (std::size_t step = 1; step <= 13; ++step) migrate(*db, schema().first(step));
    }
    const auto store = open();
    const std::string text(6'000, 'x');
    { // as that version writes
        const auto db = connect();
        db->begin("BEGIN");
        db->run("INSERT INTO dossiers(id, exposure_key, stage, severity, revision, created_at, updated_at) "
                "VALUES('dos_1', 'exp-1', 'digested', 3, 1, 0, 0)");
        db->run("INSERT INTO stage_results(dossier, revision, stage, at, body) SELECT seq, 1, 'assessed', 0, ? FROM "
                "dossiers",
                text);
        db->commit();
    }
    EXPECT_EQ(value_of(store->get_dossier("dos_1")).results.at(0).body, text);
    value_of(store->append_audit({entry(text)}));
    const auto db = connect();
    auto rows = db->query("SELECT record, unpacked_size FROM audit");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(0), plain_seal(entry(text), 1, "").record) << "as that version reads it";
    EXPECT_TRUE(rows.is_null(1));
}

TEST_F(PostgresSuite, TheBacklogIsRightBesideAReplicaOfTheVersionBefore) {
    constexpr auto row_of_before =
        "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
        "status, stage, content_hash, received_at, updated_at, work_seq) VALUES(?, 1, 1, 'wiz', ?, 'exp-1', 't', '', "
        "3, 'open', ?, 'h', 0, 0, 1)";
    const auto before = connect();
    for (std::size_t step = 1; step <= 15; ++step) migrate(*before, schema().first(step));
    before->begin("BEGIN");
    before->run("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
                "VALUES('dos_1', 'exp-1', 'received', 3, 0, 0)");
    for (const auto* stage : {"received", "drafted", "digested"}) before->run(row_of_before, stage, stage, stage);
    before->commit();
    auto store = open();
    EXPECT_EQ(store->backlog(), 2U);
    before->begin("BEGIN");
    before->run(row_of_before, "new", "new", "received");
    before->run("UPDATE findings SET stage='digested' WHERE id='drafted'");
    before->run("UPDATE findings SET stage='digested' WHERE id='received'");
    before->commit();
    value_of(store->claim_ready("worker", minute(0), std::chrono::minutes(1), 1)); // counts
    EXPECT_TRUE(comes_true([&] {
        value_of(store->claim_ready("worker", minute(0), std::chrono::minutes(1), 1));
        return store->backlog() == 1;
    })) << "what that one took in is to be done, what it has done is not: "
        << store->backlog();
}

TEST_F(PostgresSuite, LongTextsArePackedByLz4WhereTheServerHasIt) {
    if (number("SELECT count(*) FROM pg_settings WHERE name='default_toast_compression' AND 'lz4'=ANY(enumvals)") == 0)
        GTEST_SKIP() << "the server was built without LZ4";
    const auto store = open();
    auto intake = delivery({{}}, minute(0));
    intake.items.front().raw = std::string(6'000, 'r');
    value_of(store->commit_intake(std::move(intake), {entry(std::string(6'000, 'a'))}));
    const auto db = connect();
    auto rows = db->query("SELECT pg_column_compression(p.raw), pg_column_compression(a.record), "
                          "pg_relation_size((SELECT reltoastrelid FROM pg_class WHERE relname='payloads')) "
                          "FROM payloads p, audit a");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(0), "lz4");
    EXPECT_EQ(rows.text(1), "lz4");
    EXPECT_EQ(rows.integer(2), 0) << "the payload lies in its row";
}

TEST_F(PostgresSuite, AStepThatFailsLeavesNothingBehind) {
    const char* const first[] = {"CREATE TABLE dossiers(seq INTEGER PRIMARY KEY, lease_owner TEXT, severity INTEGER, "
                                 "ready_at INTEGER); CREATE TABLE findings(seq INTEGER PRIMARY KEY); CREATE TABLE "
                                 "payloads(raw BLOB); CREATE TABLE probe(id INTEGER PRIMARY KEY); CREATE INDEX "
                                 "dossiers_ready ON dossiers(severity); CREATE INDEX dossiers_leased ON "
                                 "dossiers(lease_owner); INSERT INTO probe VALUES(7);"};
    const char* const broken[] = {first[0], "CREATE TABLE half(x INTEGER); SELECT nonsense;"};
    const auto db = connect();
    migrate(*db, first);
    EXPECT_THROW(migrate(*db, broken), PostgresFailure);
    EXPECT_EQ(number("SELECT version FROM dossier_schema"), 1);
    EXPECT_EQ(number("SELECT count(*) FROM pg_tables WHERE tablename='half'"), 0);
    EXPECT_EQ(number("SELECT id FROM probe"), 7);
}

TEST_F(PostgresSuite, RefusesADatabaseOfAnotherProgramAndOneOfALaterDossier) {
    struct Row {
        std::string name;
        std::string sql;
        std::string expected;
    };
    const std::vector<Row> rows = {
        {"another program's", "CREATE TABLE audit(x INTEGER)", "another program"},
        {"a later one", "CREATE TABLE dossier_schema(version BIGINT); INSERT INTO dossier_schema VALUES(99)",
         "schema version 99"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const PostgresPlace place(*server());
        place.connect()->script(row.sql);
        const auto store = open_store({.url = place.url()}, plain_seal);
        ASSERT_FALSE(store);
        EXPECT_EQ(store.error().code, Errc::storage);
        EXPECT_NE(store.error().message.find(row.expected), std::string::npos) << store.error().message;
    }
}

// Work among replicas ----------------------------------------

TEST_F(PostgresSuite, ReplicasThatClaimAtTheSameTimeGetDifferentDossiers) {
    constexpr std::size_t dossiers = 120;
    const auto one = open();
    const auto two = open();
    std::vector<Sample> samples(dossiers);
    for (std::size_t i = 0; i < dossiers; ++i) samples[i].id = std::to_string(i);
    value_of(one->commit_intake(delivery(samples, minute(0)), {}));
    std::vector<Task<Result<std::vector<Claim>>>> claims;
    for (int i = 0; i < 10; ++i) {
        claims.push_back(one->claim_ready("one", minute(1), 1min, 7));
        claims.push_back(two->claim_ready("two", minute(1), 1min, 7));
    }
    std::set<std::string> claimed;
    std::size_t count = 0;
    for (const auto& result : side_by_side(std::move(claims))) {
        ASSERT_TRUE(result);
        for (const auto& claim : *result) claimed.insert(claim.dossier_id);
        count += result->size();
    }
    EXPECT_EQ(claimed.size(), count) << "claimed twice";
    EXPECT_EQ(count, dossiers);
}

TEST_F(PostgresSuite, ARowThatSomebodyHoldsIsSkippedAndNotWaitedFor) {
    const auto store = open();
    value_of(store->commit_intake(
        delivery({{.id = "held", .severity = Severity::critical}, {.id = "free", .severity = Severity::low}},
                 minute(0)),
        {}));
    const auto other = connect();
    other->begin("BEGIN");
    ASSERT_TRUE(other->query_and_hold("SELECT id FROM dossiers WHERE exposure_key='exp-held'").next());
    const auto first = value_of(store->claim_ready("worker", minute(1), 1min, 10));
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(value_of(store->load_work(first[0].dossier_id)).findings[0].fingerprint, "fp-free");
    other->rollback();
    EXPECT_EQ(value_of(store->claim_ready("worker", minute(1), 1min, 10)).size(), 1U);
}

TEST_F(PostgresSuite, WhatOneReplicaMakesReadyWakesTheOther) {
    const auto one = open();
    const auto two = open();
    std::atomic<int> wakes = 0;
    two->on_ready([&] { ++wakes; });
    const auto listens = [&] {
        return number("SELECT count(*) FROM pg_stat_activity WHERE datname=current_database() AND "
                      "query='LISTEN dossier_ready' AND state='idle'") == 2;
    };
    ASSERT_TRUE(comes_true(listens));
    value_of(one->append_audit({entry("nothing to do")}));
    value_of(one->commit_intake(delivery({{}}, minute(0)), {}));
    EXPECT_TRUE(comes_true([&] { return wakes == 1; }));
    server()->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query='LISTEN dossier_ready'");
    EXPECT_TRUE(comes_true([&] { return wakes >= 2; })) << "what came while nobody listened";
    two->on_ready({});
}

TEST_F(PostgresSuite, WritersOfSeveralReplicasKeepOneChainAndOneDossierAnExposure) {
    constexpr int rounds = 40;
    const auto one = open();
    const auto two = open();
    std::vector<Task<Result<std::vector<IntakeResult>>>> deliveries;
    for (int i = 0; i < rounds; ++i) { // the same exposures by two sources at two replicas
        const auto id = std::to_string(i % 10);
        deliveries.push_back(
            one->commit_intake(delivery({{.source = "wiz", .id = id}}, minute(0)), {entry("received")}));
        deliveries.push_back(
            two->commit_intake(delivery({{.source = "orca", .id = id}}, minute(0)), {entry("received")}));
    }
    int created = 0;
    for (const auto& result : side_by_side(std::move(deliveries))) {
        ASSERT_TRUE(result) << result.error().describe();
        created += result->front().outcome == Outcome::created ? 1 : 0;
    }
    EXPECT_EQ(created, 20);
    EXPECT_EQ(number("SELECT count(*) FROM findings"), 20);
    EXPECT_EQ(number("SELECT count(*) FROM dossiers"), 10);
    expect_whole_chain(*one, 2 * rounds);
}

TEST_F(PostgresSuite, OneReplicaHasASingletonAndAStaleOneCannotMoveItsCursor) {
    const auto one = open();
    const auto two = open();
    std::vector<Task<Result<std::optional<Singleton>>>> wishes;
    for (int i = 0; i < 8; ++i) {
        wishes.push_back(one->acquire_singleton("reconcile:wiz", "one", minute(0), 1min));
        wishes.push_back(two->acquire_singleton("reconcile:wiz", "two", minute(0), 1min));
    }
    std::set<std::string> owners;
    for (auto& result : side_by_side(std::move(wishes)))
        if (result.value()) owners.insert(result.value()->owner);
    ASSERT_EQ(owners.size(), 1U);
    const auto loser = owners.contains("one") ? std::string("two") : std::string("one");
    auto& its = loser == "one" ? *one : *two;
    const auto later = value_of(its.acquire_singleton("reconcile:wiz", loser, minute(2), 1min)); // its lease ran out
    ASSERT_TRUE(later);
    auto stale = delivery({{}}, minute(2));
    stale.cursor = CursorMove{.name = "reconcile:wiz", .value = "x", .fence = later->fence - 1};
    EXPECT_EQ(error_of(one->commit_intake(std::move(stale), {})), Errc::conflict);
    EXPECT_EQ(value_of(two->get_cursor("reconcile:wiz")), std::nullopt);
}

// Round trips ----------------------------------------

TEST_F(PostgresSuite, NoAnswerIsLostBehindLongRunsOfStatements) {
    const auto db = connect();
    db->script("CREATE TABLE counted(n BIGINT)");
    for (std::int64_t runs = 500; runs < 530; ++runs) {
        db->begin("BEGIN");
        db->run("DELETE FROM counted");
        for (std::int64_t n = 1; n < runs; ++n) db->run("INSERT INTO counted(n) VALUES(?)", n);
        EXPECT_EQ(db->change("UPDATE counted SET n=n+1 WHERE n=?", 1), 1) << runs;
        for (std::int64_t n = 0; n < runs; ++n) db->run("INSERT INTO counted(n) VALUES(?)", n);
        auto rows = db->query("SELECT count(*) FROM counted");
        ASSERT_TRUE(rows.next()) << runs;
        EXPECT_EQ(rows.integer(0), 2 * runs - 1);
        for (std::int64_t n = 0; n < runs; ++n) db->run("INSERT INTO counted(n) VALUES(?)", n);
        db->commit();
    }
}

TEST_F(PostgresSuite, WhatWasAskedAheadIsAnsweredOnceAndOnlyWhereThereIsNothing) {
    const auto db = connect();
    db->script("CREATE TABLE counted(n BIGINT, t TEXT); INSERT INTO counted VALUES(1, 'one')");
    constexpr std::string_view question = "SELECT t FROM counted WHERE n=? AND t<>?";
    const auto has_rows = [&](std::int64_t n) { return db->query(question, n, "x").next(); };
    db->begin("BEGIN");
    for (const auto n : {1, 2, 2, 3}) db->ask_ahead(question, n, "x");
    EXPECT_TRUE(db->query("SELECT 1").next());
    db->run("INSERT INTO counted VALUES(2, 'two')");
    EXPECT_TRUE(has_rows(1));
    EXPECT_FALSE(has_rows(2)) << "the answer from before: whoever makes the row asks first";
    EXPECT_TRUE(has_rows(2)) << "and once only";
    EXPECT_FALSE(has_rows(4)) << "never announced";
    db->commit();
    db->begin("BEGIN");
    db->run("INSERT INTO counted VALUES(3, 'three')");
    EXPECT_TRUE(has_rows(3)) << "it was asked ahead in another transaction";
    db->rollback();
}

TEST_F(PostgresSuite, RowsAreNumberedAsTheyAreMade) {
    const auto db = connect();
    db->script("CREATE TABLE numbered(seq BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, n BIGINT)");
    std::int64_t last = 0;
    for (const std::int64_t inserts : {1, 5, 900}) {
        db->begin("BEGIN", 3);
        for (std::int64_t n = 0; n < inserts; ++n) {
            const auto seq = db->insert("INSERT INTO numbered(n) VALUES(?)", n);
            EXPECT_GT(seq, last);
            last = seq;
            if (n % 100 == 0) {
                auto rows = db->query("SELECT n FROM numbered WHERE seq=?", seq);
                ASSERT_TRUE(rows.next());
                EXPECT_EQ(rows.integer(0), n);
            }
        }
        db->commit();
    }
}

// A server that fails ----------------------------------------

TEST_F(PostgresSuite, ACommitWhoseAnswerIsLostHappensOnce) {
    using Cut = CuttingProxy::Cut;
    for (const auto& [name, cut] : {std::pair{"before it took effect", Cut::before_commit},
                                    std::pair{"after it took effect", Cut::after_commit}}) {
        SCOPED_TRACE(name);
        const PostgresPlace place(*server());
        CuttingProxy proxy(server()->port());
        const auto store = PostgresPlace::open_postgres(
            server()->url_of(place.url().substr(place.url().rfind('/') + 1), proxy.port()));
        value_of(store->append_audit({entry("first")}));
        proxy.cut_next(cut);
        const auto result = value_of(store->commit_intake(delivery({{}}, minute(0)), {entry("received")}));
        EXPECT_EQ(proxy.cuts(), 1);
        EXPECT_EQ(result.front().outcome, Outcome::created) << "not a duplicate of itself";
        EXPECT_EQ(value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front().outcome, Outcome::duplicate);
        expect_whole_chain(*store, 2);
        EXPECT_EQ(store->backlog(), 1U);
    }
}

TEST_F(PostgresSuite, ACommitThatCannotBeAskedAboutIsAnError) {
    CuttingProxy proxy(server()->port());
    const auto store = PostgresPlace::open_postgres(url_by(proxy.port()));
    proxy.cut_next(CuttingProxy::Cut::after_commit);
    proxy.refuse(true);
    const auto result = await(store->append_audit({entry("uncertain")}));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::storage);
    EXPECT_TRUE(result.error().retry_after);
    proxy.refuse(false);
    EXPECT_TRUE(comes_true([&] { return await(store->append_audit({entry("later")})).has_value(); }));
    expect_whole_chain(*store, 2);
}

TEST_F(PostgresSuite, ConnectionsThatAreCutAgainAndAgainLoseAndDoubleNothing) {
    const auto store = open();
    int last_id = 0;
    constexpr int count = 100;
    const auto deliver = [&] {
        std::vector<Task<Result<std::vector<IntakeResult>>>> deliveries;
        for (int i = 0; i < count; ++i)
            deliveries.push_back(
                store->commit_intake(delivery({{.id = std::to_string(++last_id)}}, minute(0)), {entry("received")}));
        const auto results = side_by_side(std::move(deliveries));
        return std::ranges::count_if(results, [](const auto& result) { return result.has_value(); });
    };
    std::atomic<bool> is_done = false;
    std::jthread cutter([&] {
        while (!is_done) {
            server()->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name='dossier' AND "
                          "datname='" +
                          url().substr(url().rfind('/') + 1) + "' AND random() < 0.5");
            std::this_thread::sleep_for(10ms);
        }
    });
    auto good = deliver();
    for (int i = 0; i < 3; ++i) good += deliver();
    is_done = true;
    cutter.join();
    // Between two cuts a slow machine may get nothing through. Once nobody cuts, all comes through.
    ASSERT_TRUE(comes_true([&] { return await(store->probe()).has_value(); }));
    EXPECT_EQ(deliver(), count);
    good += count;
    // One that failed was not done: its outcome was known.
    EXPECT_EQ(number("SELECT count(*) FROM findings"), good);
    expect_whole_chain(*store, static_cast<std::size_t>(good));
}

TEST_F(PostgresSuite, AServerThatTakesNoWritesIsToldApartAndTakenBack) {
    const auto store = open();
    const auto found = value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front();
    const auto database = url().substr(url().rfind('/') + 1);
    server()->sql("ALTER DATABASE " + database + " SET default_transaction_read_only=on");
    server()->sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname='" + database + "'");
    const auto refused = await(store->probe());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::storage);
    EXPECT_TRUE(refused.error().retry_after) << "so that a delivery is answered 503 and comes again";
    EXPECT_EQ(value_of(store->get_finding(found.id)).id, found.id) << "what can be read is read";
    server()->sql("ALTER DATABASE " + database + " SET default_transaction_read_only=off");
    EXPECT_TRUE(comes_true([&] { return await(store->probe()).has_value(); }));
}

TEST_F(PostgresSuite, AShortOutageIsWaitedOutAndALongOneAnsweredAtOnce) {
    const auto own = PostgresServer::start();
    const auto database = own->new_database();
    const auto store = PostgresPlace::open_postgres(database);
    own->stop_at_once();
    {
        std::jthread restart([&] { own->start_again(); });
        EXPECT_TRUE(await(store->probe()));
    }
    own->stop_at_once();
    EXPECT_FALSE(await(store->probe())); // the first waits a little, for the server may come back
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_FALSE(await(store->probe()));
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 1s);
    own->start_again();
    EXPECT_TRUE(comes_true([&] { return await(store->probe()).has_value(); }));
}

// Values ----------------------------------------

TEST_F(PostgresSuite, TextThatPostgresRefusesIsMendedAndBytesAreKept) {
    const auto store = open();
    auto hostile = delivery({{.id = std::string("a\0b", 3), .title = "\xff\xfe bad \xed\xa0\x80"}}, minute(0));
    hostile.items.front().raw = std::string("{\"x\":\"\0\xff\"}", 10);
    const auto raw = hostile.items.front().raw;
    const auto taken = value_of(store->commit_intake(std::move(hostile), {entry(std::string("nul\0here", 8))})).front();
    EXPECT_EQ(taken.outcome, Outcome::created);
    const auto row = value_of(store->get_finding(taken.id));
    EXPECT_FALSE(row.title.contains('\xff'));
    EXPECT_TRUE(row.title.contains(" bad "));
    EXPECT_EQ(row.fingerprint, "fp-a b");
    EXPECT_EQ(value_of(store->load_work(row.dossier_id)).findings.front().raw, raw);
    EXPECT_EQ(value_of(store->list_audit({}, {})).items.front().action, "nul here");
}

} // namespace
} // namespace dossier::store
