// Who gets in, and what is said to those who don't.
#include "api_house.hpp"

#include "dossier/api/problem.hpp"
#include "dossier/base/crypto.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::api {
namespace {

using testing::HasSubstr;

TEST(Gate, JudgesByTheHeadAlone) {
    struct Row {
        const char* name;
        const char* method;
        const char* target;
        const char* who;
        const char* body;
        int status; // 0 = let in
    };
    const Row rows[] = {
        {"nothing there", "GET", "/v1/nothing", "admin", "", 404},
        {"nothing there, also for strangers", "GET", "/v2", "", "", 404},
        {"trailing slash", "GET", "/v1/findings/", "admin", "", 404},
        {"wrong method", "DELETE", "/v1/findings", "admin", "", 405},
        {"no token", "GET", "/v1/findings", "", "", 401},
        {"viewer reads", "GET", "/v1/findings", "viewer", "", 0},
        {"HEAD is a GET", "HEAD", "/v1/findings", "viewer", "", 0},
        {"viewer may not explain", "POST", "/v1/explain", "viewer", "{}", 403},
        {"analyst explains", "POST", "/v1/explain", "analyst", "{}", 0},
        {"approver is an analyst", "POST", "/v1/explain", "approver", "{}", 0},
        {"auditor is no analyst", "POST", "/v1/explain", "auditor", "{}", 403},
        {"analyst may not approve", "POST", "/v1/drafts/x/approve", "analyst", "", 403},
        {"approver approves", "POST", "/v1/drafts/x/approve", "approver", "", 0},
        {"approver may not audit", "GET", "/v1/audit", "approver", "", 403},
        {"auditor audits", "GET", "/v1/audit", "auditor", "", 0},
        {"auditor sees no quarantine", "GET", "/v1/quarantine", "auditor", "", 403},
        {"admin does all", "GET", "/v1/audit", "admin", "", 0},
        {"unknown parameter", "GET", "/v1/findings?severty=high", "viewer", "", 400},
        {"known parameter", "GET", "/v1/findings?severity=high", "viewer", "", 0},
        {"unknown source", "POST", "/v1/webhooks/nobody", "", "{}", 404},
        {"known source needs no token", "POST", "/v1/webhooks/scan", "", "{}", 0},
        {"health is open", "GET", "/healthz", "", "", 0},
    };
    ApiHouse house;
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto refusal = house.routes.gate(ApiHouse::request(row.method, row.target, row.who, row.body));
        ASSERT_EQ(refusal.has_value(), row.status != 0);
        if (!refusal) continue;
        EXPECT_EQ(refusal->status, row.status);
        EXPECT_EQ(refusal->headers.get("Content-Type"), "application/problem+json");
        const auto body = Json::parse(refusal->body);
        EXPECT_EQ(body.at("status"), row.status);
        EXPECT_EQ(body.at("request_id"), "req-7");
        EXPECT_FALSE(body.at("title").get<std::string>().empty());
        EXPECT_FALSE(body.at("code").get<std::string>().empty());
        EXPECT_EQ(refusal->headers.get("Allow").has_value(), row.status == 405);
        EXPECT_EQ(refusal->headers.get("WWW-Authenticate").has_value(), row.status == 401);
    }
}

TEST(Gate, WantsJsonWhereItReadsJson) {
    ApiHouse house;
    for (const auto& [type, status] : std::vector<std::pair<std::string, int>>{{"application/json", 0},
                                                                               {"application/json; charset=utf-8", 0},
                                                                               {"application/vnd.wiz+json", 0},
                                                                               {"text/plain", 415},
                                                                               {"", 415}}) {
        SCOPED_TRACE(type);
        auto request = ApiHouse::request("POST", "/v1/explain", "analyst", "{}");
        request.headers.set("Content-Type", type);
        const auto refusal = house.routes.gate(request);
        EXPECT_EQ(refusal ? refusal->status : 0, status);
    }
}

TEST(Handle, AsksForTheTokenAgain) {
    ApiHouse house;
    const auto response = test::run_task(house.routes.handle(ApiHouse::request("GET", "/v1/findings", "")));
    EXPECT_EQ(response.status, 401);
}

TEST(Authenticator, KnowsATokenOrItsDigestAndNothingElse) {
    const Authenticator authenticator({{.name = "a", .role = Role::viewer, .token = Secret("plain-token")},
                                       {.name = "b", .role = Role::admin, .sha256 = sha256_hex("digested-token")}});
    struct Row {
        const char* header;
        const char* who; // "" = nobody
    };
    const auto digest = "Bearer " + sha256_hex("digested-token");
    for (const auto& row :
         {Row{"Bearer plain-token", "a"}, Row{"bearer plain-token", "a"}, Row{"Bearer digested-token", "b"},
          Row{digest.c_str(), ""}, Row{"Bearer ", ""}, Row{"Bearer plain-toke", ""}, Row{"Bearer plain-tokenn", ""},
          Row{"Basic plain-token", ""}, Row{"plain-token", ""}, Row{"", ""}}) {
        SCOPED_TRACE(row.header);
        net::HttpRequest request;
        request.headers.set("Authorization", row.header);
        const auto caller = authenticator.identify(request);
        EXPECT_EQ(caller ? caller->name : "", row.who);
    }
    EXPECT_FALSE(authenticator.identify({}));
    EXPECT_EQ(Authenticator({}).identify({}).value().name, "local");
}

TEST(Problem, MapsEveryCodeToAStatus) {
    struct Row {
        Errc code;
        int status;
    };
    for (const auto& row :
         {Row{Errc::invalid_argument, 400}, Row{Errc::malformed, 400}, Row{Errc::unauthenticated, 401},
          Row{Errc::forbidden, 403}, Row{Errc::not_found, 404}, Row{Errc::conflict, 409}, Row{Errc::too_large, 413},
          Row{Errc::rate_limited, 429}, Row{Errc::overloaded, 503}, Row{Errc::storage, 503},
          Row{Errc::unavailable, 503}, Row{Errc::internal, 500}, Row{Errc::rejected, 500}}) {
        SCOPED_TRACE(name_of(row.code));
        const auto response = problem(Error{.code = row.code, .message = "no"}, "r");
        EXPECT_EQ(response.status, row.status);
        EXPECT_EQ(Json::parse(response.body).at("code"), std::string(name_of(row.code)));
        EXPECT_EQ(response.headers.get("Retry-After").has_value(), row.status == 429 || row.status == 503);
    }
    const auto later = problem(Error{.code = Errc::rate_limited, .message = "no", .retry_after = Duration{2'001}}, "r");
    EXPECT_EQ(later.headers.get("Retry-After"), "3");
    const auto hostile = problem(400, "\xff\"\n", "r");
    EXPECT_TRUE(Json::accept(hostile.body));
}

} // namespace
} // namespace dossier::api
