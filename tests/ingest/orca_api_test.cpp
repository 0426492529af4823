// Orca's API against answers written out: envelopes, paging, comments that may be doubled, tags, wrong and half
// answers.

#include "dossier/base/json.hpp"

#include "fake_platform.hpp"
#include "orca_delivery.hpp"
#include "orca_query.hpp"

#include <fmt/format.h>

#include <gmock/gmock.h>

namespace dossier::ingest::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

auto value(Json inner) -> Json { return {{"value", std::move(inner)}}; }

auto served_alert(const std::string& id, const std::string& updated, const std::string& status = "open") -> Json {
    return {{"type", "Alert"},
            {"name", id},
            {"data",
             {{"Name", value(id)},
              {"AlertId", value(id.substr(5))},
              {"Title", value("Bucket is public")},
              {"RiskLevel", value("high")},
              {"Status", value(status)},
              {"LastUpdated", value(updated)},
              {"AssetData", value({{"asset_name", "payments"}, {"asset_vendor_id", "arn:aws:s3:::payments"}})}}}};
}

auto flat_alert(const std::string& id, const std::string& status = "open") -> Json {
    return {{"type_string", "Bucket is public"},
            {"asset_unique_id", "bucket_1"},
            {"asset_vendor_id", "arn:aws:s3:::payments"},
            {"state", {{"alert_id", id}, {"status", status}, {"last_updated", "2026-01-02T03:04:05+00:00"}}}};
}

auto listed(std::vector<Json> items, Json more = Json::object()) -> Answer {
    more["status"] = "success";
    more["data"] = std::move(items);
    return answer(200, dump_json(more));
}

auto data(const Json& inner) -> Answer { return answer(200, dump_json({{"status", "success"}, {"data", inner}})); }

auto failure(int status, const std::string& words) -> Answer {
    return answer(status, dump_json({{"status", "failure"}, {"error", words}}));
}

class OrcaApiTest : public PlatformApiTest {
protected:
    auto api(const FakePlatform& platform) -> std::shared_ptr<PlatformApi> { return api_of("orca", platform.url()); }
    static auto bucket() -> Finding {
        Finding finding;
        finding.source_id = "orca-1";
        finding.resource = {.id = "arn:aws:s3:::payments", .name = "payments", .type = "AWS S3 Bucket"};
        return finding;
    }
};

TEST_F(OrcaApiTest, FetchesByTokenFromEveryEnvelope) {
    struct Row {
        const char* name;
        Answer answered;
        const char* code;
    };
    const std::vector<Row> rows = {
        {"in data", data(flat_alert("orca-1")), "ok"},
        {"bare", answer(200, dump_json(flat_alert("orca-1"))), "ok"},
        {"in a list", listed({flat_alert("orca-1")}), "ok"},
        {"another one", data(flat_alert("orca-2")), "malformed"},
        {"nothing in it", data(Json::object()), "malformed"},
        {"wrong types", answer(200, R"({"data":{"state":[1],"type_string":{}}})"), "malformed"},
        {"no JSON", answer(200, "<html>"), "malformed"},
        {"unknown", failure(404, "not found"), "not_found"},
        {"unknown, as a 500", failure(500, "alert_id orca-1 does not exist"), "not_found"},
        {"unknown, within a 200", failure(200, "alert does not exist"), "not_found"},
        {"refused within a 200", failure(200, "no such right"), "rejected"},
        {"token", answer(401, R"({"detail":"Invalid token."})"), "unauthenticated"},
        {"right", failure(403, "permission_denied"), "forbidden"},
    };
    for (const auto& row : rows) {
        FakePlatform platform({{"GET /api/alerts/orca-1", {row.answered}}});
        const auto got = wait(api(platform)->fetch("orca-1", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name << ": " << (got ? "" : got.error().message);
        EXPECT_THAT(platform.asked().at(0).head, HasSubstr("Authorization: Token orca-token")) << row.name;
        if (got) EXPECT_EQ(got->source_id, "orca-1") << row.name;
    }
    FakePlatform platform({{"GET /api/alerts/orca-1", {failure(500, "alert_id orca-1 does not exist")}}});
    static_cast<void>(wait(api_of("orca", platform.url() + "/api/")->fetch("orca-1", soon())));
    EXPECT_EQ(platform.asked().size(), 1U) << "what doesn't exist is not asked for again, and `/api` not doubled";
}

TEST_F(OrcaApiTest, PagesByTimeSoThatNoChangeHidesAnother) {
    std::vector<Json> full;
    for (int i = 0; i < 200; ++i)
        full.push_back(
            served_alert(fmt::format("orca-{}", i), fmt::format("2026-01-01T00:{:02}:{:02}Z", i / 60, i % 60)));
    FakePlatform platform(
        {{"POST /api/serving-layer/query",
          {listed(full), listed({served_alert("orca-199", "2026-01-01T00:03:19Z", "closed")}), listed({})}},
         {"GET /api/automations", {failure(403, "permission_denied")}}});
    const auto orca = api(platform);
    const auto since = *parse_time("2025-12-31T00:00:00Z");
    const auto first = wait(orca->changes("", since, soon()));
    ASSERT_EQ(code_of(first), "ok");
    EXPECT_TRUE(first->has_more);
    EXPECT_EQ(first->items.size(), 200U);
    EXPECT_EQ(first->items[0].why_not_delivered, "") << "automations may not be read";
    const auto second = wait(orca->changes(first->next_cursor, since, soon()));
    ASSERT_EQ(code_of(second), "ok");
    EXPECT_FALSE(second->has_more);
    static_cast<void>(wait(orca->changes(second->next_cursor, since, soon())));
    const auto asked = platform.asked("POST /api/serving-layer/query");
    ASSERT_EQ(asked.size(), 3U);
    const auto from = [&](std::size_t i) { return asked[i].at("/query/with/values/0/values/0"); };
    const auto ms = [](const char* text) { return std::to_string(parse_time(text)->time_since_epoch().count()); };
    EXPECT_EQ(asked[0].at("/query/models/0"), "Alert");
    EXPECT_EQ(asked[0].at("/query/with/values/0/key"), "LastUpdated");
    EXPECT_EQ(asked[0].at("/order_by[]/0"), "LastUpdated");
    EXPECT_EQ(from(0), ms("2025-12-31T00:00:00Z"));
    EXPECT_EQ(from(1), ms("2026-01-01T00:03:19Z")) << "from the last one on, by its time";
    EXPECT_EQ(asked[1].at("/start_at_index"), "0");
    EXPECT_EQ(from(2), ms("2025-12-31T23:58:19Z")) << "five minutes behind the newest";
}

TEST_F(OrcaApiTest, PagesByIndexWhereTimesDontHelp) {
    struct Row {
        const char* name;
        const char* times[2];
    };
    for (const auto& row :
         {Row{"one time", {"2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"}},
          Row{"out of order", {"2026-01-03T00:00:00Z", "2026-01-02T00:00:00Z"}}, Row{"no time at all", {"", ""}},
          Row{"of the far future", {"2199-01-01T00:00:00Z", "2199-01-01T00:00:01Z"}}}) {
        std::vector<Json> full;
        for (int i = 0; i < 200; ++i) full.push_back(served_alert(fmt::format("orca-{}", i), row.times[i % 2]));
        FakePlatform platform({{"POST /api/serving-layer/query", {listed(full), listed({})}}});
        const auto orca = api(platform);
        const auto first = wait(orca->changes("", *parse_time("2026-01-01T00:00:00Z"), soon()));
        ASSERT_TRUE(first && first->has_more) << row.name;
        static_cast<void>(wait(orca->changes(first->next_cursor, {}, soon())));
        EXPECT_EQ(platform.asked("POST /api/serving-layer/query").at(1).at("/start_at_index"), "200") << row.name;
        EXPECT_EQ(platform.asked("POST /api/serving-layer/query").at(1).at("/query/with/values/0/values/0"),
                  std::to_string(parse_time("2026-01-01T00:00:00Z")->time_since_epoch().count()))
            << row.name;
    }
}

TEST_F(OrcaApiTest, RefusesCursorsAndPagesThatAreNone) {
    FakePlatform platform(
        {{"POST /api/serving-layer/query",
          {answer(200, R"({"data":{"a":1}})"), failure(200, "bad query"), listed({7, "x", Json::array()})}}});
    const auto orca = api(platform);
    EXPECT_EQ(code_of(wait(orca->changes("", {}, soon()))), "malformed");
    EXPECT_EQ(code_of(wait(orca->changes("", {}, soon()))), "rejected");
    EXPECT_EQ(code_of(wait(orca->changes("", {}, soon()))), "ok") << "what is no alert is for the quarantine";
    for (const auto* cursor : {"x", "{}", R"({"from":-1})"})
        EXPECT_EQ(code_of(wait(orca->changes(cursor, {}, soon()))), "invalid_argument") << cursor;
    EXPECT_EQ(code_of(wait(orca->backlog("7x", soon()))), "invalid_argument");
}

TEST(OrcaDelivery, SaysWhyNoWebhookWasSent) {
    const auto automation = [](int type, const std::string& status, const std::string& key,
                               std::vector<std::string> wanted) {
        return Json{
            {"status", status},
            {"actions", {{{"type", type}}}},
            {"filter", {{"sonar_query", {{"with", {{"operator", "and"}, {"values", {orca_in(key, wanted)}}}}}}}}};
    };
    struct Row {
        const char* name;
        std::vector<Json> automations;
        const char* why;
    };
    const std::vector<Row> rows = {
        {"none", {}, "no automation sends alerts to a webhook"},
        {"mail only", {automation(5, "enabled", "Status", {"open"})}, "no automation sends alerts to a webhook"},
        {"off",
         {automation(12, "disabled", "Status", {"closed"})},
         "every automation that sends alerts to a webhook is switched off"},
        {"open only",
         {automation(12, "enabled", "Status", {"open"})},
         "no automation that sends alerts to a webhook picks this one (status closed)"},
        {"picked",
         {automation(12, "enabled", "Status", {"open"}), automation(16, "enabled", "Status", {"closed"})},
         ""},
        {"not to be judged", {automation(12, "enabled", "SomethingElse", {"x"})}, ""},
        {"wrong types", {7, {{"actions", 7}}, {{"actions", {7, {{"type", "12"}}}}, {"filter", 7}}}, ""},
    };
    const auto alert = JsonDocument::parse(dump_json(served_alert("orca-1", "", "closed")));
    for (const auto& row : rows) {
        OrcaAutomations automations;
        auto page = JsonDocument::parse(dump_json({{"data", row.automations}}));
        ASSERT_TRUE(page) << row.name;
        automations.pages.push_back(std::move(*page));
        EXPECT_EQ(why_orca_was_silent(automations, alert->root()), row.why) << row.name;
    }
}

auto log_of(std::vector<std::string> comments) -> Answer {
    std::vector<Json> entries{{{"type", "set_status"}, {"details", {{"from", "open"}}}}, 7};
    for (std::size_t i = 0; i < comments.size(); ++i)
        entries.push_back(
            {{"unique_id", fmt::format("c{}", i)}, {"type", "comment"}, {"details", {{"comment", comments[i]}}}});
    return answer(200, dump_json({{"event_log", entries}}));
}

TEST_F(OrcaApiTest, CommentsOnceHoweverOftenItIsAsked) {
    const Answer lost{.bytes = "HTTP/1.1 2", .closes = true};
    const auto written = answer(200, R"({"unique_id":"c9","type":"comment"})");
    struct Row {
        const char* name;
        std::vector<Answer> logs;
        Answer answered;
        const char* code;
        const char* remote_id;
        bool was_there;
        std::size_t writes;
    };
    const std::vector<Row> rows = {
        {"new", {log_of({"other"})}, written, "ok", "c9", false, 1},
        {"there already", {log_of({"other", "text [key-1]"})}, written, "ok", "c1", true, 0},
        {"answer lost, but written", {log_of({}), log_of({"text\n\n[key-1]"})}, lost, "ok", "c0", false, 1},
        {"answer lost, nothing seen", {log_of({})}, lost, "outcome_unknown", "", false, 1},
        {"refused", {log_of({})}, failure(400, "too long"), "rejected", "", false, 1},
        {"refused within a 200", {log_of({})}, failure(200, "too long"), "rejected", "", false, 1},
        {"the log can't be read", {failure(403, "permission_denied")}, written, "forbidden", "", false, 0},
        {"the log is something else", {answer(200, R"({"event_log":{"a":1}})")}, written, "malformed", "", false, 0},
    };
    for (const auto& row : rows) {
        FakePlatform platform(
            {{"GET /api/alerts/orca-1/event_log", row.logs}, {"PUT /api/alerts/orca-1/comment", {row.answered}}});
        const auto got = wait(api(platform)->comment("orca-1", "text", "key-1", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name;
        if (got) EXPECT_EQ(got->remote_id, row.remote_id) << row.name;
        if (got) EXPECT_EQ(got->was_there, row.was_there) << row.name;
        const auto writes = platform.asked("PUT");
        ASSERT_EQ(writes.size(), row.writes) << row.name;
        if (!writes.empty()) EXPECT_EQ(writes[0].at("/comment"), "text\n\n[key-1]") << row.name;
    }
}

TEST_F(OrcaApiTest, LooksThroughTheWholeEventLog) {
    std::vector<std::string> many(99, "noise");
    FakePlatform platform({{"GET /api/alerts/orca-1/event_log?limit=100&start_at_index=0", {log_of(many)}},
                           {"GET /api/alerts/orca-1/event_log?limit=100&start_at_index=101", {log_of({"[key-1]"})}}});
    const auto got = wait(api(platform)->comment("orca-1", "text", "key-1", soon()));
    ASSERT_EQ(code_of(got), "ok");
    EXPECT_TRUE(got->was_there);
}

TEST_F(OrcaApiTest, SetsStatusByOrcasWords) {
    const Answer lost{.bytes = "HTTP/1.1 2", .closes = true};
    struct Row {
        const char* name;
        std::vector<std::string> statuses;
        Status wanted;
        Answer answered;
        const char* code;
        bool was_there;
        const char* call;
    };
    const std::vector<Row> rows = {
        {"close", {"open"}, Status::resolved, data({{"sub_type", "closed"}}), "ok", false, "/status/close"},
        {"dismiss", {"open"}, Status::suppressed, data(Json::object()), "ok", false, "/status/dismiss"},
        {"in progress", {"open"}, Status::in_progress, data(Json::object()), "ok", false, "/status/in_progress"},
        {"reopen", {"closed"}, Status::open, data(Json::object()), "ok", false, "/status/open"},
        {"closed already", {"closed"}, Status::resolved, data(Json::object()), "ok", true, ""},
        {"somebody was faster",
         {"open", "closed"},
         Status::resolved,
         failure(400, "status is already closed"),
         "ok",
         true,
         "/status/close"},
        {"answer lost", {"open", "closed"}, Status::resolved, lost, "ok", false, "/status/close"},
        {"nobody knows", {"open"}, Status::resolved, lost, "outcome_unknown", false, "/status/close"},
        {"forbidden",
         {"open"},
         Status::resolved,
         failure(403, "permission_denied"),
         "forbidden",
         false,
         "/status/close"},
    };
    for (const auto& row : rows) {
        std::vector<Answer> reads;
        for (const auto& status : row.statuses) reads.push_back(data(flat_alert("orca-1", status)));
        FakePlatform platform(
            {{"GET /api/alerts/orca-1", reads}, {fmt::format("PUT /api/alerts/orca-1{}", row.call), {row.answered}}});
        const auto got = wait(api(platform)->set_status("orca-1", row.wanted, "", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name;
        if (got) EXPECT_EQ(got->was_there, row.was_there) << row.name;
        EXPECT_EQ(platform.asked("PUT").size(), *row.call == '\0' ? 0U : 1U) << row.name;
    }
}

auto asset(const std::string& key, const std::string& type, const std::string& name, Json fields = Json::object())
    -> Json {
    fields["Name"] = value(name);
    return {
        {"id", "served-" + key}, {"type", type}, {"name", name}, {"asset_unique_id", key}, {"data", std::move(fields)}};
}

TEST_F(OrcaApiTest, WalksTheInventoryHopByHop) {
    const auto role = asset("role_1", "AwsIamRole", "etl", {{"Arn", value("arn:aws:iam::1:role/etl")}});
    const auto function = asset("fn_1", "AwsLambdaFunction", "job");
    const auto start =
        asset("bucket_1", "AwsS3Bucket", "payments",
              {{"Exposure", value("public_facing")},
               {"Roles", {{"models", {role}}, {"remaining", 0}}},
               {"SensitiveData",
                {{{"id", "sd-1"}, {"type", "SensitiveData"}, {"name", "PII-Email"}, {"data", Json::object()}}}},
               {"CloudAccount", asset("account_1", "CloudAccount", "prod")},
               {"Tags", value({{"data", {{"a", "b"}}}})}});
    auto second = role;
    second["data"]["Lambdas"] = value(Json::array({function}));
    second["data"]["Buckets"] = {{"data", {asset("bucket_1", "AwsS3Bucket", "payments")}}};
    FakePlatform platform(
        {{"GET /api/alerts/orca-1", {data(flat_alert("orca-1"))}},
         {"POST /api/serving-layer/query", {listed({start}), listed({second}), listed({function}), listed({})}}});
    const auto got = wait(api(platform)->neighbours(bucket(), {}, soon()));
    ASSERT_EQ(code_of(got), "ok");
    ASSERT_TRUE(got->has_value());
    EXPECT_THAT(lines_of(**got),
                ElementsAre("0 resource arn:aws:s3:::payments", "1 identity arn:aws:iam::1:role/etl",
                            "1 internet internet", "1 data sd-1", "2 compute fn_1",
                            "arn:aws:iam::1:role/etl can_access arn:aws:s3:::payments",
                            "arn:aws:s3:::payments holds_data sd-1", "fn_1 runs_as arn:aws:iam::1:role/etl",
                            "internet can_reach arn:aws:s3:::payments"));
    EXPECT_FALSE((*got)->truncated) << (*got)->truncated_by;
    EXPECT_EQ((*got)->nodes[1].why, "etl can access payments (Roles in Orca)");
    const auto asked = platform.asked("POST /api/serving-layer/query");
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[0].at("/query/with/values/0/values/0"), "bucket_1");
    EXPECT_EQ(asked[0].at("/additional_models[]/0"), "Inventory");
    EXPECT_EQ(asked[0].at("/full_graph_fetch/enabled"), "true");
    EXPECT_EQ(asked[0].at("/max_tier"), "2");
}

TEST_F(OrcaApiTest, SaysWhereAGraphStops) {
    struct Row {
        const char* name;
        std::vector<Answer> answers;
        GraphLimits limits;
        const char* why;
    };
    const auto chain = [](int from, int to) {
        return asset(fmt::format("vm_{}", from), "AwsEc2Instance", fmt::format("vm-{}", from),
                     {{"Peers",
                       {{"models", {asset(fmt::format("vm_{}", to), "AwsEc2Instance", fmt::format("vm-{}", to))}},
                        {"remaining", 0}}}});
    };
    auto left_out = chain(0, 1);
    left_out["data"]["Peers"]["remaining"] = 3;
    const std::vector<Row> rows = {
        {"hops",
         {listed({chain(0, 1)}), listed({chain(1, 2)}), listed({chain(2, 3)})},
         {.max_hops = 2, .max_nodes = 200},
         "more than 2 hops"},
        {"nodes",
         {listed({chain(0, 1)}), listed({chain(1, 2)}), listed({chain(2, 3)})},
         {.max_hops = 9, .max_nodes = 2},
         "more than 2 nodes"},
        {"left out", {listed({left_out}), listed({})}, {}, "relations that Orca left out"},
        {"no further answer", {listed({chain(0, 1)}), failure(403, "permission_denied")}, {}, "permission_denied"},
    };
    for (const auto& row : rows) {
        FakePlatform platform(
            {{"GET /api/alerts/orca-1", {data(flat_alert("orca-1"))}}, {"POST /api/serving-layer/query", row.answers}});
        const auto got = wait(api(platform)->neighbours(bucket(), row.limits, soon()));
        ASSERT_TRUE(got && *got) << row.name;
        EXPECT_TRUE((*got)->truncated) << row.name;
        EXPECT_THAT((*got)->truncated_by, HasSubstr(row.why)) << row.name;
        EXPECT_LE((*got)->nodes.size(), row.limits.max_nodes) << row.name;
    }
    FakePlatform unknown({{"GET /api/alerts/orca-1", {failure(404, "not found")}}});
    const auto nothing = wait(api(unknown)->neighbours(bucket(), {}, soon()));
    ASSERT_EQ(code_of(nothing), "ok");
    EXPECT_FALSE(nothing->has_value());
    FakePlatform down({{"GET /api/alerts/orca-1", {answer(502)}}});
    EXPECT_EQ(code_of(wait(api(down)->neighbours(bucket(), {}, soon()))), "unavailable");
}

TEST_F(OrcaApiTest, ReadsExposurePoliciesAndRoles) {
    const auto start =
        asset("bucket_1", "AwsS3Bucket", "payments",
              {{"Exposure", value("internet_facing")},
               {"Observations", value({"stale_access"})},
               {"RelatedCompliances", value({"CIS AWS 3.0"})},
               {"Roles",
                {{"models",
                  {asset("role_1", "AwsIamRole", "etl", {{"Permissions", value({"s3:GetObject", "s3:PutObject"})}})}}}},
               {"Policies", {{"models", {asset("policy_1", "AwsResourcePolicy", "bucket-policy")}}}}});
    FakePlatform platform({{"GET /api/alerts/orca-1", {data(flat_alert("orca-1"))}},
                           {"POST /api/serving-layer/query", {listed({start})}}});
    const auto got = wait(api(platform)->insight(bucket(), soon()));
    ASSERT_EQ(code_of(got), "ok");
    EXPECT_THAT(got->exposure_path,
                ElementsAre("payments is internet facing by Orca's inventory", "observed: stale access"));
    ASSERT_EQ(got->access.size(), 1U);
    EXPECT_EQ(got->access[0].id + " " + got->access[0].kind + " " + got->access[0].level, "role_1 role write");
    ASSERT_EQ(got->policies.size(), 2U);
    EXPECT_EQ(got->policies[1].name, "bucket-policy");
    EXPECT_FALSE(api(platform)->capabilities().access_log);
}

TEST_F(OrcaApiTest, ListsStoresWhoseSensitivityIsUnknown) {
    const Json sensitive = {{{"id", "sd-1"}, {"type", "SensitiveData"}, {"name", "PII"}, {"data", Json::object()}}};
    FakePlatform platform(
        {{"POST /api/serving-layer/query",
          {listed({asset("s_1", "AwsS3Bucket", "raw",
                         {{"Arn", value("arn:aws:s3:::raw")},
                          {"Objects", value({"people.csv"})},
                          {"Schemas",
                           value({{{"name", "people"}, {"columns", {{{"name", "email"}, {"type", "text"}}, "age"}}}})},
                          {"Samples", value({{{"email", "a@b.example"}, {"age", 7}}, "nonsense"})}}),
                   asset("s_2", "AwsRdsDbInstance", "known", {{"SensitiveData", sensitive}}),
                   asset("s_3", "GcpBigQueryDataset", "scanned", {{"LastDataScan", value("2026-01-01T00:00:00Z")}}),
                   asset("s_4", "SnowflakeDatabase", "says so",
                         {{"Sensitivity", value("Unknown")}, {"LastDataScan", value("2026-01-01T00:00:00Z")}}),
                   asset("s_5", "AzureStorageAccount", "says it is", {{"Sensitivity", value("high")}}), 7})}}});
    const auto got = wait(api(platform)->backlog("", soon()));
    ASSERT_EQ(code_of(got), "ok");
    std::vector<std::string> names;
    for (const auto& store : got->stores) names.push_back(store.store_kind + " " + store.resource.name);
    EXPECT_THAT(names, ElementsAre("s3 raw", "snowflake says so"));
    const auto& store = got->stores[0];
    EXPECT_EQ(store.source_id, "s_1");
    EXPECT_EQ(store.resource.id, "arn:aws:s3:::raw");
    EXPECT_THAT(store.objects, ElementsAre("people.csv"));
    ASSERT_EQ(store.fields.size(), 2U);
    EXPECT_EQ(store.fields[0].container + "." + store.fields[0].name + ":" + store.fields[0].type, "people.email:text");
    ASSERT_EQ(store.rows.size(), 1U);
    EXPECT_THAT(store.rows[0], ElementsAre(std::pair<std::string, std::string>("age", "7"),
                                           std::pair<std::string, std::string>("email", "a@b.example")));
    EXPECT_FALSE(got->has_more);
}

TEST_F(OrcaApiTest, ListsDetectorsAndPolicies) {
    FakePlatform platform(
        {{"GET /api/scan_configuration/dspm_policies",
          {answer(200, R"({"data":[{"policy_id":"p","policy_name":"PII everywhere","policy_description":"Finds PII",
              "policy_document":{"selector_categories":["PII","PHI"]}}]})")}},
         {"GET /api/scan_configuration/dspm_detector",
          {answer(200, R"({"data":[{"id":"d","title":"Tax number","category":"PII","details":"Ours",
              "properties":{"conditions":[{"source":"content","operator":"regex","value":"[0-9]{11}"}]}},
              {"id":"x","title":"Off","is_disabled":true},7]})")}}});
    const auto got = wait(api(platform)->classification_policies(soon()));
    ASSERT_EQ(code_of(got), "ok");
    std::vector<std::string> lines;
    for (const auto& fact : *got) lines.push_back(fact.name + ": " + fact.statement);
    EXPECT_THAT(lines,
                ElementsAre("PII everywhere: Finds PII (PII, PHI)", "Tax number: PII: Ours: content regex [0-9]{11}"));
}

auto pii() -> Classification {
    return {.data_classification = "PII",
            .data_domain = "Customer",
            .regulatory_frameworks = {"GDPR"},
            .confidence = 0.92,
            .reasoning = "e-mail addresses"};
}

auto rule(const std::string& id, const std::string& name, Json tags, std::vector<std::string> assets) -> Json {
    return {{"id", id},
            {"name", name},
            {"tags", std::move(tags)},
            {"rule_type", "json"},
            {"rule", {{"models", {"Inventory"}}, {"with", {{"values", {orca_in("asset_unique_id", assets)}}}}}}};
}

TEST_F(OrcaApiTest, TagsByARuleThatNamesTheAsset) {
    const Json flat = {{"data_classification", "PII"},
                       {"data_domain", "Customer"},
                       {"regulatory_framework", "GDPR"},
                       {"classification_confidence", "0.92"},
                       {"classified_by", "dossier"}};
    struct Row {
        const char* name;
        std::vector<Json> rules;
        const char* code;
        bool was_there;
        const char* call;
        std::vector<std::string> assets;
    };
    const std::vector<Row> rows = {
        {"first",
         {rule("r0", "theirs", {{"team", "x"}}, {"bucket_1"})},
         "ok",
         false,
         "POST /api/custom_tags",
         {"bucket_1"}},
        {"again", {rule("r1", "dossier classification a", flat, {"bucket_1"})}, "ok", true, "", {}},
        {"same for another asset",
         {rule("r1", "dossier classification a", flat, {"bucket_0"})},
         "ok",
         false,
         "PUT /api/custom_tags/r1",
         {"bucket_0", "bucket_1"}},
        {"classified anew",
         {rule("r1", "dossier classification a", {{"data_classification", "PHI"}}, {"bucket_1"})},
         "ok",
         false,
         "PUT /api/custom_tags/r1",
         {"bucket_1"}},
        {"key of another asset",
         {rule("r1", "dossier classification a", {{"data_classification", "PHI"}}, {"bucket_0"})},
         "conflict",
         false,
         "",
         {}},
        {"key of somebody else",
         {rule("r1", "theirs", {{"data_domain", "x"}}, {"bucket_1"})},
         "conflict",
         false,
         "",
         {}},
    };
    for (const auto& row : rows) {
        FakePlatform platform({{"GET /api/alerts/orca-1", {data(flat_alert("orca-1"))}},
                               {"GET /api/custom_tags", {listed(row.rules)}},
                               {"POST /api/custom_tags", {data({{"tags_rule_id", "r9"}})}},
                               {"PUT /api/custom_tags/r1", {data({{"id", "r1"}})}}});
        const auto got = wait(api(platform)->tag("orca-1", bucket().resource, pii(), "key", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name;
        if (got) EXPECT_EQ(got->was_there, row.was_there) << row.name;
        if (!got) EXPECT_THAT(got.error().message, HasSubstr("write_back.tag_endpoint")) << row.name;
        auto writes = platform.asked("POST");
        for (auto& put : platform.asked("PUT")) writes.push_back(std::move(put));
        ASSERT_EQ(writes.size(), *row.call == '\0' ? 0U : 1U) << row.name;
        if (writes.empty()) continue;
        EXPECT_EQ(writes[0].call, row.call) << row.name;
        const auto sent = parse_json(writes[0].body);
        ASSERT_TRUE(sent) << row.name;
        EXPECT_EQ(sent->at("tags"), flat) << row.name;
        EXPECT_EQ(sent->at("rule_type"), "json") << row.name;
        EXPECT_EQ(sent->at(Json::json_pointer("/rule/with/values/0/values")), Json(row.assets)) << row.name;
    }
}

TEST_F(OrcaApiTest, ChecksTokenAndRightsByReading) {
    using Verdict = net::ConnectCheck::Verdict;
    const auto verdict_of = [&](std::vector<Answer> answers) {
        FakePlatform platform({{"POST /api/serving-layer/query", std::move(answers)}});
        return wait(api(platform)->check(soon()));
    };
    EXPECT_EQ(verdict_of({listed({})}).verdict, Verdict::ok);
    EXPECT_EQ(verdict_of({answer(401, R"({"detail":"Invalid token."})")}).verdict, Verdict::credentials);
    const auto lacking = verdict_of({listed({}), failure(403, "permission_denied")});
    EXPECT_EQ(lacking.verdict, Verdict::permission);
    EXPECT_THAT(lacking.missing, ElementsAre("Assets: read"));
    EXPECT_EQ(verdict_of({answer(500)}).verdict, Verdict::unreachable);
    EXPECT_EQ(verdict_of({answer(200, "<html>")}).verdict, Verdict::failed);
}

} // namespace
} // namespace dossier::ingest::test
