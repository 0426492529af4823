#include "remote.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::context {
namespace {

constexpr std::size_t most_bytes = 4U << 20U;
constexpr std::size_t most_text = 500;

auto upstream_config(std::string label, const ProviderConfig& provider, const ContextConfig& config)
    -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = std::move(label);
    upstream.max_in_flight = provider.max_in_flight > 0 ? provider.max_in_flight : config.max_in_flight;
    upstream.rate = provider.rate;
    upstream.timeout = config.timeout;
    return upstream;
}

} // namespace

Remote::Remote(std::string label, const ProviderConfig& provider, const ContextConfig& config,
               const SourceMakings& makings)
    : label_(std::move(label)),
      base_(provider.url),
      upstream_(makings.client, makings.metrics, upstream_config(label_, provider, config)) {
    while (base_.ends_with('/')) base_.pop_back();
    for (const auto& [name, value] : provider.headers) headers_.set(name, value);
    if (!headers_.get("Accept")) headers_.set("Accept", "application/json");
    if (!provider.token.empty())
        authorization_ = Secret("Bearer " + provider.token.reveal());
    else if (!provider.user.empty())
        authorization_ = Secret("Basic " + base64_encode(provider.user + ":" + provider.password.reveal()));
}

void Remote::use_tokens(net::ClientCredentials credentials) {
    tokens_ = std::make_unique<net::TokenSource>(net::client_credentials(upstream_, std::move(credentials)));
}

auto Remote::send(net::ClientRequest request, Deadline deadline) -> Task<Result<net::HttpResponse>> {
    if (!request.url.starts_with("http")) request.url = base_ + request.url;
    for (const auto& [name, value] : headers_.all())
        if (!request.headers.get(name)) request.headers.set(name, value);
    request.max_response = most_bytes;
    Result<net::HttpResponse> response;
    if (tokens_) {
        response = co_await net::call_with_token(upstream_, *tokens_, std::move(request), net::apply_bearer,
                                                 net::Repeat::safe, deadline);
    } else {
        if (!authorization_.empty()) request.headers.set("Authorization", authorization_.reveal());
        response = co_await upstream_.call(std::move(request), net::Repeat::safe, deadline);
    }
    if (!response) co_return fail(std::move(response.error()));
    if (response->status == 401 || response->status == 403 || response->status == 429 || response->status >= 500)
        co_return fail(refusal(label_, *response));
    co_return response;
}

auto Remote::get(std::string target, Deadline deadline) -> Task<Result<net::HttpResponse>> {
    net::ClientRequest request;
    request.url = std::move(target);
    co_return co_await send(std::move(request), deadline);
}

auto Remote::get_json(std::string target, Deadline deadline) -> Task<Result<Json>> {
    auto response = co_await get(std::move(target), deadline);
    co_return document_of(std::move(response));
}

auto Remote::post_json(std::string target, Json body, Deadline deadline) -> Task<Result<Json>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = std::move(target);
    request.headers.set("Content-Type", "application/json");
    request.body = dump_json(body);
    auto response = co_await send(std::move(request), deadline);
    co_return document_of(std::move(response));
}

auto Remote::document_of(Result<net::HttpResponse> response) const -> Result<Json> {
    if (!response) return fail(std::move(response.error()));
    if (!response->ok()) return fail(refusal(label_, *response));
    auto document = parse_json(response->body, 64);
    if (!document) return fail(Errc::malformed, label_ + " answered with something that is no JSON");
    return document;
}

auto refusal(const std::string& label, const net::HttpResponse& response) -> Error {
    const auto status = response.status;
    Error error{.code = Errc::rejected,
                .message = fmt::format("{} answered {}", label, status),
                .context = {},
                .retry_after = net::retry_after_of(response)};
    if (status == 401) {
        error.code = Errc::unauthenticated;
        error.message = fmt::format("{} refused the credentials (401)", label);
    } else if (status == 403) {
        error.code = Errc::forbidden;
        error.message = fmt::format("{} lets the account not read this (403)", label);
    } else if (status == 404) {
        error.code = Errc::not_found;
    } else if (status == 429) {
        error.code = Errc::rate_limited;
    } else if (status >= 500) {
        error.code = Errc::unavailable;
    } else if (status >= 300 && status < 400) {
        error.message = fmt::format("{} answered {}: redirects are not followed", label, status);
    }
    return error;
}

auto member(const Json& value, std::string_view key) -> const Json& {
    static const Json none;
    if (!value.is_object()) return none;
    const auto found = value.find(key);
    return found == value.end() ? none : *found;
}

auto list_in(const Json& value, std::string_view key) -> const Json& {
    static const Json none = Json::array();
    const auto& list = member(value, key);
    return list.is_array() ? list : none;
}

auto scalar(const Json& value) -> std::string {
    if (value.is_string()) return shorten(trim(value.get_ref<const std::string&>()), most_text);
    if (value.is_number() || value.is_boolean()) return value.dump();
    return {};
}

} // namespace dossier::context
