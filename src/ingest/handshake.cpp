#include "dossier/ingest/handshake.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/sns.hpp"
#include "dossier/net/upstream.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <iterator>
#include <utility>

namespace dossier::ingest {
namespace {

/// Event Grid's own events about a subscription, in its own schema (one an array).
class EventGridHandshake final : public Handshake {
public:
    explicit EventGridHandshake(const SourceConfig& config) : name_(config.name) {}

    auto meet(const net::HttpRequest& request) -> Task<Result<std::optional<net::HttpResponse>>> override {
        if (!request.body.contains("Microsoft.EventGrid.Subscription")) co_return std::nullopt;
        const auto document = JsonDocument::parse(request.body);
        if (!document) co_return fail(Error(document.error()));
        const auto root = document->root();
        const auto event = root.is_array() ? root[std::size_t{0}] : root;
        const auto type = event["eventType"].string().value_or("");
        if (type == "Microsoft.EventGrid.SubscriptionDeletedEvent") {
            log::warn("event_grid.unsubscribed", {{"source", name_}});
            co_return answer(Json::object());
        }
        if (type != "Microsoft.EventGrid.SubscriptionValidationEvent") co_return std::nullopt;
        const auto code = event.at("/data/validationCode").string();
        if (!code || code->empty()) co_return fail(Errc::malformed, "the validation event carries no validationCode");
        log::info("event_grid.subscribed", {{"source", name_}});
        co_return answer({{"validationResponse", std::string(*code)}});
    }

private:
    static auto answer(const Json& body) -> net::HttpResponse {
        net::HttpResponse response;
        response.headers.set("Content-Type", "application/json");
        response.body = dump_json(body);
        return response;
    }
    std::string name_;
};

auto read_certificate(const SourceConfig& config) -> Result<std::string> {
    const auto& path = config.events.sns.signing_certificate;
    if (path.empty()) return std::string();
    std::ifstream file(path, std::ios::binary);
    std::string pem{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    if (auto usable = check_sns_certificate(pem); !usable)
        return fail(Errc::invalid_argument, "source `" + config.name + "`: " + path + " " + usable.error().message);
    return pem;
}

auto fetch_over(net::HttpClient& client, Metrics& metrics, const std::string& source) -> FetchUrl {
    auto upstream = std::make_shared<net::Upstream>(
        client, metrics, net::UpstreamConfig{.name = "sns:" + source, .max_in_flight = 4, .is_final = nullptr});
    return [upstream](std::string url, Deadline deadline) -> Task<Result<net::HttpResponse>> {
        net::ClientRequest request;
        request.url = std::move(url);
        request.max_response = 256U << 10U;
        // A confirmation said twice is one: reading a URL of SNS is safe to repeat.
        return upstream->call(std::move(request), net::Repeat::safe, deadline);
    };
}

/// Requests a minute that the source's own rate allows; nullopt = no limit of ours.
auto allowed_rate(const SourceConfig& config) -> std::optional<std::int64_t> {
    if (config.rate.per_second <= 0) return std::nullopt;
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(std::floor(config.rate.per_second * 60)));
}

auto rate_for(const SourceConfig& config, std::string_view asked_for) -> std::string {
    std::int64_t asked = 0;
    const auto [end, error] = std::from_chars(asked_for.data(), asked_for.data() + asked_for.size(), asked);
    const bool is_number = error == std::errc() && end == asked_for.data() + asked_for.size() && asked > 0;
    const auto ours = allowed_rate(config);
    if (!ours) return is_number ? std::to_string(asked) : "*";
    return std::to_string(is_number ? std::min(asked, *ours) : *ours);
}

} // namespace

auto make_event_grid_handshake(const SourceConfig& config) -> std::shared_ptr<Handshake> {
    return std::make_shared<EventGridHandshake>(config);
}

auto make_handshakes(const std::vector<SourceConfig>& sources, net::HttpClient& client, Metrics& metrics,
                     const Clock& clock) -> Result<Handshakes> {
    Handshakes handshakes;
    for (const auto& source : sources) {
        if (source.kind == "event_grid") handshakes.emplace(source.name, make_event_grid_handshake(source));
        if (source.kind != "sns") continue;
        auto certificate = read_certificate(source);
        if (!certificate) return fail(std::move(certificate.error()));
        handshakes.emplace(source.name, make_sns_handshake(source, fetch_over(client, metrics, source.name),
                                                           std::move(*certificate), clock));
    }
    return handshakes;
}

auto answer_preflight(const SourceConfig& config, const net::HttpRequest& request) -> Result<net::HttpResponse> {
    const auto origin = std::string(trim(request.headers.get("WebHook-Request-Origin").value_or("")));
    if (origin.empty()) return fail(Errc::invalid_argument, "the request names no WebHook-Request-Origin");
    const auto& allowed = config.events.origins;
    const auto is_allowed = [&](const auto& pattern) { return glob_match(pattern, origin); };
    if (!allowed.empty() && std::ranges::none_of(allowed, is_allowed))
        return fail(Errc::forbidden, "the source takes no events from this origin");
    net::HttpResponse response;
    response.headers.set("Allow", "POST");
    response.headers.set("WebHook-Allowed-Origin", origin);
    response.headers.set("WebHook-Allowed-Rate",
                         rate_for(config, trim(request.headers.get("WebHook-Request-Rate").value_or(""))));
    return response;
}

} // namespace dossier::ingest
