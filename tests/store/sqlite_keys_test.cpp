// The keys that SQLite has no index of: none may be missing, whatever was rolled back, merged, read again at a start or
// written by another process.
#include "sql_rows.hpp"
#include "sqlite_keys.hpp"
#include "sqlite_migrate.hpp"
#include "sqlite_place.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>
#include <random>

namespace dossier::store {
namespace {

using testing::Contains;

/// A store's file without the store: rows as an acknowledgement makes them, as far as keys go.
class KeyedFile {
public:
    explicit KeyedFile(std::size_t most, std::size_t block = SqliteKeys::usual_block)
        : most_(most),
          block_(block),
          db_(std::make_unique<SqliteDatabase>(place_->file().string(), SqliteDatabase::Access::read_write)) {
        migrate(*db_, schema());
        open();
    }
    /// Another process with the same file.
    explicit KeyedFile(const KeyedFile& other)
        : place_(other.place_),
          most_(other.most_),
          block_(other.block_),
          db_(std::make_unique<SqliteDatabase>(place_->file().string(), SqliteDatabase::Access::read_write)) {
        open();
    }
    auto operator=(const KeyedFile&) -> KeyedFile& = delete;
    ~KeyedFile() = default;

    /// Another process takes over: what was in memory only is gone.
    void open() {
        keys.emplace(*db_, most_, block_);
        db_->run("BEGIN IMMEDIATE");
        keys->begin();
        db_->run("COMMIT");
    }
    void add(const std::string& text) {
        const auto dossier =
            db_->insert("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
                        "VALUES(?1, ?1, 'digested', 1, 0, 0)",
                        text);
        keys->added(RowKeys::Kind::dossier, exposure_index_key(text), dossier);
        const auto finding = db_->insert(
            "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
            "status, stage, content_hash, received_at, updated_at, work_seq) "
            "VALUES(?1, ?2, ?3, 'wiz', ?1, ?1, '', '', 1, 'open', 'digested', '', 0, 0, 1)",
            text, dossier, index_key("wiz", text));
        keys->added(RowKeys::Kind::finding, index_key("wiz", text), finding);
        pending_[text] = {finding, dossier};
    }
    /// For who is alone with the file: what isn't synced others don't see (sqlite_wal_runs.hpp).
    void sync_nothing() { db_->script("PRAGMA synchronous=OFF"); }
    void begin() { db_->run("BEGIN IMMEDIATE"); }
    void commit() {
        keys->merge();
        db_->run("COMMIT");
        keys->committed();
        rows.merge(pending_);
        pending_.clear();
    }
    void roll_back() {
        keys->merge();
        db_->run("ROLLBACK");
        keys->rolled_back();
        pending_.clear();
    }
    void run(std::string_view sql, std::int64_t key, std::int64_t row) { db_->run(sql, key, row); }
    /// Whoever reads a row's key from the row reads a wrong one from now on.
    void spoil_rows() { db_->script("UPDATE findings SET identity=0; UPDATE dossiers SET exposure_key='spoilt'"); }
    void add_group(int first, int count) {
        begin();
        for (int i = first; i < first + count; ++i) add(fmt::format("finding-{}", i));
        commit();
    }
    auto entries_in_journal() -> std::int64_t {
        return number("SELECT coalesce(sum(length(entries)), 0) / 12 FROM row_keys_journal");
    }
    auto number(std::string_view sql) -> std::int64_t {
        auto found = db_->query(sql);
        return found.next() ? found.integer(0) : -1;
    }
    void expect_all() {
        for (const auto& [text, row] : rows) {
            SCOPED_TRACE(text);
            EXPECT_THAT(keys->rows_of(RowKeys::Kind::finding, index_key("wiz", text)), Contains(row.first));
            EXPECT_THAT(keys->rows_of(RowKeys::Kind::dossier, exposure_index_key(text)), Contains(row.second));
        }
        EXPECT_TRUE(keys->rows_of(RowKeys::Kind::finding, index_key("wiz", "nothing")).empty());
    }

    std::optional<SqliteKeys> keys;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> rows; ///< finding and dossier of what was committed

private:
    std::shared_ptr<SqlitePlace> place_ = std::make_shared<SqlitePlace>();
    std::size_t most_;
    std::size_t block_;
    std::unique_ptr<SqliteDatabase> db_;
    std::map<std::string, std::pair<std::int64_t, std::int64_t>> pending_;
};

TEST(SqliteKeys, NoneIsEverMissing) {
    constexpr struct {
        std::size_t most;
        std::size_t block;
    } sizes[] = {{0, 2048}, {40, 2048}, {100'000, 2048}, {0, 1}, {0, 10}, {40, 1}, {40, 10}, {100'000, 10}};
    for (const auto& [most, block] : sizes) {
        SCOPED_TRACE(fmt::format("at most {} in memory, blocks of {}", most, block));
        KeyedFile file(most, block);
        file.sync_nothing();
        std::mt19937 random(1);
        int number = 0;
        for (int group = 0; group < 400; ++group) {
            file.begin();
            for (auto left = random() % 4; left > 0; --left) file.add(fmt::format("finding-{}", ++number));
            const auto fate = random() % 8;
            fate == 0 ? file.roll_back() : file.commit();
            if (fate <= 1 && group % 4 == 0) file.open();
            if (fate == 2) file.keys->learn_some();
        }
        file.expect_all();
        file.open();
        file.expect_all();
        const auto in_table = file.number("SELECT count(*) FROM row_keys");
        const auto rounds_ended = file.number("SELECT finding FROM row_keys_merged");
        if (most == 0) {
            EXPECT_GE(in_table, std::ssize(file.rows) * 2 - 8);
            EXPECT_GT(rounds_ended, 0) << "a start reads all rows again";
        }
        if (most == 100'000) EXPECT_EQ(in_table, 0) << "one page for each key was written";
    }
}

TEST(SqliteKeys, NoneIsEverMissingWhereSeveralWrite) {
    for (const std::size_t most : {0, 4, 20}) {
        SCOPED_TRACE(most);
        std::mt19937 random(1);
        KeyedFile one(most, 6);
        KeyedFile other(one);
        KeyedFile all(one);
        int number = 0;
        for (int group = 0; group < 300; ++group) {
            auto& file = random() % 3 == 0 ? one : other;
            file.begin();
            file.keys->catch_up(); // as the writer does, where anybody else has written
            for (auto left = random() % 4; left > 0; --left) file.add(fmt::format("finding-{}", ++number));
            const auto fate = random() % 8;
            fate == 0 ? file.roll_back() : file.commit();
            if (fate == 1) file.open();
        }
        all.rows = one.rows;
        all.rows.merge(other.rows);
        for (int starts = 0; starts < 3; ++starts) {
            all.open();
            all.expect_all();
        }
    }
}

TEST(SqliteKeys, AStartReadsTheJournalAndOnlyLaterRows) {
    KeyedFile file(100'000, 10);
    for (int i = 0; i < 50; ++i) file.add_group(i * 5, 5);
    file.spoil_rows();
    file.add_group(1'000, 4);
    for (int starts = 0; starts < 2; ++starts) {
        file.open();
        file.expect_all();
    }
    file.add_group(2'000, 5);
    file.spoil_rows();
    file.open();
    file.expect_all();
}

TEST(SqliteKeys, AStartIsWhereTheLastProcessWas) {
    KeyedFile file(200, 10);
    file.sync_nothing();
    int number = 0;
    for (; number < 3'000; number += 5) file.add_group(number, 5);
    const auto in_table = file.number("SELECT count(*) FROM row_keys");
    EXPECT_LT(in_table, number * 2 - 100);
    EXPECT_GT(in_table, number * 2 - 300);
    const auto in_memory = file.keys->in_memory();
    for (int starts = 0; starts < 100; ++starts) {
        file.open();
        EXPECT_LT(file.keys->in_memory(), in_memory + 40) << "what is in the table is in memory again";
    }
    EXPECT_LT(file.number("SELECT count(*) FROM row_keys"), in_table + 40) << "they were merged out of their turn";
    // A round is 400 entries: its end is met though no process lives that long.
    for (; number < 6'000; number += 5) {
        file.add_group(number, 5);
        if (number % 50 == 0) file.open();
    }
    EXPECT_GT(file.number("SELECT finding FROM row_keys_merged"), number - 1'000);
    EXPECT_LT(file.entries_in_journal(), 2'000) << "the journal grows for ever";
    file.expect_all();
}

TEST(SqliteKeys, AJournalWithoutItsEndIsNoHarm) {
    KeyedFile file(40, 10);
    for (int i = 0; i < 100; ++i) file.add_group(i * 5, 5);
    file.begin();
    for (int i = 1'000; i < 1'010; ++i) file.add(fmt::format("finding-{}", i));
    const auto blocks = file.number("SELECT max(seq) FROM row_keys_journal");
    file.roll_back(); // with its block
    EXPECT_EQ(file.number("SELECT max(seq) FROM row_keys_journal"), blocks);
    file.add_group(2'000, 1);
    file.spoil_rows(); // the next block has to have come with the next commit
    file.open();
    file.expect_all();
}

TEST(SqliteKeys, ADamagedJournalIsRefusedAndOneThatIsEmptiedIsNoHarm) {
    KeyedFile file(40, 10);
    for (int i = 0; i < 100; ++i) file.add_group(i * 5, 5);
    file.run("UPDATE row_keys_journal SET entries=substr(entries, 1, length(entries) - ?1 - ?2)", 4, 1);
    EXPECT_THROW([&] { const KeyedFile other(file); }(), StoreFailure);
    file.run("DELETE FROM row_keys_journal WHERE seq>=?1 AND seq>?2", 0, 0);
    file.open();
    file.expect_all();
}

TEST(SqliteKeys, WhatIsKnownNotToBeInTheTableIsNotLookedForThere) {
    KeyedFile file(0);
    file.begin();
    for (int i = 0; i < 2'000; ++i) file.add(fmt::format("finding-{}", i));
    file.commit();
    file.open();
    int buckets_at_once = 0;
    while (file.keys->learn_some()) ++buckets_at_once;
    EXPECT_GT(buckets_at_once, 1) << "whoever comes meanwhile would wait for all of it";
    file.expect_all();
    int looked_up = 0;
    const int unknown = 1'000;
    file.begin();
    for (int i = 0; i < unknown; ++i) {
        const auto key = index_key("wiz", fmt::format("nobody-has-{}", i));
        file.run("INSERT INTO row_keys(key, row) VALUES(?,?)", key, 1); // behind its back
        if (!file.keys->rows_of(RowKeys::Kind::finding, key).empty()) ++looked_up;
    }
    EXPECT_LT(looked_up, unknown / 8);

    file.keys->catch_up(); // which is what somebody else's writing leads to
    file.commit();
    for (int i = 0; i < unknown; ++i) {
        const auto key = index_key("wiz", fmt::format("nobody-has-{}", i));
        EXPECT_THAT(file.keys->rows_of(RowKeys::Kind::finding, key), Contains(1));
    }
}

TEST(SqliteKeys, ARowOfAnotherKeyIsFoundByItAfterAStart) {
    KeyedFile file(0);
    for (const auto* text : {"a", "b"}) {
        file.begin();
        file.add(text);
        file.commit();
    }
    file.begin();
    file.keys->changed(RowKeys::Kind::dossier, exposure_index_key("moved"), file.rows.at("a").second);
    file.commit();
    file.open();
    EXPECT_THAT(file.keys->rows_of(RowKeys::Kind::dossier, exposure_index_key("moved")),
                Contains(file.rows.at("a").second));
}

TEST(SqliteKeys, TwoProcessesKnowEachOthersFindings) {
    SqlitePlace place;
    const auto one = place.open();
    const auto other = place.open();
    const auto outcome = [](Store& store, const char* id) {
        return value_of(store.commit_intake(delivery({{.id = id}}, minute(1)), {})).front().outcome;
    };
    for (const auto* id : {"1", "2", "3"}) {
        SCOPED_TRACE(id);
        EXPECT_EQ(outcome(*one, id), Outcome::created);
        EXPECT_EQ(outcome(*other, id), Outcome::duplicate);
        EXPECT_EQ(outcome(*other, (std::string(id) + "-of-the-other").c_str()), Outcome::created);
        EXPECT_EQ(outcome(*one, (std::string(id) + "-of-the-other").c_str()), Outcome::duplicate);
    }
}

TEST(SqliteMigrations, KeysOfAnEarlierVersionAreTakenOver) {
    SqlitePlace place;
    constexpr int count = 300;
    {
        SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
        migrate(db, schema().first(11));
        db.script("BEGIN");
        for (int i = 1; i <= count; ++i) {
            const auto id = std::to_string(i);
            const auto known = finding({.id = id});
            db.run("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at, ready_at, source) "
                   "VALUES(?, ?, 'digested', 3, 0, 0, iif(?=7, 5, NULL), 'wiz')",
                   "dos_" + id, known.exposure_key, i);
            db.run("INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, "
                   "severity, status, stage, content_hash, received_at, updated_at, work_seq) VALUES(?, ?, ?, 'wiz', "
                   "?, ?, 'Bucket is public', '', 3, 'open', 'digested', ?, 0, 0, 1)",
                   "fnd_" + id, i, index_key("wiz", known.fingerprint), known.fingerprint, known.exposure_key,
                   content_hash(known));
        }
        db.script("COMMIT");
    }
    const auto store = place.open_sqlite();
    for (const auto* id : {"1", "150", "300"}) {
        SCOPED_TRACE(id);
        const auto again = value_of(store->commit_intake(delivery({{.id = id}}, minute(1)), {})).front();
        EXPECT_EQ(again.id, std::string("fnd_") + id);
        EXPECT_EQ(again.outcome, Outcome::duplicate);
        const auto neighbour = value_of(store->commit_intake(
            delivery({{.id = std::string("new-") + id, .exposure = std::string("exp-") + id}}, minute(1)), {}));
        EXPECT_EQ(neighbour.front().dossier_id, std::string("dos_") + id);
    }
    value_of(store->on_writer([](Database& db) {
        auto broken = db.query("PRAGMA foreign_key_check");
        EXPECT_FALSE(broken.next()) << "what refers to dossiers lost them";
        auto enforced = db.query("PRAGMA foreign_keys");
        ASSERT_TRUE(enforced.next());
        EXPECT_EQ(enforced.integer(0), 1);
        auto ready = db.query("SELECT id FROM dossiers INDEXED BY dossiers_waiting WHERE source='wiz' AND severity=3 "
                              "AND ready_at IS NOT NULL AND lease_owner='' AND seq=7");
        ASSERT_TRUE(ready.next());
        EXPECT_EQ(ready.text(0), "dos_7");
    }));
}

TEST(SqliteMigrations, KeysFromBeforeTheJournalAreInItAfterTheFirstStart) {
    SqlitePlace place;
    constexpr int count = 300;
    constexpr int merged = 100;
    SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
    for (std::size_t step = 1; step <= 14; ++step) migrate(db, schema().first(step));
    db.script("BEGIN");
    for (int i = 1; i <= count; ++i) {
        const auto id = std::to_string(i);
        db.run("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at) "
               "VALUES(?1, ?1, 'digested', 3, 0, 0)",
               id);
        db.run(
            "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
            "status, stage, content_hash, received_at, updated_at, work_seq) VALUES(?1, ?2, ?3, 'wiz', ?1, ?1, '', "
            "'', 3, 'open', 'digested', '', 0, 0, 1)",
            id, i, index_key("wiz", id));
        if (i > merged) continue;
        db.run("INSERT INTO row_keys(key, row) VALUES(?, ?)", index_key("wiz", id), i);
        db.run("INSERT INTO row_keys(key, row) VALUES(?, ?)", exposure_index_key(id), -i);
    }
    db.run("UPDATE row_keys_merged SET finding=?1, dossier=?1", merged);
    db.script("COMMIT");
    migrate(db, schema());
    for (const std::size_t most : {1'000U, 50U, 50U}) {
        SqliteKeys keys(db, most, 16);
        db.run("BEGIN IMMEDIATE");
        keys.begin();
        db.run("COMMIT");
        for (int i = 1; i <= count; ++i) {
            const auto id = std::to_string(i);
            EXPECT_THAT(keys.rows_of(RowKeys::Kind::finding, index_key("wiz", id)), Contains(i));
            EXPECT_THAT(keys.rows_of(RowKeys::Kind::dossier, exposure_index_key(id)), Contains(i));
        }
        db.script("UPDATE findings SET identity=0; UPDATE dossiers SET exposure_key='spoilt'");
    }
}

} // namespace
} // namespace dossier::store
