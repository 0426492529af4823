#include "dossier/pipeline/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace dossier::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// Facts that every guardrail lets pass.
auto harmless() -> RoutingFacts {
    RoutingFacts facts;
    facts.worst.severity = Severity::low;
    facts.worst.exposure = Exposure::internal;
    facts.worst.finding_type = FindingType::misconfiguration;
    facts.worst.source = "wiz";
    facts.worst.resource.account = "123456789012";
    facts.worst.data.classes = {"pci", "pii"};
    facts.environment = Environment::dev;
    facts.owner_confidence = 0.9;
    facts.grounding_score = 0.9;
    return facts;
}

auto unattended(Mode mode) -> PipelineConfig {
    PipelineConfig config;
    config.mode = mode;
    config.routes = {{.name = "all", .when = {}, .action = "ticket", .sink = "jira", .approval = "none"}};
    return config;
}

TEST(Router, KnowsTheRouteBeforeAnythingIsWritten) {
    auto facts = harmless();
    PipelineConfig config;
    ASSERT_NE(match_route(config, facts.worst, facts.environment), nullptr);
    EXPECT_EQ(match_route(config, facts.worst, facts.environment)->name, "default");
    config.routes = {{.name = "high", .when = {.severity = {"high"}}},
                     {.name = "dev", .when = {.environment = {"dev"}}}};
    EXPECT_EQ(match_route(config, facts.worst, Environment::dev), &config.routes[1]);
    EXPECT_EQ(match_route(config, facts.worst, Environment::prod), nullptr);
    facts.worst.severity = Severity::high;
    EXPECT_EQ(match_route(config, facts.worst, Environment::dev), &config.routes[0]) << "the first that matches";
    EXPECT_EQ(decide_route(config, facts, "before_assign", "jira").route, "high") << "what it does follows the match";
}

TEST(Router, APersonIsLeftOutOnlyWhereEveryGuardrailAgrees) {
    struct Row {
        const char* name;
        Mode mode;
        std::function<void(RoutingFacts&)> change;
        const char* approval;
        const char* reason; // "" = none
    };
    const Row rows[] = {
        {"all is well", Mode::automate, [](auto&) {}, "none", ""},
        {"assist", Mode::assist, [](auto&) {}, "before_create", "mode is not automate"},
        {"prod", Mode::automate, [](auto& f) { f.environment = Environment::prod; }, "before_create", "prod"},
        {"unknown counts as prod", Mode::automate, [](auto& f) { f.environment = Environment::unknown; },
         "before_create", "environment is unknown"},
        {"staging", Mode::automate, [](auto& f) { f.environment = Environment::staging; }, "none", ""},
        {"medium is the limit", Mode::automate, [](auto& f) { f.worst.severity = Severity::medium; }, "none", ""},
        {"high", Mode::automate, [](auto& f) { f.worst.severity = Severity::high; }, "before_create", "severity high"},
        {"critical", Mode::automate, [](auto& f) { f.worst.severity = Severity::critical; }, "before_create",
         "severity critical"},
        {"unsure of the owner", Mode::automate, [](auto& f) { f.owner_confidence = 0.79; }, "before_create",
         "confidence 0.79"},
        {"badly grounded", Mode::automate, [](auto& f) { f.grounding_score = 0.5; }, "before_create", "confidence"},
        {"just sure enough", Mode::automate, [](auto& f) { f.owner_confidence = 0.8; }, "none", ""},
        {"49 this hour", Mode::automate, [](auto& f) { f.automatic_actions_last_hour = 49; }, "none", ""},
        {"50 this hour", Mode::automate, [](auto& f) { f.automatic_actions_last_hour = 50; }, "before_create",
         "50 automatic actions"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto facts = harmless();
        row.change(facts);
        const auto decision = decide_route(unattended(row.mode), facts, "before_create", "outbox");
        EXPECT_EQ(decision.action, "ticket");
        EXPECT_EQ(decision.sink, "jira");
        EXPECT_EQ(decision.approval, row.approval);
        if (*row.reason == '\0')
            EXPECT_THAT(decision.reasons, IsEmpty());
        else
            EXPECT_THAT(decision.reasons, ElementsAre(HasSubstr(row.reason)));
    }
}

TEST(Router, EveryGuardrailThatHeldIsNamed) {
    auto facts = harmless();
    facts.environment = Environment::prod;
    facts.worst.severity = Severity::critical;
    facts.owner_confidence = 0;
    facts.automatic_actions_last_hour = 1'000;
    EXPECT_THAT(decide_route(unattended(Mode::assist), facts, "before_assign", "outbox").reasons, SizeIs(5));
}

TEST(Router, ARouteMayAskForMoreConfidenceButNotForLess) {
    struct Row {
        double asked;
        double given;
        const char* approval;
    };
    for (const auto& row : {Row{0.95, 0.9, "before_create"}, Row{0.95, 0.96, "none"}, Row{0.1, 0.5, "before_create"}}) {
        SCOPED_TRACE(row.asked);
        auto config = unattended(Mode::automate);
        config.routes.front().min_confidence = row.asked;
        auto facts = harmless();
        facts.owner_confidence = facts.grounding_score = row.given;
        EXPECT_EQ(decide_route(config, facts, "before_create", "outbox").approval, row.approval);
    }
}

TEST(Router, EachConditionMustHold) {
    struct Row {
        const char* name;
        RouteConfig::When when;
        bool matches;
    };
    const Row rows[] = {
        {"nothing asked", {}, true},
        {"severity", {.severity = {"low", "high"}}, true},
        {"other severity", {.severity = {"high"}}, false},
        {"exposure", {.exposure = {"internal"}}, true},
        {"other exposure", {.exposure = {"public"}}, false},
        {"type", {.finding_type = {"misconfiguration"}}, true},
        {"other type", {.finding_type = {"threat"}}, false},
        {"source", {.source = {"wiz"}}, true},
        {"other source", {.source = {"orca"}}, false},
        {"environment", {.environment = {"dev"}}, true},
        {"other environment", {.environment = {"prod"}}, false},
        {"any data class", {.data = {"phi", "pci"}}, true},
        {"other data class", {.data = {"phi"}}, false},
        {"account glob", {.account = {"999*", "1234*"}}, true},
        {"other account", {.account = {"999*"}}, false},
        {"one of two fails", {.severity = {"low"}, .source = {"orca"}}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        PipelineConfig config;
        config.routes = {{.name = "one", .when = row.when, .action = "ticket", .sink = "snow"}};
        const auto decision = decide_route(config, harmless(), "before_assign", "outbox");
        EXPECT_EQ(decision.route, row.matches ? "one" : "none");
        EXPECT_EQ(decision.action, row.matches ? "ticket" : "digest");
        EXPECT_EQ(decision.sink, row.matches ? "snow" : "");
    }
}

TEST(Router, TheFirstMatchWinsAndDefaultsFillWhatItLeavesOpen) {
    PipelineConfig config;
    config.routes = {{.name = "prod", .when = {.environment = {"prod"}}, .action = "ticket", .sink = "pager"},
                     {.name = "digest", .when = {.source = {"orca"}}, .action = "digest"},
                     {.name = "rest", .when = {}, .action = "ticket"},
                     {.name = "never", .when = {}, .action = "digest"}};
    const auto decision = decide_route(config, harmless(), "before_assign", "outbox");
    EXPECT_EQ(decision.route, "rest");
    EXPECT_EQ(decision.sink, "outbox");
    EXPECT_EQ(decision.approval, "before_assign");
    const auto without = decide_route(PipelineConfig{}, harmless(), "before_create", "jira");
    EXPECT_EQ(without.route, "default");
    EXPECT_EQ(without.action, "ticket");
    EXPECT_EQ(without.sink, "jira");
    EXPECT_EQ(without.approval, "before_create");
}

TEST(Router, InObserveModeNothingBecomesATicket) {
    for (const char* action : {"ticket", "digest"}) {
        SCOPED_TRACE(action);
        auto config = unattended(Mode::observe);
        config.routes.front().action = action;
        const auto decision = decide_route(config, harmless(), "before_create", "outbox");
        EXPECT_EQ(decision.action, "digest");
        EXPECT_EQ(decision.sink, "");
    }
    PipelineConfig config;
    config.mode = Mode::observe;
    EXPECT_EQ(decide_route(config, harmless(), "before_create", "outbox").action, "digest");
}

} // namespace
} // namespace dossier::pipeline
