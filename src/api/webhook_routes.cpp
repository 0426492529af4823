#include "rest_support.hpp"

namespace dossier::api {

namespace {

auto take_delivery(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto request_id = call.request.request_id;
    auto source = call.path.at("source");
    auto results = co_await services.receiver.receive(std::move(source), std::move(call.request));
    if (!results) co_return problem(results.error(), request_id);
    Json findings = Json::array();
    for (const auto& result : *results) {
        findings.push_back(
            {{"id", result.id}, {"fingerprint", result.fingerprint}, {"outcome", to_string(result.outcome)}});
    }
    co_return json_answer(202, {{"accepted", results->size()}, {"findings", std::move(findings)}});
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
                    if (auto admitted = services.receiver.admit(source, head); !admitted)
                        return problem(admitted.error(), head.request_id);
                    return std::nullopt;
                }});
}

} // namespace dossier::api
