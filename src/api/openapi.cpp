#include "dossier/api/rest_api.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

namespace dossier::api {

namespace {

auto parameter(std::string_view name, std::string_view place) -> OrderedJson {
    OrderedJson schema{{"type", "string"}};
    if (name == "limit") schema = {{"type", "integer"}, {"minimum", 1}, {"maximum", 200}, {"default", 50}};
    if (name == "format") schema["enum"] = {"json", "svg", "mermaid"};
    if (name == "since" || name == "until") schema["format"] = "date-time";
    return {{"name", name}, {"in", place}, {"required", place == "path"}, {"schema", schema}};
}

/// 202 where work goes on after the answer, else 200.
auto success_of(const Route& route) -> std::string {
    const bool goes_on = route.pattern.starts_with("/v1/webhooks") || route.pattern.starts_with("/v1/trackers") ||
                         route.pattern.ends_with("/replay") || route.pattern.ends_with("/redrive") ||
                         route.pattern.ends_with("/retry");
    return goes_on ? "202" : "200";
}

auto operation(const Route& route) -> OrderedJson {
    OrderedJson result{{"summary", route.summary}, {"tags", {route.tag}}};
    OrderedJson parameters = OrderedJson::array();
    for (const auto step : split(route.pattern, '/')) {
        if (step.starts_with('{')) parameters.push_back(parameter(step.substr(1, step.size() - 2), "path"));
    }
    for (const auto& name : route.query) parameters.push_back(parameter(name, "query"));
    if (!parameters.empty()) result["parameters"] = parameters;
    if (!route.body.empty()) {
        result["requestBody"] = {{"required", route.wants_json},
                                 {"content", {{"application/json", {{"schema", OrderedJson::parse(route.body)}}}}}};
    }
    if (route.needs) {
        result["security"] = OrderedJson::array({{{"bearer", OrderedJson::array()}}});
        result["x-role"] = to_string(*route.needs);
    }
    OrderedJson success{{"description", "done"}};
    for (const auto& type : route.answer_types)
        success["content"][type] = {{"schema", {{"type", type == "application/json" ? "object" : "string"}}}};
    result["responses"] = {{success_of(route), success}, {"default", {{"$ref", "#/components/responses/Problem"}}}};
    return result;
}

} // namespace

auto openapi_document(const Routes& routes) -> std::string {
    OrderedJson document{
        {"openapi", "3.1.0"},
        {"info",
         {{"title", "dossier"},
          {"version", "1"},
          {"description", "Findings in, dossiers out: evidence-backed explanations and draft tickets."},
          {"license", {{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}}}}}};
    OrderedJson paths = OrderedJson::object();
    for (const auto& route : routes.all())
        if (route.is_advertised) paths[route.pattern][lower(route.method)] = operation(route);
    document["paths"] = paths;
    document["components"] = {
        {"securitySchemes", {{"bearer", {{"type", "http"}, {"scheme", "bearer"}}}}},
        {"responses",
         {{"Problem",
           {{"description", "RFC 9457 problem"},
            {"content", {{"application/problem+json", {{"schema", {{"$ref", "#/components/schemas/Problem"}}}}}}}}}}},
        {"schemas",
         {{"Problem",
           {{"type", "object"},
            {"required", {"type", "title", "status", "detail"}},
            {"properties",
             {{"type", {{"type", "string"}}},
              {"title", {{"type", "string"}}},
              {"status", {{"type", "integer"}}},
              {"detail", {{"type", "string"}}},
              {"code", {{"type", "string"}}},
              {"request_id", {{"type", "string"}}}}}}}}}};
    return document.dump(2);
}

} // namespace dossier::api
