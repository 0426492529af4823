#include "scripted_directory.hpp"

#include "scim_server.hpp"
#include "scim_user.hpp"

#include <gmock/gmock.h>

namespace dossier::context {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

auto provider() -> ProviderConfig { return {.kind = "scim", .name = "scim", .token = Secret("t-1")}; }
auto list(const std::string& resources, int total = -1) -> Answer {
    const auto count = resources.empty() ? 0 : 1;
    return answer(200, R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:ListResponse"],"totalResults":)" +
                           std::to_string(total < 0 ? count : total) + R"(,"Resources":[)" + resources + "]}");
}
auto invalid_filter() -> Answer {
    return answer(
        400,
        R"({"schemas":["urn:ietf:params:scim:api:messages:2.0:Error"],"status":"400","scimType":"invalidFilter"})");
}
/// Asks for discovery get what a server without it says.
auto is_discovery(const DirectoryRequest& request) -> bool {
    return request.has("/ServiceProviderConfig") || request.has("/ResourceTypes") || request.has("/Schemas");
}

constexpr const char* alice = R"({"id":"u-1","userName":"alice@acme.example","displayName":"Alice Ngo","active":true,
  "title":"Data Engineer","emails":[{"value":"home@x.example","type":"home"},
  {"value":"Alice.Ngo@acme.example","type":"work"}],
  "groups":[{"value":"g-1","display":"payments-admins"}],
  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Payments","costCenter":"CC-1",
  "manager":{"value":"u-2","$ref":"../Users/u-2","displayName":"Bob"}}})";

class ScimTest : public DirectoryTest {};

TEST(ScimUser, IsReadWhateverIsMissingOrOfAWrongType) {
    struct Row {
        const char* name;
        const char* json;
        Person person;
    };
    const Row rows[] = {
        {"everything",
         alice,
         {.id = "u-1",
          .name = "Alice Ngo",
          .email = "Alice.Ngo@acme.example",
          .department = "Payments",
          .manager = "u-2",
          .groups = {"payments-admins"},
          .cost_center = "CC-1",
          .title = "Data Engineer",
          .manager_name = "Bob"}},
        {"nothing", "{}", {}},
        {"wrong types",
         R"({"id":{"a":1},"userName":["x"],"displayName":7,"emails":"a@b.example","groups":{"x":1},"active":[],
             "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":"none","name":null})",
         {.name = "7", .email = "a@b.example"}},
        {"primary before work",
         R"({"emails":[{"value":"w@x.example","type":"work"},{"value":"p@x.example","primary":true}]})",
         {.email = "p@x.example"}},
        {"the login where no e-mail is given", R"({"userName":"a@x.example"})", {.email = "a@x.example"}},
        {"name from its parts", R"({"name":{"givenName":"Alice","familyName":"Ngo"}})", {.name = "Alice Ngo"}},
        {"manager as a string",
         R"({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":"u-9"}})",
         {.manager = "u-9"}},
        {"manager by reference",
         R"({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"$ref":"https://x/Users/u-9?a=b"}}})",
         {.manager = "u-9"}},
        {"a reference that is no id",
         R"({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"manager":{"$ref":"https://x/Users/.."}}})",
         {}},
        {"inactive", R"({"id":"u","active":false})", {.id = "u", .inactive = "deactivated in identity:scim"}},
        {"inactive as text, as some send it",
         R"({"id":"u","active":"False"})",
         {.id = "u", .inactive = "deactivated in identity:scim"}},
        {"division where there is no department",
         R"({"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"division":"Retail","organization":"Acme"}})",
         {.department = "Retail"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto document = JsonDocument::parse(row.json);
        ASSERT_TRUE(document.has_value());
        const auto person = person_of_scim(document->root(), "identity:scim");
        EXPECT_EQ(person.id, row.person.id);
        EXPECT_EQ(person.name, row.person.name);
        EXPECT_EQ(person.email, row.person.email);
        EXPECT_EQ(person.department, row.person.department);
        EXPECT_EQ(person.manager, row.person.manager);
        EXPECT_EQ(person.manager_name, row.person.manager_name);
        EXPECT_EQ(person.groups, row.person.groups);
        EXPECT_EQ(person.cost_center, row.person.cost_center);
        EXPECT_EQ(person.title, row.person.title);
        EXPECT_EQ(person.inactive, row.person.inactive);
    }
}

TEST(ScimFilter, QuotesValuesAsJsonStrings) {
    EXPECT_EQ(ScimServer::filter("userName", "alice"), R"(userName eq "alice")");
    EXPECT_EQ(ScimServer::filter("userName", R"(a" or userName pr or "\)"),
              R"(userName eq "a\" or userName pr or \"\\")");
    EXPECT_EQ(ScimServer::filter("displayName", "line\nbreak"), R"(displayName eq "line\nbreak")");
}

TEST_F(ScimTest, FindsByUserNameAndSpeaksScim) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        EXPECT_THAT(request.head, HasSubstr("Accept: application/scim+json, application/json"));
        EXPECT_THAT(request.head, HasSubstr("Authorization: Bearer t-1"));
        return list(request.has(R"(userName eq "alice@acme.example")") ? alice : "");
    });
    EXPECT_EQ(found("alice@acme.example").name, "Alice Ngo");
    EXPECT_EQ(targets().size(), 4U) << "three for discovery, which is not required";
    EXPECT_EQ(found("ALICE@acme.example").id, "nobody") << "this server compares with case, and we ask as we were told";
    EXPECT_EQ(found(" alice@acme.example ").id, "u-1");
}

TEST_F(ScimTest, AsksFirstByWhatFoundTheLastOne) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        return list(request.has(R"(emails.value eq "home@x.example")") ||
                            request.has(R"(emails.value eq "Alice.Ngo@acme.example")")
                        ? alice
                        : "");
    });
    EXPECT_EQ(found("home@x.example").id, "u-1");
    targets();
    EXPECT_EQ(found("Alice.Ngo@acme.example").id, "u-1");
    EXPECT_EQ(targets().size(), 1U);
}

TEST_F(ScimTest, RemembersWhatAServerRefuses) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("externalId") || request.has("emails.value")) return invalid_filter();
        return list("");
    });
    EXPECT_EQ(found("a@x.example").id, "nobody") << "a refusal is no failure";
    targets();
    EXPECT_EQ(found("b@x.example").id, "nobody");
    EXPECT_THAT(targets(), ElementsAre(R"(/Users?filter=userName eq "b@x.example")"));
}

TEST_F(ScimTest, DoesNotBlameTheFilterForAValue) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("O'Hara")) return answer(400, R"({"detail":"Request is unparsable"})"); // no scimType: AWS
        if (request.has("Al#")) return invalid_filter();
        if (request.has("/Users/")) return answer(404);
        return list(request.has(R"(userName eq "alice")") ? R"({"id":"u-1","userName":"alice","groups":[]})" : "");
    });
    EXPECT_THAT(found("O'Hara#1").id, HasSubstr("takes no filter"));
    EXPECT_THAT(found("Al#\"1").id, HasSubstr("takes no filter"));
    EXPECT_EQ(found("alice").id, "u-1") << "userName is still asked for";
}

TEST_F(ScimTest, AServerWithoutFiltersStillReadsById) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.has("/ServiceProviderConfig")) return answer(200, R"({"filter":{"supported":false}})");
        if (request.has("/ResourceTypes"))
            return answer(200,
                          R"({"Resources":[{"id":"User","endpoint":"/People"},{"id":"Group","endpoint":"//evil"}]})");
        if (request.has("/Schemas"))
            return answer(200,
                          R"([{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"groups"}]}])");
        return request.target == "/People/u-1" ? answer(200, alice) : answer(404);
    });
    EXPECT_EQ(found("u-1").name, "Alice Ngo");
    EXPECT_THAT(found("alice@acme.example").id, HasSubstr("rejected: identity:scim takes no filter"));
}

TEST_F(ScimTest, AsksForGroupsWhereTheUserDoesNotCarryThem) {
    // As AWS IAM Identity Center: no startIndex, a cursor instead, a plain 400 for anything else.
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("startIndex") || request.has("emails.value")) return answer(400, R"({"detail":"unsupported"})");
        if (request.has("/Groups?filter=members.value eq \"u-3\"")) {
            const bool by_cursor = request.has("&cursor=");
            const bool is_second = request.has("&cursor=p+2/");
            const std::string group =
                is_second ? R"({"id":"g2","displayName":"second"})" : R"({"id":"g1","displayName":"first"})";
            if (by_cursor)
                return answer(200, R"({"itemsPerPage":1,)" + std::string(is_second ? "" : R"("nextCursor":"p+2/",)") +
                                       R"("Resources":[)" + group + "]}");
            return list(group, 2);
        }
        return list(request.has("userName") ? R"({"id":"u-3","userName":"carl","active":true})" : "");
    });
    EXPECT_THAT(groups_of({.id = "u-3"}), ElementsAre("first", "second"));
    const auto first = targets();
    EXPECT_THAT(first, Contains(HasSubstr("startIndex=2")));
    EXPECT_THAT(groups_of({.id = "u-3"}), ElementsAre("first", "second"));
    EXPECT_THAT(targets(), Not(Contains(HasSubstr("startIndex")))) << "what was refused is not asked again";
}

TEST_F(ScimTest, AsksForNoGroupsThatStandAtTheUser) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (request.has("/Schemas"))
            return answer(200,
                          R"([{"id":"urn:ietf:params:scim:schemas:core:2.0:User","attributes":[{"name":"groups"}]}])");
        if (request.has("/Groups")) return answer(403);
        return is_discovery(request) ? answer(404) : list(alice);
    });
    EXPECT_THAT(groups_of(found("alice@acme.example")), ElementsAre("payments-admins"));
    EXPECT_THAT(groups_of({.id = "u-3"}), ElementsAre());
    EXPECT_THAT(targets(), Not(Contains(HasSubstr("/Groups"))));
}

TEST_F(ScimTest, PagesByIndexWhereThatIsTaken) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("/Groups")) {
            if (request.has("startIndex=2")) return list(R"({"id":"g2","displayName":"second"})", 2);
            return list(R"({"id":"g1","displayName":"first"})", 2);
        }
        return list(R"({"id":"u-3","userName":"carl"})");
    });
    EXPECT_THAT(groups_of({.id = "u-3"}), ElementsAre("first", "second"));
}

TEST_F(ScimTest, BelievesNoServerThatIgnoresTheFilter) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("/Users/")) return answer(404);
        return list(std::string(alice) + R"(,{"id":"u-7","userName":"other"})", 2);
    });
    EXPECT_EQ(found("mallory").id, "nobody");
    EXPECT_EQ(found("mallory@x.example").id, "nobody");
}

TEST_F(ScimTest, TakesNobodyInParticularForNobody) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("Jo Lee"))
            return list(R"({"id":"1","displayName":"Jo Lee"},{"id":"2","displayName":"jo lee"})", 2);
        if (request.has("Al Fox"))
            return list(
                R"({"id":"1","displayName":"Al Fox","active":false},{"id":"2","displayName":"Al Fox","groups":[]})", 2);
        return list("");
    });
    EXPECT_EQ(found("Jo Lee").id, "nobody") << "two people of that name";
    EXPECT_EQ(found("Al Fox").id, "2") << "one of them has left";
}

TEST_F(ScimTest, FailsHonestly) {
    struct Row {
        const char* name;
        Answer (*script)(const DirectoryRequest&);
        const char* error;
    };
    const Row rows[] = {
        {"token refused", [](const DirectoryRequest&) { return answer(401, R"({"detail":"secret words"})"); },
         "unauthenticated: identity:scim refused the credentials (401)"},
        {"no right to read users",
         [](const DirectoryRequest& request) { return is_discovery(request) ? answer(404) : answer(403, "{}"); },
         "forbidden: identity:scim lets this account not read that (403)"},
        {"no JSON",
         [](const DirectoryRequest& request) { return is_discovery(request) ? answer(404) : answer(200, "<html>"); },
         "malformed: identity:scim answered with something that is no JSON"},
        {"cut short",
         [](const DirectoryRequest&) {
             return Answer{.bytes = "HTTP/1.1 200 X\r\nContent-Length: 900\r\n\r\n{", .closes = true};
         },
         "outcome_unknown"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        serve(provider(), row.script);
        EXPECT_THAT(found("a@x.example").id, HasSubstr(row.error));
    }
}

TEST_F(ScimTest, DiscoveryIsTriedAgainAfterAnOutage) {
    std::atomic<bool> is_down = true;
    serve(provider(), [&](const DirectoryRequest& request) {
        if (is_down) return answer(401);
        if (is_discovery(request)) return answer(404);
        return list(R"({"id":"u-1","userName":"alice","groups":[]})");
    });
    EXPECT_THAT(found("alice").id, HasSubstr("unauthenticated"));
    is_down = false;
    EXPECT_EQ(found("alice").id, "u-1");
}

TEST_F(ScimTest, KnowsTheOnlyMemberOfAGroup) {
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        if (request.has("/Groups?filter=displayName eq \"payments\""))
            return list(R"({"id":"g-1","displayName":"payments","members":[{"value":"u-1","type":"User"}]})");
        if (request.target == "/Users/u-1") return answer(200, alice);
        return list("");
    });
    const auto payments = team("payments");
    ASSERT_TRUE(payments && *payments);
    EXPECT_EQ((*payments)->id, "g-1");
    ASSERT_TRUE((*payments)->only_one);
    EXPECT_EQ((*payments)->only_one->name, "Alice Ngo");
    const auto other = team("nobody");
    EXPECT_TRUE(other && !*other);
}

TEST_F(ScimTest, CheckNamesWhatIsMissing) {
    serve(provider(), [](const DirectoryRequest& request) { return is_discovery(request) ? answer(404) : list(""); });
    EXPECT_EQ(check().verdict, net::ConnectCheck::Verdict::ok);
    serve(provider(), [](const DirectoryRequest& request) {
        if (is_discovery(request)) return answer(404);
        return request.has("/Groups") ? answer(403) : list("");
    });
    const auto no_groups = check();
    EXPECT_EQ(no_groups.verdict, net::ConnectCheck::Verdict::permission);
    EXPECT_THAT(no_groups.missing, ElementsAre("to read Groups"));
    serve(provider(), [](const DirectoryRequest&) { return answer(401); });
    EXPECT_EQ(check().verdict, net::ConnectCheck::Verdict::credentials);
}

} // namespace
} // namespace dossier::context
