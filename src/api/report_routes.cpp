// Reports over what the store has counted.

#include "rest_support.hpp"

namespace dossier::api {

namespace {

auto day_of(Timestamp time) -> std::string { return format_time(time).substr(0, 10); }

auto delivery_json(const store::DeliveryDay& day) -> Json {
    Json reasons = Json::array();
    for (const auto& [reason, count] : day.reasons)
        reasons.push_back({{"reason", reason.empty() ? "the platform does not say" : reason}, {"count", count}});
    return {{"source", day.source},
            {"day", day_of(day.day)},
            {"webhook", day.webhook},
            {"event", day.event},
            {"late", day.late},
            {"late_seconds", std::chrono::duration<double>(day.late_by).count()},
            {"never", day.never},
            {"duplicates", day.duplicates},
            {"quarantined", day.quarantined},
            {"reasons", std::move(reasons)}};
}

auto deliveries(const Services& services, Call call) -> Task<net::HttpResponse> {
    const auto since = day_parameter(call, "since");
    if (!since) co_return refuse(call, since.error());
    const auto until = day_parameter(call, "until");
    if (!until) co_return refuse(call, until.error());
    if (*since && *until && **since > **until)
        co_return problem(400, "since must not be after until", call.request.request_id, "invalid_argument");
    auto days = co_await services.store.deliveries(
        {.source = std::string(call.request.query_value("source").value_or("")), .since = *since, .until = *until},
        services.clock.now());
    if (!days) co_return refuse(call, days.error());
    Json items = Json::array();
    for (const auto& day : *days) items.push_back(delivery_json(day));
    co_return json_answer(200, {{"items", std::move(items)}});
}

} // namespace

void add_report_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/reports/deliveries",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return deliveries(services, std::move(call)); },
                .summary = "What each source delivered on each day, what came late and what never came, and why",
                .tag = "reports",
                .query = {"since", "until", "source"}});
}

} // namespace dossier::api
