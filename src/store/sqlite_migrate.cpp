#include "sqlite_migrate.hpp"

#include "dossier/base/fault_point.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace dossier::store {

namespace {

/// With the step that counts to twelve: keys in no order go into a table of their own (sqlite_keys.hpp), and with them
/// the indexes that were on them. One belonged to the table's definition, so that the table is made anew.
constexpr std::int64_t step_of_keys = 12;
constexpr auto keys_in_no_order = R"sql(
CREATE TABLE row_keys(
    key INTEGER NOT NULL,
    row INTEGER NOT NULL,                    -- a finding's, or a dossier's below zero
    PRIMARY KEY(key, row)
) WITHOUT ROWID;
CREATE TABLE row_keys_merged(                -- up to which rows all keys are in row_keys
    finding INTEGER NOT NULL,
    dossier INTEGER NOT NULL
);
INSERT INTO row_keys_merged VALUES(0, 0);
DROP INDEX findings_identity;

CREATE TABLE dossiers_anew(
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    exposure_key TEXT NOT NULL,
    stage        TEXT NOT NULL,
    severity     INTEGER NOT NULL,
    revision     INTEGER NOT NULL DEFAULT 0,
    inputs_hash  TEXT NOT NULL DEFAULT '',
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    ticket       TEXT,
    replay_from  TEXT,
    ready_at     INTEGER,
    work_seq     INTEGER NOT NULL DEFAULT 0,
    attempts     INTEGER NOT NULL DEFAULT 0,
    last_error   TEXT NOT NULL DEFAULT '',
    lease_owner  TEXT NOT NULL DEFAULT '',
    lease_until  INTEGER,
    fence        INTEGER NOT NULL DEFAULT 0,
    merged_into  INTEGER,
    source       TEXT NOT NULL DEFAULT ''
);
INSERT INTO dossiers_anew SELECT seq, id, exposure_key, stage, severity, revision, inputs_hash, created_at, updated_at,
    ticket, replay_from, ready_at, work_seq, attempts, last_error, lease_owner, lease_until, fence, merged_into, source
    FROM dossiers;
DROP TABLE dossiers;
ALTER TABLE dossiers_anew RENAME TO dossiers;
CREATE INDEX dossiers_waiting ON dossiers(source, severity, ready_at) WHERE ready_at IS NOT NULL AND lease_owner = '';
CREATE INDEX dossiers_leased ON dossiers(lease_until) WHERE lease_owner <> '';
)sql";

/// With the step that counts to fifteen: the latest of them as a start reads them (sqlite_keys.hpp).
constexpr std::int64_t step_of_journal = 15;
constexpr auto journal_of_keys = R"sql(
CREATE TABLE row_keys_journal(
    seq            INTEGER PRIMARY KEY,
    finding        INTEGER NOT NULL,         -- keys of rows up to this one are in this block or an earlier one
    dossier        INTEGER NOT NULL,
    first_bucket   INTEGER NOT NULL,         -- its writer has merged from this one on, round and round,
    merged_buckets INTEGER NOT NULL,         -- so many since their last block
    round_finding  INTEGER NOT NULL,         -- the last rows when they last began with the first bucket
    round_dossier  INTEGER NOT NULL,
    entries        BLOB NOT NULL
);
)sql";

auto sqlite_number(SqliteDatabase& db, std::string_view sql) -> std::int64_t {
    auto rows = db.query(sql);
    rows.next();
    return rows.integer(0);
}

void check_ours(SqliteDatabase& db, std::int64_t version, std::int64_t known) {
    if (version > known) {
        throw SqliteFailure(SQLITE_SCHEMA, fmt::format("store: the database has schema version {}, this dossier knows "
                                                       "only up to {}; run the newer dossier that wrote it",
                                                       version, known));
    }
    if (version == 0 && sqlite_number(db, "SELECT count(*) FROM sqlite_master") > 0) {
        throw SqliteFailure(SQLITE_NOTADB, "store: the file is a database of another program; name another file");
    }
}

/// A table that is made anew keeps its rows' numbers: what refers to them must not go with the old one.
class WithoutReferences {
public:
    explicit WithoutReferences(SqliteDatabase& db) : db_(db) { db_.script("PRAGMA foreign_keys=OFF"); }
    ~WithoutReferences() { db_.script("PRAGMA foreign_keys=ON"); }
    WithoutReferences(const WithoutReferences&) = delete;
    auto operator=(const WithoutReferences&) -> WithoutReferences& = delete;

private:
    SqliteDatabase& db_;
};

} // namespace

/// A new file goes through all steps at once: a sync each would be most of the start. A store that holds something
/// keeps what a step has done, however often somebody ends the process before the last.
void migrate(SqliteDatabase& db, Migrations steps) {
    const WithoutReferences during(db);
    const auto known = static_cast<std::int64_t>(steps.size());
    for (bool done = false; !done;) {
        db.script("BEGIN IMMEDIATE"); // before looking, so that two processes that start together don't both migrate
        try {
            const auto version = sqlite_number(db, "PRAGMA user_version");
            check_ours(db, version, known);
            done = version == known;
            if (!done) {
                const auto next = version == 0 ? known : version + 1;
                for (auto step = version; step < next; ++step) {
                    db.script(steps[static_cast<std::size_t>(step)]);
                    if (step + 1 == step_of_keys) db.script(keys_in_no_order);
                    if (step + 1 == step_of_journal) db.script(journal_of_keys);
                }
                db.script(fmt::format("PRAGMA user_version={}", next));
            }
            if (!done) fault_point("migration.written");
            db.script("COMMIT");
            if (!done) fault_point("migration.committed");
        } catch (...) {
            if (db.in_transaction()) db.script("ROLLBACK");
            throw;
        }
    }
}

void check_schema(SqliteDatabase& db, Migrations steps) {
    const auto known = static_cast<std::int64_t>(steps.size());
    const auto version = sqlite_number(db, "PRAGMA user_version");
    check_ours(db, version, known);
    if (version < known) throw SqliteFailure(SQLITE_SCHEMA, older_schema(version, known));
}

} // namespace dossier::store
