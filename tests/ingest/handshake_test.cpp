#include "dossier/ingest/handshake.hpp"

#include "dossier/base/json.hpp"

#include "support/run_task.hpp"

#include <gtest/gtest.h>

namespace dossier::ingest {
namespace {

auto grid_event(const std::string& type, const Json& data) -> std::string {
    return dump_json(Json::array({{{"id", "1"}, {"eventType", type}, {"eventTime", "2026-11-22"}, {"data", data}}}));
}

TEST(EventGridHandshake, AnswersWhatConcernsTheSubscriptionAndLeavesTheRest) {
    const auto validation = "Microsoft.EventGrid.SubscriptionValidationEvent";
    struct Row {
        const char* name;
        std::string body;
        std::string met; ///< "delivery", the answer, or the error's name
    };
    const Row rows[] = {
        {"validation", grid_event(validation, {{"validationCode", "512d"}}), R"({"validationResponse":"512d"})"},
        {"validation without a list",
         R"({"eventType":"Microsoft.EventGrid.SubscriptionValidationEvent",)"
         R"("data":{"validationCode":"a\"b"}})",
         R"({"validationResponse":"a\"b"})"},
        {"validation without a code", grid_event(validation, Json::object()), "malformed"},
        {"validation with a number", grid_event(validation, {{"validationCode", 7}}), "malformed"},
        {"deletion", grid_event("Microsoft.EventGrid.SubscriptionDeletedEvent", Json::object()), "{}"},
        {"a finding", grid_event("Wiz.Issue", {{"issue", {{"id", "1"}}}}), "delivery"},
        {"a finding that speaks of it",
         grid_event("Wiz.Issue", {{"title", "Microsoft.EventGrid.SubscriptionValidationEvent"}}), "delivery"},
        {"half a document", "[{\"eventType\":\"Microsoft.EventGrid.SubscriptionValidationEvent\"", "malformed"},
        {"nothing", "", "delivery"},
    };
    SourceConfig config;
    config.name = "grid";
    const auto handshake = make_event_grid_handshake(config);
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        net::HttpRequest request;
        request.body = row.body;
        const auto met = test::run_task(handshake->meet(request));
        EXPECT_EQ(!met ? name_of(met.error().code) : *met ? (*met)->body : "delivery", row.met);
    }
}

TEST(Preflight, AllowsOriginsAndRates) {
    struct Row {
        std::vector<std::string> origins;
        double rate;
        const char* origin;
        const char* asked;
        std::string answer; ///< "origin rate", or the error's name
    };
    const Row rows[] = {
        {{}, 0, "eventgrid.azure.net", "120", "eventgrid.azure.net 120"},
        {{}, 0, "a.example", "", "a.example *"},
        {{}, 0, "a.example", "many", "a.example *"},
        {{}, 0, "a.example", "-5", "a.example *"},
        {{}, 2, "a.example", "", "a.example 120"},
        {{}, 2, "a.example", "60", "a.example 60"},
        {{}, 2, "a.example", "99999", "a.example 120"},
        {{"*.azure.net"}, 0, "eventgrid.azure.net", "", "eventgrid.azure.net *"},
        {{"*.azure.net", "a.example"}, 0, "a.example", "", "a.example *"},
        {{"*.azure.net"}, 0, "azure.net.evil.example", "", "forbidden"},
        {{}, 0, "", "", "invalid_argument"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.origin);
        SourceConfig config;
        config.rate = Rate{row.rate};
        config.events.origins = row.origins;
        net::HttpRequest request;
        request.headers.set("WebHook-Request-Origin", row.origin);
        if (*row.asked != '\0') request.headers.set("WebHook-Request-Rate", row.asked);
        const auto answer = answer_preflight(config, request);
        EXPECT_EQ(answer ? std::string(*answer->headers.get("WebHook-Allowed-Origin")) + " " +
                               std::string(*answer->headers.get("WebHook-Allowed-Rate"))
                         : std::string(name_of(answer.error().code)),
                  row.answer);
    }
}

} // namespace
} // namespace dossier::ingest
