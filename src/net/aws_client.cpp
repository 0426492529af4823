#include "dossier/net/aws_client.hpp"

#include "aws_clock.hpp"
#include "aws_credentials.hpp"
#include "aws_endpoints.hpp"
#include "aws_errors.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/rate_gate.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace dossier::net {
namespace {

constexpr int most_sends = 3; ///< one each for an expired token, a wrong clock and a bucket of another region

auto asks_for_less(const HttpResponse& response) -> bool {
    return response.status >= 400 && response.status < 500 && is_throttling(fault_of(response).code);
}

/// S3 says where a bucket lives when it was asked for somewhere else.
auto other_region(const AwsRequest& request, const HttpResponse& response, const std::string& asked) -> std::string {
    if (request.service != "s3") return {};
    const auto region = response.headers.get("x-amz-bucket-region");
    const bool is_new = region && *region != asked && is_region_name(*region);
    return is_new ? std::string(*region) : std::string();
}

/// What one try was signed with.
struct Signing {
    AwsKeys keys;
    Duration clock_offset{0};
};

} // namespace

struct AwsClient::Impl {
    Impl(HttpClient& http, Metrics& registry, AwsSettings given)
        : client(http),
          metrics(registry),
          settings(std::move(given)),
          fips(iequals(settings.environment("AWS_USE_FIPS_ENDPOINT").value_or(""), "true")),
          pace(settings.rate),
          credentials(settings, base_url("sts", settings.region), clock,
                      [this](std::string service, ClientRequest request, Deadline deadline) {
                          return upstream(service).call(std::move(request), Repeat::safe, deadline);
                      }) {}

    [[nodiscard]] auto base_url(const std::string& service, const std::string& region) const -> std::string;
    auto upstream(const std::string& service) -> Upstream&;
    [[nodiscard]] auto target(const AwsRequest& request, const std::string& region) const -> std::string;
    /// What one refused try teaches; true: send it again.
    auto learn(const AwsRequest& request, const HttpResponse& response, const AwsFault& fault, const Signing& used,
               std::string& region) -> bool;

    HttpClient& client;
    Metrics& metrics;
    AwsSettings settings;
    bool fips;
    RateGate pace;
    AwsClock clock;
    std::mutex mutex;
    std::map<std::string, std::unique_ptr<Upstream>, std::less<>> upstreams;
    AwsCredentials credentials;
};

auto AwsClient::Impl::base_url(const std::string& service, const std::string& region) const -> std::string {
    const auto at = std::ranges::find(settings.endpoints, service, &std::pair<std::string, std::string>::first);
    auto url = at == settings.endpoints.end() ? aws_endpoint(service, region, fips).url : at->second;
    while (url.ends_with('/')) url.pop_back();
    return url;
}

auto AwsClient::Impl::upstream(const std::string& service) -> Upstream& {
    const std::scoped_lock lock(mutex);
    auto& one = upstreams[service];
    if (!one)
        one = std::make_unique<Upstream>(client, metrics,
                                         UpstreamConfig{.name = settings.name + ":" + service,
                                                        .max_in_flight = settings.max_in_flight,
                                                        .timeout = settings.timeout,
                                                        .retry = settings.retry,
                                                        .breaker = {},
                                                        .is_final = settings.is_final,
                                                        .asks_for_less = asks_for_less});
    return *one;
}

auto AwsClient::Impl::target(const AwsRequest& request, const std::string& region) const -> std::string {
    if (!request.url.empty()) return request.url;
    auto url = base_url(request.service, region);
    const bool is_ours = std::ranges::find(settings.endpoints, request.service,
                                           &std::pair<std::string, std::string>::first) != settings.endpoints.end();
    if (!request.host_prefix.empty() && !is_ours) // a configured address is taken as it is
        url.insert(url.find("://") + 3, request.host_prefix + ".");
    return url + request.path;
}

auto AwsClient::Impl::learn(const AwsRequest& request, const HttpResponse& response, const AwsFault& fault,
                            const Signing& used, std::string& region) -> bool {
    if (auto elsewhere = other_region(request, response, region); !elsewhere.empty()) {
        region = std::move(elsewhere);
        return true;
    }
    if (is_clock_skew(fault)) return clock.correct(response, used.clock_offset);
    // Keys of another session may be at hand already, or can be had; keys that only a person can replace are not.
    const bool is_temporary = !used.keys.session_token.empty();
    if (is_expired_token(fault.code) || (is_temporary && fault.code == "UnrecognizedClientException")) {
        credentials.reject(used.keys);
        return true;
    }
    return false;
}

AwsClient::AwsClient(HttpClient& client, Metrics& metrics, AwsSettings settings)
    : impl_(std::make_unique<Impl>(client, metrics, std::move(settings))) {}

AwsClient::~AwsClient() = default;

auto AwsClient::region() const -> const std::string& { return impl_->settings.region; }

auto AwsClient::endpoint(const std::string& service) const -> std::string {
    return impl_->base_url(service, impl_->settings.region);
}

auto AwsClient::send(AwsRequest request, Deadline deadline) -> Task<Result<HttpResponse>> {
    auto& me = *impl_;
    auto region = request.region.empty() ? me.settings.region : request.region;
    if (!is_region_name(region)) co_return fail(Errc::invalid_argument, "no name of a region");
    if (auto turn = co_await me.pace.pass(deadline); !turn) co_return fail(std::move(turn.error()));
    std::string last_word;
    for (int sent = 1;; ++sent) {
        auto keys = co_await me.credentials.get(deadline);
        if (!keys) co_return fail(std::move(keys.error()));
        const auto endpoint = aws_endpoint(request.service, region, me.fips);
        ClientRequest out{.method = request.method,
                          .url = me.target(request, region),
                          .headers = request.headers,
                          .body = request.body,
                          .traceparent = {},
                          .max_response = request.max_response,
                          .flow = request.flow,
                          .on_data = request.on_data};
        const Signing with{.keys = std::move(*keys), .clock_offset = me.clock.offset()};
        sign_v4(out, with.keys,
                sigv4_options(endpoint.service, endpoint.region, SystemClock().now() + with.clock_offset));
        auto response = co_await me.upstream(request.service).call(std::move(out), request.repeat, deadline);
        if (!response) co_return fail(std::move(response.error()).with("action", request.action));
        if (response->ok()) co_return response;
        const auto fault = fault_of(*response);
        const bool is_news = fault.code != last_word; // the same refusal twice is the answer
        if (sent >= most_sends || !is_news || !me.learn(request, *response, fault, with, region))
            co_return fail(to_error(*response, fault, request.action));
        last_word = fault.code;
    }
}

auto AwsClient::json(AwsRequest request, Deadline deadline) -> Task<Result<JsonDocument>> {
    const auto action = request.action;
    auto response = co_await send(std::move(request), deadline);
    if (!response) co_return fail(std::move(response.error()));
    auto document = JsonDocument::parse(trim(response->body).empty() ? "{}" : response->body);
    if (!document) co_return fail(std::move(document.error()).with("action", action));
    co_return document;
}

auto AwsClient::xml(AwsRequest request, Deadline deadline) -> Task<Result<XmlDocument>> {
    const auto action = request.action;
    auto response = co_await send(std::move(request), deadline);
    if (!response) co_return fail(std::move(response.error()));
    auto document = XmlDocument::parse(response->body);
    if (!document) co_return fail(std::move(document.error()).with("action", action));
    co_return document;
}

auto aws_json(std::string service, std::string target, std::string body, std::string_view version) -> AwsRequest {
    AwsRequest request;
    request.action = std::string(action_prefix(service)) + ":" + target.substr(target.rfind('.') + 1);
    request.service = std::move(service);
    request.headers.set("Content-Type", "application/x-amz-json-" + std::string(version));
    request.headers.set("X-Amz-Target", std::move(target));
    request.body = std::move(body);
    return request;
}

auto aws_query(std::string service, std::string action, std::string_view version,
               std::vector<std::pair<std::string, std::string>> parameters) -> AwsRequest {
    AwsRequest request;
    request.action = std::string(action_prefix(service)) + ":" + action;
    request.service = std::move(service);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    parameters.insert(parameters.begin(), {{"Action", std::move(action)}, {"Version", std::string(version)}});
    request.body = form_encode(parameters);
    return request;
}

auto aws_rest(std::string service, std::string action, std::string method, std::string path, FixedText body)
    -> AwsRequest {
    AwsRequest request;
    request.action = std::string(action_prefix(service)) + ":" + action;
    request.service = std::move(service);
    request.method = std::move(method);
    request.path = std::move(path);
    if (!body.empty()) request.headers.set("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

} // namespace dossier::net
