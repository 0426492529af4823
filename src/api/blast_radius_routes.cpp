// The blast radius of a dossier as JSON, picture or Mermaid text.

#include "rest_support.hpp"

#include "dossier/api/presentation.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/graph_drawing.hpp"

namespace dossier::api {

namespace {

/// What a browser may do with a picture that names come into from outside: show it.
auto drawing(std::string type, std::string body) -> net::HttpResponse {
    net::HttpResponse response;
    response.status = 200;
    response.headers.set("Content-Type", std::move(type));
    response.headers.set("Content-Security-Policy", "default-src 'none'; sandbox");
    response.headers.set("X-Content-Type-Options", "nosniff");
    response.body = std::move(body);
    return response;
}

auto show(const Services& services, Call call, std::string dossier_id) -> Task<net::HttpResponse> {
    const auto format = call.request.query_value("format").value_or("json");
    if (format != "json" && format != "svg" && format != "mermaid")
        co_return problem(400, "format must be one of json, svg, mermaid", call.request.request_id, "invalid_argument");
    auto row = co_await services.store.get_dossier(std::move(dossier_id));
    if (!row) co_return refuse(call, row.error());
    const auto radius = blast_radius_of(*row);
    if (!radius)
        co_return problem(404, "no platform has given a graph around this resource", call.request.request_id,
                          "not_found");
    if (format == "svg") co_return drawing("image/svg+xml", ticket::draw_svg(*radius));
    if (format == "mermaid") co_return drawing("text/vnd.mermaid; charset=utf-8", ticket::draw_mermaid(*radius));
    co_return json_answer(200, Json(*radius));
}

auto of_finding(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto row = co_await services.store.get_finding(call.id());
    if (!row) co_return refuse(call, row.error());
    co_return co_await show(services, std::move(call), std::move(row->dossier_id));
}

auto of_dossier(const Services& services, Call call) -> Task<net::HttpResponse> {
    auto id = call.id();
    co_return co_await show(services, std::move(call), std::move(id));
}

} // namespace

void add_blast_radius_routes(Routes& routes, const Services& services) {
    routes.add({.method = "GET",
                .pattern = "/v1/dossiers/{id}/blast-radius",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return of_dossier(services, std::move(call)); },
                .summary = "The graph around the dossier's resource: JSON, an SVG picture or Mermaid text",
                .tag = "findings",
                .query = {"format"}});
    routes.add({.method = "GET",
                .pattern = "/v1/findings/{id}/blast-radius",
                .needs = Role::viewer,
                .handler = [&services](Call call) { return of_finding(services, std::move(call)); },
                .summary = "The graph around the finding's resource: JSON, an SVG picture or Mermaid text",
                .tag = "findings",
                .query = {"format"}});
}

} // namespace dossier::api
