// Tickets that live on after they were made: read, moved, reopened and linked, in Jira and in ServiceNow.
#include "sink_fixture.hpp"

#include <gtest/gtest.h>

#include <map>

namespace dossier::ticket {
namespace {

using test::Reply;
using test::Seen;
using test::SinkFixture;

constexpr std::string_view record_id = "0123456789abcdef0123456789abcdef";
constexpr std::string_view other_id = "fedcba9876543210fedcba9876543210";

/// One issue with a workflow of its own.
struct WorkflowJira {
    std::string status = "To Do";
    std::map<std::string, std::string> categories{{"To Do", "new"}, {"In Progress", "indeterminate"}, {"Done", "done"}};
    Json transitions = Json::array();
    Json links = Json::array();
    Json assignee;
    int refuse_moves_with = 0;
    bool loses_move = false;

    void offer(std::string id, std::string to, Json fields = Json::object()) {
        transitions.push_back({{"id", id},
                               {"name", "to " + to},
                               {"to", {{"name", to}, {"statusCategory", {{"key", categories[to]}}}}},
                               {"fields", std::move(fields)}});
    }
    auto handle(const Seen& seen) -> std::optional<Reply> {
        if (seen.path.ends_with("/issueLink")) {
            links.push_back({{"type", seen.body["type"]}, {"outwardIssue", seen.body["outwardIssue"]}});
            return Reply{201, {}, {}};
        }
        if (seen.path.ends_with("/transitions") && seen.method == "GET")
            return Reply{200, {{"transitions", transitions}}, {}};
        if (seen.path.ends_with("/transitions")) {
            if (refuse_moves_with != 0)
                return Reply{refuse_moves_with, {{"errors", {{"resolution", "Resolution is required."}}}}, {}};
            for (const auto& one : transitions)
                if (one["id"] == seen.body["transition"]["id"]) status = one["to"]["name"];
            transitions = Json::array();
            if (loses_move) return std::nullopt;
            return Reply{204, {}, {}};
        }
        if (status.empty()) return Reply{404, {{"errorMessages", {"Issue does not exist"}}}, {}};
        return Reply{200,
                     {{"key", "SEC-1"},
                      {"fields",
                       {{"status", {{"name", status}, {"statusCategory", {{"key", categories[status]}}}}},
                        {"assignee", assignee},
                        {"resolution", nullptr},
                        {"issuelinks", links},
                        {"updated", "2026-11-25T10:00:00.000+0000"}}}},
                     {}};
    }
};

auto jira_config() -> SinkConfig {
    SinkConfig config;
    config.name = "jira";
    config.kind = "jira";
    config.user = "bot";
    config.token = Secret("s3cret");
    config.project = "SEC";
    return config;
}

struct JiraLife {
    WorkflowJira jira;
    SinkFixture fixture{jira_config(), [this](const Seen& seen) { return jira.handle(seen); }};
    Deadline deadline = deadline_in(std::chrono::seconds{20});
    TicketRef ticket{.sink = "jira", .key = "SEC-1", .url = "", .id = "10001"};
    TicketRef other{.sink = "jira", .key = "SEC-2", .url = "", .id = "10002"};

    auto go(TicketTarget target) -> Result<void> {
        return fixture.run(fixture.sink->transition(ticket, target, deadline));
    }
    auto moves() -> std::vector<Json> { return fixture.server.bodies("POST", "/transitions"); }
};

TEST(JiraLifecycle, ReadsWhatTheIssueItselfSays) {
    JiraLife life;
    life.jira.status = "In Progress";
    life.jira.assignee = {{"accountId", "acc-1"}, {"emailAddress", "alice@acme.example"}};
    auto state = life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline));
    ASSERT_TRUE(state) << state.error().describe();
    EXPECT_EQ(state->status, "In Progress");
    EXPECT_EQ(state->standing, Standing::open);
    EXPECT_EQ(state->assignee, "alice@acme.example");
    EXPECT_EQ(format_time(state->updated.value()), "2026-11-25T10:00:00.000Z");
    life.jira.assignee = {{"accountId", "acc-1"}};
    life.jira.status = "Done";
    state = life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline));
    EXPECT_EQ(state->assignee, "acc-1") << "the address is hidden";
    EXPECT_EQ(state->standing, Standing::done);
    life.jira.status = "";
    EXPECT_EQ(life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline)).error().code, Errc::not_found);
}

TEST(JiraLifecycle, MovesByCategoryOrByNameAndOnlyOnce) {
    JiraLife life;
    life.jira.offer("21", "In Progress");
    life.jira.offer("31", "Done");
    ASSERT_TRUE(life.go({}));
    ASSERT_TRUE(life.go({})) << "it is there";
    EXPECT_EQ(life.moves(), std::vector<Json>({{{"transition", {{"id", "31"}}}}}));

    JiraLife named;
    named.jira.offer("21", "In Progress");
    named.jira.offer("31", "Done");
    ASSERT_TRUE(named.go({.standing = Standing::open, .status = "in progress"}));
    EXPECT_EQ(named.jira.status, "In Progress");

    JiraLife reopened;
    reopened.jira.status = "Done";
    reopened.jira.offer("41", "To Do");
    ASSERT_TRUE(reopened.fixture.run(reopened.fixture.sink->reopen(reopened.ticket, "again", reopened.deadline)));
    EXPECT_EQ(reopened.jira.status, "To Do");
}

TEST(JiraLifecycle, SaysWhenTheWorkflowHasNoWay) {
    JiraLife life;
    life.jira.offer("21", "In Progress");
    const auto no_way = life.go({});
    ASSERT_FALSE(no_way);
    EXPECT_EQ(no_way.error().code, Errc::conflict);
    EXPECT_NE(no_way.error().message.find("no transition to 'done'"), std::string::npos) << no_way.error().message;

    life.jira.offer("31", "Done");
    life.jira.refuse_moves_with = 400;
    const auto screen = life.go({});
    EXPECT_EQ(screen.error().code, Errc::conflict);
    EXPECT_NE(screen.error().message.find("Resolution is required"), std::string::npos) << screen.error().message;

    life.jira.refuse_moves_with = 409;
    EXPECT_EQ(life.go({}).error().code, Errc::unavailable) << "somebody edits it at the same moment";
}

TEST(JiraLifecycle, FillsInTheResolutionThatAScreenAsksFor) {
    const Json asked{{"resolution",
                      {{"required", true},
                       {"allowedValues", {{{"id", "1"}, {"name", "Won't Do"}}, {{"id", "2"}, {"name", "Done"}}}}}}};
    JiraLife life;
    life.jira.offer("31", "Done", asked);
    ASSERT_TRUE(life.go({}));
    EXPECT_EQ(life.moves().at(0)["fields"], Json({{"resolution", {{"name", "Done"}}}}));
    JiraLife configured;
    configured.jira.offer("31", "Done", asked);
    ASSERT_TRUE(configured.go({.resolution = "Won't Do"}));
    EXPECT_EQ(configured.moves().at(0)["fields"]["resolution"]["name"], "Won't Do");
}

TEST(JiraLifecycle, AMoveWhoseAnswerIsLostIsFoundDone) {
    JiraLife life;
    life.jira.offer("31", "Done");
    life.jira.loses_move = true;
    EXPECT_TRUE(life.go({}) || life.go({}));
    EXPECT_EQ(life.jira.status, "Done");
}

TEST(JiraLifecycle, LinksOnce) {
    JiraLife life;
    for (int time = 0; time < 2; ++time)
        ASSERT_TRUE(
            life.fixture.run(life.fixture.sink->link(life.ticket, life.other, LinkKind::relates, life.deadline)));
    const auto links = life.fixture.server.bodies("POST", "/issueLink");
    ASSERT_EQ(links.size(), 1U);
    EXPECT_EQ(links[0]["type"]["name"], "Relates");
    EXPECT_EQ(links[0]["inwardIssue"]["key"], "SEC-1");
    EXPECT_EQ(links[0]["outwardIssue"]["key"], "SEC-2");
}

/// One record as value and display value, and a process that may refuse.
struct OneRecordNow {
    Json record;
    int refuse_with = 0;
    auto handle(const Seen& seen) -> std::optional<Reply> {
        if (seen.path.ends_with("/sys_journal_field")) return Reply{200, {{"result", Json::array()}}, {}};
        if (!seen.path.ends_with(record_id)) return Reply{404, {{"error", {{"message", "No Record found"}}}}, {}};
        if (seen.method == "PATCH") {
            if (refuse_with != 0) return Reply{refuse_with, {{"error", {{"message", "Operation Failed"}}}}, {}};
            record.update(seen.body);
        }
        Json shown = Json::object();
        for (const auto& [name, value] : record.items())
            shown[name] = {{"value", value}, {"display_value", "the " + value.get<std::string>()}};
        return Reply{200, {{"result", shown}}, {}};
    }
};

struct SnowLife {
    explicit SnowLife(std::string table = "incident", std::string state = "2")
        : fixture(config(std::move(table)), [this](const Seen& seen) { return snow.handle(seen); }) {
        snow.record = {{"sys_id", record_id},
                       {"state", std::move(state)},
                       {"assigned_to", other_id},
                       {"assigned_to.email", "alice@acme.example"},
                       {"sys_updated_on", "2026-11-25 10:00:00"}};
    }
    static auto config(std::string table) -> SinkConfig {
        SinkConfig config;
        config.name = "snow";
        config.kind = "servicenow";
        config.user = "svc";
        config.password = Secret("s3cret");
        config.table = std::move(table);
        return config;
    }
    OneRecordNow snow;
    SinkFixture fixture;
    Deadline deadline = deadline_in(std::chrono::seconds{20});
    TicketRef ticket{.sink = "snow", .key = "INC1", .url = "", .id = std::string(record_id)};
    TicketRef other{.sink = "snow", .key = "INC2", .url = "https://snow.example/2", .id = std::string(other_id)};

    auto go(TicketTarget target) -> Result<void> {
        return fixture.run(fixture.sink->transition(ticket, target, deadline));
    }
    auto patches() -> std::vector<Json> { return fixture.server.bodies("PATCH", std::string(record_id)); }
};

TEST(ServiceNowLifecycle, ReadsValuesAndWhatPeopleSee) {
    SnowLife life;
    auto state = life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline));
    ASSERT_TRUE(state) << state.error().describe();
    EXPECT_EQ(state->status, "the 2");
    EXPECT_EQ(state->standing, Standing::open);
    EXPECT_EQ(state->assignee, "alice@acme.example");
    EXPECT_EQ(format_time(state->updated.value()), "2026-11-25T10:00:00.000Z");
    for (const auto* end : {"6", "7", "8"}) {
        life.snow.record["state"] = end;
        EXPECT_EQ(life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline))->standing, Standing::done);
    }
    life.snow.record["sys_id"] = other_id;
    EXPECT_EQ(life.fixture.run(life.fixture.sink->state(life.ticket, life.deadline)).error().code, Errc::malformed)
        << "another record than asked for";
}

TEST(ServiceNowLifecycle, ResolvesWithTheColumnsThatAPolicyWants) {
    const struct {
        const char* table;
        const char* state;
        Json sent;
    } rows[] = {
        {"incident",
         "2",
         {{"state", "6"}, {"close_code", "Solved (Permanently)"}, {"close_notes", "the finding is resolved"}}},
        {"sn_si_incident",
         "16",
         {{"state", "3"}, {"close_code", "Threat mitigated"}, {"close_notes", "the finding is resolved"}}},
        {"sn_customerservice_case", "1", {{"state", "3"}, {"close_notes", "the finding is resolved"}}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.table);
        SnowLife life(row.table, row.state);
        ASSERT_TRUE(life.go({.note = "the finding is resolved"}));
        ASSERT_TRUE(life.go({.note = "the finding is resolved"})) << "it is there";
        EXPECT_EQ(life.patches(), std::vector<Json>({row.sent}));
    }
}

TEST(ServiceNowLifecycle, SaysWhenTheProcessForbidsIt) {
    SnowLife closed("incident", "7");
    closed.snow.refuse_with = 403;
    EXPECT_EQ(closed.fixture.run(closed.fixture.sink->reopen(closed.ticket, "again", closed.deadline)).error().code,
              Errc::conflict);
    SnowLife resolved("incident", "6");
    ASSERT_TRUE(resolved.fixture.run(resolved.fixture.sink->reopen(resolved.ticket, "again", resolved.deadline)));
    EXPECT_EQ(resolved.patches(), std::vector<Json>({{{"state", "2"}}}));
}

TEST(ServiceNowLifecycle, LinksByTheParentColumnOrByANote) {
    SnowLife life;
    ASSERT_TRUE(life.fixture.run(life.fixture.sink->link(life.ticket, life.other, LinkKind::child_of, life.deadline)));
    ASSERT_TRUE(life.fixture.run(life.fixture.sink->link(life.ticket, life.other, LinkKind::relates, life.deadline)));
    const auto patches = life.patches();
    EXPECT_EQ(patches.at(0), Json({{"parent_incident", other_id}}));
    EXPECT_NE(patches.at(1).value("work_notes", "").find("INC2"), std::string::npos);
}

TEST(ServiceNowLifecycle, CommentsForEverybodyStandInAnotherColumn) {
    SnowLife life;
    const std::string text = "We fixed it";
    const std::string event = "evt-1";
    ASSERT_TRUE(
        life.fixture.run(life.fixture.sink->comment(life.ticket, text, event, Audience::everyone, life.deadline)));
    ASSERT_TRUE(life.fixture.run(life.fixture.sink->comment(life.ticket, text, event, Audience::staff, life.deadline)));
    const auto patches = life.patches();
    EXPECT_TRUE(patches.at(0).contains("comments") && !patches.at(0).contains("work_notes")) << patches.at(0);
    EXPECT_TRUE(patches.at(1).contains("work_notes") && !patches.at(1).contains("comments")) << patches.at(1);
}

} // namespace
} // namespace dossier::ticket
