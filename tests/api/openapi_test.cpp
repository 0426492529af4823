// The document is held against the table it is made from, and against the shapes OpenAPI 3.1 asks for.
#include "api_house.hpp"

#include "dossier/base/strings.hpp"

#include <gtest/gtest.h>

namespace dossier::api {
namespace {

/// What is wrong with an operation; "" = nothing.
auto violation(const Json& operation, const Json& document) -> std::string {
    if (!operation.is_object()) return "an operation is an object";
    if (!operation.value("summary", Json()).is_string()) return "summary";
    const auto tags = operation.value("tags", Json());
    if (!tags.is_array() || tags.empty() || !tags[0].is_string()) return "tags";
    for (const auto& parameter : operation.value("parameters", Json::array())) {
        if (!parameter.is_object() || !parameter.value("schema", Json()).is_object()) return "parameter";
        const auto place = parameter.value("in", "");
        if (place != "path" && place != "query") return "in";
        if (!parameter.value("required", Json()).is_boolean() ||
            (place == "path" && !parameter["required"].get<bool>()))
            return "required";
    }
    if (operation.contains("requestBody")) {
        const auto& body = operation["requestBody"];
        if (!body.is_object() || !body.value("content", Json()).is_object()) return "requestBody";
        for (const auto& [type, content] : body["content"].items())
            if (!content.is_object() || !content.value("schema", Json()).is_object()) return "schema of " + type;
    }
    if (operation.contains("security")) {
        const auto& security = operation["security"];
        if (!security.is_array() || security.size() != 1 || !security[0].is_object()) return "security";
        for (const auto& [name, scopes] : security[0].items())
            if (!scopes.is_array() || !document.at("components").at("securitySchemes").contains(name)) return "scheme";
    }
    const auto responses = operation.value("responses", Json());
    if (!responses.is_object() || responses.size() < 2) return "responses";
    for (const auto& [status, response] : responses.items()) {
        if (!response.is_object()) return "response " + status;
        if (response.contains("$ref")) {
            const auto pointer = response["$ref"].get<std::string>();
            if (!pointer.starts_with("#/") || !document.contains(Json::json_pointer(pointer.substr(1)))) return pointer;
        } else if (!response.value("description", Json()).is_string()) {
            return "response without description";
        }
    }
    return "";
}

class OpenApi : public testing::Test {
protected:
    ApiHouse house;
    Json document = Json::parse(openapi_document(house.routes));
};

TEST_F(OpenApi, NamesEveryRouteOfTheTableAndNoOther) {
    std::size_t operations = 0;
    for (const auto& [path, methods] : document.at("paths").items()) operations += methods.size();
    EXPECT_EQ(operations, std::ranges::count_if(house.routes.all(), &Route::is_advertised));
    for (const auto& route : house.routes.all()) {
        if (!route.is_advertised) continue;
        SCOPED_TRACE(route.method + " " + route.pattern);
        const auto& operation = document.at("paths").at(route.pattern).at(lower(route.method));
        EXPECT_EQ(violation(operation, document), "");
        EXPECT_EQ(operation.contains("security"), route.needs.has_value());
        EXPECT_EQ(operation.contains("requestBody"), !route.body.empty());
        std::size_t named = 0;
        for (const auto& parameter : operation.value("parameters", Json::array())) {
            const auto name = parameter.at("name").get<std::string>();
            if (parameter.at("in") == "path")
                EXPECT_NE(route.pattern.find("{" + name + "}"), std::string::npos);
            else
                EXPECT_NE(std::ranges::find(route.query, name), route.query.end());
            ++named;
        }
        EXPECT_EQ(named, route.query.size() + static_cast<std::size_t>(std::ranges::count(route.pattern, '{')));
    }
}

TEST_F(OpenApi, HasObjectsWhereObjectsBelong) {
    EXPECT_EQ(document.at("openapi"), "3.1.0");
    for (const char* pointer :
         {"/info", "/info/license", "/paths", "/components", "/components/securitySchemes",
          "/components/securitySchemes/bearer", "/components/responses", "/components/responses/Problem",
          "/components/responses/Problem/content", "/components/responses/Problem/content/application~1problem+json",
          "/components/responses/Problem/content/application~1problem+json/schema", "/components/schemas",
          "/components/schemas/Problem", "/components/schemas/Problem/properties",
          "/components/schemas/Problem/properties/status"})
        EXPECT_TRUE(document.at(Json::json_pointer(pointer)).is_object()) << pointer;
    EXPECT_EQ(document.at("/components/schemas/Problem/required"_json_pointer).size(), 4U);
    EXPECT_EQ(document.at("/components/securitySchemes/bearer/scheme"_json_pointer), "bearer");
    const auto limit = document.at("/paths/~1v1~1findings/get/parameters"_json_pointer).at(8);
    EXPECT_EQ(limit.at("name"), "limit");
    EXPECT_EQ(limit.at("schema").at("maximum"), 200);
}

TEST_F(OpenApi, TheCheckSeesArraysThatShouldBeObjects) {
    const auto good = document.at("/paths/~1v1~1explain/post"_json_pointer);
    ASSERT_EQ(violation(good, document), "");
    for (const char* pointer : {"/responses", "/responses/default", "/requestBody", "/requestBody/content",
                                "/requestBody/content/application~1json/schema", "/tags", "/security/0", "/summary"}) {
        SCOPED_TRACE(pointer);
        auto bad = good;
        bad.at(Json::json_pointer(pointer)) = Json::array({Json::array({"description", "done"})});
        EXPECT_NE(violation(bad, document), "");
    }
}

} // namespace
} // namespace dossier::api
