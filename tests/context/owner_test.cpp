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

TEST(DecideOwner, TrustsInTheWrittenOrder) {
    const char* const order[] = {"cmdb:snow",         "identity:rules", "tag:owner",    "account:owner",
                                 "backstage:catalog", "tag:team",       "platform:wiz", "account:email"};
    const auto named = [](std::string_view origin) {
        return signal(std::string(origin), {.id = std::string(origin)}, usual_confidence(origin));
    };
    for (std::size_t i = 0; i + 1 < std::size(order); ++i) {
        for (std::size_t j = i + 1; j < std::size(order); ++j) {
            SCOPED_TRACE(std::string(order[i]) + " before " + order[j]);
            EXPECT_GT(usual_confidence(order[i]), usual_confidence(order[j]));
            auto loud = named(order[j]);
            loud.confidence = 0.99; // however sure a source is of itself
            EXPECT_EQ(decide_owner({loud, named(order[i])}, {}).id, order[i]);
        }
    }
    EXPECT_GT(usual_confidence("account:email"), usual_confidence("creator:cloudtrail"));
    EXPECT_EQ(usual_confidence("cmdb:backstage"), usual_confidence("backstage:catalog"));
    EXPECT_EQ(usual_confidence("rumour"), 0);
}

TEST(DecideOwner, OfSpellingsAndDepartures) {
    const Person by_upn{.id = "u-1", .email = "alice@acme.example", .aliases = {"alice.ngo@corp.example", "ango"}};
    const Person gone{.id = "bob", .name = "Bob A", .manager = "carla@acme.example", .inactive = "suspended in okta"};
    struct Row {
        const char* name;
        std::vector<OwnerSignal> signals;
        const char* id;
        bool disputed;
        double least;
        double most;
        const char* escalation;
    };
    const Row rows[] = {
        {"UPN and alias are the same person",
         {signal("cmdb:snow", by_upn, 0.9), signal("tag:owner", {.id = "ANGO"}, 0.7)},
         "u-1",
         false,
         0.93,
         0.94,
         ""},
        {"a mangled label is the e-mail",
         {signal("cmdb:snow", {.email = "alice.ngo@corp.example"}, 0.9),
          signal("tag:owner", {.id = "alice_ngo_at_corp_example"}, 0.7)},
         "",
         false,
         0.93,
         0.94,
         ""},
        {"a field that holds the full name",
         {signal("cmdb:snow", {.id = "Alice Ngo"}, 0.9), signal("tag:owner", {.id = "ango", .name = "Alice Ngo"}, 0.7)},
         "Alice Ngo",
         false,
         0.93,
         0.94,
         ""},
        {"two people of one name are two",
         {signal("cmdb:snow", {.id = "a1", .name = "Jo Lee", .email = "jo@a.example"}, 0.9),
          signal("tag:owner", {.id = "a2", .name = "Jo Lee", .email = "jo.lee@a.example"}, 0.7)},
         "a1",
         true,
         0.6,
         0.7,
         ""},
        {"whoever has left loses to a less trusted one and disputes nothing",
         {signal("cmdb:snow", gone, 0.9), signal("tag:owner", alice, 0.7)},
         "alice",
         false,
         0.7,
         0.7,
         ""},
        {"nobody else: chosen with half the confidence and the manager",
         {signal("cmdb:snow", gone, 0.9)},
         "bob",
         false,
         0.45,
         0.45,
         "carla@acme.example"},
        {"a creator is no better than somebody who has left",
         {signal("tag:owner", gone, 0.7), signal("tag:creator", alice, 0.1)},
         "bob",
         false,
         0.35,
         0.35,
         "carla@acme.example"},
        {"a departure holds for every spelling",
         {signal("cmdb:snow", {.id = "Bob A"}, 0.9), signal("tag:owner", gone, 0.7),
          signal("platform:wiz", alice, 0.4)},
         "alice",
         false,
         0.4,
         0.4,
         ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto owner = decide_owner(row.signals, {});
        EXPECT_EQ(owner.id, row.id);
        EXPECT_EQ(owner.disputed, row.disputed);
        EXPECT_GE(owner.confidence, row.least - 1e-9);
        EXPECT_LE(owner.confidence, row.most + 1e-9);
        EXPECT_EQ(owner.escalation, row.escalation);
        EXPECT_EQ(owner.signals.size(), row.signals.size()) << "losers stay";
    }
}

TEST(DecideOwner, LetsAGroupAndItsMemberAgree) {
    OwnerSignal team = signal("cmdb:snow", {.id = "g1", .name = "payments"}, 0.9);
    team.is_group = true;
    Person member = alice;
    member.groups = {"Payments"};
    const auto with_member = decide_owner({team, signal("tag:owner", member, 0.7)}, {});
    EXPECT_EQ(with_member.name, "payments");
    EXPECT_EQ(with_member.team, "payments");
    EXPECT_FALSE(with_member.disputed);
    EXPECT_GT(with_member.confidence, 0.9);
    const auto with_stranger = decide_owner({team, signal("tag:owner", bob, 0.7)}, {});
    EXPECT_FALSE(with_stranger.disputed) << "a team and a person outside it neither agree nor contradict";
    EXPECT_DOUBLE_EQ(with_stranger.confidence, 0.9);
    const auto origin = std::string("cmdb:snow:group_owner");
    const auto behind = decide_owner({team, signal(origin, member, usual_confidence(origin))}, {});
    EXPECT_EQ(behind.id, "alice") << "somebody has to act";
    EXPECT_EQ(behind.team, "payments");
}

TEST(DecideOwner, IsMonotoneAndBounded) {
    const auto confidence = [](double winner, std::vector<OwnerSignal> others) {
        others.push_back(signal("cmdb:snow", alice, winner));
        return decide_owner(std::move(others), {}).confidence;
    };
    double before = 0;
    for (double c = 0; c <= 1.001; c += 0.05) {
        const auto mixed = confidence(c, {signal("tag:owner", alice, 0.7), signal("platform:wiz", bob, 0.4)});
        EXPECT_GE(mixed, before) << "grows with the winner's own";
        EXPECT_LE(mixed, 0.99);
        EXPECT_GE(confidence(c, {signal("tag:owner", alice, 0.7)}), std::min(c, 0.99) - 1e-9);
        EXPECT_LE(confidence(c, {signal("tag:owner", bob, 0.7)}), c + 1e-9);
        before = mixed;
    }
    EXPECT_LE(confidence(7, {signal("tag:owner", alice, -3)}), 0.99) << "whatever a source claims";
    EXPECT_GE(confidence(-7, {signal("tag:owner", bob, 9)}), 0.0);
}

TEST(DecideOwner, TakesTwoPeopleInOneFieldAsOwnersTogether) {
    Finding finding;
    finding.resource.tags = {{"owner", "alice@acme.example; bob@acme.example"}};
    const auto owner = decide_owner(owner_signals_of(finding), {});
    EXPECT_EQ(owner.email, "alice@acme.example");
    EXPECT_EQ(owner.signals.size(), 2U);
    EXPECT_FALSE(owner.disputed);
    EXPECT_DOUBLE_EQ(owner.confidence, 0.7);
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
        {"owner", "Ngo, Alice", "tag:owner", "Ngo, Alice", ""},
        {"owner", "Alice Ngo <alice@acme.example>", "tag:owner", "", "alice@acme.example"},
        {"owner", "mailto:alice@acme.example", "tag:owner", "", "alice@acme.example"},
        {"aws:createdBy", "alice", "tag:creator", "alice", ""},
        {"aws:createdBy", "arn:aws:sts::1:assumed-role/AWSReservedSSO_Admin_0/alice@acme.example", "tag:creator", "",
         "alice@acme.example"},
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
