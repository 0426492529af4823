#include "dossier/pipeline/simulation.hpp"

#include "support/house.hpp"

#include "dossier/pipeline/mode.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <set>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;
using test::House;
using test::value_of;

/// A house whose decisions are taken again. Its sources of context are remembered as remote ones.
class SimulatedHouse : public House {
public:
    SimulatedHouse() {
        approval = "before_create";
        config.mode = Mode::automate;
        config.automate = {.max_severity = Severity::high, .min_confidence = 0.5, .max_actions_per_hour = 2};
        config.routes = {{.name = "quiet", .when = {.severity = {"low"}}, .action = "digest"},
                         {.name = "alone", .when = {.severity = {"medium"}}, .approval = "none"},
                         {.name = "rest"}};
    }

    /// A finding of a bucket of its own, taken as far as it goes. @return its dossier
    auto finding(int number, const std::string& severity, const std::string& title = "S3 bucket is public")
        -> std::string {
        bucket = "bucket-" + std::to_string(number);
        const auto id = deliver(number, "open", title, severity).dossier_id;
        settle();
        return id;
    }
    void settle() {
        while (!work().empty()) {
        }
        clock.step(1s);
    }
    void decided(const std::string& dossier_id, DraftState decision) {
        test::run_task(decide(draft(dossier_id).id, decision));
        settle();
    }

    auto tried() const -> TriedConfig {
        TriedConfig tried;
        tried.pipeline = config;
        tried.tickets.approval = approval;
        tried.tickets.group = group;
        tried.tickets.sinks.push_back({.name = "jira", .kind = "jira"});
        tried.context.identity.push_back({.kind = "okta", .name = "file"});
        tried.context.cmdb.push_back({.kind = "servicenow", .name = "file"});
        return tried;
    }

    auto simulated(TriedConfig tried, Duration ago = 24h) -> Simulation {
        const test::TempDirectory place;
        const auto scratch = *store::open_store({.url = "sqlite:" + place.file("scratch.db")}, audit::seal);
        const auto prompts = std::make_shared<explain::PromptCatalogue>(*explain::PromptCatalogue::load(""));
        return value_of(simulate(std::move(tried),
                                 {.history = store,
                                  .scratch = *scratch,
                                  .assessor = *assessor,
                                  .prompts = prompts,
                                  .redactor = redactor,
                                  .metrics = metrics},
                                 clock.now() - ago, clock.now()));
    }
};

/// The fields that differ, by dossier.
auto fields_of(const Simulation& simulation) -> std::map<std::string, std::vector<std::string>> {
    std::map<std::string, std::vector<std::string>> fields;
    for (const auto& change : simulation.changes) fields[change.dossier_id] = change.fields;
    return fields;
}
using Fields = std::map<std::string, std::vector<std::string>>;
const std::vector<std::string> approval_alone{"approval"};

TEST(Simulation, OfTheSameConfigurationDiffersInNothing) {
    SimulatedHouse house;
    const auto quiet = house.finding(1, "low");
    house.finding(2, "medium");
    const auto high = house.finding(3, "high");
    house.decided(high, DraftState::approved);
    house.decided(house.finding(4, "high"), DraftState::rejected);
    house.decided(house.finding(5, "high"), DraftState::expired);
    // An update, a ticket that says it already, one that is resolved, one that came back.
    house.bucket = "bucket-3";
    house.deliver(3, "open", "It is worse", "critical");
    house.settle();
    house.bucket = "bucket-1";
    house.deliver(1, "resolved", "S3 bucket is public", "low");
    house.settle();
    house.deliver(1, "open", "S3 bucket is public", "low");
    house.settle();
    const auto simulation = house.simulated(house.tried());
    EXPECT_EQ(fields_of(simulation), Fields{});
    EXPECT_EQ(simulation.compared, 5U);
    EXPECT_EQ(simulation.was.digests, 1U);
    EXPECT_EQ(simulation.was.by_service, 1U);
    EXPECT_EQ(simulation.was.tickets, simulation.would.tickets);
    EXPECT_EQ(simulation.was.owners, (std::map<std::string, std::size_t>{{"alice@acme.example", 5}}));
    EXPECT_FALSE(quiet.empty());
}

TEST(Simulation, TellsRouteSinkAndApprovalApart) {
    SimulatedHouse house;
    const auto quiet = house.finding(1, "low");
    const auto alone = house.finding(2, "medium");
    const auto high = house.finding(3, "high");
    struct Row {
        std::string name;
        std::function<void(TriedConfig&)> change;
        Fields fields;
    };
    const Row rows[] = {
        {"a route less",
         [](TriedConfig& one) { one.pipeline.routes.erase(one.pipeline.routes.begin()); },
         {{quiet, {"route", "action", "sink", "approval"}}}},
        {"a route renamed", [](TriedConfig& one) { one.pipeline.routes[2].name = "other"; }, {{high, {"route"}}}},
        {"another sink", [](TriedConfig& one) { one.pipeline.routes[2].sink = "snow"; }, {{high, {"sink"}}}},
        {"another moment", [](TriedConfig& one) { one.tickets.approval = "before_assign"; }, {{high, approval_alone}}},
        {"assist", [](TriedConfig& one) { one.pipeline.mode = Mode::assist; }, {{alone, approval_alone}}},
        {"observe",
         [](TriedConfig& one) { one.pipeline.mode = Mode::observe; },
         {{alone, {"action", "sink", "approval"}}, {high, {"action", "sink", "approval"}}}},
        {"less severe",
         [](TriedConfig& one) { one.pipeline.automate.max_severity = Severity::low; },
         {{alone, approval_alone}}},
        {"surer", [](TriedConfig& one) { one.pipeline.automate.min_confidence = 0.99; }, {{alone, approval_alone}}},
        {"more acts alone",
         [](TriedConfig& one) { one.pipeline.routes[2].approval = "none"; },
         {{high, approval_alone}}},
        {"an approval rule",
         [](TriedConfig& one) { one.approval.rules.push_back({.when = {.severity = {"high"}}, .roles = {"legal"}}); },
         {{high, approval_alone}}},
        {"a rule that changes nothing",
         [](TriedConfig& one) { one.approval.rules.push_back({.when = {.route = {"rest"}}, .roles = {"approver"}}); },
         {}},
        {"four eyes", [](TriedConfig& one) { one.approval.four_eyes = true; }, {{high, approval_alone}}},
        {"nobody knows the owner",
         [](TriedConfig& one) { one.context.identity.clear(); },
         {{quiet, {"owner"}}, {alone, {"owner", "approval"}}, {high, {"owner"}}}},
        {"the environment is not known", [](TriedConfig& one) { one.context.cmdb.clear(); }, {{alone, approval_alone}}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto tried = house.tried();
        row.change(tried);
        EXPECT_EQ(fields_of(house.simulated(std::move(tried))), row.fields);
    }
}

TEST(Simulation, CountsTheAutomaticActionsOfEachHourInTheirOrder) {
    SimulatedHouse house;
    const auto first = house.finding(1, "medium");
    const auto second = house.finding(2, "medium");
    const auto third = house.finding(3, "medium"); // the hour is full
    house.clock.step(1h);
    const auto fourth = house.finding(4, "medium");
    EXPECT_EQ(house.draft(third).state, DraftState::pending);
    EXPECT_EQ(house.draft(fourth).state, DraftState::posted);
    EXPECT_EQ(fields_of(house.simulated(house.tried())), Fields{});

    auto more = house.tried();
    more.pipeline.automate.max_actions_per_hour = 3;
    EXPECT_EQ(fields_of(house.simulated(more)), (Fields{{third, approval_alone}}));
    auto fewer = house.tried();
    fewer.pipeline.automate.max_actions_per_hour = 1;
    EXPECT_EQ(fields_of(house.simulated(fewer)), (Fields{{second, approval_alone}}));
    // What was done before the time looked at counts for its hour all the same.
    auto late = house.simulated(house.tried(), 1h + 2s);
    EXPECT_EQ(late.compared, 2U);
    EXPECT_EQ(fields_of(late), Fields{});
    EXPECT_NE(first, second);
}

TEST(Simulation, HeedsTheSwitchOfThatTime) {
    SimulatedHouse house;
    value_of(switch_mode(house.store, Mode::automate, Mode::observe, "eve", "odd", house.clock.now()));
    const auto watched = house.finding(1, "medium");
    value_of(switch_mode(house.store, Mode::automate, Mode::assist, "eve", "better", house.clock.now()));
    const auto asked = house.finding(2, "medium");
    value_of(switch_mode(house.store, Mode::automate, Mode::automate, "eve", "well", house.clock.now()));
    house.finding(3, "medium");
    value_of(switch_mode(house.store, Mode::automate, Mode::observe, "eve", "again", house.clock.now()));
    const auto simulation = house.simulated(house.tried());
    EXPECT_EQ(fields_of(simulation), Fields{});
    EXPECT_EQ(simulation.was.digests, 1U);
    EXPECT_EQ(simulation.was.by_service, 1U);
    EXPECT_NE(watched, asked);
}

TEST(Simulation, GroupsTheLikeWithinTheirWindow) {
    SimulatedHouse house;
    house.rule = "public-bucket";
    house.group = {.by = {"rule", "owner"}, .window = 1h, .min = 3};
    const auto before = house.finding(1, "high");
    house.decided(before, DraftState::approved); // it has a ticket of its own
    std::vector<std::string> members;
    for (int number = 2; number < 5; ++number) members.push_back(house.finding(number, "high"));
    house.settle();
    house.clock.step(2h);
    const auto late = house.finding(9, "high");
    const auto same = house.simulated(house.tried());
    EXPECT_EQ(fields_of(same), Fields{});
    EXPECT_EQ(same.was.grouped, 3U);
    EXPECT_EQ(same.was.tickets, 3U);

    auto larger = house.tried();
    larger.tickets.group.min = 9;
    Fields ungrouped;
    for (const auto& one : members) ungrouped[one] = {"group"};
    EXPECT_EQ(fields_of(house.simulated(larger)), ungrouped);
    auto longer = house.tried();
    longer.tickets.group.window = 5h;
    const auto joined = house.simulated(longer);
    EXPECT_EQ(fields_of(joined), (Fields{{late, {"group"}}}));
    EXPECT_EQ(joined.changes.front().would.group, value_of(house.store.group_of(members[1]))->dossier_id);
    // From the middle of the window on: it was open before, and holds on to its members.
    EXPECT_EQ(fields_of(house.simulated(house.tried(), 2h + 5s)), Fields{});
}

TEST(Simulation, LeavesOutWhatIsNotDecidedYet) {
    SimulatedHouse house;
    house.finding(1, "high");
    house.bucket = "bucket-2";
    house.deliver(2, "open", "Waits for its turn", "high");
    const auto simulation = house.simulated(house.tried());
    EXPECT_EQ(simulation.compared, 1U);
    EXPECT_EQ(simulation.under_way, 1U);
    EXPECT_EQ(house.simulated(house.tried(), 0ms).compared, 0U);
}

TEST(Simulation, ReckonsWhatNarrativesWouldHaveCost) {
    SimulatedHouse house; // its only LLM, "main", refused everything
    const auto quiet = house.finding(1, "low");
    const auto high = house.finding(2, "high");
    struct Row {
        std::string name;
        std::function<void(TriedConfig&)> change;
        std::vector<std::string> told; ///< dossiers whose narrative an LLM would write
    };
    const auto with = [](TriedConfig& one, const std::string& name) {
        one.llm.providers.push_back(
            {.name = name, .kind = "openai", .model = "m", .price = {.input = 10, .output = 30}});
    };
    const Row rows[] = {
        {"none", [](TriedConfig&) {}, {}},
        {"who failed then fails again", [&](TriedConfig& one) { with(one, "main"); }, {}},
        {"another one", [&](TriedConfig& one) { with(one, "new"); }, {quiet, high}},
        {"after one that fails", [&](TriedConfig& one) { with(one, "main"), with(one, "new"); }, {quiet, high}},
        {"a route that asks none",
         [&](TriedConfig& one) {
             with(one, "new");
             one.pipeline.routes[0].narrative.who = NarrativeRule::Who::nobody;
         },
         {high}},
        {"the highest risk of all",
         [&](TriedConfig& one) {
             with(one, "new");
             one.pipeline.routes = {{.name = "quiet",
                                     .when = {.severity = {"low"}},
                                     .action = "digest",
                                     .narrative = {.who = NarrativeRule::Who::nobody}},
                                    {.name = "rest", .narrative = {.who = NarrativeRule::Who::top, .top_percent = 1}}};
         },
         {high}},
        {"no room for the prompt",
         [&](TriedConfig& one) {
             with(one, "new");
             one.llm.budget.usd_per_day = 0.0001;
         },
         {}},
        {"room for one",
         [&](TriedConfig& one) {
             with(one, "new");
             one.llm.budget.usd_per_day = 0.12;
         },
         {quiet}},
        {"room for one of a route",
         [&](TriedConfig& one) {
             with(one, "new");
             one.llm.budget.usd_per_route["quiet"] = 0.0001;
         },
         {high}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto tried = house.tried();
        row.change(tried);
        const auto simulation = house.simulated(std::move(tried));
        std::set<std::string> told;
        for (const auto& change : simulation.changes) {
            if (change.would.narrative == "template") continue;
            told.insert(change.dossier_id);
            EXPECT_EQ(change.would.narrative, "new");
            EXPECT_TRUE(change.would.is_estimate);
            EXPECT_GT(change.would.usd, 0);
        }
        EXPECT_EQ(told, std::set<std::string>(row.told.begin(), row.told.end()));
        EXPECT_EQ(simulation.would.llm_narratives, row.told.size());
    }
}

TEST(Simulation, SaysWhichStoredDocumentCanNotBeRead) {
    SimulatedHouse house;
    house.finding(1, "high");
    auto tried = house.tried();
    tried.context.identity = {{.kind = "file", .name = "people", .path = "/nowhere/people.yaml"}};
    const test::TempDirectory place;
    const auto scratch = *store::open_store({.url = "sqlite:" + place.file("scratch.db")}, audit::seal);
    const auto prompts = std::make_shared<explain::PromptCatalogue>(*explain::PromptCatalogue::load(""));
    const auto refused = test::run_task(simulate(tried,
                                                 {.history = house.store,
                                                  .scratch = *scratch,
                                                  .assessor = *house.assessor,
                                                  .prompts = prompts,
                                                  .redactor = house.redactor,
                                                  .metrics = house.metrics},
                                                 house.clock.now() - 1h, house.clock.now()));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unavailable);
}

} // namespace
} // namespace dossier::pipeline
