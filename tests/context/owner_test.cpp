#include "dossier/context/owner.hpp"

#include <gtest/gtest.h>

namespace dossier::context {
namespace {

auto signal(const std::string& origin, Person person, double confidence) -> OwnerSignal {
    return {.person = std::move(person), .rule = origin + " rule", .origin = origin, .confidence = confidence};
}
const Person alice{.id = "alice", .email = "alice@acme.example"};
const Person bob{.id = "bob", .email = "bob@acme.example"};

TEST(DecideOwner, FollowsTheOrderOfTrust) {
    struct Row {
        const char* name;
        std::vector<OwnerSignal> signals;
        std::optional<Asset> asset;
        const char* id;
        double least;
        double most;
        bool disputed;
    };
    const Row rows[] = {
        {"nobody", {}, {}, "", 0, 0, false},
        {"identity alone", {signal("identity:file", alice, 0.85)}, {}, "alice", 0.85, 0.85, false},
        {"CMDB alone", {}, Asset{.owner = "bob", .origin = "cmdb:file"}, "bob", 0.9, 0.9, false},
        {"CMDB before identity, who disagree",
         {signal("identity:file", alice, 0.85)},
         Asset{.owner = "bob", .origin = "cmdb:file"},
         "bob",
         0.5,
         0.7,
         true},
        {"CMDB and identity agree",
         {signal("identity:file", alice, 0.85)},
         Asset{.owner = "alice", .origin = "cmdb:file"},
         "alice",
         0.93,
         0.95,
         false},
        {"agreement by e-mail counts",
         {signal("identity:file", alice, 0.85)},
         Asset{.owner = "Alice@acme.example", .origin = "cmdb:file"},
         "",
         0.93,
         0.95,
         false},
        {"identity before tag",
         {signal("tag:owner", bob, 0.7), signal("identity:file", alice, 0.85)},
         {},
         "alice",
         0.6,
         0.7,
         true},
        {"tag before platform",
         {signal("platform:project", bob, 0.4), signal("tag:owner", alice, 0.7)},
         {},
         "alice",
         0.55,
         0.65,
         true},
        {"a team is no contradiction",
         {signal("tag:team", {.name = "payments", .groups = {"payments"}}, 0.5), signal("tag:owner", alice, 0.7)},
         {},
         "alice",
         0.7,
         0.7,
         false},
        {"a creator is shown, never chosen", {signal("tag:creator", alice, 0.1)}, {}, "", 0, 0, false},
        {"a creator does not dispute",
         {signal("tag:creator", bob, 0.1), signal("tag:owner", alice, 0.7)},
         {},
         "alice",
         0.7,
         0.7,
         false},
        {"the same word twice from one origin adds nothing",
         {signal("tag:owner", alice, 0.7), signal("tag:owner", alice, 0.7)},
         {},
         "alice",
         0.7,
         0.7,
         false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto owner = decide_owner(row.signals, row.asset);
        EXPECT_EQ(owner.id, row.id);
        EXPECT_GE(owner.confidence, row.least - 1e-9);
        EXPECT_LE(owner.confidence, row.most + 1e-9);
        EXPECT_EQ(owner.disputed, row.disputed);
        EXPECT_EQ(owner.rule.empty(), !owner.known());
    }
}

TEST(DecideOwner, KeepsTheLosersAndTheSupportGroup) {
    const auto owner = decide_owner({signal("identity:file", alice, 0.85), signal("platform:project", bob, 0.4)},
                                    Asset{.support_group = "payments-oncall", .origin = "cmdb:file"});
    EXPECT_EQ(owner.team, "payments-oncall");
    ASSERT_EQ(owner.signals.size(), 2U);
    EXPECT_EQ(owner.signals[1].person.id, "bob");
}

TEST(DecideOwner, ATeamOwnsWhatNobodyElseClaims) {
    const auto owner = decide_owner({signal("tag:team", {.name = "payments", .groups = {"payments"}}, 0.5)}, {});
    EXPECT_EQ(owner.name, "payments");
    EXPECT_EQ(owner.team, "payments");
}

TEST(OwnerSignals, AreReadFromTagsWithAnyPrefixAndCase) {
    struct Row {
        const char* key;
        const char* value;
        const char* origin; ///< "" = no signal
        const char* id;
        const char* email;
    };
    const Row rows[] = {
        {"owner", "alice", "tag:owner", "alice", ""},
        {"Owner", " alice@acme.example ", "tag:owner", "", "alice@acme.example"},
        {"acme-inc:cost-allocation:Owner", "alice", "tag:owner", "alice", ""},
        {"acme.example/data_owner", "alice", "tag:owner", "alice", ""},
        {"OWNER-EMAIL", "a@b.example", "tag:owner", "", "a@b.example"},
        {"contact", "alice", "tag:owner", "alice", ""},
        {"owner", "alice_at_acme_example", "tag:owner", "alice_at_acme_example", ""},
        {"aws:createdBy", "alice", "tag:creator", "alice", ""},
        {"app.kubernetes.io/managed-by", "Helm", "", "", ""},
        {"managed_by", "terraform", "", "", ""},
        {"owner", "n/a", "", "", ""},
        {"owner", "", "", "", ""},
        {"ownership-model", "shared", "", "", ""},
        {"cost-center", "CC-1", "", "", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.key) + "=" + row.value);
        Finding finding;
        finding.resource.tags = {{row.key, row.value}};
        const auto signals = owner_signals_of(finding);
        ASSERT_EQ(signals.size(), *row.origin == '\0' ? 0U : 1U);
        if (signals.empty()) continue;
        EXPECT_EQ(signals.front().origin, row.origin);
        EXPECT_EQ(signals.front().person.id, row.id);
        EXPECT_EQ(signals.front().person.email, row.email);
    }
}

TEST(OwnerSignals, TakeThePlatformsHintsLast) {
    Finding finding;
    finding.platform = "wiz";
    finding.owner_hints = {"bob@acme.example"};
    finding.resource.tags = {{"team", "payments"}, {"owner", "alice"}};
    const auto signals = owner_signals_of(finding);
    ASSERT_EQ(signals.size(), 3U);
    EXPECT_EQ(signals[0].origin, "tag:owner");
    EXPECT_EQ(signals[1].origin, "tag:team");
    EXPECT_EQ(signals[2].origin, "platform:project");
    EXPECT_EQ(signals[2].person.email, "bob@acme.example");
}

TEST(EnvironmentOf, AsksTheCmdbFirstAndThenTheTags) {
    struct Row {
        const char* name;
        Tags tags;
        std::optional<Asset> asset;
        Environment environment;
        const char* origin;
    };
    const Asset staging{.environment = Environment::staging, .origin = "cmdb:file"};
    const Row rows[] = {
        {"CMDB", {{"env", "prod"}}, staging, Environment::staging, "cmdb:file"},
        {"CMDB that does not know", {{"env", "live"}}, Asset{.origin = "cmdb:file"}, Environment::prod, "tag:env"},
        {"tag with a prefix", {{"acme:Environment", "PRD"}}, {}, Environment::prod, "tag:acme:Environment"},
        {"stage", {{"stage", "dev"}}, {}, Environment::dev, "tag:stage"},
        {"contradiction counts as prod",
         {{"env", "dev"}, {"environment", "production"}},
         {},
         Environment::prod,
         "tag:environment"},
        {"an unknown word", {{"env", "blue"}}, {}, Environment::unknown, ""},
        {"nothing", {}, {}, Environment::unknown, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Finding finding;
        finding.resource.tags = row.tags;
        const auto [environment, origin] = environment_of(finding, row.asset);
        EXPECT_EQ(environment, row.environment);
        EXPECT_EQ(origin, row.origin);
    }
}

} // namespace
} // namespace dossier::context
