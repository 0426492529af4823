#pragma once
// The store's statements as PostgreSQL reads them. They are written in what SQLite and PostgreSQL share; the rest is
// little enough to be told apart word by word: parameters have other names, and the hints by which SQLite is led to an
// index mean nothing here. Functions that only SQLite has by these names are made by our schema.

#include <string>
#include <string_view>

namespace dossier::store {

/// `?` and `?3` become `$n`, numbered as SQLite numbers them; INDEXED BY goes, CROSS JOIN … ON becomes JOIN … ON.
[[nodiscard]] auto to_postgres(std::string_view sql) -> std::string;

/// Whether a statement changes nothing.
/// An INSERT … VALUES that gives its row's `seq`, as parameter `parameter`.
[[nodiscard]] auto with_number(std::string_view insert, std::size_t parameter) -> std::string;
[[nodiscard]] auto table_of_insert(std::string_view insert) -> std::string_view;

[[nodiscard]] auto only_reads(std::string_view sql) -> bool;

} // namespace dossier::store
