#pragma once
// Reading tables of a ServiceNow instance by its Table API, with its traps in mind: there is no way to escape `^` in a
// query, so a value that could become another condition is not asked for at all; a condition that the instance doesn't
// understand, or whose column the account may not read, is dropped and then matches every row, so callers compare what
// came back with what they asked for. With sysparm_display_value=all a field is {display_value, value}.
// Source: ServiceNow Table API and "Encoded query strings".

#include "remote.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

/// A row's field as it is stored ("62826bf0…", "1") and as people see it ("Alice Ngo", "Operational").
[[nodiscard]] auto stored(const Json& row, std::string_view column) -> std::string;
[[nodiscard]] auto shown(const Json& row, std::string_view column) -> std::string;
[[nodiscard]] auto is_sys_id(std::string_view text) -> bool;

/// May stand in a query: not empty, at most 400 bytes, no `^`, no control characters.
[[nodiscard]] auto is_plain_value(std::string_view value) -> bool;
/// "column=value^ORcolumn=other", or "columnINa,b,c,d" for many; values that can't be asked for are left out. "" where
/// none is left.
[[nodiscard]] auto any_of(std::string_view column, const std::vector<std::string>& values) -> std::string;
/// Conditions of which one must hold; empty ones are left out.
[[nodiscard]] auto either(const std::vector<std::string>& conditions) -> std::string;

struct TableRead {
    std::string table;
    std::string query; ///< encoded query, not yet percent-encoded
    std::string fields;
    std::size_t limit = 10;
};
/// The rows, at most `limit`.
auto read_table(Remote& remote, TableRead read, Deadline deadline) -> Task<Result<std::vector<Json>>>;

} // namespace dossier::context
