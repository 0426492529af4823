#include "postgres_migrate.hpp"

#include <fmt/format.h>

#include <array>
#include <cctype>
#include <map>

namespace dossier::store {

namespace {

using Kind = PostgresFailure::Kind;

/// Before the first step: functions that SQLite has by these names. They are plain SQL, which the planner puts in the
/// place of the call. And where each writer says what it committed last (postgres_writer.hpp).
constexpr auto vocabulary = R"sql(
CREATE FUNCTION min(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN a < b THEN a WHEN b <= a THEN b END $$;
CREATE FUNCTION max(a BIGINT, b BIGINT) RETURNS BIGINT LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN a > b THEN a WHEN b >= a THEN b END $$;
CREATE FUNCTION iif(condition BOOLEAN, a anyelement, b anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN condition THEN a ELSE b END $$;
CREATE FUNCTION instr(haystack TEXT, needle TEXT) RETURNS INTEGER LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT strpos(haystack, needle) $$;
CREATE FUNCTION json_extract(document TEXT, path TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT document::json ->> substr(path, 3) $$;
CREATE FUNCTION julianday(moment TEXT) RETURNS DOUBLE PRECISION LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT extract(epoch FROM moment::timestamptz)::double precision / 86400 + 2440587.5 $$;
CREATE TABLE commits(
    writer   TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL,
    at       TIMESTAMPTZ NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
)sql";

/// After the first step. The dossiers' table is the queue: its rows change with each claim and each stage, so pages
/// keep room for new versions beside the old ones (a change of no indexed column then touches no index), and vacuum
/// comes early. A renewed lease must not touch an index either, so the lease is in none. Payloads are written once,
/// read whole and not squeezed: the time is better spent elsewhere.
constexpr auto tuning = R"sql(
DROP INDEX dossiers_ready;
CREATE INDEX dossiers_ready ON dossiers(severity DESC, ready_at) WHERE ready_at IS NOT NULL;
DROP INDEX dossiers_leased;
CREATE INDEX dossiers_leased ON dossiers(lease_owner) WHERE lease_owner <> '';
ALTER TABLE dossiers SET (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 1000,
                          autovacuum_vacuum_cost_delay = 0);
ALTER TABLE findings SET (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
ALTER TABLE payloads ALTER COLUMN raw SET STORAGE EXTERNAL;
ALTER TABLE probe SET (fillfactor = 50);
)sql";

auto integer_of(PostgresDatabase& db, std::string_view sql) -> std::int64_t {
    auto rows = db.query(sql);
    return rows.next() ? rows.integer(0) : 0;
}

/// The steps that the database has taken; makes the table that says so where there is none.
auto version_of(PostgresDatabase& db, std::int64_t known) -> std::int64_t {
    const bool is_marked = integer_of(db, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() "
                                          "AND tablename = 'dossier_schema'") > 0;
    if (!is_marked) {
        if (integer_of(db, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() "
                           "AND tablename IN ('dossiers', 'findings', 'audit')") > 0)
            throw PostgresFailure(Kind::statement, "",
                                  "store: the database holds tables of another program; name another "
                                  "database, or another schema by options=-csearch_path%3Dname");
        db.run("CREATE TABLE dossier_schema(version BIGINT NOT NULL)");
        db.run("INSERT INTO dossier_schema VALUES(0)");
    }
    const auto version = integer_of(db, "SELECT version FROM dossier_schema");
    if (version > known)
        throw PostgresFailure(
            Kind::statement, "",
            fmt::format("store: the database has schema version {}, this dossier knows only up to {}; "
                        "run the newer dossier that wrote it",
                        version, known));
    return version;
}

} // namespace

auto schema_for_postgres(std::string_view step) -> std::string {
    static const std::map<std::string_view, std::string_view> words = {
        {"INTEGER", "BIGINT"}, {"TEXT", "TEXT COLLATE \"C\""}, {"BLOB", "BYTEA"}};
    constexpr std::string_view numbered = "INTEGER PRIMARY KEY";
    constexpr std::string_view rowless = "WITHOUT ROWID";
    std::string text;
    for (std::size_t i = 0; i < step.size();) {
        const auto rest = step.substr(i);
        if (rest.starts_with("--")) {
            i = std::min(step.find('\n', i), step.size());
        } else if (rest.starts_with('\'')) {
            const auto end = std::min(step.find('\'', i + 1), step.size() - 1);
            text += step.substr(i, end + 1 - i);
            i = end + 1;
        } else if (rest.starts_with(numbered)) {
            text += "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY";
            i += numbered.size();
        } else if (rest.starts_with(rowless)) {
            i += rowless.size();
        } else if (std::isalpha(static_cast<unsigned char>(rest.front())) != 0) {
            std::size_t size = 0;
            while (size < rest.size() &&
                   (std::isalnum(static_cast<unsigned char>(rest[size])) != 0 || rest[size] == '_'))
                ++size;
            const auto known = words.find(rest.substr(0, size));
            text += known == words.end() ? rest.substr(0, size) : known->second;
            i += size;
        } else {
            text += step[i++];
        }
    }
    return text;
}

void migrate(PostgresDatabase& db, Migrations steps) {
    const auto known = static_cast<std::int64_t>(steps.size());
    for (bool done = false; !done;) {
        db.begin("BEGIN");
        try {
            db.run("SELECT pg_advisory_xact_lock(?)", static_cast<std::int64_t>(Lock::migration));
            const auto version = version_of(db, known);
            done = version == known;
            if (!done) {
                if (version == 0) db.script(vocabulary);
                db.script(schema_for_postgres(steps[static_cast<std::size_t>(version)]));
                if (version == 0) db.script(tuning);
                db.run("UPDATE dossier_schema SET version=?", version + 1);
            }
            db.commit();
        } catch (const PostgresFailure& failure) {
            if (failure.kind() != Kind::lost) db.rollback();
            throw;
        }
    }
}

} // namespace dossier::store
