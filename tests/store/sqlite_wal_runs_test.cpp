// The writer's VFS: fewer calls, and nobody sees a difference.

#include "sqlite_database.hpp"
#include "sqlite_place.hpp"
#include "sqlite_wal_runs.hpp"

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <fstream>

namespace dossier::store {
namespace {

/// Write calls of this process so far.
auto write_calls() -> std::int64_t {
    std::ifstream io("/proc/self/io");
    std::string name;
    std::int64_t value = 0;
    while (io >> name >> value) {
        if (name == "syscw:") return value;
    }
    return 0;
}

/// The usual VFS: what another program sees.
class Onlooker {
public:
    explicit Onlooker(const std::string& path) { sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr); }
    ~Onlooker() { sqlite3_close(db_); }
    Onlooker(const Onlooker&) = delete;
    auto operator=(const Onlooker&) -> Onlooker& = delete;
    auto text(const char* sql) -> std::string {
        std::string found;
        sqlite3_exec(
            db_, sql,
            [](void* out, int, char** values, char**) {
                *static_cast<std::string*>(out) = values[0] == nullptr ? "" : values[0];
                return 0;
            },
            &found, nullptr);
        return found;
    }

private:
    sqlite3* db_ = nullptr;
};

constexpr int rows_of_a_group = 100;

void write_group(SqliteDatabase& db) {
    db.run("BEGIN IMMEDIATE");
    for (int i = 0; i < rows_of_a_group; ++i) db.run("INSERT INTO t(body) VALUES(randomblob(4000))");
    db.run("COMMIT");
}

TEST(SqliteWalRuns, AGroupIsAFewCallsAndThereOnceItIsCommitted) {
    const SqlitePlace place;
    SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
    db.script("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB)");
    Onlooker other(place.file().string());
    const auto before = write_calls();
    write_group(db);
    EXPECT_LT(write_calls() - before, 10) << "two calls a page would be 200";
    EXPECT_EQ(other.text("SELECT count(*) FROM t"), "100");
    EXPECT_EQ(other.text("PRAGMA integrity_check"), "ok");
}

TEST(SqliteWalRuns, WhatLeftTheCacheIsReadBackAndRolledBack) {
    const SqlitePlace place;
    SqliteDatabase db(place.file().string(), SqliteDatabase::Access::read_write);
    db.script("CREATE TABLE t(id INTEGER PRIMARY KEY, body BLOB); PRAGMA cache_size=10;");
    write_group(db); // pages go to the WAL long before the commit
    db.run("BEGIN IMMEDIATE");
    db.run("UPDATE t SET body = zeroblob(4000)");
    db.run("UPDATE t SET body = CAST(id AS TEXT)"); // frames of this transaction are written again in their place
    {
        auto rows = db.query("SELECT count(*) FROM t WHERE body = CAST(id AS TEXT)");
        rows.next();
        EXPECT_EQ(rows.integer(0), rows_of_a_group);
    }
    Onlooker other(place.file().string());
    EXPECT_EQ(other.text("SELECT count(*) FROM t WHERE length(body) = 4000"), "100");
    db.run("ROLLBACK");
    write_group(db);
    EXPECT_EQ(other.text("SELECT count(*) FROM t WHERE length(body) = 4000"), "200");
    db.script("PRAGMA wal_checkpoint(TRUNCATE)");
    write_group(db);
    EXPECT_EQ(other.text("SELECT count(*) FROM t WHERE length(body) = 4000"), "300");
    EXPECT_EQ(other.text("PRAGMA integrity_check"), "ok");
}

} // namespace
} // namespace dossier::store
