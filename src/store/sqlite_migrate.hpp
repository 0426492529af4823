#pragma once
// Brings an SQLite file forward; PRAGMA user_version says how many steps it has taken.

#include "schema.hpp"
#include "sqlite_database.hpp"

namespace dossier::store {

/// Throws SqliteFailure, also when the file is newer than `steps` (written by a later dossier) or is no database of
/// ours; then it is left as it is.
void migrate(SqliteDatabase& db, Migrations steps);
/// For who may not migrate it: throws SqliteFailure unless the file has taken exactly these steps.
void check_schema(SqliteDatabase& db, Migrations steps);

} // namespace dossier::store
