#include "rest_client.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::size_t longest_error = 300;

auto upstream_config(const RestOptions& options) -> net::UpstreamConfig {
    net::UpstreamConfig config;
    config.name = options.name;
    config.max_in_flight = options.max_in_flight;
    config.timeout = options.timeout;
    config.is_final = options.is_final;
    return config;
}

} // namespace

auto error_line(std::string_view text) -> std::string {
    std::string line(text);
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
    return shorten(trim(to_valid_utf8(line)), longest_error);
}

auto base_url(std::string_view url) -> std::string {
    while (url.ends_with('/')) url.remove_suffix(1);
    return std::string(url);
}

auto refusal_of(const std::string& name, const net::HttpResponse& response, std::string_view words, net::Repeat repeat)
    -> Error {
    Error error;
    error.code = net::errc_of_status(response.status, repeat);
    const auto line = error_line(words);
    error.message = line.empty() ? fmt::format("{} answered {}", name, response.status)
                                 : fmt::format("{} answered {}: {}", name, response.status, line);
    error.retry_after = net::retry_after_of(response);
    return error;
}

RestClient::RestClient(RestOptions options, net::HttpClient& client, Metrics& metrics, net::TokenSource::Fetch fetch)
    : options_(std::move(options)),
      upstream_(client, metrics, upstream_config(options_)),
      gate_(options_.rate),
      tokens_(std::move(fetch)) {}

auto RestClient::get(std::string path, Deadline deadline) -> Task<Result<JsonDocument>> {
    co_return co_await send("GET", std::move(path), {}, net::Repeat::safe, deadline);
}

auto RestClient::ask(std::string method, std::string path, std::string body, Deadline deadline)
    -> Task<Result<JsonDocument>> {
    co_return co_await send(std::move(method), std::move(path), std::move(body), net::Repeat::safe, deadline);
}

auto RestClient::write(std::string method, std::string path, std::string body, Deadline deadline)
    -> Task<Result<JsonDocument>> {
    co_return co_await send(std::move(method), std::move(path), std::move(body), net::Repeat::unsafe, deadline);
}

auto RestClient::sign_in(Deadline deadline) -> Task<Result<void>> {
    auto token = co_await tokens_.get(deadline);
    if (!token) co_return fail(std::move(token.error()));
    co_return Result<void>{};
}

auto RestClient::send(std::string method, std::string path, std::string body, net::Repeat repeat, Deadline deadline)
    -> Task<Result<JsonDocument>> {
    auto turn = co_await gate_.pass(deadline);
    if (!turn) co_return fail(std::move(turn.error()));
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = options_.base + path;
    request.headers.set("Accept", "application/json");
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    request.max_response = most_bytes;
    auto response =
        co_await net::call_with_token(upstream_, tokens_, std::move(request), options_.apply, repeat, deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (!response->ok()) co_return fail(refusal_of(options_.name, *response, options_.words(*response), repeat));
    const auto text = trim(response->body);
    auto document = JsonDocument::parse(text.empty() ? std::string_view("null") : text);
    if (document) co_return std::move(*document);
    const auto code = repeat == net::Repeat::unsafe ? Errc::outcome_unknown : Errc::malformed;
    co_return fail(code, options_.name + " answered with something that is not JSON");
}

} // namespace dossier::ingest
