#include "servicenow_table.hpp"

#include <algorithm>
#include <chrono>

namespace dossier::ticket {
namespace {

auto column_part(const Json& row, const char* name, const char* part) -> std::string {
    if (!row.is_object()) return "";
    const auto column = row.find(name);
    if (column == row.end()) return "";
    const auto* value = &*column;
    if (value->is_object()) {
        const auto member = value->find(part);
        if (member == value->end()) return "";
        value = &*member;
    }
    return value->is_string() ? value->get<std::string>() : "";
}

} // namespace

auto states_of_table(const std::string& table) -> TableStates {
    if (table == "incident") {
        // It knows no draft: on hold, which wants a reason.
        return {.draft = "3",
                .approved = "1",
                .assigned = "2",
                .done = "6",
                .reopened = "2",
                .ends = {"6", "7", "8"},
                .parent = "parent_incident",
                .close_code = "Solved (Permanently)",
                .duplicate = {"7", "6"}};
    }
    if (table == "sn_si_incident") {
        return {.draft = "10",
                .approved = "16",
                .assigned = "16",
                .done = "3",
                .reopened = "16",
                .ends = {"3", "7"},
                .parent = "parent_security_incident",
                .close_code = "Threat mitigated",
                .duplicate = {"7", "3"}};
    }
    return {.draft = "",
            .approved = "",
            .assigned = "2",
            .done = "3",
            .reopened = "2",
            .ends = {"3", "4", "7"},
            .parent = "parent",
            .close_code = "",
            .duplicate = {"4", "3"}};
}

auto is_sys_id(std::string_view id) -> bool {
    return id.size() == 32 && std::ranges::all_of(id, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

auto column_value(const Json& row, const char* name) -> std::string { return column_part(row, name, "value"); }

auto column_display(const Json& row, const char* name) -> std::string {
    return column_part(row, name, "display_value");
}

auto due_column(const DueDate& due) -> std::string {
    auto text = format_time(due.ends_at - std::chrono::seconds{1}).substr(0, 19); // 2026-12-04T22:59:59
    text[10] = ' ';
    return text;
}

} // namespace dossier::ticket
