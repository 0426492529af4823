#include "forge_client.hpp"

#include "markdown_tree.hpp"
#include "tracker_client.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::ticket {
namespace {

/// GitHub refuses for a while with 403 as well as 429, the primary limit without a Retry-After.
auto is_throttled(const net::HttpResponse& response) -> bool {
    return response.status == 403 &&
           (response.headers.get("retry-after") || response.headers.get("x-ratelimit-remaining").value_or("") == "0");
}

auto forge_upstream(const PolicyTargetConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = config.name;
    upstream.max_in_flight = 4;
    upstream.timeout = config.timeout;
    upstream.asks_for_less = is_throttled;
    return upstream;
}

auto without_end_slash(std::string url) -> std::string {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

/// GitHub: message and errors[].message; GitLab: message (text, list or object) or error.
auto refusal_words(const Json& body) -> std::string {
    if (!body.is_object()) return {};
    std::string words = text_at(body, "message");
    if (const auto message = body.find("message"); message != body.end() && message->is_structured())
        words = dump_json(*message);
    if (words.empty()) words = text_at(body, "error");
    for (const auto& one : array_in(body, "errors")) {
        const auto more = one.is_string() ? one.get<std::string>() : one.is_object() ? text_at(one, "message") : "";
        if (!more.empty()) words += (words.empty() ? "" : "; ") + more;
    }
    return tracker_words(words);
}

} // namespace

ForgeClient::ForgeClient(const PolicyTargetConfig& config, net::Headers headers, net::HttpClient& client,
                         Metrics& metrics)
    : upstream_(client, metrics, forge_upstream(config)),
      base_(without_end_slash(config.url)),
      headers_(std::move(headers)) {}

auto ForgeClient::ask(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
    -> Task<Result<ForgeAnswer>> {
    net::ClientRequest request;
    request.only_once = repeat == net::Repeat::unsafe;
    request.method = std::move(method);
    request.url = base_ + path;
    request.headers = headers_;
    request.headers.set("User-Agent", "dossier");
    if (!body.is_null()) {
        request.headers.set("Content-Type", "application/json");
        request.body = dump_json(body);
    }
    auto response = co_await upstream_.call(std::move(request), repeat, deadline);
    if (!response) co_return fail(std::move(response.error()));
    ForgeAnswer answer{.status = response->status, .body = {}, .words = {}};
    if (!trim(response->body).empty()) {
        auto parsed = parse_json(response->body);
        if (parsed)
            answer.body = std::move(*parsed);
        else if (answer.ok())
            co_return fail(repeat == net::Repeat::unsafe ? Errc::outcome_unknown : Errc::unavailable,
                           upstream_.name() + " answered with something that is not JSON");
    }
    if (!answer.ok()) answer.words = refusal_words(answer.body);
    co_return answer;
}

auto ForgeClient::refusal(const ForgeAnswer& answer, net::Repeat repeat) const -> Error {
    Error error;
    error.code = net::errc_of_status(answer.status, repeat);
    error.message = fmt::format("{} answered {}{}{}", upstream_.name(), answer.status, answer.words.empty() ? "" : ": ",
                                answer.words);
    return error;
}

auto ForgeClient::call(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
    -> Task<Result<Json>> {
    auto answer = co_await ask(std::move(method), std::move(path), std::move(body), repeat, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (!answer->ok()) co_return fail(refusal(*answer, repeat));
    co_return std::move(answer->body);
}

auto ForgeClient::get(std::string path, Deadline deadline) -> Task<Result<Json>> {
    co_return co_await call("GET", std::move(path), Json{}, net::Repeat::safe, deadline);
}

auto ForgeClient::look(std::string path, Deadline deadline) -> Task<Result<Json>> {
    auto answer = co_await ask("GET", std::move(path), Json{}, net::Repeat::safe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    if (answer->status == 404) co_return Json{};
    if (!answer->ok()) co_return fail(refusal(*answer, net::Repeat::safe));
    co_return std::move(answer->body);
}

auto ForgeClient::deliver(net::Headers headers, std::string body, Deadline deadline) -> Task<Result<Json>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = base_;
    request.headers = std::move(headers);
    request.body = std::move(body);
    // The receiver knows the key: the same message again is the same message.
    auto response = co_await upstream_.call(std::move(request), net::Repeat::safe, deadline);
    if (!response) co_return fail(std::move(response.error()));
    auto parsed = parse_json(response->body);
    ForgeAnswer answer{.status = response->status, .body = parsed ? std::move(*parsed) : Json{}, .words = {}};
    if (answer.ok()) co_return std::move(answer.body);
    answer.words = refusal_words(answer.body);
    co_return fail(refusal(answer, net::Repeat::safe));
}

auto number_at(const Json& object, const char* key) -> long long {
    if (!object.is_object()) return 0;
    const auto at = object.find(key);
    return at != object.end() && at->is_number_integer() ? at->get<long long>() : 0;
}

auto address_at(const Json& object, const char* key) -> std::string {
    auto url = object.is_object() ? text_at(object, key) : std::string();
    return url.size() <= 2'000 && is_web_link(url) ? url : std::string();
}

} // namespace dossier::ticket
