#pragma once
// The schema as a sequence of steps; each database says how many it has taken. A step, once released, is never changed:
// what comes later is a new step. Each runs in a transaction of its own together with its number.
//
// Steps are written once, in SQLite's words; PostgreSQL takes them with its own types (postgres_migrate.hpp). What is
// in them is therefore plain: tables, columns of INTEGER, TEXT and BLOB with defaults, keys, references, indexes.

#include <cstdint>
#include <span>
#include <string>

namespace dossier::store {

/// SQL that leads from version n to n + 1, n being its index.
using Migrations = std::span<const char* const>;

[[nodiscard]] auto schema() -> Migrations;

/// What those are told who find fewer steps taken than they know, and may not migrate.
[[nodiscard]] auto older_schema(std::int64_t version, std::int64_t known) -> std::string;

} // namespace dossier::store
