#pragma once
// Brings a PostgreSQL database forward: the steps of schema.hpp with PostgreSQL's types, each followed by what only
// PostgreSQL wants of it. The row of table `dossier_schema` says how many a database has taken. Replicas that start
// together wait for each other: the first migrates, the others find it done.

#include "postgres_database.hpp"
#include "schema.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::store {

/// A step's types and table options in PostgreSQL's words; comments are left out.
[[nodiscard]] auto schema_for_postgres(std::string_view step) -> std::string;

/// The steps that the database has taken; nullopt where nothing of ours is there. Throws PostgresFailure when it is
/// newer than `known` (written by a later dossier) or holds tables of our names without our mark.
[[nodiscard]] auto schema_version(PostgresDatabase& db, std::int64_t known) -> std::optional<std::int64_t>;

/// Throws PostgresFailure, also where `schema_version` does; then the database is left as it is.
void migrate(PostgresDatabase& db, Migrations steps);
/// For who may not migrate it: false where nothing of ours is there. Throws PostgresFailure unless the database has
/// taken exactly these steps.
[[nodiscard]] auto check_schema(PostgresDatabase& db, Migrations steps) -> bool;

/// The locks of our own that all replicas on a database share, by number.
enum class Lock : std::int64_t {
    migration = 0x646f'7373'6965'7201, // "dossier", 1
    writing = 0x646f'7373'6965'7202,
};

} // namespace dossier::store
