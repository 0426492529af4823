#include "backstage_entity.hpp"
#include "cmdb_sources.hpp"
#include "dossier/base/json.hpp"
#include "remote_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using net::test::answer;
using net::test::ScriptedServer;
using testing::HasSubstr;

auto entity(const std::string& kind, const std::string& name, Json more = Json::object()) -> Json {
    Json entity{{"kind", kind}, {"metadata", {{"name", name}, {"namespace", "default"}}}};
    entity.merge_patch(more);
    return entity;
}

auto relations(std::initializer_list<std::pair<const char*, const char*>> list) -> Json {
    auto relations = Json::array();
    for (const auto& [type, target] : list) relations.push_back({{"type", type}, {"targetRef", target}});
    return relations;
}

TEST(BackstageEntity, SaysWhatItsMarksMean) {
    struct Row {
        const char* name;
        Json more;
        Environment environment;
        Criticality criticality;
    };
    const Row rows[] = {
        {"nothing", Json::object(), Environment::unknown, Criticality::unknown},
        {"lifecycle", {{"spec", {{"lifecycle", "production"}}}}, Environment::prod, Criticality::unknown},
        {"experimental", {{"spec", {{"lifecycle", "experimental"}}}}, Environment::unknown, Criticality::unknown},
        {"labels",
         {{"metadata", {{"labels", {{"acme.io/env", "staging"}, {"acme.io/tier", "1"}}}}}},
         Environment::staging,
         Criticality::critical},
        {"annotation",
         {{"metadata", {{"annotations", {{"acme.io/business-criticality", "high"}}}}}},
         Environment::unknown,
         Criticality::high},
        {"tag", {{"metadata", {{"tags", {"pii", "tier-2"}}}}}, Environment::unknown, Criticality::high},
        {"wrong types",
         {{"metadata", {{"labels", "x"}, {"annotations", {1}}, {"tags", {{"a", 1}}}}}, {"spec", 3}},
         Environment::unknown,
         Criticality::unknown},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto one = entity("Resource", "x", row.more);
        EXPECT_EQ(environment_of(one), row.environment);
        EXPECT_EQ(criticality_of(one), row.criticality);
    }
    EXPECT_EQ(ref_of(entity("Resource", "Acme-PHI")), "resource:default/acme-phi");
    for (const auto* bad : {"", "group", "group:x", "group:/x", ":a/b", "group:default/a b", "group:default/\"x"})
        EXPECT_FALSE(is_ref(bad)) << bad;
}

class BackstageCmdbTest : public RemoteSourceTest {
protected:
    Json resources = Json::array();
    std::map<std::string, Json> neighbours;

    auto serve(const std::string& head, const std::string& body) -> net::test::Answer {
        if (head.find("Authorization: Bearer token") == std::string::npos) return answer(401);
        if (head.starts_with("GET")) return answer(200, dump_json(resources));
        auto items = Json::array();
        const auto asked = parse_json(body).value_or(Json::object());
        for (const auto& ref : asked.at("entityRefs")) {
            const auto found = neighbours.find(ref.get<std::string>());
            items.push_back(found == neighbours.end() ? Json() : found->second);
        }
        return answer(200, dump_json(Json{{"items", items}}));
    }
    auto source(const ScriptedServer& server) -> std::unique_ptr<CmdbSource> {
        ProviderConfig provider;
        provider.kind = "backstage";
        provider.name = "backstage";
        provider.url = server.url("/");
        provider.token = Secret("token");
        return make_backstage_cmdb(provider, config(), makings());
    }
    auto ask(CmdbSource& cmdb) -> Result<std::optional<Asset>> {
        Resource resource;
        resource.id = "arn:aws:s3:::acme-phi";
        resource.name = "acme-phi";
        return wait(cmdb.ask(resource, deadline_in(2s)));
    }
    static auto phi(const Json& more = Json::object()) -> Json {
        auto one = entity("Resource", "phi-store", {{"spec", {{"owner", "somebody-typed-this"}}}});
        one["metadata"]["annotations"] = {{"amazonaws.com/arn", "arn:aws:s3:::acme-phi"}};
        one.merge_patch(more);
        return one;
    }
};

TEST_F(BackstageCmdbTest, FollowsTheRelationsToTheOwner) {
    struct Row {
        const char* name;
        std::map<std::string, Json> neighbours;
        const char* owner;
        const char* owner_name;
        const char* group;
    };
    const auto group = [](std::initializer_list<std::pair<const char*, const char*>> members, Json profile) {
        return entity("Group", "payments",
                      {{"spec", {{"profile", std::move(profile)}}}, {"relations", relations(members)}});
    };
    const auto alice = entity("User", "alice",
                              {{"spec", {{"profile", {{"displayName", "Alice A"}, {"email", "alice@acme.example"}}}}}});
    const Json profile{{"displayName", "Payments"}, {"email", "payments@acme.example"}};
    const Row rows[] = {
        {"a group's address",
         {{"group:default/payments",
           group({{"hasMember", "user:default/alice"}, {"hasMember", "user:default/bob"}}, profile)},
          {"user:default/alice", alice}},
         "payments@acme.example",
         "Payments",
         "Payments"},
        {"a group of one is a person",
         {{"group:default/payments", group({{"hasMember", "user:default/alice"}}, profile)},
          {"user:default/alice", alice}},
         "alice@acme.example",
         "Alice A",
         "Payments"},
        {"a group without an address", {{"group:default/payments", group({}, Json::object())}}, "", "", "payments"},
        {"a group that is not there", {}, "", "", "payments"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        neighbours = row.neighbours;
        neighbours["system:default/ledger"] = entity(
            "System", "ledger",
            {{"metadata", {{"title", "Ledger"}}}, {"relations", relations({{"partOf", "domain:default/finance"}})}});
        neighbours["domain:default/finance"] = entity("Domain", "finance", {{"metadata", {{"title", "Finance"}}}});
        resources = {phi({{"relations",
                           relations({{"ownedBy", "group:default/Payments"}, {"partOf", "system:default/ledger"}})}}),
                     entity("Resource", "unrelated")};
        const ScriptedServer server([&](const auto& head, const auto& body, int) { return serve(head, body); });
        const auto cmdb = source(server);
        const auto known = ask(*cmdb);
        ASSERT_TRUE(known && *known) << (known ? "nothing" : known.error().describe());
        EXPECT_EQ((*known)->owner, row.owner);
        EXPECT_EQ((*known)->owner_name, row.owner_name);
        EXPECT_EQ((*known)->support_group, row.group);
        EXPECT_EQ((*known)->application, "Ledger");
        EXPECT_EQ((*known)->business_unit, "Finance");
        EXPECT_EQ((*known)->origin, "backstage");
        EXPECT_EQ((*known)->owner_is_group, row.owner == std::string("payments@acme.example"));
        EXPECT_THAT((*known)->rule, HasSubstr("amazonaws.com/arn=arn:aws:s3:::acme-phi"));
        EXPECT_THAT(targets(server).front(),
                    HasSubstr("filter=kind=resource,metadata.annotations.amazonaws.com/arn=arn:aws:s3:::acme-phi"));
        const auto calls = server.requests();
        ASSERT_TRUE(ask(*cmdb).has_value());
        EXPECT_EQ(server.requests(), calls + 1) << "groups, systems and domains are known";
    }
}

TEST_F(BackstageCmdbTest, TakesOnlyWhatWasAskedFor) {
    struct Row {
        const char* name;
        Json resources;
        std::string rule; ///< "" = not there
    };
    auto other = phi();
    other["metadata"]["annotations"]["amazonaws.com/arn"] = "arn:aws:s3:::other";
    auto namesake = other;
    namesake["metadata"]["name"] = "acme-phi";
    const Row rows[] = {
        {"by annotation", Json::array({phi()}), "amazonaws.com/arn="},
        {"by name", Json::array({entity("Resource", "acme-phi")}), "metadata.name=acme-phi"},
        {"another resource", Json::array({other}), ""},
        {"another resource of that name", Json::array({namesake}), ""},
        {"another kind", Json::array({entity("Component", "acme-phi")}), ""},
        {"two of them", {phi({{"metadata", {{"name", "a"}}}}), phi()}, "the first of 2 entities"},
        {"junk", {1, "x", Json(), Json::array(), {{"kind", 3}}}, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        resources = row.resources;
        const ScriptedServer server([&](const auto& head, const auto& body, int) { return serve(head, body); });
        const auto known = ask(*source(server));
        ASSERT_TRUE(known.has_value()) << known.error().describe();
        ASSERT_EQ(known->has_value(), !row.rule.empty());
        if (*known) EXPECT_THAT((*known)->rule, HasSubstr(row.rule));
    }
}

TEST_F(BackstageCmdbTest, ReadsPageAfterPageAndNoneFromElsewhere) {
    resources = Json::array({phi()});
    const ScriptedServer server([&](const std::string& head, const auto&, int number) {
        if (number == 1)
            return answer(200, R"([{"kind":"Resource"}])",
                          "Link: </api/catalog/entities?limit=200&after=abc>; rel=\"next\"\r\n");
        EXPECT_THAT(head, HasSubstr("&limit=200&after=abc"));
        EXPECT_THAT(head, HasSubstr("filter=kind"));
        return answer(200, dump_json(resources));
    });
    const auto known = ask(*source(server));
    ASSERT_TRUE(known && *known);
    EXPECT_EQ(server.requests(), 2);
}

TEST_F(BackstageCmdbTest, CheckAndErrors) {
    using Verdict = net::ConnectCheck::Verdict;
    const ScriptedServer open([&](const auto& head, const auto& body, int) { return serve(head, body); });
    EXPECT_EQ(wait(source(open)->check(deadline_in(2s))).verdict, Verdict::ok);
    const ScriptedServer closed([&](const auto&, const auto&, int) { return answer(401); });
    EXPECT_EQ(wait(source(closed)->check(deadline_in(2s))).verdict, Verdict::credentials);
    EXPECT_EQ(ask(*source(closed)).error().code, Errc::unauthenticated);
    const ScriptedServer wrong([&](const auto&, const auto&, int) { return answer(200, R"({"items":[]})"); });
    EXPECT_EQ(ask(*source(wrong)).error().code, Errc::malformed);
}

} // namespace
} // namespace dossier::context
