#pragma once
// The schema as a sequence of steps; PRAGMA user_version says how many a file has taken. A step, once released, is
// never changed: what comes later is a new step. Each runs in a transaction of its own together with its number.

#include "sqlite_database.hpp"

#include <span>

namespace dossier::store {

/// SQL that leads from version n to n + 1, n being its index.
using Migrations = std::span<const char* const>;

[[nodiscard]] auto schema() -> Migrations;

/// Brings the file forward. Throws SqliteFailure, also when the file is newer than `steps` (written by a later dossier)
/// or is no database of ours; then it is left as it is.
void migrate(Database& db, Migrations steps);
/// Throws SqliteFailure unless the file has taken exactly these steps; for who may not migrate it.
void check_schema(Database& db, Migrations steps);

} // namespace dossier::store
