#include "dossier/context/blast_radius.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

namespace dossier::context {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const Resource bucket{.id = "arn:aws:s3:::payments", .name = "payments", .type = "bucket", .cloud = "aws"};
constexpr ingest::GraphLimits wide{.max_hops = 10, .max_nodes = 1'000};

auto node(const std::string& id, const std::string& kind = "resource", int hops = 9) -> GraphNode {
    return {.id = id, .name = id, .kind = kind, .type = "T", .hops = hops, .why = {}};
}
auto edge(const std::string& from, const std::string& to, const std::string& relation = "can_access") -> GraphEdge {
    return {.from = from, .to = to, .relation = relation, .why = {}};
}
auto ids(const BlastRadius& radius) -> std::vector<std::string> {
    std::vector<std::string> list;
    for (const auto& one : radius.nodes) list.push_back(one.id + "@" + std::to_string(one.hops));
    return list;
}

/// A path: payments ← role ← user ← internet, and beside it the data that the bucket holds.
auto seeded() -> BlastRadius {
    return {.nodes = {node("net", "internet"), node("user", "identity"), node("role", "identity"),
                      node("arn:aws:s3:::payments", "data_store"), node("cards", "data")},
            .edges = {edge("user", "role"), edge("role", "arn:aws:s3:::payments"), edge("net", "user", "exposes"),
                      edge("arn:aws:s3:::payments", "cards", "holds_data")},
            .origin = "wiz"};
}

TEST(BlastRadius, CountsHopsAnewFromTheFindingsResource) {
    const auto radius = valid_radius(seeded(), bucket, wide);
    ASSERT_TRUE(radius);
    EXPECT_THAT(ids(*radius), ElementsAre("arn:aws:s3:::payments@0", "cards@1", "role@1", "user@2", "net@3"));
    EXPECT_EQ(radius->hops, 3);
    EXPECT_FALSE(radius->truncated);
    EXPECT_THAT(counts_by_kind(*radius),
                ElementsAre(std::pair<std::string, int>("data", 1), std::pair<std::string, int>("identity", 2),
                            std::pair<std::string, int>("internet", 1)));
    EXPECT_EQ(radius->nodes[1].why, "arn:aws:s3:::payments holds data it");
    EXPECT_EQ(radius->nodes[2].why, "can access arn:aws:s3:::payments");
    EXPECT_EQ(radius->nodes[2].origin, "wiz");
    EXPECT_THAT(radius->edges, SizeIs(4));
}

TEST(BlastRadius, IsTheSameHoweverItWasDelivered) {
    const auto expected = valid_radius(seeded(), bucket, wide);
    std::mt19937 random(7);
    for (int round = 0; round < 50; ++round) {
        auto raw = seeded();
        std::ranges::shuffle(raw.nodes, random);
        std::ranges::shuffle(raw.edges, random);
        const auto again = valid_radius(std::move(raw), bucket, wide);
        ASSERT_EQ(ids(*again), ids(*expected));
        for (std::size_t i = 0; i < again->edges.size(); ++i) {
            EXPECT_EQ(again->edges[i].from, expected->edges[i].from);
            EXPECT_EQ(again->edges[i].to, expected->edges[i].to);
        }
    }
}

TEST(BlastRadius, RepairsWhatAClientDelivers) {
    struct Row {
        const char* name;
        BlastRadius raw;
        std::vector<std::string> nodes;
        std::size_t edges;
    };
    const auto root = node("arn:aws:s3:::payments", "data_store", 0);
    const Row rows[] = {
        {"an edge to nowhere is dropped",
         {.nodes = {root, node("a")}, .edges = {edge("a", root.id), edge("a", "ghost"), edge("ghost", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1"},
         1},
        {"an edge to itself and a double are dropped",
         {.nodes = {root, node("a")}, .edges = {edge("a", "a"), edge("a", root.id), edge("a", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1"},
         1},
        {"two relations are two edges",
         {.nodes = {root, node("a")}, .edges = {edge("a", root.id), edge("a", root.id, "exposes")}},
         {"arn:aws:s3:::payments@0", "a@1"},
         2},
        {"a node without an edge has no place",
         {.nodes = {root, node("a"), node("island")}, .edges = {edge("a", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1"},
         1},
        {"a node that came twice is one",
         {.nodes = {root, node("a"), node("a", "identity")}, .edges = {edge("a", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1"},
         1},
        {"two at no hops: the finding's resource is the root",
         {.nodes = {node("a", "identity", 0), root}, .edges = {edge("a", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1"},
         1},
        {"the resource under another name: what was delivered at no hops is the root",
         {.nodes = {node("b"), node("internal-7", "data_store", 0)}, .edges = {edge("internal-7", "b")}},
         {"internal-7@0", "b@1"},
         1},
        {"a ring has an end",
         {.nodes = {root, node("a"), node("b"), node("c")},
          .edges = {edge(root.id, "a"), edge("a", "b"), edge("b", "c"), edge("c", root.id)}},
         {"arn:aws:s3:::payments@0", "a@1", "c@1", "b@2"},
         4},
        {"nodes without an id are none", {.nodes = {node(""), root}, .edges = {}}, {"arn:aws:s3:::payments@0"}, 0},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto radius = valid_radius(row.raw, bucket, wide);
        ASSERT_TRUE(radius);
        EXPECT_EQ(ids(*radius), row.nodes);
        EXPECT_THAT(radius->edges, SizeIs(row.edges));
    }
    EXPECT_FALSE(valid_radius({}, bucket, wide)) << "no node, no radius";
}

TEST(BlastRadius, HoldsItsBoundsAndSaysWhichOneWasReached) {
    struct Row {
        const char* name;
        ingest::GraphLimits limits;
        std::size_t nodes;
        int hops;
        const char* truncated_by;
    };
    BlastRadius chain;
    chain.nodes.push_back(node("arn:aws:s3:::payments", "data_store", 0));
    for (int i = 1; i <= 20; ++i) {
        const auto id = "n" + std::to_string(100 + i);
        chain.edges.push_back(edge(chain.nodes.back().id, id));
        chain.nodes.push_back(node(id));
    }
    const Row rows[] = {
        {"wide enough", {.max_hops = 20, .max_nodes = 21}, 21, 20, ""},
        {"hops", {.max_hops = 3, .max_nodes = 21}, 4, 3, "at most 3 hops"},
        {"nodes", {.max_hops = 20, .max_nodes = 5}, 5, 4, "at most 5 nodes"},
        {"both", {.max_hops = 8, .max_nodes = 5}, 5, 4, "at most 8 hops, at most 5 nodes"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto radius = valid_radius(chain, bucket, row.limits);
        ASSERT_TRUE(radius);
        EXPECT_THAT(radius->nodes, SizeIs(row.nodes));
        EXPECT_THAT(radius->edges, SizeIs(row.nodes - 1));
        EXPECT_EQ(radius->hops, row.hops);
        EXPECT_EQ(radius->truncated, *row.truncated_by != '\0');
        EXPECT_EQ(radius->truncated_by, row.truncated_by);
    }
}

TEST(BlastRadius, ADenseGraphKeepsTheEdgesThatHoldItTogether) {
    BlastRadius dense;
    for (int i = 0; i < 60; ++i) dense.nodes.push_back(node("n" + std::to_string(100 + i), "resource", i));
    for (const auto& a : dense.nodes)
        for (const auto& b : dense.nodes) dense.edges.push_back(edge(a.id, b.id));
    const auto radius = valid_radius(dense, {.id = "n130"}, {.max_hops = 3, .max_nodes = 60});
    ASSERT_TRUE(radius);
    EXPECT_THAT(radius->nodes, SizeIs(60));
    EXPECT_LE(radius->edges.size(), 60U * 8);
    EXPECT_THAT(radius->truncated_by, HasSubstr("edges"));
    const auto again = valid_radius(*radius, {.id = "n130"}, {.max_hops = 3, .max_nodes = 60});
    EXPECT_EQ(ids(*again), ids(*radius)) << "no hop rests on an edge that was left out";
}

TEST(BlastRadius, TakesHostileTextAsBoundedText) {
    BlastRadius raw;
    raw.nodes = {node("arn:aws:s3:::payments", "data_store", 0), node("a", "<script>"), node(std::string(5'000, 'x'))};
    raw.nodes[1].name = std::string(9'000, 'n') + "\xff";
    raw.nodes[1].hops = -7;
    raw.edges = {edge("a", "arn:aws:s3:::payments", "Can <b> ACCESS!!"), edge("a", std::string(5'000, 'x'))};
    const auto radius = valid_radius(raw, bucket, wide);
    ASSERT_TRUE(radius);
    ASSERT_THAT(radius->nodes, SizeIs(2)) << "an id that long is none";
    EXPECT_EQ(radius->nodes[1].kind, "resource");
    EXPECT_EQ(radius->nodes[1].hops, 1);
    EXPECT_LE(radius->nodes[1].name.size(), 300U);
    EXPECT_EQ(radius->edges.at(0).relation, "can_b_access");
}

TEST(BlastRadius, JoinsWhatTwoPlatformsKnowOfTheSameThings) {
    auto theirs =
        BlastRadius{.nodes = {node("urn:orca:1", "data_store", 0), node("Internet", "internet"),
                              node("arn:aws:iam::1:role/etl", "identity")},
                    .edges = {edge("Internet", "urn:orca:1", "exposes"), edge("arn:aws:iam::1:role/etl", "urn:orca:1")},
                    .origin = "orca"};
    auto ours = BlastRadius{.nodes = {node("arn:aws:s3:::payments", "data_store", 0), node("internet", "internet"),
                                      node("arn:aws:iam::1:role/etl", "identity"), node("u", "identity")},
                            .edges = {edge("arn:aws:iam::1:role/etl", "arn:aws:s3:::payments"),
                                      edge("u", "arn:aws:iam::1:role/etl"), edge("internet", "u")},
                            .truncated = true,
                            .truncated_by = "at most 3 hops",
                            .origin = "wiz"};
    auto merged = merged_radius({*valid_radius(ours, bucket, wide), *valid_radius(theirs, bucket, wide)}, wide);
    ASSERT_TRUE(merged);
    EXPECT_THAT(ids(*merged), ElementsAre("arn:aws:s3:::payments@0", "arn:aws:iam::1:role/etl@1", "internet@1", "u@2"))
        << "Orca's edge makes the internet one hop away, though Wiz knows a way of three only";
    EXPECT_EQ(merged->origin, "orca, wiz");
    EXPECT_EQ(merged->nodes[0].origin, "orca, wiz");
    EXPECT_EQ(merged->nodes[3].origin, "wiz");
    EXPECT_TRUE(merged->truncated);
    const auto shared = std::ranges::find(merged->edges, "arn:aws:iam::1:role/etl", &GraphEdge::from);
    EXPECT_EQ(shared->origin, "orca, wiz");
    EXPECT_FALSE(merged_radius({}, wide));
    EXPECT_THAT(merged_radius({*valid_radius(ours, bucket, wide)}, wide)->origin, "wiz");
}

} // namespace
} // namespace dossier::context
