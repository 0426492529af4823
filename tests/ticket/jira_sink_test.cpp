#include "contract.hpp"
#include "dossier/base/strings.hpp"
#include "sink_fixture.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <set>

namespace dossier::ticket {
namespace {

using test::full_draft;
using test::judge;
using test::LocalServer;
using test::Reply;
using test::Seen;

const std::string key = "dossier-0123456789abcdef0123456789abcdef";

auto config() -> SinkConfig {
    SinkConfig config;
    config.name = "jira";
    config.kind = "jira";
    config.user = "bot@acme.example";
    config.token = Secret("s3cret");
    config.project = "SEC";
    config.fields = R"({"priority":{"name":"High"},"assignee":{"id":"x"},"labels":["team a"],"summary":"no"})";
    return config;
}

/// Jira as far as the sink uses it: issues with labels, a search that lags, comments with properties, workflows.
struct FakeJira {
    struct Issue {
        Json fields;
        std::vector<Json> comments;
        std::string status = "new";
        std::string assignee;
    };
    std::map<std::string, Issue> issues;
    bool drops_create_answer = false;
    bool drops_labels = false;
    bool refuses_label_edit = false;
    int search_misses = 0; ///< so many searches see nothing yet
    std::size_t page = 2;
    std::deque<Reply> first; ///< answers before any work

    auto edit_labels(Issue& issue, const Json& changes) -> Reply {
        if (refuses_label_edit) {
            return {
                400, {{"errorMessages", Json::array()}, {"errors", {{"labels", "Field 'labels' cannot be set."}}}}, {}};
        }
        auto& labels = issue.fields["labels"];
        for (const auto& change : changes) {
            if (change.contains("add")) labels.push_back(change["add"]);
            if (!change.contains("remove")) continue;
            Json kept = Json::array();
            for (const auto& one : labels) {
                if (one != change["remove"]) kept.push_back(one);
            }
            labels = kept;
        }
        return {204, {}, {}};
    }
    auto search(const Seen& seen) -> Reply {
        if (search_misses > 0) {
            --search_misses;
            return {200, {{"issues", Json::array()}, {"isLast", true}}, {}};
        }
        // A label search is no exact match in real life either: answer all, in odd order.
        Json all = Json::array();
        for (auto at = issues.rbegin(); at != issues.rend(); ++at) {
            all.push_back({{"key", at->first},
                           {"id", "100" + at->first.substr(4)},
                           {"fields", {{"labels", at->second.fields["labels"]}}}});
        }
        const auto start = std::stoul(seen.body.value("nextPageToken", std::string("0")));
        Json issues_of_page = Json::array();
        for (auto at = start; at < std::min(all.size(), start + page); ++at) issues_of_page.push_back(all[at]);
        Json body{{"issues", issues_of_page}};
        if (start + page < all.size()) body["nextPageToken"] = std::to_string(start + page);
        return {200, body, {}};
    }
    auto handle(const Seen& seen) -> std::optional<Reply> {
        if (seen.headers.get("Authorization") != "Basic Ym90QGFjbWUuZXhhbXBsZTpzM2NyZXQ=") {
            return Reply{401, {{"errorMessages", {"no"}}}, {}};
        }
        const std::string root = "/rest/api/3/";
        const auto path = seen.path.substr(root.size());
        if (path.starts_with("issue/createmeta/")) return Reply{404, {}, {}};
        if (!first.empty()) {
            auto reply = first.front();
            first.pop_front();
            return reply;
        }
        if (path == "issue") {
            const auto name = "SEC-" + std::to_string(issues.size() + 1);
            auto& issue = issues[name];
            issue.fields = seen.body["fields"];
            if (drops_labels) issue.fields["labels"] = Json::array();
            if (drops_create_answer) return std::nullopt;
            return Reply{201, {{"key", name}, {"id", "100" + name.substr(4)}, {"self", "x"}}, {}};
        }
        if (path == "search/jql") return search(seen);
        if (path == "issueLink") return Reply{201, {}, {}};
        if (path == "user/search") {
            return Reply{
                200,
                Json::array({Json{{"accountId", "prefix"}, {"emailAddress", "alice@acme.example.org"}},
                             Json{{"accountId", "hidden"}},
                             Json{{"accountId", "old"}, {"emailAddress", "alice@acme.example"}, {"active", false}},
                             Json{{"accountId", "acc-1"}, {"emailAddress", "Alice@acme.example"}}}),
                {}};
        }
        const auto rest = path.substr(6);
        const auto name = rest.substr(0, rest.find('/'));
        const auto what = rest.substr(std::min(rest.size(), name.size() + 1));
        auto& issue = issues.at(name);
        if (what.empty() && seen.method == "GET") {
            return Reply{
                200,
                {{"key", name},
                 {"fields",
                  {{"labels", issue.fields["labels"]}, {"status", {{"statusCategory", {{"key", issue.status}}}}}}}},
                {}};
        }
        if (what.empty()) {
            if (seen.body.contains("update")) return edit_labels(issue, seen.body["update"]["labels"]);
            issue.fields.update(seen.body["fields"]);
            return Reply{204, {}, {}};
        }
        if (what == "comment" && seen.method == "GET") {
            const auto start = std::stoul(seen.query("startAt"));
            Json comments = Json::array();
            for (auto at = start; at < std::min(issue.comments.size(), start + page); ++at) {
                comments.push_back(issue.comments[at]);
            }
            return Reply{200, {{"comments", comments}, {"total", issue.comments.size()}}, {}};
        }
        if (what == "comment") {
            issue.comments.push_back(seen.body);
            return Reply{201, {{"id", "1"}}, {}};
        }
        if (what == "assignee") {
            issue.assignee = seen.body["accountId"];
            return Reply{204, {}, {}};
        }
        if (what == "transitions" && seen.method == "GET") {
            return Reply{
                200,
                {{"transitions", Json::array({Json{{"id", "11"}, {"to", {{"statusCategory", {{"key", "new"}}}}}},
                                              Json{{"id", "31"}, {"to", {{"statusCategory", {{"key", "done"}}}}}}})}},
                {}};
        }
        issue.status = seen.body["transition"]["id"] == "31" ? "done" : "new";
        return Reply{204, {}, {}};
    }
};

struct JiraWorld {
    FakeJira jira;
    test::SinkFixture fixture{config(), [this](const Seen& seen) { return jira.handle(seen); }};
    Deadline deadline = deadline_in(std::chrono::seconds{20});

    auto create() -> Result<TicketRef> {
        const auto draft = full_draft();
        return fixture.run(fixture.sink->create(draft, key, deadline));
    }
    auto find() -> Result<std::vector<TicketRef>> { return fixture.run(fixture.sink->find(key, deadline)); }
};

TEST(JiraSink, CreatesAnUnassignedIssueThatCarriesItsKey) {
    JiraWorld world;
    const auto made = world.create();
    ASSERT_TRUE(made) << made.error().describe();
    EXPECT_EQ(made->key, "SEC-1");
    EXPECT_EQ(made->id, "1001");
    EXPECT_EQ(made->url, world.fixture.server.url() + "/browse/SEC-1");
    const auto body = world.fixture.server.bodies("POST", "/issue").at(0);
    const auto& fields = body["fields"];
    EXPECT_EQ(fields["labels"], Json({key, "dossier", "dossier-draft", "team-a", "data-exposure", "pii"}));
    EXPECT_EQ(fields["priority"]["name"], "High");
    EXPECT_FALSE(fields.contains("assignee"));
    EXPECT_LE(code_points(fields["summary"].get<std::string>()), 255U);
    EXPECT_TRUE(fields["summary"].get<std::string>().starts_with("[critical] Public S3 bucket acme-payments"));
    EXPECT_EQ(body["properties"][0]["value"]["dossier_id"], "dos_1");
    EXPECT_LE(dump_json(fields["description"]).size(), 32'000U);
}

TEST(JiraSink, FindsWhatItMadeWhenTheAnswerWasLost) {
    JiraWorld world;
    world.jira.drops_create_answer = true;
    world.jira.search_misses = 1;
    EXPECT_EQ(world.create().error().code, Errc::outcome_unknown);
    EXPECT_TRUE(world.find().value().empty()) << "the index lags";
    EXPECT_EQ(world.find().value().at(0).key, "SEC-1");
    EXPECT_EQ(world.fixture.server.bodies("POST", "/issue").size(), 1U) << "a create is never sent twice";
}

TEST(JiraSink, ComparesTheLabelsOfEveryIssueFoundAndTurnsAllPages) {
    JiraWorld world;
    const Json with_key = Json::array({key});
    world.jira.issues = {{"SEC-1", {{{"labels", Json::array({"other"})}}, {}, "new", ""}},
                         {"SEC-2", {{{"labels", with_key}}, {}, "new", ""}},
                         {"SEC-3", {{{"labels", Json::array()}}, {}, "new", ""}},
                         {"SEC-4", {{{"labels", with_key}}, {}, "new", ""}},
                         {"SEC-5", {{{"labels", Json::array({key + "x"})}}, {}, "new", ""}}};
    const auto found = world.find().value();
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].key, "SEC-2") << "oldest first";
    EXPECT_EQ(found[1].key, "SEC-4");
    for (const auto* bad : {"", "a b", "x\" OR project = SEC"}) {
        const std::string wrong = bad;
        EXPECT_EQ(world.fixture.run(world.fixture.sink->find(wrong, world.deadline)).error().code,
                  Errc::invalid_argument);
    }
}

TEST(JiraSink, PutsTheLabelBackWhenTheCreateScreenDroppedIt) {
    JiraWorld world;
    world.jira.drops_labels = true;
    ASSERT_TRUE(world.create());
    EXPECT_EQ(world.find().value().size(), 1U);

    JiraWorld stubborn;
    stubborn.jira.drops_labels = true;
    stubborn.jira.refuses_label_edit = true;
    EXPECT_TRUE(stubborn.create()) << "it exists: an error would make another";
    EXPECT_NE(stubborn.fixture.metrics.render().find("key_not_stored"), std::string::npos);
}

struct RefusalCase {
    const char* name;
    Reply reply;
    Errc code;
    const char* words;
};
TEST(JiraSink, HandsOnTheWordsOfARefusal) {
    const RefusalCase cases[] = {
        {"both texts",
         {400, {{"errorMessages", {"Field 'priority' is required"}}, {"errors", {{"summary", "Too long."}}}}, {}},
         Errc::rejected,
         "Field 'priority' is required; summary: Too long."},
        {"errors only", {400, {{"errors", {{"comment", "not valid!"}}}}, {}}, Errc::rejected, "comment: not valid!"},
        {"no JSON members", {400, Json::array(), {}}, Errc::rejected, "400"},
        {"no credentials", {401, {}, {}}, Errc::unauthenticated, "401"},
        {"no rights", {403, {{"errorMessages", {"no"}}}, {}}, Errc::forbidden, "no"},
        {"gone", {410, {}, {}}, Errc::rejected, "410"},
        {"limited for longer than we have", {429, {}, {{"Retry-After", "3600"}}}, Errc::rate_limited, ""},
        {"server error", {500, {}, {}}, Errc::outcome_unknown, ""},
        {"an answer that names nothing", {201, Json::object(), {}}, Errc::outcome_unknown, ""},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        JiraWorld world;
        world.jira.first = {one.reply};
        const auto made = world.create();
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, one.code) << made.error().describe();
        EXPECT_NE(made.error().describe().find(one.words), std::string::npos) << made.error().describe();
        EXPECT_EQ(made.error().describe().find("s3cret"), std::string::npos);
    }
}

TEST(JiraSink, UnderstandsTheRefusalsThatPeopleHaveSeen) {
    const auto samples = test::shared_contract("jira-error-samples.json");
    if (!samples) GTEST_SKIP() << "the folder of shared contracts is not there";
    int understood = 0;
    for (const auto& sample : samples->at("errors")) {
        SCOPED_TRACE(sample.dump());
        JiraWorld world;
        const auto status = sample["status"].get<int>();
        world.jira.first = {Reply{status, sample["body"], {}}};
        const auto made = world.create();
        ASSERT_FALSE(made);
        EXPECT_EQ(made.error().code, net::errc_of_status(status, net::Repeat::unsafe));
        std::vector<std::string> words;
        const auto& body = sample["body"];
        if (!body.is_object()) continue;
        if (body.contains("errorMessages"))
            for (const auto& one : body["errorMessages"]) words.push_back(one.get<std::string>());
        if (body.contains("errors") && body["errors"].is_object())
            for (const auto& [field, one] : body["errors"].items()) words.push_back(field);
        for (const auto& one : words) EXPECT_NE(made.error().message.find(one.substr(0, 60)), std::string::npos) << one;
        understood += words.empty() ? 0 : 1;
    }
    EXPECT_GE(understood, 12);
}

TEST(JiraSink, WaitsAsLongAsItIsAskedTo) {
    JiraWorld world;
    world.jira.first = {Reply{429, {}, {{"Retry-After", "0"}}}};
    EXPECT_TRUE(world.create());
    EXPECT_EQ(world.jira.issues.size(), 1U);
}

TEST(JiraSink, ApprovesOnce) {
    JiraWorld world;
    const auto ticket = world.create().value();
    auto& sink = *world.fixture.sink;
    auto draft = full_draft();
    draft.title = "approved";
    ASSERT_TRUE(world.fixture.run(sink.update(ticket, draft, world.deadline)));
    const std::string note = "Approved by **bob**";
    const std::string event = "drf_1";
    const std::string other = "drf_1:assignee";
    for (int time = 0; time < 3; ++time) {
        ASSERT_TRUE(world.fixture.run(sink.comment(ticket, note, other, Audience::staff, world.deadline)));
        ASSERT_TRUE(world.fixture.run(sink.comment(ticket, note, event, Audience::staff, world.deadline)));
    }
    auto& issue = world.jira.issues.at("SEC-1");
    EXPECT_EQ(issue.comments.size(), 2U);
    for (auto& comment : issue.comments) comment.erase("properties"); // a Jira that doesn't show them
    ASSERT_TRUE(world.fixture.run(sink.comment(ticket, note, event, Audience::staff, world.deadline)));
    EXPECT_EQ(issue.comments.size(), 2U);

    const std::string email = "alice@acme.example";
    ASSERT_TRUE(world.fixture.run(sink.assign(ticket, email, world.deadline)));
    EXPECT_EQ(issue.assignee, "acc-1");
    EXPECT_EQ(issue.fields["summary"], "approved");
    EXPECT_FALSE(issue.fields["labels"].dump().contains("dossier-draft"));
    for (const std::string nobody : {"alice@acme", "carol@acme.example", "", "bob", "x y@acme.example"}) {
        EXPECT_EQ(world.fixture.run(sink.assign(ticket, nobody, world.deadline)).error().code, Errc::not_found);
    }
}

TEST(JiraSink, ALookThatIsAnsweredWithNothingIsNoLook) {
    JiraWorld world;
    const auto ticket = world.create().value();
    auto& sink = *world.fixture.sink;
    const std::string note = "once";
    const std::string event = "drf_1";
    const Attachment file{.name = "a.json", .content_type = "application/json", .bytes = "{}"};
    const Reply nothing{200, {}, {}}; // what is left of an answer that ended with its head
    const std::function<Errc()> looks[] = {
        [&] {
            return world.fixture.run(sink.comment(ticket, note, event, Audience::staff, world.deadline)).error().code;
        },
        [&] { return world.fixture.run(sink.attach(ticket, file, true, world.deadline)).error().code; },
        [&] { return world.fixture.run(sink.link(ticket, ticket, LinkKind::relates, world.deadline)).error().code; },
        [&] { return world.fixture.run(sink.transition(ticket, {}, world.deadline)).error().code; },
        [&] { return world.find().error().code; },
    };
    const auto written = world.fixture.server.seen().size();
    for (const auto& look : looks) {
        world.jira.first = {nothing};
        EXPECT_EQ(look(), Errc::unavailable);
    }
    EXPECT_EQ(world.fixture.server.seen().size(), written + std::size(looks)) << "nothing was added blindly";
}

TEST(JiraSink, LinksAndClosesADouble) {
    JiraWorld world;
    const auto original = world.create().value();
    const auto twin = world.create().value();
    for (int time = 0; time < 2; ++time) {
        ASSERT_TRUE(world.fixture.run(world.fixture.sink->close_duplicate(twin, original, world.deadline)));
    }
    EXPECT_EQ(world.jira.issues.at("SEC-2").status, "done");
    EXPECT_EQ(world.jira.issues.at("SEC-2").comments.size(), 1U);
    EXPECT_EQ(world.jira.issues.at("SEC-1").status, "new");
    EXPECT_EQ(world.fixture.server.bodies("POST", "/transitions").size(), 1U);
}

TEST(JiraSink, SendsWhatTheStrictContractAllows) {
    if (!test::has_judge()) GTEST_SKIP() << "no contract or no python3-jsonschema here";
    JiraWorld world;
    const auto ticket = world.create().value();
    auto& sink = *world.fixture.sink;
    const auto draft = full_draft();
    const std::string note = "note";
    const std::string event = "drf_1";
    const std::string email = "alice@acme.example";
    ASSERT_TRUE(world.find());
    ASSERT_TRUE(world.fixture.run(sink.update(ticket, draft, world.deadline)));
    ASSERT_TRUE(world.fixture.run(sink.comment(ticket, note, event, Audience::staff, world.deadline)));
    ASSERT_TRUE(world.fixture.run(sink.assign(ticket, email, world.deadline)));
    ASSERT_TRUE(world.fixture.run(sink.close_duplicate(ticket, ticket, world.deadline)));
    const auto& server = world.fixture.server;
    const struct {
        const char* component;
        std::vector<Json> documents;
        Json bad;
    } rows[] = {
        {"strict_IssueCreate",
         server.bodies("POST", "/issue"),
         {{"fields", {{"summary", "x"}, {"issueType", "Task"}}}}},
        {"strict_IssueEdit", server.bodies("PUT", "/SEC-1"), {{"fields", {{"description", "plain"}}}}},
        {"strict_Comment", server.bodies("POST", "/comment"), {{"body", "plain"}}},
        {"strict_Transition", server.bodies("POST", "/transitions"), {{"transition", {{"id", 31}}}}},
        {"SearchAndReconcileRequestBean", server.bodies("POST", "/search/jql"), {{"jql", "x"}, {"startAt", 0}}},
        {"LinkIssueRequestJsonBean", server.bodies("POST", "/issueLink"), {{"type", {{"name", "Duplicate"}}}}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.component);
        ASSERT_FALSE(row.documents.empty());
        auto documents = row.documents;
        documents.push_back(row.bad);
        const auto verdicts = judge("jira-cloud-v3.strict.openapi.json", row.component, documents);
        EXPECT_NE(verdicts.back(), "") << "the judge takes anything";
        for (std::size_t at = 0; at + 1 < verdicts.size(); ++at) EXPECT_EQ(verdicts[at], "");
    }
}

} // namespace
} // namespace dossier::ticket
