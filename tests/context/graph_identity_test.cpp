#include "scripted_directory.hpp"

#include "graph_objects.hpp"

#include <gmock/gmock.h>

namespace dossier::context {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

auto provider() -> ProviderConfig {
    return {.kind = "msgraph", .name = "entra", .client_id = "app", .client_secret = Secret("s-1"), .tenant_id = "t"};
}

constexpr const char* alice = R"({"id":"aaaaaaaa-0000-4000-8000-000000000001","displayName":"Alice Ngo",
  "mail":"alice@acme.example","userPrincipalName":"ango@corp.example","mailNickname":"ango","jobTitle":"Engineer",
  "proxyAddresses":["SMTP:alice@acme.example","smtp:a.ngo@acme.example","X500:/o=x"],"accountEnabled":true,
  "companyName":"Acme","department":"Payments","employeeOrgData":{"costCenter":"CC-1","division":"Retail"},
  "manager":{"@odata.type":"#microsoft.graph.user","id":"m-1","displayName":"Bob A","mail":"bob@acme.example"}})";

auto values(const std::string& objects) -> Answer { return answer(200, R"({"value":[)" + objects + "]}"); }
auto token(int number = 1) -> Answer {
    return answer(200, R"({"access_token":"jwt-)" + std::to_string(number) + R"(","expires_in":3599})");
}
auto refusal(int status, const std::string& code) -> Answer {
    return answer(status, R"({"error":{"code":")" + code + R"(","message":"secret words"}})");
}

class GraphTest : public DirectoryTest {};

TEST(GraphUser, DoublesQuotesAndReadsWhatIsThere) {
    EXPECT_EQ(odata_string("o'hara@x.example"), "'o''hara@x.example'");
    EXPECT_EQ(odata_string("' or true or '"), "''' or true or '''");
    const auto document = JsonDocument::parse(alice);
    const auto person = person_of_graph(document->root(), "identity:entra");
    EXPECT_EQ(person.name, "Alice Ngo");
    EXPECT_EQ(person.email, "alice@acme.example");
    EXPECT_EQ(person.department, "Payments");
    EXPECT_EQ(person.cost_center, "CC-1");
    EXPECT_EQ(person.title, "Engineer");
    EXPECT_EQ(person.manager, "bob@acme.example");
    EXPECT_EQ(person.manager_name, "Bob A");
    EXPECT_THAT(person.aliases, ElementsAre("ango@corp.example", "ango", "a.ngo@acme.example"));
    const auto odd = JsonDocument::parse(
        R"({"id":["x"],"displayName":{},"proxyAddresses":"x","accountEnabled":false,"employeeOrgData":null,
            "userPrincipalName":"bob_x.example#EXT#@acme.example",
            "manager":{"@odata.type":"#microsoft.graph.user","id":"m-2","displayName":null,"mail":null}})");
    const auto guest = person_of_graph(odd->root(), "identity:entra");
    EXPECT_EQ(guest.email, "") << "the UPN of a guest is no address";
    EXPECT_EQ(guest.inactive, "disabled in identity:entra");
    EXPECT_EQ(guest.manager, "m-2");
    EXPECT_THAT(guest.unseen, ElementsAre("manager: User.Read.All is missing"));
}

TEST_F(GraphTest, FindsByMailThenAliasWithGroups) {
    serve(provider(), [this](const DirectoryRequest& request) {
        if (request.target == "/token") {
            EXPECT_THAT(request.body, HasSubstr("scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"));
            return token();
        }
        EXPECT_THAT(request.head, HasSubstr("Authorization: Bearer jwt-1"));
        if (request.has("proxyAddresses/any(p:p eq 'smtp:a.ngo@acme.example')")) return values(alice);
        if (request.has("memberOf?")) {
            if (request.has("$skiptoken"))
                return values(R"({"@odata.type":"#microsoft.graph.group","id":"g2","displayName":"two"})");
            return answer(200, R"({"@odata.nextLink":")" + url() + R"(/v1.0/users/x/memberOf?$skiptoken=1","value":[
                {"@odata.type":"#microsoft.graph.directoryRole","id":"r","displayName":"Reader"},
                {"@odata.type":"#microsoft.graph.group","id":"g1","displayName":"one"}]})");
        }
        return values("");
    });
    const auto person = found("a.ngo@acme.example");
    EXPECT_EQ(person.name, "Alice Ngo");
    const auto asked = targets();
    EXPECT_THAT(groups_of(person), ElementsAre("one", "two"));
    EXPECT_THAT(asked, Contains(HasSubstr(
                           "$filter=mail eq 'a.ngo@acme.example' or userPrincipalName eq 'a.ngo@acme.example'")));
    EXPECT_THAT(asked, Contains(HasSubstr("$expand=manager($select=id,displayName,mail,userPrincipalName)")));
}

TEST_F(GraphTest, TellsNoPermissionFromEmpty) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.target == "/token") return token();
        if (request.has("memberOf"))
            return values(R"({"@odata.type":"#microsoft.graph.group","id":"g1","displayName":null})");
        return request.has("/v1.0/users/aaaaaaaa-0000-4000-8000-000000000001?$select") ? answer(200, alice)
                                                                                       : values("");
    });
    const auto person = found("aaaaaaaa-0000-4000-8000-000000000001");
    EXPECT_EQ(person.name, "Alice Ngo");
    EXPECT_THAT(groups_of(person),
                ElementsAre("forbidden: identity:entra hides groups: GroupMember.Read.All is missing"));
}

TEST_F(GraphTest, NeverFollowsALinkToAnotherHost) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.target == "/token") return token();
        if (request.has("memberOf"))
            return answer(200, R"({"@odata.nextLink":"https://evil.example/v1.0/x","value":[]})");
        return values(alice);
    });
    EXPECT_THAT(groups_of(found("ango")), ElementsAre(HasSubstr("another host")));
}

TEST_F(GraphTest, SignsInAgainWhenTheTokenExpires) {
    std::atomic<int> tokens = 0;
    serve(provider(), [&](const DirectoryRequest& request) {
        if (request.target == "/token") return token(++tokens);
        if (request.head.find("jwt-1") != std::string::npos) return refusal(401, "InvalidAuthenticationToken");
        return values(request.has("memberOf") ? "" : alice);
    });
    EXPECT_EQ(found("ango").name, "Alice Ngo");
    EXPECT_EQ(tokens, 2);
}

TEST_F(GraphTest, AsksForGroupsAndApplicationsInOneBatch) {
    std::atomic<bool> throttles = false;
    serve(provider(), [&](const DirectoryRequest& request) {
        if (request.target == "/token") return token();
        if (request.target == "/v1.0/$batch") {
            EXPECT_EQ(request.method, "POST");
            EXPECT_THAT(request.body, HasSubstr("/servicePrincipals?$filter=displayName%20eq%20%27o%27%27hara%27"));
            // Out of order, one refused, one throttled.
            return answer(200, std::string(R"({"responses":[{"id":"2","status":403,"body":{"error":{}}},
                {"id":"1","status":)") +
                                   (throttles ? "429" : "200") + R"(,"headers":{"Retry-After":"1"},"body":{"value":[
                {"id":"sp-1","displayName":"o'hara"}]}},{"id":"0","status":200,"body":{"value":[]}},{"id":"77"}]})");
        }
        if (request.has("/v1.0/servicePrincipals?")) return values(R"({"id":"sp-1","displayName":"o'hara"})");
        if (request.has("/v1.0/servicePrincipals/sp-1/owners"))
            return values(R"({"@odata.type":"#microsoft.graph.servicePrincipal","id":"sp-2","displayName":"x"},)" +
                          std::string(alice));
        return refusal(404, "Request_ResourceNotFound");
    });
    for (const bool on : {false, true}) {
        throttles = on;
        const auto owned = team("o'hara");
        ASSERT_TRUE(owned && *owned) << owned.error().message;
        ASSERT_EQ((*owned)->owners.size(), 1U) << "a service principal is nobody to call";
        EXPECT_EQ((*owned)->owners.front().email, "alice@acme.example");
    }
}

TEST_F(GraphTest, KnowsTheOwnersOfAResourceThatIsADirectoryObject) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.target == "/token") return token();
        if (request.has("/v1.0/servicePrincipals/bbbbbbbb-0000-4000-8000-000000000001/owners")) return values(alice);
        return values(R"({"@odata.type":"#microsoft.graph.user","id":"hidden","displayName":null})");
    });
    Resource resource{.id = "bbbbbbbb-0000-4000-8000-000000000001", .type = "microsoft.graph.servicePrincipal"};
    const auto answer = wait(source_->ask(resource, deadline_in(5s)));
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->owners.size(), 1U);
    EXPECT_EQ(answer->owners.front().origin, "identity:entra");
    resource.type = "group";
    EXPECT_EQ(wait(source_->ask(resource, deadline_in(5s))).error().code, Errc::forbidden);
    EXPECT_EQ(source_->cache_key({.id = "arn:aws:s3:::x", .type = "bucket"}), "") << "nothing to ask, nothing to keep";
    targets();
    EXPECT_TRUE(wait(source_->ask({.id = "arn:aws:s3:::x", .type = "bucket"}, deadline_in(5s)))->owners.empty());
    EXPECT_TRUE(targets().empty());
}

TEST_F(GraphTest, CheckNamesEachMissingRight) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.target == "/token") return token();
        return request.has("/v1.0/users") ? values("") : refusal(403, "Authorization_RequestDenied");
    });
    const auto checked = check();
    EXPECT_EQ(checked.verdict, net::ConnectCheck::Verdict::permission);
    EXPECT_THAT(checked.missing, ElementsAre("GroupMember.Read.All", "Application.Read.All"));
    serve(provider(), [](const DirectoryRequest&) { return answer(401, R"({"error":"invalid_client"})"); });
    EXPECT_EQ(check().verdict, net::ConnectCheck::Verdict::credentials);
    EXPECT_THAT(check().detail, HasSubstr("invalid_client"));
    EXPECT_THAT(check().detail, Not(HasSubstr("s-1")));
}

} // namespace
} // namespace dossier::context
