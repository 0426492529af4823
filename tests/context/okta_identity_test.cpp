#include "scripted_directory.hpp"

#include <gmock/gmock.h>

namespace dossier::context {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

auto provider() -> ProviderConfig { return {.kind = "okta", .name = "okta", .token = Secret("00token")}; }

constexpr const char* alice = R"({"id":"00u1","status":"ACTIVE","profile":{"login":"ango@corp.example",
  "email":"alice@acme.example","firstName":"Alice","lastName":"Ngo","department":"Payments","costCenter":"CC-1",
  "title":"Engineer","managerId":"00u2","manager":"Bob A"}})";

auto error(int status, const std::string& code, const std::string& headers = "") -> Answer {
    return answer(status, R"({"errorCode":")" + code + R"(","errorSummary":"secret words"})", headers);
}

class OktaTest : public DirectoryTest {};

TEST_F(OktaTest, FindsByEmailWithGroupsPageByPage) {
    serve(provider(), [this](const DirectoryRequest& request) {
        EXPECT_THAT(request.head, HasSubstr("Authorization: SSWS 00token"));
        if (request.has(R"(/api/v1/users?search=profile.email eq "alice@acme.example")"))
            return answer(200, "[" + std::string(alice) + "]");
        if (request.target == "/api/v1/users/00u1/groups?limit=200")
            return answer(
                200,
                R"([{"type":"BUILT_IN","profile":{"name":"Everyone"}},{"type":"OKTA_GROUP","profile":{"name":"one"}}])",
                "Link: <" + url() + "/api/v1/users/00u1/groups?limit=200>; rel=\"self\"\r\nLink: <" + url() +
                    "/api/v1/users/00u1/groups?after=x>; rel=\"next\"\r\n");
        if (request.has("after=x")) return answer(200, R"([{"type":"OKTA_GROUP","profile":{"name":"two"}}])");
        return error(404, "E0000007");
    });
    const auto person = found("alice@acme.example");
    EXPECT_EQ(person.id, "00u1");
    EXPECT_EQ(person.name, "Alice Ngo");
    EXPECT_EQ(person.email, "alice@acme.example");
    EXPECT_EQ(person.department, "Payments");
    EXPECT_EQ(person.cost_center, "CC-1");
    EXPECT_EQ(person.title, "Engineer");
    EXPECT_EQ(person.manager, "00u2");
    EXPECT_EQ(person.manager_name, "Bob A");
    EXPECT_THAT(person.aliases, ElementsAre("ango@corp.example"));
    EXPECT_THAT(groups_of(person), ElementsAre("one", "two"));
    EXPECT_EQ(person.inactive, "");
}

TEST_F(OktaTest, NeverFollowsALinkToAnotherHost) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.has("/groups"))
            return answer(200, R"([{"type":"OKTA_GROUP","profile":{"name":"one"}}])",
                          "Link: <http://127.0.0.1:1@evil.example/next>; rel=\"next\"\r\n");
        return answer(200, alice);
    });
    EXPECT_THAT(groups_of({.id = "00u1"}), ElementsAre(HasSubstr("malformed: identity:okta pointed to another host")));
    EXPECT_THAT(targets(), ElementsAre("/api/v1/users/00u1/groups?limit=200"));
}

TEST_F(OktaTest, FallsBackToTheLoginAndTellsWhoHasLeft) {
    struct Row {
        const char* status;
        const char* inactive;
    };
    const Row rows[] = {{"ACTIVE", ""},
                        {"STAGED", ""},
                        {"LOCKED_OUT", ""},
                        {"PASSWORD_EXPIRED", ""},
                        {"SUSPENDED", "suspended in identity:okta"},
                        {"DEPROVISIONED", "deprovisioned in identity:okta"}};
    for (const auto& row : rows) {
        SCOPED_TRACE(row.status);
        serve(provider(), [status = std::string(row.status)](const DirectoryRequest& request) {
            if (request.has("search=")) return answer(200, "[]");
            if (request.has("/groups")) return answer(200, "[]");
            return answer(200, R"({"id":"00u1","status":")" + status + R"(","profile":{"login":"ango@corp.example"}})");
        });
        const auto person = found("ango@corp.example");
        EXPECT_EQ(person.id, "00u1");
        EXPECT_EQ(person.inactive, row.inactive);
    }
}

TEST_F(OktaTest, FailsHonestly) {
    struct Row {
        const char* name;
        Answer (*script)(const DirectoryRequest&);
        const char* error;
        net::ConnectCheck::Verdict verdict;
    };
    using Verdict = net::ConnectCheck::Verdict;
    const auto in_an_hour = std::to_string(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + 1h));
    static std::string reset;
    reset = "X-Rate-Limit-Reset: " + in_an_hour + "\r\n";
    const Row rows[] = {
        {"token", [](const DirectoryRequest&) { return error(401, "E0000011"); },
         "unauthenticated: identity:okta refused the credentials (401 E0000011)", Verdict::credentials},
        {"permission", [](const DirectoryRequest&) { return error(403, "E0000006"); },
         "forbidden: identity:okta lets this account not read that (403 E0000006)", Verdict::permission},
        {"rate limit", [](const DirectoryRequest&) { return error(429, "E0000047", reset); }, "rate_limited",
         Verdict::failed},
        {"wrong type", [](const DirectoryRequest&) { return answer(200, R"({"id":7,"profile":[1]})"); }, "7",
         Verdict::ok},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        serve(provider(), row.script);
        const auto start = std::chrono::steady_clock::now();
        EXPECT_THAT(found("alice").id, HasSubstr(row.error));
        EXPECT_EQ(check().verdict, row.verdict);
        EXPECT_LT(std::chrono::steady_clock::now() - start, 2s) << "nobody waits an hour";
    }
}

TEST_F(OktaTest, SaysWhichRightIsMissingForGroups) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.has("groups")) return error(403, "E0000006");
        return answer(200, request.has("limit=1") ? "[]" : alice);
    });
    EXPECT_EQ(found("00u1").name, "Alice Ngo") << "the person is there all the same";
    EXPECT_THAT(groups_of({.id = "00u1"}), ElementsAre(HasSubstr("okta.groups.read")));
    const auto checked = check();
    EXPECT_EQ(checked.verdict, net::ConnectCheck::Verdict::permission);
    EXPECT_THAT(checked.missing, ElementsAre("a role that may view groups"));
}

TEST_F(OktaTest, KnowsTheOwnersOfAGroup) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.has(R"(/api/v1/groups?search=profile.name eq "payments")"))
            return answer(200, R"([{"id":"00g1","profile":{"name":"Payments"}}])");
        if (request.has("/api/v1/groups/00g1/owners"))
            return answer(200, R"([{"id":"00g9","type":"GROUP"},{"id":"00u1","type":"USER"}])");
        if (request.target == "/api/v1/users/00u1") return answer(200, alice);
        return request.has("/groups?search") ? answer(200, "[]") : error(404, "E0000007");
    });
    const auto payments = team("payments");
    ASSERT_TRUE(payments && *payments);
    ASSERT_EQ((*payments)->owners.size(), 1U);
    EXPECT_EQ((*payments)->owners.front().name, "Alice Ngo");
    const auto other = team("nobody");
    EXPECT_TRUE(other && !*other);
}

TEST_F(OktaTest, AKeyThatCannotSignIsAConfigurationFault) {
    auto config = provider();
    config.token = Secret();
    config.client_id = "0oa1";
    config.private_key = Secret("-----BEGIN PRIVATE KEY-----\nnonsense\n-----END PRIVATE KEY-----\n");
    const SourceMakings makings{.client = client_, .metrics = metrics_, .platforms = {}, .graph_limits = {}};
    const auto made = make_identity_source(config, ContextConfig{}, makings);
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().code, Errc::invalid_argument);
    EXPECT_THAT(made.error().message, Not(HasSubstr("nonsense")));
}

} // namespace
} // namespace dossier::context
