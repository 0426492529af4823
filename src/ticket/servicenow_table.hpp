#pragma once
// What the numbers in a ServiceNow table mean. `incident` and `sn_si_incident` have state models of their own; any
// other table is taken for one that extends `task`. Numbers as ServiceNow ships them (docs: incident states, NIST
// process of Security Incident Response); an instance that changed them says so in the configuration.

#include "dossier/base/json.hpp"
#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

struct TableStates {
    std::string draft;    ///< waits for approval; "" = the table knows no such state and keeps its own default
    std::string approved; ///< approved, nobody assigned
    std::string assigned; ///< approved, in somebody's hands
    std::string done;     ///< the work is over
    std::string reopened;
    std::vector<std::string> ends;      ///< all states in which the work is over
    std::string parent;                 ///< column that names the record this one belongs to
    std::string close_code;             ///< for what is done; "" = the table asks for none
    std::vector<std::string> duplicate; ///< for a double, the first that the instance allows
};
[[nodiscard]] auto states_of_table(const std::string& table) -> TableStates;

inline constexpr std::size_t max_text = 4'000; ///< of description, journals and close notes, in characters

/// 32 hex digits.
[[nodiscard]] auto is_sys_id(std::string_view id) -> bool;

/// A column as its value or, where asked for with `sysparm_display_value=all`, as people see it.
[[nodiscard]] auto column_value(const Json& row, const char* name) -> std::string;
[[nodiscard]] auto column_display(const Json& row, const char* name) -> std::string;

/// The last second of a due date as the Table API takes times: UTC, without a zone.
[[nodiscard]] auto due_column(const DueDate& due) -> std::string;

} // namespace dossier::ticket
