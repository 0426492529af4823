// Prisma Cloud's API against answers written out: sessions, paging, refusals, wrong and half answers.

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"

#include "fake_platform.hpp"
#include "prisma_alerts.hpp"
#include "prisma_assets.hpp"
#include "prisma_session.hpp"

#include <fmt/format.h>

#include <gmock/gmock.h>

namespace dossier::ingest::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A token that says when it ends, with padding left out as everywhere.
auto jwt(std::chrono::seconds lifetime, std::string_view mark = "a") -> std::string {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(SystemClock().now().time_since_epoch());
    auto claims = base64_encode(dump_json({{"sub", mark}, {"exp", (now + lifetime).count()}}));
    while (claims.ends_with('=')) claims.pop_back();
    return "e30." + claims + "." + std::string(mark);
}

auto login(std::chrono::seconds lifetime = 600s, std::string_view mark = "a") -> Answer {
    return answer(200, R"({"message":"login_successful","token":")" + jwt(lifetime, mark) + "\"}");
}

auto refused(int status, const std::string& key, const std::string& subject = "") -> Answer {
    const Json words = Json::array({{{"i18nKey", key}, {"severity", "error"}, {"subject", subject}}});
    return answer(status, "", "x-redlock-status: " + dump_json(words) + "\r\n");
}

auto alert(const std::string& id, std::int64_t updated, const std::string& status = "open") -> Json {
    return {{"id", id},
            {"status", status},
            {"lastUpdated", updated},
            {"policy", {{"name", "Bucket is public"}, {"severity", "high"}}},
            {"alertRules", Json::array()},
            {"resource",
             {{"rrn", "rrn:aws:storageBucket:eu-central-1:111122223333:h:payments"},
              {"id", "payments"},
              {"name", "payments"},
              {"accountId", "111122223333"},
              {"cloudType", "aws"},
              {"resourceType", "STORAGE_BUCKET"},
              {"data", {{"arn", "arn:aws:s3:::payments"}}}}}};
}

auto page(std::vector<Json> items, const std::string& token = "") -> Answer {
    Json body = {{"items", items}, {"totalRows", items.size()}};
    if (!token.empty()) body["nextPageToken"] = token;
    return answer(200, dump_json(body));
}

class PrismaApiTest : public PlatformApiTest {
protected:
    auto api(const FakePlatform& platform) -> std::shared_ptr<PlatformApi> { return api_of("prisma", platform.url()); }
    static auto bucket() -> Finding {
        Finding finding;
        finding.source_id = "P-1";
        finding.resource = {.id = "arn:aws:s3:::payments", .name = "payments", .type = "bucket"};
        return finding;
    }
};

TEST_F(PrismaApiTest, SignsInOnceAndSendsItsOwnHeader) {
    FakePlatform platform({{"POST /login", {login()}}, {"GET /alert/P-1", {answer(200, dump_json(alert("P-1", 5)))}}});
    const auto prisma = api(platform);
    ASSERT_EQ(code_of(wait(prisma->fetch("P-1", soon()))), "ok");
    ASSERT_EQ(code_of(wait(prisma->fetch("P-1", soon()))), "ok");
    ASSERT_EQ(platform.asked("POST /login").size(), 1U);
    EXPECT_EQ(platform.asked("POST /login")[0].at("/username"), "key");
    EXPECT_EQ(platform.asked("POST /login")[0].at("/password"), "secret");
    const auto read = platform.asked("GET /alert/P-1?detailed=true");
    ASSERT_EQ(read.size(), 2U);
    EXPECT_THAT(read[0].head, HasSubstr("x-redlock-auth: e30."));
    EXPECT_THAT(read[0].head, ::testing::Not(HasSubstr("Authorization")));
}

TEST_F(PrismaApiTest, ExtendsATokenThatIsAboutToEnd) {
    FakePlatform platform({{"POST /login", {login(2s, "first")}},
                           {"GET /auth_token/extend", {login(600s, "second")}},
                           {"GET /alert/P-1", {answer(200, dump_json(alert("P-1", 5)))}}});
    const auto prisma = api(platform);
    const auto limit = deadline_in(10s);
    while (platform.asked("GET /auth_token/extend").empty() && std::chrono::steady_clock::now() < limit)
        ASSERT_EQ(code_of(wait(prisma->fetch("P-1", soon()))), "ok");
    const auto extended = platform.asked("GET /auth_token/extend");
    ASSERT_EQ(extended.size(), 1U);
    EXPECT_THAT(extended[0].head, HasSubstr(".first\r\n")) << "the token to be extended goes with it";
    EXPECT_THAT(platform.asked("GET /alert/P-1").back().head, HasSubstr(".second\r\n"));
    EXPECT_EQ(platform.asked("POST /login").size(), 1U);
}

TEST_F(PrismaApiTest, SignsInAgainWhenATokenIsRefusedInMidFlight) {
    FakePlatform platform(
        {{"POST /login", {login(600s, "first"), login(600s, "second")}},
         {"GET /alert/P-1", {refused(401, "token_expired"), answer(200, dump_json(alert("P-1", 5)))}}});
    EXPECT_EQ(code_of(wait(api(platform)->fetch("P-1", soon()))), "ok");
    EXPECT_EQ(platform.asked("POST /login").size(), 2U);
    EXPECT_THAT(platform.asked("GET /alert/P-1").back().head, HasSubstr(".second\r\n"));
}

TEST_F(PrismaApiTest, SaysWhyItCouldNotSignIn) {
    struct Row {
        const char* name;
        Answer answered;
        const char* code;
        const char* words;
    };
    const std::vector<Row> rows = {
        {"wrong key", refused(401, "invalid_credentials"), "unauthenticated", "invalid_credentials"},
        {"bad request", refused(400, "missing_required_parameter", "username"), "unauthenticated", "(username)"},
        {"several tenants", answer(200, R"({"customerNames":[{"customerName":"A"},{"customerName":"B"}]})"),
         "unauthenticated", "several tenants (A, B)"},
        {"no token", answer(200, "{}"), "malformed", "without a token"},
        {"a token of another type", answer(200, R"({"token":{"a":1}})"), "malformed", "without a token"},
        {"no JSON", answer(200, "<html>"), "malformed", "not JSON"},
    };
    for (const auto& row : rows) {
        FakePlatform platform({{"POST /login", {row.answered}}});
        const auto got = wait(api(platform)->fetch("P-1", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name;
        if (!got) EXPECT_THAT(got.error().message, HasSubstr(row.words)) << row.name;
        if (!got) EXPECT_THAT(got.error().describe(), ::testing::Not(HasSubstr("secret"))) << row.name;
    }
}

TEST_F(PrismaApiTest, NamesTheTenant) {
    for (const auto& [given, pointer] : {std::pair("Acme", "/customerName"), std::pair("1234567", "/prismaId")}) {
        project = given;
        FakePlatform platform({{"POST /login", {login()}}});
        static_cast<void>(wait(api(platform)->fetch("P-1", soon())));
        EXPECT_EQ(platform.asked("POST /login")[0].at(pointer), given);
    }
}

TEST(PrismaSession, ReadsTheLifetimeOfATokenFromItself) {
    const Timestamp now{std::chrono::milliseconds{1'700'000'000'000}};
    const auto token = [](const Json& claims) { return "e30." + base64_encode(dump_json(claims)) + ".x"; };
    EXPECT_EQ(jwt_lifetime(token({{"exp", 1'700'000'300}}), now), 300s);
    EXPECT_EQ(jwt_lifetime(token({{"iat", 1'600'000'000}, {"exp", 1'600'000'900}}), now), 900s) << "clocks differ";
    EXPECT_EQ(jwt_lifetime(token({{"exp", "1700000300"}}), now), 300s);
    EXPECT_EQ(jwt_lifetime(token({{"exp", 1}}), now), 1s);
    EXPECT_EQ(jwt_lifetime(token({{"exp", 9'000'000'000}}), now), 86'400s);
    for (const auto* other : {"", "opaque", "a.b.c", "e30.bm90IGpzb24=.x"}) EXPECT_EQ(jwt_lifetime(other, now), 600s);
    EXPECT_EQ(jwt_lifetime(token({{"exp", Json::array()}}), now), 600s);
}

TEST_F(PrismaApiTest, FetchesWholeAlertsAndRefusesOthers) {
    struct Row {
        const char* name;
        Answer answered;
        const char* code;
    };
    const std::vector<Row> rows = {
        {"the alert", answer(200, dump_json(alert("P-1", 5))), "ok"},
        {"another alert", answer(200, dump_json(alert("P-2", 5))), "malformed"},
        {"a list", answer(200, "[]"), "malformed"},
        {"nothing", answer(200, ""), "malformed"},
        {"half of it", answer(200, R"({"id":"P-1","status")"), "malformed"},
        {"deep nonsense", answer(200, std::string(100'000, '[')), "malformed"},
        {"unknown", refused(404, "not_found"), "not_found"},
        {"unknown to an older version", refused(400, "alert_not_found"), "not_found"},
        {"forbidden", refused(403, "unauthorized_access"), "forbidden"},
        {"down", answer(500, ""), "unavailable"},
    };
    for (const auto& row : rows) {
        FakePlatform platform({{"POST /login", {login()}}, {"GET /alert/P-1", {row.answered}}});
        EXPECT_EQ(code_of(wait(api(platform)->fetch("P-1", soon()))), row.code) << row.name;
    }
    FakePlatform platform({{"POST /login", {login()}}});
    EXPECT_EQ(code_of(wait(api(platform)->fetch("", soon()))), "invalid_argument");
    static_cast<void>(wait(api(platform)->fetch("P-1/../x?y", soon())));
    EXPECT_EQ(platform.asked("GET /alert/").at(0).call, "GET /alert/P-1%2F..%2Fx%3Fy?detailed=true");
}

TEST_F(PrismaApiTest, AsksAgainAfterHalfAnAnswer) {
    const auto whole = dump_json(alert("P-1", 5));
    FakePlatform platform({{"POST /login", {login()}},
                           {"GET /alert/P-1",
                            {Answer{.bytes = "HTTP/1.1 200 X\r\nContent-Length: 500\r\n\r\n{\"id\":", .closes = true},
                             answer(200, whole)}}});
    const auto got = wait(api(platform)->fetch("P-1", soon()));
    ASSERT_TRUE(got);
    EXPECT_EQ(got->source_id, "P-1");
    EXPECT_EQ(got->updated_at->time_since_epoch().count(), 5'000) << "few digits are seconds";
    EXPECT_EQ(got->why_not_delivered, "no alert rule covers the alert");
}

TEST_F(PrismaApiTest, ReadsChangesPageByPageAndGoesOnBehindTheNewest) {
    constexpr std::int64_t base = 1'700'000'000'000;
    FakePlatform platform(
        {{"POST /login", {login()}},
         {"POST /v2/alert",
          {page({alert("P-2", base + 2), alert("P-1", base + 1)}, "next"), page({alert("D-3", base + 9)}), page({})}}});
    const auto prisma = api(platform);
    const Timestamp since{std::chrono::milliseconds{base - 600'000}};
    auto first = wait(prisma->changes("", since, soon()));
    ASSERT_EQ(code_of(first), "ok");
    EXPECT_TRUE(first->has_more);
    ASSERT_EQ(first->items.size(), 2U);
    EXPECT_EQ(first->items[0].source_id, "P-1") << "oldest change first";
    auto second = wait(prisma->changes(first->next_cursor, since, soon()));
    ASSERT_EQ(code_of(second), "ok");
    EXPECT_FALSE(second->has_more);
    EXPECT_EQ(second->items[0].source_id, "D-3") << "Data Security's alerts as well";
    auto third = wait(prisma->changes(second->next_cursor, since, soon()));
    ASSERT_EQ(code_of(third), "ok");
    const auto asked = platform.asked("POST /v2/alert?detailed=true");
    ASSERT_EQ(asked.size(), 3U);
    EXPECT_EQ(asked[0].at("/timeRange/value/startTime"), std::to_string(base - 600'000));
    EXPECT_EQ(asked[1].at("/pageToken"), "next");
    EXPECT_EQ(asked[1].at("/timeRange/value/endTime"), asked[0].at("/timeRange/value/endTime"));
    EXPECT_EQ(asked[2].at("/timeRange/value/startTime"), std::to_string(base + 9 - 300'000)) << "five minutes behind";
    EXPECT_EQ(asked[0].at("/filters/0/value"), "ALERT_UPDATED");
    std::vector<std::string> statuses;
    for (int i = 1; i <= 4; ++i) statuses.push_back(asked[0].at("/filters/" + std::to_string(i) + "/value"));
    EXPECT_THAT(statuses, ElementsAre("open", "dismissed", "snoozed", "resolved"));
}

TEST_F(PrismaApiTest, AChangeOfTheFutureHidesNoOthers) {
    FakePlatform platform(
        {{"POST /login", {login()}}, {"POST /v2/alert", {page({alert("P-1", 4'000'000'000'000)}), page({})}}});
    const auto prisma = api(platform);
    const auto before = SystemClock().now();
    const auto first = wait(prisma->changes("", before - 1h, soon()));
    ASSERT_TRUE(first);
    static_cast<void>(wait(prisma->changes(first->next_cursor, before, soon())));
    const auto start = std::stoll(platform.asked("POST /v2/alert").at(1).at("/timeRange/value/startTime"));
    EXPECT_LE(start, SystemClock().now().time_since_epoch().count());
}

TEST_F(PrismaApiTest, BeginsTheWindowAnewWhenItsPageTokenDied) {
    FakePlatform platform({{"POST /login", {login()}},
                           {"POST /v2/alert",
                            {page({alert("P-1", 1'700'000'000'000)}, "dying"), refused(400, "invalid_page_token"),
                             page({alert("P-1", 1'700'000'000'000)})}}});
    const auto prisma = api(platform);
    const Timestamp since{std::chrono::milliseconds{1'600'000'000'000}};
    const auto first = wait(prisma->changes("", since, soon()));
    ASSERT_TRUE(first);
    const auto second = wait(prisma->changes(first->next_cursor, since, soon()));
    ASSERT_EQ(code_of(second), "ok");
    EXPECT_EQ(second->items.size(), 1U);
    EXPECT_EQ(platform.asked("POST /v2/alert").at(2).at("/timeRange/value/startTime"), "1600000000000");
}

TEST_F(PrismaApiTest, EndsWhatPagesForEver) {
    FakePlatform platform({{"POST /login", {login()}}, {"POST /v2/alert", {page({alert("P-1", 5)}, "same")}}});
    const auto prisma = api(platform);
    const auto first = wait(prisma->changes("", Timestamp{}, soon()));
    ASSERT_TRUE(first && first->has_more);
    EXPECT_FALSE(wait(prisma->changes(first->next_cursor, Timestamp{}, soon()))->has_more) << "the same token again";
    std::vector<Answer> empty;
    for (int i = 0; i < 10; ++i) empty.push_back(page({}, "token-" + std::to_string(i)));
    platform.set("POST /v2/alert", empty);
    std::string cursor;
    int pages = 0;
    for (bool more = true; more && pages < 20; ++pages) {
        const auto got = wait(prisma->changes(cursor, Timestamp{}, soon()));
        ASSERT_TRUE(got);
        cursor = got->next_cursor;
        more = got->has_more;
    }
    EXPECT_LT(pages, 6) << "empty pages with a token";
}

TEST_F(PrismaApiTest, AsksForLessWhereAnAnswerIsTooLarge) {
    FakePlatform platform(
        {{"POST /login", {login()}},
         {"POST /v2/alert", {answer(200, "[" + std::string(33U << 20U, ' ') + "]"), page({alert("P-1", 5)})}}});
    const auto got = wait(api(platform)->changes("", Timestamp{}, deadline_in(20s)));
    ASSERT_EQ(code_of(got), "ok");
    const auto asked = platform.asked("POST /v2/alert");
    ASSERT_EQ(asked.size(), 2U);
    EXPECT_EQ(asked[0].at("/limit"), "200");
    EXPECT_EQ(asked[1].at("/limit"), "20");
}

TEST_F(PrismaApiTest, RefusesCursorsAndPagesThatAreNone) {
    FakePlatform platform({{"POST /login", {login()}}, {"POST /v2/alert", {answer(200, R"({"items":{"a":1}})")}}});
    const auto prisma = api(platform);
    EXPECT_EQ(code_of(wait(prisma->changes("", Timestamp{}, soon()))), "malformed");
    for (const auto* cursor : {"x", "{}", R"({"from":-1})", R"({"from":"a"})", "[]"})
        EXPECT_EQ(code_of(wait(prisma->changes(cursor, Timestamp{}, soon()))), "invalid_argument") << cursor;
}

TEST(PrismaAlerts, SayWhyNoWebhookWasSent) {
    struct Row {
        const char* name;
        const char* alert;
        const char* why;
    };
    const std::vector<Row> rows = {
        {"not said", R"({"status":"open"})", ""},
        {"no rule", R"({"status":"open","alertRules":[]})", "no alert rule covers the alert"},
        {"notified",
         R"({"status":"open","alertRules":[{"enabled":true,"notifyOnOpen":true,
             "alertRuleNotificationConfig":[{"type":"webhook","enabled":true}]}]})",
         ""},
        {"resolved",
         R"({"status":"resolved","alertRules":[{"enabled":true,"notifyOnOpen":true,"notifyOnResolved":false}]})",
         "no alert rule notifies of resolved alerts (notifyOnResolved is off)"},
        {"snoozed", R"({"status":"snoozed","alertRules":[{"enabled":true,"notifyOnDismissed":true}]})",
         "no alert rule notifies of snoozed alerts (notifyOnSnoozed is off)"},
        {"dismissed", R"({"status":"dismissed","alertRules":[{"notifyOnOpen":true}]})",
         "no alert rule notifies of dismissed alerts (notifyOnDismissed is off)"},
        {"off", R"({"status":"open","alertRules":[{"enabled":false,"notifyOnOpen":true}]})",
         "every alert rule that covers the alert is switched off"},
        {"no channel",
         R"({"status":"open","alertRules":[{"enabled":true,"notifyOnOpen":true,"alertRuleNotificationConfig":[]}]})",
         "no alert rule that covers the alert has a notification channel"},
        {"other channels",
         R"({"status":"open","alertRules":[{"enabled":true,"notifyOnOpen":true,
             "alertRuleNotificationConfig":[{"type":"email","enabled":true}]}]})",
         "the alert rules that cover the alert notify other channels than a webhook"},
        {"wrong types", R"({"status":7,"alertRules":[7,"x",{"enabled":"x"}]})",
         "no alert rule notifies of 7 alerts (notifyOnOpen is off)"},
    };
    for (const auto& row : rows) {
        const auto document = JsonDocument::parse(row.alert);
        ASSERT_TRUE(document) << row.name;
        EXPECT_EQ(why_prisma_was_silent(document->root()), row.why) << row.name;
    }
}

TEST_F(PrismaApiTest, DismissesAndReopensWhereThatIsLegal) {
    struct Row {
        const char* name;
        std::vector<std::string> statuses; ///< as read, one after the other
        Status wanted;
        Answer answered;
        const char* code;
        bool was_there;
        const char* call; ///< the write that is expected, "" = none
    };
    const std::vector<Row> rows = {
        {"dismiss", {"open"}, Status::suppressed, answer(200), "ok", false, "POST /alert/dismiss"},
        {"dismissed already", {"dismissed"}, Status::suppressed, answer(200), "ok", true, ""},
        {"snoozed already", {"snoozed"}, Status::suppressed, answer(200), "ok", true, ""},
        {"reopen", {"dismissed"}, Status::open, answer(200), "ok", false, "POST /alert/reopen"},
        {"reopen what is resolved", {"resolved"}, Status::open, answer(200), "conflict", false, ""},
        {"resolve", {"open"}, Status::resolved, answer(200), "invalid_argument", false, ""},
        {"in progress", {"open"}, Status::in_progress, answer(200), "invalid_argument", false, ""},
        {"refused",
         {"open"},
         Status::suppressed,
         refused(400, "policy_restricts_dismissal"),
         "rejected",
         false,
         "POST /alert/dismiss"},
        {"somebody was faster",
         {"open", "dismissed"},
         Status::suppressed,
         refused(400, "alert_no_longer_in_expected_state"),
         "ok",
         true,
         "POST /alert/dismiss"},
        {"done, but the answer was lost",
         {"open", "dismissed"},
         Status::suppressed,
         Answer{.bytes = "HTTP/1.1 2", .closes = true},
         "ok",
         false,
         "POST /alert/dismiss"},
        {"nobody knows",
         {"open"},
         Status::suppressed,
         Answer{.bytes = "HTTP/1.1 2", .closes = true},
         "outcome_unknown",
         false,
         "POST /alert/dismiss"},
    };
    for (const auto& row : rows) {
        std::vector<Answer> reads;
        for (const auto& status : row.statuses) reads.push_back(answer(200, dump_json(alert("P-1", 5, status))));
        FakePlatform platform({{"POST /login", {login()}},
                               {"GET /alert/P-1", reads},
                               {"POST /alert/dismiss", {row.answered}},
                               {"POST /alert/reopen", {row.answered}}});
        const auto got = wait(api(platform)->set_status("P-1", row.wanted, "ticket SEC-1", soon()));
        EXPECT_EQ(code_of(got), row.code) << row.name;
        if (got) EXPECT_EQ(got->was_there, row.was_there) << row.name;
        const auto writes = platform.asked("POST /alert/");
        ASSERT_EQ(writes.size(), *row.call == '\0' ? 0U : 1U) << row.name;
        if (writes.empty()) continue;
        EXPECT_EQ(writes[0].call, row.call) << row.name;
        EXPECT_EQ(writes[0].at("/alerts/0"), "P-1") << row.name;
        EXPECT_EQ(writes[0].at("/filter/timeRange/type"), "to_now") << row.name;
        EXPECT_EQ(writes[0].at("/dismissalNote"), row.wanted == Status::open ? "" : "ticket SEC-1") << row.name;
    }
}

TEST_F(PrismaApiTest, OffersNoCommentAndTagsByTheEndpointOnly) {
    FakePlatform platform({{"POST /login", {login()}}, {"POST /tags/arn%3Aaws%3As3%3A%3A%3Apayments", {answer(200)}}});
    auto prisma = api(platform);
    EXPECT_FALSE(prisma->capabilities().comment);
    EXPECT_FALSE(prisma->capabilities().tags);
    EXPECT_EQ(code_of(wait(prisma->comment("P-1", "text", "key", soon()))), "invalid_argument");
    EXPECT_EQ(code_of(wait(prisma->tag("P-1", bucket().resource, {.data_classification = "PII"}, "key", soon()))),
              "invalid_argument");
    tag_endpoint.url = platform.url() + "/tags/{resource.id}";
    prisma = api(platform);
    EXPECT_TRUE(prisma->capabilities().tags);
    EXPECT_EQ(code_of(wait(prisma->tag("P-1", bucket().resource, {.data_classification = "PII"}, "key", soon()))),
              "ok");
    const auto sent = platform.asked("POST /tags/");
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].body, R"({"data_classification":"PII","classified_by":"dossier"})");
}

auto permission(const std::string& kind, const std::string& who, const std::string& action) -> Json {
    return {{"sourceResourceName", who},
            {"sourceResourceType", kind},
            {"sourceResourceId", "arn:aws:iam::111122223333:" + kind + "/" + who},
            {"destResourceName", "payments"},
            {"destCloudAccount", "111122223333"},
            {"grantedByCloudPolicyId", "policy-etl"},
            {"grantedByCloudPolicyName", "etl"},
            {"effectiveActionName", action}};
}

auto permissions(std::vector<Json> items, const std::string& token = "") -> Answer {
    Json data = {{"items", items}};
    if (!token.empty()) data["nextPageToken"] = token;
    return answer(200, dump_json({{"data", data}}));
}

auto rich_alert() -> Json {
    auto whole = alert("P-1", 5);
    whole["resource"]["data"] = {
        {"arn", "arn:aws:s3:::payments"},
        {"sseKMSKeyId", "key-0"},
        {"kmsMasterKeyID", "arn:aws:kms:eu-central-1:111122223333:key/k1"},
        {"policy",
         {{"Statement",
           {{{"Effect", "Allow"}, {"Principal", "*"}, {"Action", "s3:GetObject"}},
            {{"Effect", "Allow"},
             {"Principal", {{"AWS", "arn:aws:iam::999988887777:root"}}},
             {"Action", {"s3:PutObject"}}},
            {{"Effect", "Deny"}, {"Principal", {{"AWS", "arn:aws:iam::1:user/x"}}}, {"Action", "s3:*"}}}}}}};
    whole["metadata"] = {{"classification", {"PII"}}};
    return whole;
}

TEST_F(PrismaApiTest, DrawsTheGraphAroundAResource) {
    const Json evidence = {
        {"graphs",
         {{{"graph",
            {{"nodes",
              {{"n1",
                {{"type", "PrimaryAsset"}, {"label", "payments"}, {"metadata", {{"externalAssetId", "payments"}}}}},
               {"n2",
                {{"type", "Finding"}, {"metadata", {{"type", "INTERNET_EXPOSURE"}, {"description", "Exposed."}}}}},
               {"n3",
                {{"type", "Asset"},
                 {"label", "etl"},
                 {"metadata", {{"externalAssetId", "arn:aws:lambda:eu-central-1:111122223333:function:etl"}}}}}}},
             {"edges", {{{"source", "n2"}, {"target", "n1"}}, {{"source", "n3"}, {"target", "n2"}}}}}}}}}};
    FakePlatform platform(
        {{"POST /login", {login()}},
         {"GET /alert/P-1", {answer(200, dump_json(rich_alert()))}},
         {"GET /alert/v1/P-1/graph", {answer(200, dump_json(evidence))}},
         {"POST /api/v1/permission", {permissions({permission("role", "etl", "s3:GetObject")}, "more")}},
         {"POST /api/v1/permission/page",
          {answer(200,
                  dump_json({{"items",
                              {permission("role", "etl", "s3:PutObject"), permission("user", "carol", "s3:*")}}}))}}});
    const auto got = wait(api(platform)->neighbours(bucket(), {}, soon()));
    ASSERT_EQ(code_of(got), "ok");
    ASSERT_TRUE(got->has_value());
    EXPECT_THAT(
        lines_of(**got),
        ElementsAre("0 resource arn:aws:s3:::payments", "1 identity arn:aws:iam::111122223333:role/etl",
                    "1 identity arn:aws:iam::111122223333:user/carol", "1 identity arn:aws:iam::999988887777:root",
                    "1 secret arn:aws:kms:eu-central-1:111122223333:key/k1", "1 data data:PII", "1 internet internet",
                    "1 finding n2", "2 compute arn:aws:lambda:eu-central-1:111122223333:function:etl",
                    "arn:aws:iam::111122223333:role/etl can_access arn:aws:s3:::payments",
                    "arn:aws:iam::111122223333:user/carol can_access arn:aws:s3:::payments",
                    "arn:aws:iam::999988887777:root can_access arn:aws:s3:::payments",
                    "arn:aws:lambda:eu-central-1:111122223333:function:etl relates_to n2",
                    "arn:aws:s3:::payments uses arn:aws:kms:eu-central-1:111122223333:key/k1",
                    "arn:aws:s3:::payments holds_data data:PII", "internet can_access arn:aws:s3:::payments",
                    "n2 relates_to arn:aws:s3:::payments"));
    EXPECT_FALSE((*got)->truncated) << (*got)->truncated_by;
    EXPECT_EQ((*got)->nodes[1].why, "can s3:GetObject, s3:PutObject by the policy etl");
    EXPECT_EQ(platform.asked("POST /api/v1/permission")[0].at("/query"),
              "config from iam where dest.cloud.resource.name = 'payments'");
}

TEST_F(PrismaApiTest, SaysWhatAGraphLacks) {
    FakePlatform platform({{"POST /login", {login()}},
                           {"GET /alert/P-1", {answer(200, dump_json(alert("P-1", 5)))}},
                           {"POST /api/v1/permission", {answer(403, R"({"message":"no IAM module"})")}}});
    const auto got = wait(api(platform)->neighbours(bucket(), {}, soon()));
    ASSERT_EQ(code_of(got), "ok");
    EXPECT_TRUE((*got)->truncated);
    EXPECT_THAT((*got)->truncated_by, HasSubstr("permissions: prisma answered 403: no IAM module"));

    FakePlatform unknown({{"POST /login", {login()}}, {"POST /api/v1/permission", {permissions({})}}});
    const auto nothing = wait(api(unknown)->neighbours(bucket(), {}, soon()));
    ASSERT_EQ(code_of(nothing), "ok");
    EXPECT_FALSE(nothing->has_value());

    FakePlatform down({{"POST /login", {answer(503)}}});
    EXPECT_EQ(code_of(wait(api(down)->neighbours(bucket(), {}, soon()))), "unavailable");
}

TEST_F(PrismaApiTest, BoundsTheGraphAndSaysSo) {
    std::vector<Json> many;
    for (int i = 0; i < 50; ++i) many.push_back(permission("user", "user-" + std::to_string(i), "s3:GetObject"));
    FakePlatform platform({{"POST /login", {login()}},
                           {"GET /alert/P-1", {answer(200, dump_json(alert("P-1", 5)))}},
                           {"POST /api/v1/permission", {permissions(many)}}});
    const auto got = wait(api(platform)->neighbours(bucket(), {.max_hops = 3, .max_nodes = 10}, soon()));
    ASSERT_TRUE(got && *got);
    EXPECT_EQ((*got)->nodes.size(), 10U);
    EXPECT_EQ((*got)->edges.size(), 9U);
    EXPECT_EQ((*got)->truncated_by, "more than 10 nodes");
}

TEST_F(PrismaApiTest, NeverQuotesWhatMightEndAQuery) {
    for (const auto* name : {"a'b", "a\nb", "a;b", "a\"b", ""}) EXPECT_FALSE(is_quotable_in_rql(name)) << name;
    EXPECT_TRUE(is_quotable_in_rql("arn:aws:s3:::a-b_c/d e"));
    auto hostile = alert("P-1", 5);
    hostile["resource"]["name"] = "x' or '1'='1";
    FakePlatform platform({{"POST /login", {login()}}, {"GET /alert/P-1", {answer(200, dump_json(hostile))}}});
    const auto got = wait(api(platform)->neighbours(bucket(), {}, soon()));
    ASSERT_TRUE(got && *got);
    EXPECT_TRUE(platform.asked("POST /api/").empty());
    EXPECT_THAT((*got)->truncated_by, HasSubstr("can't be asked for"));
}

TEST_F(PrismaApiTest, ReadsWhoMayAndWhoDidAndBywhat) {
    auto anyone = permission("", "", "s3:GetObject");
    anyone["sourcePublic"] = true;
    const Json events = {{"data",
                          {{"items",
                            {{{"subject", "carol"}, {"name", "GetObject"}, {"eventTs", 1'700'000'001'000}},
                             {{"subject", "dave"}, {"name", "PutObject"}, {"eventTs", 1'700'000'002'000}},
                             {{"name", "GetObject"}},
                             "nonsense"}}}}};
    FakePlatform platform({{"POST /login", {login()}},
                           {"GET /alert/P-1", {answer(200, dump_json(rich_alert()))}},
                           {"POST /search/event", {answer(200, dump_json(events))}},
                           {"POST /api/v1/permission",
                            {permissions({permission("role", "etl", "s3:GetObject"),
                                          permission("role", "etl", "s3:DeleteObject"), anyone})}}});
    const auto got = wait(api(platform)->insight(bucket(), soon()));
    ASSERT_EQ(code_of(got), "ok");
    ASSERT_EQ(got->access.size(), 2U);
    EXPECT_EQ(got->access[0].id + " " + got->access[0].kind + " " + got->access[0].level,
              "arn:aws:iam::111122223333:role/etl role write");
    EXPECT_EQ(got->access[1].id + " " + got->access[1].kind + " " + got->access[1].level, "* anyone read");
    ASSERT_EQ(got->access_log.size(), 2U);
    EXPECT_EQ(got->access_log[0].principal, "dave") << "newest first";
    EXPECT_THAT(got->exposure_path, ElementsAre("anybody is let in by the resource's policy, which allows s3:GetObject",
                                                "anybody can s3:GetObject by the policy etl"));
    std::vector<std::string> statements;
    for (const auto& policy : got->policies) statements.push_back(policy.kind + ": " + policy.statement);
    EXPECT_THAT(statements, ElementsAre("attached: Allow s3:GetObject to *",
                                        "attached: Allow s3:PutObject to arn:aws:iam::999988887777:root",
                                        "attached: Deny s3:* to arn:aws:iam::1:user/x",
                                        "attached: lets etl s3:GetObject, s3:DeleteObject"));
    EXPECT_EQ(platform.asked("POST /search/event")[0].at("/query"),
              "event from cloud.audit_logs where cloud.type = 'aws' AND json.rule = $.requestParameters.bucketName = "
              "'payments'");
}

TEST_F(PrismaApiTest, ListsBucketsNobodyHasScanned) {
    Json resources = Json::array();
    for (int i = 0; i < 25; ++i)
        resources.push_back(
            {{"resourceName", fmt::format("bucket-{:02}", i)},
             {"resourceRrn", fmt::format("rrn:aws:storageBucket:eu-central-1:011122223333:h:bucket-{:02}", i)},
             {"accountId", "11122223333"},
             {"cloudType", "aws"},
             {"serviceName", "S3"},
             {"scanStatus", i == 3}});
    resources.push_back("nonsense");
    const Json objects = {{"items",
                           {{{"resourceName", "bucket-00"}, {"objectName", "people.csv"}},
                            {{"resourceName", "another"}, {"objectName", "other.csv"}}}}};
    FakePlatform platform(
        {{"POST /login", {login()}},
         {"GET /dlp/api/v1/resource-inventory/resources", {answer(200, dump_json({{"resources", resources}}))}},
         {"POST /dlp/api/v1/inventory/objects/aggregate/l4", {answer(200, dump_json(objects)), answer(500)}}});
    const auto prisma = api(platform);
    const auto first = wait(prisma->backlog("", deadline_in(60s)));
    ASSERT_EQ(code_of(first), "ok");
    EXPECT_EQ(first->stores.size(), 20U);
    EXPECT_TRUE(first->has_more);
    const auto& store = first->stores[0];
    EXPECT_EQ(store.resource.id, "arn:aws:s3:::bucket-00");
    EXPECT_EQ(store.resource.account, "011122223333");
    EXPECT_EQ(store.resource.region, "eu-central-1");
    EXPECT_EQ(store.store_kind, "s3");
    EXPECT_THAT(store.objects, ElementsAre("people.csv"));
    const auto second = wait(prisma->backlog(first->next_cursor, deadline_in(60s)));
    ASSERT_EQ(code_of(second), "ok");
    EXPECT_EQ(second->stores.size(), 4U) << "the scanned one is not among them";
    EXPECT_FALSE(second->has_more);
}

TEST_F(PrismaApiTest, ListsWhatItClassifiesByAsFarAsItMay) {
    FakePlatform platform(
        {{"POST /login", {login()}},
         {"GET /v2/policy", {answer(200, R"([{"policyId":"p1","name":"PII in public objects","policyType":"data",
             "description":"Finds PII."},{"policyId":"p2","name":"x","policyType":"config"}])")}},
         {"GET /dlp/api/v1/dss-api/data-profile", {answer(403, R"({"message":"no module"})")}},
         {"PUT /dlp/api/v1/dss-api/data-pattern",
          {answer(200, R"({"patterns":[{"id":"t1","name":"Tax number","description":"Ours",
             "regexes":[{"regex":"[0-9]{11}","weight":1}]},{"name":7},{"regexes":{}}]})")}}});
    const auto got = wait(api(platform)->classification_policies(soon()));
    ASSERT_EQ(code_of(got), "ok");
    std::vector<std::string> lines;
    for (const auto& fact : *got) lines.push_back(fact.kind + " " + fact.name + ": " + fact.statement);
    EXPECT_THAT(lines, ElementsAre("classification PII in public objects: Finds PII.",
                                   "classification Tax number: Ours; matches /[0-9]{11}/",
                                   "classification 7: data pattern 7"));
}

TEST_F(PrismaApiTest, ChecksCredentialsAndRightsByReading) {
    using Verdict = net::ConnectCheck::Verdict;
    const auto verdict_of = [&](FakePlatform::Routes routes) {
        FakePlatform platform(std::move(routes));
        return wait(api(platform)->check(soon()));
    };
    const std::vector<Answer> resources{answer(200, R"({"resources":[]})")};
    const auto fine = verdict_of({{"POST /login", {login()}},
                                  {"POST /v2/alert", {page({})}},
                                  {"POST /api/v1/permission", {permissions({})}},
                                  {"GET /dlp/api/v1/resource-inventory/resources", resources}});
    EXPECT_EQ(fine.verdict, Verdict::ok) << fine.detail;
    EXPECT_EQ(fine.what, "sources[prisma].api");
    const auto lacking = verdict_of({{"POST /login", {login()}},
                                     {"POST /v2/alert", {page({})}},
                                     {"POST /api/v1/permission", {answer(403, R"({"message":"Forbidden"})")}},
                                     {"GET /dlp/api/v1/resource-inventory/resources", resources}});
    EXPECT_EQ(lacking.verdict, Verdict::permission);
    EXPECT_THAT(lacking.missing, ElementsAre("Investigate: IAM (view)"));
    const auto without_modules = verdict_of({{"POST /login", {login()}}, {"POST /v2/alert", {page({})}}});
    EXPECT_THAT(without_modules.missing, ElementsAre("Investigate: IAM (view)", "Data Security: Inventory (view)"));
    EXPECT_EQ(verdict_of({{"POST /login", {refused(401, "invalid_credentials")}}}).verdict, Verdict::credentials);
    EXPECT_EQ(verdict_of({{"POST /login", {login()}}, {"POST /v2/alert", {answer(500)}}}).verdict,
              Verdict::unreachable);
    const auto nowhere = wait(api_of("prisma", "http://127.0.0.1:1")->check(soon()));
    EXPECT_EQ(nowhere.verdict, Verdict::unreachable);
}

} // namespace
} // namespace dossier::ingest::test
