#include "rest_support.hpp"

#include "dossier/base/canonical_json.hpp"

namespace dossier::api {

namespace {

auto accepted_text(const std::vector<store::IntakeResult>& results) -> std::string {
    std::string text;
    text.reserve(64 + 192 * results.size());
    canonical::Object answer(text);
    answer.member("accepted") += std::to_string(results.size());
    canonical::append_list(answer.member("findings"), results, [](std::string& out, const auto& result) {
        canonical::Object finding(out);
        finding.text("fingerprint", result.fingerprint);
        finding.text("id", result.id);
        finding.text("outcome", to_string(result.outcome));
        finding.close();
    });
    answer.close();
    return text;
}

auto take_delivery(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto request_id = call.request.request_id;
    auto source = call.path.at("source");
    auto delivered = co_await services.receiver.receive(std::move(source), std::move(call.request));
    if (!delivered) co_return problem(delivered.error(), request_id);
    if (delivered->answer) co_return std::move(*delivered->answer);
    const auto& results = delivered->results;
    co_return json_text_answer(202, accepted_text(results));
}

/// CloudEvents' webhook specification §4: a sender asks before it sends. Open like every preflight; it says nothing
/// that a delivery would not, and deliveries need the source's secret.
auto answer_preflight(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto answer = services.receiver.preflight(call.path.at("source"), call.request);
    if (!answer) co_return problem(answer.error(), call.request.request_id);
    co_return std::move(*answer);
}

/// Sources that nobody has to ask know one method only.
auto refuse_preflight(const Services& services, const net::HttpRequest& head, const std::string& source)
    -> std::optional<net::HttpResponse> {
    const auto answer = services.receiver.preflight(source, head);
    if (answer || answer.error().code != Errc::not_found) return std::nullopt;
    auto response = problem(405, "OPTIONS is not allowed here; use POST", head.request_id, "method_not_allowed");
    response.headers.set("Allow", "POST");
    return response;
}

} // namespace

void add_webhook_routes(Routes& routes, const Services& services) {
    routes.add({.method = "POST",
                .pattern = "/v1/webhooks/{source}",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return take_delivery(services, std::move(call)); },
                .summary = "Take a delivery of a platform: one finding, or an array of them",
                .tag = "webhooks",
                .query = {},
                .body = R"({"description":"what the platform sends"})",
                .wants_json = true,
                .admit = [&services](const net::HttpRequest& head,
                                     const std::string& source) -> std::optional<net::HttpResponse> {
                    auto admitted = services.receiver.admit(source, head);
                    if (admitted) return std::nullopt;
                    auto refusal = problem(admitted.error(), head.request_id);
                    if (refusal.status == 401)
                        refusal.headers.set("WWW-Authenticate", services.receiver.challenge(source));
                    return refusal;
                },
                .takes_type =
                    [&services](const std::string& media_type, const std::string& source) {
                        return services.receiver.takes_type(source, media_type);
                    }});
    routes.add({.method = "OPTIONS",
                .pattern = "/v1/webhooks/{source}",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return answer_preflight(services, std::move(call)); },
                .summary = "Consent to a sender of CloudEvents (WebHook-Request-Origin)",
                .tag = "webhooks",
                .is_advertised = false,
                .admit = [&services](const net::HttpRequest& head,
                                     const std::string& source) { return refuse_preflight(services, head, source); }});
}

} // namespace dossier::api
