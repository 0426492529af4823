#pragma once
// The least that durable intake can be: one row a finding, in a table like the one that PERFORMANCE §2 measured (a key
// of 32 random bytes with its index, a partial index of what waits, the payload). Baselines share it, so that they
// differ in nothing but when they commit.

#include <sqlite3.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <string_view>

namespace bench {

class IntakeTable {
public:
    explicit IntakeTable(const std::string& path) {
        check(sqlite3_open(path.c_str(), &db_));
        run("PRAGMA journal_mode=WAL");
        run("PRAGMA synchronous=FULL");
        run("PRAGMA wal_autocheckpoint=1000");
        run("CREATE TABLE IF NOT EXISTS inbox(id INTEGER PRIMARY KEY, source TEXT, fp BLOB, state INTEGER, at INTEGER, "
            "payload BLOB)");
        run("CREATE INDEX IF NOT EXISTS inbox_fp ON inbox(fp)");
        run("CREATE INDEX IF NOT EXISTS inbox_open ON inbox(id) WHERE state = 0");
        check(sqlite3_prepare_v2(db_, "INSERT INTO inbox(source, fp, state, at, payload) VALUES('bench',?,0,?,?)", -1,
                                 &insert_, nullptr));
    }
    ~IntakeTable() {
        sqlite3_finalize(insert_);
        sqlite3_close(db_);
    }
    IntakeTable(const IntakeTable&) = delete;
    auto operator=(const IntakeTable&) -> IntakeTable& = delete;

    void begin() { run("BEGIN IMMEDIATE"); }
    void commit() { run("COMMIT"); }
    void insert(std::string_view payload) {
        for (auto& word : fingerprint_) word = random_();
        sqlite3_bind_blob(insert_, 1, fingerprint_, sizeof fingerprint_, SQLITE_STATIC);
        sqlite3_bind_int64(insert_, 2, ++at_);
        sqlite3_bind_blob(insert_, 3, payload.data(), static_cast<int>(payload.size()), SQLITE_STATIC);
        const int code = sqlite3_step(insert_);
        sqlite3_reset(insert_);
        if (code != SQLITE_DONE) check(code);
    }

private:
    void run(const char* sql) { check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr)); }
    void check(int code) const {
        if (code == SQLITE_OK) return;
        std::fprintf(stderr, "sqlite: %s\n", db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code)); // NOLINT
        std::exit(1);
    }

    sqlite3* db_ = nullptr;
    sqlite3_stmt* insert_ = nullptr;
    std::mt19937_64 random_{7};
    std::uint64_t fingerprint_[4] = {};
    std::int64_t at_ = 0;
};

} // namespace bench
