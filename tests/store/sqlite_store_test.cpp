// What only the SQLite store has: groups, savepoints, its file, and what happens when the disk says no.
#include "sql_rows.hpp"
#include "sqlite_migrate.hpp"
#include "sqlite_place.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/finding/json.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/executor_work_guard.hpp>

#include <atomic>
#include <csignal>
#include <fstream>
#include <latch>
#include <set>
#include <sstream>
#include <thread>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace dossier::store {
namespace {

/// Keeps the writer busy, so that what is started meanwhile becomes one group.
class Hold {
public:
    Hold(asio::io_context& loop, SqliteStore& store) {
        asio::co_spawn(loop, store.on_writer([this](Database&) {
            begun_.count_down();
            free_.wait();
        }),
                       [](std::exception_ptr, Result<void>) {});
        loop.poll(); // queues it
        begun_.wait();
    }
    void release() { free_.count_down(); }

private:
    std::latch begun_{1};
    std::latch free_{1};
};

template <class T>
void start(asio::io_context& loop, Task<Result<T>> task, std::vector<Result<T>>& results, std::size_t slot) {
    asio::co_spawn(loop, std::move(task),
                   [&results, slot](std::exception_ptr, Result<T> result) { results[slot] = std::move(result); });
}
template <class T>
auto room_for(std::size_t count) -> std::vector<Result<T>> {
    return std::vector<Result<T>>(count, fail(Errc::cancelled, "did not end"));
}

TEST(SqliteStore, TwoHundredWritersShareFewCommits) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    auto results = room_for<std::vector<IntakeResult>>(200);
    for (std::size_t i = 0; i < results.size(); ++i) {
        start(loop, store->commit_intake(delivery({{.id = std::to_string(i)}}, minute(0)), {entry("received")}),
              results, i);
    }
    loop.run();
    std::set<std::string> ids;
    for (const auto& result : results) ids.insert(result.value().front().id);
    EXPECT_EQ(ids.size(), 200U);
    EXPECT_EQ(store->backlog(), 200U);
    const auto counters = store->counters();
    EXPECT_EQ(counters.operations, 200U);
    EXPECT_LT(counters.groups, 100U);
    EXPECT_EQ(value_of(store->deliveries({}, minute(1))).front().webhook, 200);
}

TEST(SqliteStore, AGroupThatRunsTwiceCountsAndKnowsItsFindingsOnce) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    Hold hold(loop, *store);
    auto taken = room_for<std::vector<IntakeResult>>(3);
    auto failing = room_for<void>(1);
    start(loop, store->commit_intake(delivery({{.id = "1"}}, minute(0)), {entry("received")}), taken, 0);
    start(loop, store->on_writer([](Database& db) {
        db.run("UPDATE probe SET writes = 1000");
        db.run("INSERT INTO probe VALUES(1, 0)"); // the key is taken
    }),
          failing, 0);
    start(loop, store->commit_intake(delivery({{.id = "2"}}, minute(0)), {entry("received")}), taken, 1);
    start(loop, store->commit_intake(delivery({{.id = "1"}}, minute(0)), {entry("received")}), taken, 2);
    loop.poll();
    hold.release();
    loop.run();
    EXPECT_FALSE(failing[0]);
    EXPECT_EQ(taken[0].value().front().outcome, Outcome::created);
    EXPECT_EQ(taken[1].value().front().outcome, Outcome::created);
    EXPECT_EQ(taken[2].value().front().outcome, Outcome::duplicate);
    EXPECT_EQ(taken[2].value().front().id, taken[0].value().front().id);
    const auto day = value_of(store->deliveries({}, minute(1))).front();
    EXPECT_EQ(day.webhook, 3);
    EXPECT_EQ(day.duplicates, 1);
}

TEST(SqliteStore, AFailedOperationLeavesItsGroupAlone) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    Hold hold(loop, *store);
    auto writes = room_for<void>(3);
    start(loop, store->append_audit({entry("before")}), writes, 0);
    start(loop, store->on_writer([](Database& db) {
        db.run("UPDATE probe SET writes = 1000");
        db.run("INSERT INTO probe VALUES(1, 0)"); // the key is taken
    }),
          writes, 1);
    start(loop, store->append_audit({entry("after")}), writes, 2);
    loop.poll();
    hold.release();
    loop.run();
    EXPECT_TRUE(writes[0]);
    EXPECT_TRUE(writes[2]);
    ASSERT_FALSE(writes[1]);
    EXPECT_EQ(writes[1].error().code, Errc::storage);
    EXPECT_EQ(store->counters().groups, 2U);
    EXPECT_EQ(value_of(store->audit_head()).seq, 2);
    value_of(store->on_writer([](Database& db) {
        auto rows = db.query("SELECT writes FROM probe");
        if (!rows.next() || rows.integer(0) == 1000) throw std::runtime_error("the failed operation left something");
    }));
}

TEST(SqliteStore, ACommitThatFailsFailsItsWholeGroupAndNothingElse) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    value_of(store->append_audit({entry("kept")}));
    Hold hold(loop, *store);
    auto intakes = room_for<std::vector<IntakeResult>>(1);
    auto writes = room_for<void>(1);
    start(loop, store->commit_intake(delivery({{}}, minute(0)), {entry("lost")}), intakes, 0);
    start(loop, store->on_writer([](Database& db) {
        db.run("PRAGMA defer_foreign_keys=ON");
        db.run("INSERT INTO payloads(finding, version, content_hash, received_at, raw) VALUES(99,1,'',0,'')");
    }),
          writes, 0);
    loop.poll();
    hold.release();
    loop.run();
    EXPECT_EQ(intakes[0].error().code, Errc::storage);
    EXPECT_EQ(writes[0].error().code, Errc::storage);
    EXPECT_EQ(store->backlog(), 0U);

    value_of(store->append_audit({entry("next")}));
    const auto records = value_of(store->audit_after(0, 10));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_TRUE(records[1].record.starts_with("2|" + records[0].hash + "|next"));
    EXPECT_EQ(value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front().outcome, Outcome::created);
}

TEST(SqliteStore, AFullDiskIsAnErrorAndNothingMore) {
    SqlitePlace place;
    const auto store = place.open_sqlite();
    value_of(store->append_audit({entry("kept")}));
    value_of(store->on_writer([](Database& db) {
        auto rows = db.query("PRAGMA page_count");
        rows.next();
        db.script("PRAGMA max_page_count=" + std::to_string(rows.integer(0) + 8));
    }));
    auto big = delivery({{}}, minute(0));
    big.items[0].raw = random_hex(1 << 19); // what would be packed to a page fails nowhere
    const auto refused = await(store->commit_intake(big, {entry("lost")}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::storage);
    EXPECT_NE(refused.error().message.find("full"), std::string::npos) << refused.error().message;
    auto small = entry("lost");
    auto huge = entry("lost");
    huge.finding_id.assign(1 << 20, 'x'); // the first of the two is sealed when the second fails
    EXPECT_EQ(error_of(store->append_audit({small, huge})), Errc::storage);
    EXPECT_EQ(store->backlog(), 0U);
    EXPECT_EQ(value_of(store->audit_head()).seq, 1);

    value_of(store->on_writer([](Database& db) { db.script("PRAGMA max_page_count=1000000"); }));
    EXPECT_EQ(value_of(store->commit_intake(big, {entry("next")})).front().outcome, Outcome::created);
    const auto records = value_of(store->audit_after(0, 10));
    ASSERT_EQ(records.size(), 2U);
    EXPECT_TRUE(records[1].record.starts_with("2|" + records[0].hash + "|next"));
}

TEST(SqliteStore, WhatWasAcknowledgedSurvivesAKill) {
    SqlitePlace place;
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const auto child = fork(); // no other thread exists here: each test joins its own
    if (child == 0) {
        alarm(60);
        const auto store = place.open_sqlite();
        for (int i = 0; i < 1'000'000; ++i) {
            const auto result =
                value_of(store->commit_intake(delivery({{.id = std::to_string(i)}}, minute(0)), {entry("received")}));
            const auto line = result.front().id + "\n";
            if (write(pipe_ends[1], line.data(), line.size()) < 0) break;
        }
        _exit(1);
    }
    ASSERT_GT(child, 0);
    close(pipe_ends[1]);
    std::string acknowledged;
    char buffer[512];
    bool killed = false;
    for (;;) {
        const auto count = read(pipe_ends[0], buffer, sizeof buffer);
        if (count <= 0) break;
        acknowledged.append(buffer, static_cast<std::size_t>(count));
        if (!killed && acknowledged.size() > 3000) {
            kill(child, SIGKILL);
            killed = true;
        }
    }
    int status = 0;
    waitpid(child, &status, 0);
    close(pipe_ends[0]);
    ASSERT_TRUE(killed && WIFSIGNALED(status));

    const auto store = place.open();
    std::size_t count = 0;
    std::istringstream lines(acknowledged);
    for (std::string id; std::getline(lines, id) && !lines.eof(); ++count) {
        EXPECT_EQ(value_of(store->get_finding(id)).id, id);
    }
    EXPECT_GT(count, 50U);
    EXPECT_GE(store->backlog(), count);
    EXPECT_EQ(static_cast<std::size_t>(value_of(store->audit_head()).seq), store->backlog()); // both or neither
}

TEST(SqliteStore, ACancelledCallerLosesNothing) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    Hold hold(loop, *store);
    asio::cancellation_signal cancel;
    std::optional<Result<void>> ended;
    asio::co_spawn(
        loop, store->append_audit({entry("written")}),
        asio::bind_cancellation_slot(cancel.slot(), [&](std::exception_ptr, Result<void> result) { ended = result; }));
    loop.poll();
    cancel.emit(asio::cancellation_type::terminal);
    loop.poll();
    EXPECT_FALSE(ended); // it waits for the truth
    hold.release();
    loop.run();
    ASSERT_TRUE(ended);
    EXPECT_TRUE(*ended);
    EXPECT_EQ(value_of(store->audit_head()).seq, 1);
}

TEST(SqliteStore, CompletesWhereTheCallerRuns) {
    SqlitePlace place;
    asio::io_context lanes[2]; // outlive the store, whose threads post to them
    const auto store = place.open_sqlite();
    std::vector<std::thread> threads;
    std::atomic<int> astray = 0;
    for (int lane = 0; lane < 2; ++lane) {
        threads.emplace_back([&, lane] {
            auto& loop = lanes[lane];
            const auto home = std::this_thread::get_id();
            for (int i = 0; i < 20; ++i) {
                const auto id = std::to_string(lane) + "-" + std::to_string(i);
                asio::co_spawn(
                    loop,
                    [&store, &astray, home, id]() -> Task<void> {
                        (void)co_await store->commit_intake(delivery({{.id = id}}, minute(0)), {});
                        if (std::this_thread::get_id() != home) ++astray;
                        (void)co_await store->list_findings({}, {});
                        if (std::this_thread::get_id() != home) ++astray;
                    },
                    [](std::exception_ptr) {});
            }
            loop.run();
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(astray, 0);
    EXPECT_EQ(store->backlog(), 40U);
}

TEST(SqliteStore, ClosingCompletesWhatIsQueuedAndRefusesTheRest) {
    SqlitePlace place;
    asio::io_context loop; // outlives the store, whose thread posts to it
    const auto store = place.open_sqlite();
    auto writes = room_for<void>(20);
    for (std::size_t i = 0; i < writes.size(); ++i) start(loop, store->append_audit({entry("queued")}), writes, i);
    loop.poll();
    store->close();
    loop.run();
    for (const auto& write : writes) EXPECT_TRUE(write);
    EXPECT_EQ(error_of(store->probe()), Errc::storage);
    EXPECT_EQ(error_of(store->audit_head()), Errc::storage);
    EXPECT_EQ(value_of(place.open()->audit_head()).seq, 20);
}

TEST(SqliteStore, TwoProcessesOnOneFileKeepOneChain) {
    SqlitePlace place;
    const auto one = place.open_sqlite();
    const auto two = place.open_sqlite();
    value_of(one->append_audit({entry("a")}));
    value_of(two->commit_intake(delivery({{}}, minute(0)), {entry("b")}));
    value_of(one->append_audit({entry("c")}));
    const auto records = value_of(two->audit_after(0, 10));
    ASSERT_EQ(records.size(), 3U);
    EXPECT_TRUE(records[2].record.starts_with("3|" + records[1].hash + "|c"));
    EXPECT_EQ(one->backlog(), 1U);
}

TEST(SqliteStore, ItsFileIsPrivateAndItsDirectoryIsMade) {
    SqlitePlace place;
    const auto store = place.open_sqlite();
    value_of(store->probe());
    for (const auto* suffix : {"", "-wal"}) {
        struct stat info{};
        ASSERT_EQ(stat((place.file().string() + suffix).c_str(), &info), 0) << suffix;
        EXPECT_EQ(info.st_mode & 0777, 0600) << suffix;
    }
    value_of(store->on_writer([](Database& db) {
        for (const auto& [pragma, expected] :
             {std::pair{"PRAGMA synchronous", "2"}, {"PRAGMA journal_mode", "wal"}, {"PRAGMA foreign_keys", "1"}}) {
            auto rows = db.query(pragma);
            if (!rows.next() || rows.text(0) != expected) throw std::runtime_error(pragma);
        }
    }));
}

TEST(SqliteStore, RefusesWhatItCannotOpen) {
    struct Row {
        std::string name;
        std::function<void(const std::filesystem::path&)> prepare;
        std::string expected; ///< in the message
    };
    const std::vector<Row> rows = {
        {"a newer database",
         [](const auto& file) {
             SqliteDatabase db(file.string(), SqliteDatabase::Access::read_write);
             migrate(db, schema());
             db.script("PRAGMA user_version=99");
         },
         "schema version 99"},
        {"another program's database",
         [](const auto& file) {
             SqliteDatabase(file.string(), SqliteDatabase::Access::read_write).script("CREATE TABLE songs(name)");
         },
         "another program"},
        {"no database",
         [](const auto& file) {
             std::filesystem::create_directories(file.parent_path());
             std::ofstream(file) << std::string(5000, 'x');
         },
         "not a database"},
        {"a directory", [](const auto& file) { std::filesystem::create_directories(file); }, "can't open"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        SqlitePlace place;
        row.prepare(place.file());
        const auto store = open_store({.url = "sqlite:" + place.file().string()}, plain_seal);
        ASSERT_FALSE(store);
        EXPECT_EQ(store.error().code, Errc::storage);
        EXPECT_NE(store.error().message.find(row.expected), std::string::npos) << store.error().message;
    }
    const auto other = open_store({.url = "postgresql://me:hunter2@db/dossier"}, plain_seal);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Errc::invalid_argument);
    EXPECT_EQ(other.error().message.find("hunter2"), std::string::npos);
    EXPECT_FALSE(open_store({.url = "sqlite:"}, plain_seal));
}

TEST(SqliteMigrations, LeadForwardStepByStepAndKeepWhatIsThere) {
    const char* const first[] = {"CREATE TABLE notes(text); INSERT INTO notes VALUES('kept');"};
    const char* const both[] = {first[0], "ALTER TABLE notes ADD COLUMN stars INTEGER NOT NULL DEFAULT 3;"};
    const char* const broken[] = {both[0], both[1], "CREATE TABLE half(x); SELECT nonsense;"};
    SqlitePlace place;
    SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
    const auto version = [&db] {
        auto rows = db.query("PRAGMA user_version");
        rows.next();
        return rows.integer(0);
    };
    EXPECT_THROW(migrate(db, broken), SqliteFailure);
    EXPECT_EQ(version(), 0) << "a new file takes all steps or none";
    migrate(db, first);
    EXPECT_EQ(version(), 1);
    EXPECT_THROW(migrate(db, broken), SqliteFailure);
    EXPECT_EQ(version(), 2) << "what a step has done to a store stays done";
    migrate(db, both); // nothing left to do
    EXPECT_EQ(version(), 2);
    EXPECT_THROW(migrate(db, first), SqliteFailure); // newer than the binary
    auto rows = db.query("SELECT text, stars, (SELECT count(*) FROM sqlite_master WHERE name='half') FROM notes");
    ASSERT_TRUE(rows.next());
    EXPECT_EQ(rows.text(0), "kept");
    EXPECT_EQ(rows.integer(1), 3);
    EXPECT_EQ(rows.integer(2), 0);
}

TEST(SqliteMigrations, WhatAnEarlierVersionKeptIsJudgedAsBefore) {
    SqlitePlace place;
    {
        SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
        migrate(db, schema().first(1));
        db.script("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
                  "VALUES('dos_1', 'exp-1', 'digested', 3, 0, 0)");
        auto stored = finding({});
        const auto hash = content_hash(stored);
        stored.exposure = Exposure::public_;
        db.run(
            "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
            "status, stage, content_hash, received_at, updated_at, work_seq, doc) VALUES('fnd_1', 1, ?, 'wiz', "
            "'fp-1', 'exp-1', 'Bucket is public', '', 3, 'open', 'digested', ?, 0, 0, 1, ?)",
            index_key("wiz", "fp-1"), hash, to_text(stored));
        db.run("INSERT INTO payloads(finding, version, content_hash, received_at, raw) VALUES(1, 1, ?, 0, '{}')", hash);
    }
    const auto store = place.open();
    EXPECT_EQ(value_of(store->get_finding("fnd_1")).title, "Bucket is public");
    EXPECT_EQ(value_of(store->get_finding("fnd_1")).raw, "{}");
    const auto take = [&](Via via, Exposure exposure) {
        auto intake = delivery({{}}, minute(1));
        intake.via = via;
        intake.items.front().finding->exposure = exposure;
        return value_of(store->commit_intake(std::move(intake), {})).front().outcome;
    };
    EXPECT_EQ(take(Via::webhook, Exposure::unknown), Outcome::duplicate);
    EXPECT_EQ(take(Via::reconcile, Exposure::public_), Outcome::duplicate) << "its document says so";
    EXPECT_EQ(take(Via::reconcile, Exposure::internal), Outcome::updated);
}

/// A long text in each place that keeps one, as a version before packing wrote it.
constexpr auto rows_of_thirteen =
    "INSERT INTO dossiers(id, exposure_key, stage, severity, revision, created_at, updated_at) "
    "VALUES('dos_1', 'exp-1', 'awaiting_approval', 3, 1, 0, 0);"
    "INSERT INTO stage_results(dossier, revision, stage, at, body) VALUES(1, 1, 'assessed', 0, "
    "'{\"text\":\"' || hex(zeroblob(3000)) || '\"}');"
    "INSERT INTO audit(seq, time, action, actor_id, finding_id, dossier_id, hash, record) "
    "VALUES(1, 0, 'old', 'dossier', '', 'dos_1', 'h', hex(zeroblob(3000)))";

TEST(SqliteMigrations, LongTextsFromBeforeTheyWerePackedAreRead) {
    SqlitePlace place;
    auto draft = Draft{.id = "drf_1", .dossier_id = "dos_1"};
    draft.body = std::string(5'000, 'b');
    auto document = finding({});
    document.description = std::string(5'000, 'd');
    {
        SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
        for (std::size_t step = 1; step <= 13; ++step) migrate(db, schema().first(step));
        db.script(rows_of_thirteen);
        db.run(
            "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
            "status, stage, content_hash, received_at, updated_at, work_seq, doc) VALUES('fnd_1', 1, ?, 'wiz', "
            "'fp-1', 'exp-1', 'Bucket is public', '', 3, 'open', 'awaiting_approval', 'h', 0, 0, 1, ?)",
            index_key("wiz", "fp-1"), to_text(document));
        db.run("INSERT INTO drafts(id, dossier, revision, state, content_hash, finding_ids, doc) "
               "VALUES('drf_1', 1, 1, 'pending', 'h', '', ?)",
               to_text(draft));
    }
    const auto store = place.open();
    const auto row = value_of(store->get_dossier("dos_1"));
    EXPECT_EQ(row.results.at(0).body, "{\"text\":\"" + std::string(6'000, '0') + "\"}");
    EXPECT_EQ(to_text(row.drafts.at(0)), to_text(draft));
    EXPECT_EQ(row.findings.at(0).doc, to_text(document));
    EXPECT_EQ(value_of(store->audit_after(0, 10)).at(0).record, std::string(6'000, '0'));
    // What is written into such a row is packed, and its row says so.
    value_of(store->decide_draft("drf_1", "", DraftState::rejected, "alice", "", minute(1), {}));
    EXPECT_EQ(value_of(store->get_draft("drf_1")).body, draft.body);
}

TEST(SqliteMigrations, WhatWasUnfinishedIsStillCounted) {
    SqlitePlace place;
    {
        SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
        for (std::size_t step = 1; step <= 15; ++step) migrate(db, schema().first(step));
        db.script("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
                  "VALUES('dos_1', 'exp-1', 'received', 3, 0, 0)");
        for (const auto* stage : {"received", "drafted", "digested"}) {
            db.run("INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, "
                   "severity, status, stage, content_hash, received_at, updated_at, work_seq) "
                   "VALUES(?1, 1, 1, 'wiz', ?1, 'exp-1', 't', '', 3, 'open', ?1, 'h', 0, 0, 1)",
                   stage);
        }
    }
    EXPECT_EQ(place.open()->backlog(), 2U);
}

TEST(SqliteStore, LongTextsAreKeptPackedAndShortOnesAsTheyAre) {
    SqlitePlace place;
    const auto store = place.open_sqlite();
    value_of(store->append_audit({entry(std::string(5'000, 'x')), entry("short")}));
    value_of(store->on_writer([](Database& db) {
        auto rows =
            db.query("SELECT typeof(record), length(record) < 100, unpacked_size > 5000 FROM audit ORDER BY seq");
        ASSERT_TRUE(rows.next());
        EXPECT_EQ(rows.text(0), "blob");
        EXPECT_EQ(rows.integer(1), 1);
        EXPECT_EQ(rows.integer(2), 1);
        ASSERT_TRUE(rows.next());
        EXPECT_EQ(rows.text(0), "text");
        EXPECT_TRUE(rows.is_null(2));
    }));
}

TEST(SqliteStore, ADamagedTextIsAnErrorThatSaysSo) {
    SqlitePlace place;
    const auto store = place.open_sqlite();
    const auto delivered = value_of(store->commit_intake(delivery({{}}, minute(0)), {})).front();
    StageCommit commit{.claim = value_of(store->claim_ready("w", minute(0), std::chrono::minutes(1), 1)).at(0),
                       .at = minute(0),
                       .stage = Stage::assessed,
                       .revision = 1};
    commit.body = std::string(5'000, 'r');
    commit.audit = {entry("first"), entry(std::string(5'000, 'a')), entry("third")};
    value_of(store->commit_stage(commit));
    value_of(store->on_writer([](Database& db) {
        db.run("UPDATE stage_results SET body=substr(body, 2)");
        db.run("UPDATE audit SET record=substr(record, 2) WHERE seq=2");
    }));
    const auto work = await(store->load_work(delivered.dossier_id));
    ASSERT_FALSE(work);
    EXPECT_EQ(work.error().code, Errc::storage);
    EXPECT_NE(work.error().message.find("doesn't unpack to 5000"), std::string::npos) << work.error().message;
    const auto list = await(store->list_audit({}, {}));
    ASSERT_FALSE(list);
    EXPECT_EQ(list.error().code, Errc::storage);
    EXPECT_NE(list.error().message.find("audit record 2 can't be read"), std::string::npos) << list.error().message;
    EXPECT_EQ(value_of(store->list_audit({.action = "third"}, {})).items.size(), 1U) << "the others are there";
    // Whoever verifies sees all of them, this one as no record.
    const auto chain = value_of(store->audit_after(0, 10));
    ASSERT_EQ(chain.size(), 3U);
    EXPECT_EQ(chain[1].seq, 2);
    EXPECT_NE(chain[1].record, plain_seal(commit.audit[1], 2, chain[0].hash).record);
}

} // namespace
} // namespace dossier::store
