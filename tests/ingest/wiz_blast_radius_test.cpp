#include "wiz_tenant.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fmt/format.h>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;
using test::graphql_error;
using test::Reply;
using test::WizTenant;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr auto early = "2026-11-20T08:00:00Z";

auto finding() -> Finding {
    Finding value;
    value.source_id = "i-1";
    value.resource.id = "arn:aws:s3:::payments";
    return value;
}

/// "id@hops" of every node, in order.
auto nodes_of(const BlastRadius& radius) -> std::vector<std::string> {
    std::vector<std::string> nodes;
    for (const auto& node : radius.nodes) nodes.push_back(fmt::format("{}@{}", node.id, node.hops));
    return nodes;
}

/// "from relation to" of every edge, in order.
auto edges_of(const BlastRadius& radius) -> std::vector<std::string> {
    std::vector<std::string> edges;
    for (const auto& edge : radius.edges) edges.push_back(fmt::format("{} {} {}", edge.from, edge.relation, edge.to));
    return edges;
}

class WizBlastRadius : public ::testing::Test {
protected:
    WizBlastRadius() {
        tenant.entity("bucket", "BUCKET", {{"externalId", "arn:aws:s3:::payments"}});
        tenant.issue("i-1", early);
    }
    auto grow(GraphLimits limits = {}) -> BlastRadius {
        const auto radius = tenant.run(tenant.api()->neighbours(finding(), limits, tenant.soon()));
        EXPECT_TRUE(radius) << (radius ? "" : radius.error().describe());
        EXPECT_TRUE(radius && *radius);
        return radius && *radius ? **radius : BlastRadius{};
    }
    WizTenant tenant;
};

TEST_F(WizBlastRadius, WhoReachesItWhatItHoldsAndNothingBeside) {
    tenant.entity("role", "ACCESS_ROLE");
    tenant.entity("vm", "VIRTUAL_MACHINE", {{"providerUniqueId", "arn:aws:ec2:eu-west-1:1:instance/i-1"}});
    tenant.entity("door", "ENDPOINT");
    tenant.entity("pii", "DATA_FINDING");
    tenant.entity("other", "BUCKET");
    tenant.entity("account", "SUBSCRIPTION");
    tenant.edge("role", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("role", "ALLOWS_ACCESS_TO", "bucket"); // said twice
    tenant.edge("role", "OWNS", "bucket");
    tenant.edge("vm", "ACTING_AS", "role");
    tenant.edge("door", "EXPOSES", "vm");
    tenant.edge("bucket", "HAS_DATA_FINDING", "pii");
    tenant.edge("role", "ALLOWS_ACCESS_TO", "other"); // what a neighbour reaches elsewhere
    tenant.edge("account", "CONTAINS", "bucket");     // what contains everything
    tenant.edge("bucket", "DEPENDS_ON", "other");     // no way to reach or to hold
    const auto radius = grow();
    EXPECT_THAT(nodes_of(radius), ElementsAre("arn:aws:s3:::payments@0", "pii@1", "role@1",
                                              "arn:aws:ec2:eu-west-1:1:instance/i-1@2", "door@3"));
    EXPECT_THAT(edges_of(radius),
                ElementsAre("arn:aws:ec2:eu-west-1:1:instance/i-1 runs_as role", "arn:aws:s3:::payments holds_data pii",
                            "door exposes arn:aws:ec2:eu-west-1:1:instance/i-1",
                            "role can_access arn:aws:s3:::payments", "role owns arn:aws:s3:::payments"));
    EXPECT_EQ(radius.hops, 3);
    EXPECT_FALSE(radius.truncated) << radius.truncated_by;
    EXPECT_EQ(radius.origin, "wiz");
    EXPECT_EQ(radius.nodes[2].why, "has access to the bucket");
    EXPECT_EQ(radius.nodes[2].kind, "identity");
    EXPECT_EQ(radius.nodes[1].kind, "data");
    EXPECT_EQ(radius.edges[3].why, "ALLOWS_ACCESS_TO");
}

TEST_F(WizBlastRadius, CyclesEndAndEachNodeHasItsLeastHops) {
    for (const auto* id : {"a", "b", "c"}) tenant.entity(id, "SERVICE_ACCOUNT");
    tenant.edge("a", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("b", "ACTING_AS", "a");
    tenant.edge("a", "ACTING_AS", "b");
    tenant.edge("b", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("bucket", "STORES_DATA_IN", "a"); // both ways round
    tenant.edge("c", "ACTING_AS", "b");
    const auto radius = grow({.max_hops = 5, .max_nodes = 50});
    EXPECT_THAT(nodes_of(radius), ElementsAre("arn:aws:s3:::payments@0", "a@1", "b@1", "c@2"));
    EXPECT_THAT(edges_of(radius), ElementsAre("a can_access arn:aws:s3:::payments", "a runs_as b",
                                              "arn:aws:s3:::payments stores_data_in a", "b runs_as a",
                                              "b can_access arn:aws:s3:::payments", "c runs_as b"));
    EXPECT_FALSE(radius.truncated);
}

TEST_F(WizBlastRadius, AnEntitlementPointsTheOtherWay) {
    tenant.entity("binding", "IAM_BINDING");
    tenant.entity("user", "USER_ACCOUNT");
    tenant.edge("binding", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("binding", "ENTITLES", "user");
    EXPECT_THAT(edges_of(grow()), ElementsAre("binding can_access arn:aws:s3:::payments", "user can_access binding"));
}

TEST_F(WizBlastRadius, SaysWhichBoundCutIt) {
    tenant.entity("r1", "ACCESS_ROLE");
    tenant.entity("r2", "ACCESS_ROLE");
    tenant.entity("r3", "ACCESS_ROLE");
    tenant.edge("r1", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("r2", "ACTING_AS", "r1");
    tenant.edge("r3", "ACTING_AS", "r2");
    const auto near = grow({.max_hops = 2, .max_nodes = 50});
    EXPECT_THAT(nodes_of(near), ElementsAre("arn:aws:s3:::payments@0", "r1@1", "r2@2"));
    EXPECT_TRUE(near.truncated);
    EXPECT_EQ(near.truncated_by, "2 hops");
    EXPECT_FALSE(grow({.max_hops = 3, .max_nodes = 50}).truncated);
    const auto few = grow({.max_hops = 3, .max_nodes = 2});
    EXPECT_THAT(nodes_of(few), ElementsAre("arn:aws:s3:::payments@0", "r1@1"));
    EXPECT_EQ(few.truncated_by, "2 nodes");
}

TEST_F(WizBlastRadius, ReadsEveryPageAndTheSameGraphGivesTheSameAnswer) {
    tenant.page_size = 7;
    for (int i = 0; i < 60; ++i) {
        tenant.entity(fmt::format("role-{:02}", i), "ACCESS_ROLE");
        tenant.edge(fmt::format("role-{:02}", i), "ALLOWS_ACCESS_TO", "bucket");
    }
    const auto radius = grow();
    EXPECT_EQ(radius.nodes.size(), 61U);
    EXPECT_EQ(radius.edges.size(), 60U);
    EXPECT_FALSE(radius.truncated);
    const auto cut = grow({.max_hops = 3, .max_nodes = 11});
    EXPECT_EQ(cut.nodes.back().id, "role-09");
    EXPECT_EQ(nodes_of(grow({.max_hops = 3, .max_nodes = 11})), nodes_of(cut));
}

TEST_F(WizBlastRadius, ADataFindingStartsAtItsStore) {
    tenant.entity("pii", "DATA_FINDING");
    tenant.edge("bucket", "HAS_DATA_FINDING", "pii");
    tenant.issue("i-1", early, {{"entitySnapshot", {{"id", "pii"}, {"type", "DATA_FINDING"}}}});
    EXPECT_THAT(nodes_of(grow()), ElementsAre("arn:aws:s3:::payments@0", "pii@1"));
}

TEST_F(WizBlastRadius, AResourceIsFoundByItsProvidersId) {
    tenant.issues.clear();
    EXPECT_THAT(nodes_of(grow()), ElementsAre("arn:aws:s3:::payments@0"));
    auto unknown = finding();
    unknown.resource.id = "arn:aws:s3:::nobody-knows";
    const auto radius = tenant.run(tenant.api()->neighbours(unknown, {}, tenant.soon()));
    ASSERT_TRUE(radius);
    EXPECT_FALSE(*radius);
}

TEST_F(WizBlastRadius, ARelationThatThisWizDoesNotKnowIsLeftOut) {
    tenant.entity("role", "ACCESS_ROLE");
    tenant.edge("role", "ALLOWS_ACCESS_TO", "bucket");
    tenant.script = [](const std::string&, const Json& variables, int) -> std::optional<Reply> {
        if (!variables.dump().contains("\"ADMINISTRATE\"")) return std::nullopt;
        return graphql_error("BAD_USER_INPUT", "Value \"ADMINISTRATE\" does not exist in enum");
    };
    EXPECT_THAT(nodes_of(grow()), ElementsAre("arn:aws:s3:::payments@0", "role@1"));
}

TEST_F(WizBlastRadius, WhatFailsOnTheWayLeavesAGraphThatSaysSoAndAtTheStartAnError) {
    tenant.entity("role", "ACCESS_ROLE");
    tenant.entity("vm", "VIRTUAL_MACHINE");
    tenant.edge("role", "ALLOWS_ACCESS_TO", "bucket");
    tenant.edge("vm", "ACTING_AS", "role");
    tenant.script = [](const std::string&, const Json& variables, int) -> std::optional<Reply> {
        if (!variables.dump().contains("[\"role\"]")) return std::nullopt;
        return graphql_error("UNAUTHORIZED", "no longer");
    };
    const auto part = grow();
    EXPECT_THAT(nodes_of(part), ElementsAre("arn:aws:s3:::payments@0", "role@1"));
    EXPECT_TRUE(part.truncated);
    EXPECT_THAT(part.truncated_by, HasSubstr("read:resources"));
    tenant.script = [](const std::string& root, const auto&, int) -> std::optional<Reply> {
        if (root != "graphSearch") return std::nullopt;
        return graphql_error("UNAUTHORIZED", "access denied");
    };
    const auto none = tenant.run(tenant.api()->neighbours(finding(), {}, tenant.soon()));
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, Errc::forbidden);
}

TEST_F(WizBlastRadius, HostileAnswersBecomeNoGraphAndNoCrash) {
    for (const auto& body :
         {Json{{"data", {{"graphSearch", {{"nodes", 7}}}}}},
          Json{{"data", {{"graphSearch", {{"nodes", {1, "x", nullptr}}}}}}},
          Json{{"data", {{"graphSearch", {{"nodes", {{{"entities", {nullptr, {{"id", 5}}, {{"id", ""}}}}}}}}}}}},
          Json{{"data", {{"graphSearch", nullptr}}}}}) {
        tenant.script = [&](const std::string& root, const auto&, int) -> std::optional<Reply> {
            if (root != "graphSearch") return std::nullopt;
            return Reply{.status = 200, .body = body, .headers = {}};
        };
        EXPECT_TRUE(tenant.run(tenant.api()->neighbours(finding(), {}, tenant.soon()))) << body.dump();
    }
}

} // namespace
} // namespace dossier::ingest
