#include "dossier/api/rest_api.hpp"

#include "rest_support.hpp"

#include <algorithm>

namespace dossier::api {

namespace {

/// Ready = the store takes writes and the backlog is under its bound.
auto readiness(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto backlog = services.store.backlog();
    if (backlog >= services.capacity)
        co_return problem(503, "the queue is full", call.request.request_id, "overloaded");
    if (auto probed = co_await services.store.probe(); !probed)
        co_return problem(503, "the store can't write: " + probed.error().message, call.request.request_id, "storage");
    co_return json_answer(200, {{"status", "ready"}, {"backlog", backlog}, {"capacity", services.capacity}});
}

auto alive(Call) -> Task<net::HttpResponse> { co_return json_answer(200, {{"status", "ok"}}); }

auto metrics_text(const Services& services, Call) -> Task<net::HttpResponse> {
    services.metrics.set("dossier_queue_depth", static_cast<double>(services.store.backlog()));
    auto backlog = services.store.backlog_by_source();
    for (const auto& source : services.receiver.source_names()) backlog.try_emplace(source, 0);
    for (const auto& [source, count] : backlog)
        services.metrics.set("dossier_source_backlog", static_cast<double>(count), {{"source", source}});
    net::HttpResponse response;
    response.headers.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    response.body = services.metrics.render();
    co_return response;
}

void add_health_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/healthz",
                .needs = std::nullopt,
                .handler = alive,
                .summary = "Liveness",
                .tag = "health"});
    routes.add({.method = "GET",
                .pattern = "/readyz",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return readiness(services, std::move(call)); },
                .summary = "Readiness: store writable, queue below its bound",
                .tag = "health"});
}

void add_metrics_route(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/metrics",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return metrics_text(services, std::move(call)); },
                .summary = "Prometheus text",
                .tag = "health"});
}

auto openapi_answer(const Routes& routes, Call) -> Task<net::HttpResponse> {
    net::HttpResponse response;
    response.headers.set("Content-Type", "application/json");
    response.body = openapi_document(routes);
    co_return response;
}

} // namespace

void add_rest_routes(Routes& routes, const Services& services) {
    add_webhook_routes(routes, services);
    add_tracker_routes(routes, services);
    add_finding_routes(routes, services);
    add_blast_radius_routes(routes, services);
    add_explain_routes(routes, services);
    add_ask_routes(routes, services);
    add_draft_routes(routes, services);
    add_review_routes(routes, services);
    add_mode_routes(routes, services);
    add_policy_routes(routes, services);
    add_scan_routes(routes, services);
    add_operation_routes(routes, services);
    add_report_routes(routes, services);
    add_cost_routes(routes, services);
    add_chat_routes(routes, services);
    add_health_routes(routes, services);
    if (!services.metrics_elsewhere) add_metrics_route(routes, services);
    routes.add({.method = "GET",
                .pattern = "/openapi.json",
                .needs = std::nullopt,
                .handler = [&routes](Call call) { return openapi_answer(routes, std::move(call)); },
                .summary = "This document",
                .tag = "health"});
}

void add_admin_routes(Routes& routes, const Services& services) {
    add_health_routes(routes, services);
    add_metrics_route(routes, services);
}

} // namespace dossier::api
