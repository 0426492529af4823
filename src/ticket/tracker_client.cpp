#include "tracker_client.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

auto upstream_config(const SinkConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = config.name;
    upstream.max_in_flight = 8; // writes of one account; trackers punish bursts
    upstream.timeout = config.timeout;
    return upstream;
}

auto without_slash(std::string url) -> std::string {
    while (!url.empty() && url.back() == '/') url.pop_back();
    return url;
}

auto authorization_for(const SinkConfig& config) -> std::string {
    if (config.is_data_center() && !config.token.empty()) return "Bearer " + config.token.reveal();
    const auto& secret = config.token.empty() ? config.password : config.token;
    return "Basic " + base64_encode(config.user + ":" + secret.reveal());
}

auto credentials_of(const SinkConfig& config) -> net::ClientCredentials {
    net::ClientCredentials credentials;
    credentials.url = config.oauth.url.empty() ? without_slash(config.url) + "/oauth_token.do" : config.oauth.url;
    credentials.client_id = config.oauth.client_id;
    credentials.client_secret = config.oauth.client_secret;
    if (config.oauth.grant == "password") {
        credentials.user = config.user;
        credentials.password = config.password;
    }
    return credentials;
}

auto is_letter_or_digit(char c) -> bool {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

} // namespace

TrackerClient::TrackerClient(const SinkConfig& config, net::HttpClient& client, Metrics& metrics, ErrorText error_text)
    : upstream_(client, metrics, upstream_config(config)),
      base_(without_slash(config.url)),
      authorization_(authorization_for(config)),
      error_text_(error_text) {
    if (!config.oauth.client_id.empty()) tokens_.emplace(net::client_credentials(upstream_, credentials_of(config)));
}

auto TrackerClient::call(std::string method, std::string path, Json body, net::Repeat repeat, Deadline deadline)
    -> Task<Result<Json>> {
    net::ClientRequest request;
    request.method = std::move(method);
    request.url = base_ + path;
    request.headers.set("Content-Type", "application/json");
    if (!body.is_null()) request.body = dump_json(body);
    co_return co_await send(std::move(request), repeat, deadline);
}

auto TrackerClient::upload(std::string path, net::Headers headers, std::string body, Deadline deadline)
    -> Task<Result<Json>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = base_ + path;
    request.headers = std::move(headers);
    request.body = std::move(body);
    co_return co_await send(std::move(request), net::Repeat::unsafe, deadline);
}

auto TrackerClient::send(net::ClientRequest request, net::Repeat repeat, Deadline deadline) -> Task<Result<Json>> {
    request.headers.set("Accept", "application/json");
    if (!tokens_) request.headers.set("Authorization", authorization_.reveal());
    Result<net::HttpResponse> response;
    if (tokens_) {
        response =
            co_await net::call_with_token(upstream_, *tokens_, std::move(request), net::apply_bearer, repeat, deadline);
    } else {
        response = co_await upstream_.call(std::move(request), repeat, deadline);
    }
    if (!response) co_return fail(response.error());
    if (!response->ok()) co_return fail(refusal(*response, repeat));
    if (trim(response->body).empty()) co_return Json{};
    auto parsed = parse_json(response->body);
    if (parsed) co_return std::move(*parsed);
    // Half an answer, or the page of a proxy: the next one may be whole.
    const auto code = repeat == net::Repeat::unsafe ? Errc::outcome_unknown : Errc::unavailable;
    co_return fail(code, upstream_.name() + " answered with something that is not JSON");
}

auto TrackerClient::get(std::string path, Deadline deadline) -> Task<Result<Json>> {
    auto answer = co_await call("GET", std::move(path), Json{}, net::Repeat::safe, deadline);
    // "Nothing was said" is not "there is none": a look before a repeat must not take it for that.
    if (answer && answer->is_null()) co_return fail(Errc::unavailable, upstream_.name() + " answered with nothing");
    co_return answer;
}

auto TrackerClient::refusal(const net::HttpResponse& response, net::Repeat repeat) const -> Error {
    std::string words;
    if (const auto body = parse_json(response.body)) words = tracker_words(error_text_(*body));
    Error error;
    error.code = net::errc_of_status(response.status, repeat);
    error.message = words.empty() ? fmt::format("{} answered {}", upstream_.name(), response.status)
                                  : fmt::format("{} answered {}: {}", upstream_.name(), response.status, words);
    error.retry_after = net::retry_after_of(response);
    return error;
}

auto tracker_words(std::string_view text) -> std::string { return shorten(one_line(text), 400); }

auto is_plain_key(std::string_view key) -> bool {
    return !key.empty() && key.size() <= 200 && std::ranges::all_of(key, [](char c) {
        return is_letter_or_digit(c) || c == '-' || c == '_' || c == '.' || c == ':';
    });
}

auto is_plain_email(std::string_view email) -> bool {
    const auto at = email.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < email.size() && email.size() <= 254 &&
           email.find('@', at + 1) == std::string_view::npos && std::ranges::all_of(email, [](char c) {
               return is_letter_or_digit(c) || std::string_view{"@.-_+%'"}.find(c) != std::string_view::npos;
           });
}

auto extra_fields(const SinkConfig& config) -> Json {
    auto fields = parse_json(config.fields.empty() ? "{}" : config.fields);
    return fields && fields->is_object() ? std::move(*fields) : Json::object();
}

auto text_in(const Json& value, std::initializer_list<const char*> path) -> std::string {
    const auto* at = &value;
    for (const auto* key : path) {
        if (!at->is_object()) return "";
        const auto member = at->find(key);
        if (member == at->end()) return "";
        at = &*member;
    }
    return at->is_string() ? at->get<std::string>() : "";
}

auto array_in(const Json& value, const char* key) -> const Json& {
    static const Json none = Json::array();
    if (!value.is_object()) return none;
    const auto member = value.find(key);
    return member != value.end() && member->is_array() ? *member : none;
}

} // namespace dossier::ticket
