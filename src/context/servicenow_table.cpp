#include "servicenow_table.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::context {
namespace {

constexpr std::size_t most_value = 400;
constexpr std::size_t most_spelt_out = 3; ///< values that are compared one by one

/// A field is {display_value, value} as asked for, and plain text or {link, value} from instances that know better.
auto part_of(const Json& row, std::string_view column, std::string_view part) -> std::string {
    const auto& field = member(row, column);
    if (!field.is_object()) return scalar(field);
    auto text = scalar(member(field, part));
    return text.empty() && part == "display_value" ? scalar(member(field, "value")) : text;
}

/// ServiceNow's words are worth more than its status: {"error": {"message", "detail"}, "status": "failure"}.
auto words_of(const Json& document) -> std::string {
    const auto& error = member(document, "error");
    const auto message = error.is_string() ? scalar(error) : scalar(member(error, "message"));
    return shorten(message, 200);
}

} // namespace

auto stored(const Json& row, std::string_view column) -> std::string { return part_of(row, column, "value"); }
auto shown(const Json& row, std::string_view column) -> std::string { return part_of(row, column, "display_value"); }

auto is_sys_id(std::string_view text) -> bool {
    return text.size() == 32 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
           });
}

auto is_plain_value(std::string_view value) -> bool {
    return !value.empty() && value.size() <= most_value && trim(value) == value &&
           std::ranges::none_of(value, [](unsigned char c) { return c == '^' || c < 0x20 || c == 0x7f; });
}

auto any_of(std::string_view column, const std::vector<std::string>& values) -> std::string {
    std::vector<std::string> plain;
    for (const auto& value : values)
        if (is_plain_value(value) && std::ranges::find(plain, value) == plain.end()) plain.push_back(value);
    // A comma separates the values of IN: whatever has one is asked for by itself, and so are a few.
    std::vector<std::string> conditions;
    const bool are_few = plain.size() <= most_spelt_out;
    std::erase_if(plain, [&](const std::string& value) {
        if (!are_few && value.find(',') == std::string::npos) return false;
        conditions.push_back(fmt::format("{}={}", column, value));
        return true;
    });
    if (!plain.empty()) conditions.push_back(fmt::format("{}IN{}", column, join(plain, ",")));
    return either(conditions);
}

auto either(const std::vector<std::string>& conditions) -> std::string {
    std::vector<std::string> there;
    for (const auto& condition : conditions)
        if (!condition.empty()) there.push_back(condition);
    return join(there, "^OR");
}

auto read_table(Remote& remote, TableRead read, Deadline deadline) -> Task<Result<std::vector<Json>>> {
    // Without a condition, or without a limit, the answer would be the table.
    if (read.query.empty() || read.limit == 0) co_return std::vector<Json>{};
    auto target = fmt::format("/api/now/table/{}?sysparm_query={}&sysparm_fields={}&sysparm_display_value=all"
                              "&sysparm_exclude_reference_link=true&sysparm_limit={}",
                              read.table, percent_encode(read.query), percent_encode(read.fields), read.limit);
    auto response = co_await remote.get(std::move(target), deadline);
    if (!response) {
        if (response.error().code == Errc::forbidden) response.error().message += ": table " + read.table;
        co_return fail(std::move(response.error()));
    }
    auto document = parse_json(response->body, 64);
    if (!response->ok()) {
        auto error = refusal(remote.label(), *response);
        if (document && !words_of(*document).empty()) error.message += ": " + words_of(*document);
        co_return fail(std::move(error));
    }
    if (!document || !member(*document, "result").is_array())
        co_return fail(Errc::malformed, remote.label() + " answered the look-up without a result");
    std::vector<Json> rows;
    for (auto& row : (*document)["result"]) {
        if (rows.size() == read.limit) break;
        rows.push_back(std::move(row));
    }
    co_return rows;
}

} // namespace dossier::context
