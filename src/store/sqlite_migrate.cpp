#include "sqlite_migrate.hpp"

#include "dossier/base/fault_point.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

namespace dossier::store {

namespace {

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

} // namespace

/// A new file goes through all steps at once: a sync each would be most of the start. A store that holds something
/// keeps what a step has done, however often somebody ends the process before the last.
void migrate(SqliteDatabase& db, Migrations steps) {
    const auto known = static_cast<std::int64_t>(steps.size());
    for (bool done = false; !done;) {
        db.script("BEGIN IMMEDIATE"); // before looking, so that two processes that start together don't both migrate
        try {
            const auto version = sqlite_number(db, "PRAGMA user_version");
            check_ours(db, version, known);
            done = version == known;
            if (!done) {
                const auto next = version == 0 ? known : version + 1;
                for (auto step = version; step < next; ++step) db.script(steps[static_cast<std::size_t>(step)]);
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
