#include "orca_query.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"

#include <utility>

namespace dossier::ingest {

auto orca_in(std::string_view key, const std::vector<std::string>& values) -> Json {
    return {{"key", key}, {"values", values}, {"type", "str"}, {"operator", "in"}};
}

auto orca_query(std::string_view model, Json conditions, std::size_t limit, std::size_t start) -> Json {
    Json query = {{"models", Json::array({model})}, {"type", "object_set"}};
    if (!conditions.empty())
        query["with"] = {{"operator", "and"}, {"type", "operation"}, {"values", std::move(conditions)}};
    return {{"query", std::move(query)}, {"limit", limit}, {"start_at_index", start}};
}

auto orca_words(const net::HttpResponse& response) -> std::string {
    const auto body = JsonDocument::parse(response.body);
    if (!body) return {};
    const auto root = body->root();
    return first_text(
        {root["error"], root["detail"], root["message"], root["error_code"], root["errors"][std::size_t{0}]});
}

auto says_does_not_exist(const net::HttpResponse& response) -> bool {
    return response.status >= 500 && icontains(response.body, "does not exist");
}

auto inner_error(JsonView root) -> std::optional<Error> {
    const auto status = root["status"].string().value_or("");
    const auto words = first_text({root["error"], root["errors"][std::size_t{0}], root["detail"]});
    const bool failed = iequals(status, "failure") || iequals(status, "failed") || iequals(status, "error");
    if (!failed && (words.empty() || !root["data"].is_null())) return std::nullopt;
    Error error;
    error.code = icontains(words, "does not exist") || icontains(words, "not found") ? Errc::not_found : Errc::rejected;
    error.message = "Orca answered: " + (words.empty() ? std::string("failure") : error_line(words));
    return error;
}

auto orca_field(JsonView object, std::string_view name) -> JsonView {
    const auto data = object["data"];
    const auto member = data.is_object() ? data[name] : object[name];
    if (!member.is_object()) return member;
    return member["value"];
}

auto orca_list(RestClient& client, std::string path, Deadline deadline) -> Task<Result<JsonDocument>> {
    auto answer = co_await client.get(std::move(path), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (auto error = inner_error(answer->root())) co_return fail(std::move(*error));
    if (!answer->root()["data"].is_array()) co_return fail(Errc::malformed, "Orca answered a list without `data`");
    co_return std::move(*answer);
}

auto ask_orca(RestClient& client, std::string query, Deadline deadline) -> Task<Result<JsonDocument>> {
    auto answer = co_await client.ask("POST", std::string(orca_query_path), std::move(query), deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (auto error = inner_error(answer->root())) co_return fail(std::move(*error));
    if (!answer->root()["data"].is_array()) co_return fail(Errc::malformed, "Orca answered a query without `data`");
    co_return std::move(*answer);
}

} // namespace dossier::ingest
