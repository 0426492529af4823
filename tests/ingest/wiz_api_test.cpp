#include "dossier/ingest/classification_payload.hpp"
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

constexpr auto early = "2026-11-20T08:00:00.000000Z";

auto since() -> Timestamp { return *parse_time("2026-11-20T00:00:00Z"); }

TEST(WizApi, ErrorsInsideA200AreToldApart) {
    struct Row {
        std::string code;
        std::string message;
        Errc errc;
        std::string says;
    };
    const std::vector<Row> rows = {
        {"UNAUTHORIZED", "access denied, at least one of the following is required: [read:issues]", Errc::forbidden,
         "read:issues"},
        {"FORBIDDEN", "no", Errc::forbidden, "read:issues"},
        {"LICENSE_MISSING", "no", Errc::forbidden, "licence"},
        {"UNAUTHENTICATED", "token expired", Errc::unauthenticated, "token expired"},
        {"RATE_LIMIT_EXCEEDED", "slow down", Errc::rate_limited, "slow down"},
        {"INTERNAL", "oops", Errc::unavailable, "oops"},
        {"INTERNAL_SERVER_ERROR", "oops", Errc::unavailable, "oops"},
    };
    for (const auto& row : rows) {
        WizTenant tenant;
        tenant.script = [&](const auto&, const auto&, int) { return graphql_error(row.code, row.message); };
        const auto page = tenant.run(tenant.api()->changes("", since(), deadline_in(300ms)));
        ASSERT_FALSE(page) << row.code;
        EXPECT_EQ(page.error().code, row.errc) << row.code;
        EXPECT_THAT(page.error().describe(), HasSubstr(row.says)) << row.code;
    }
}

TEST(WizApi, AnIdThatWizHasNotIsNotFoundInWhateverWords) {
    WizTenant tenant;
    tenant.script = [&](const std::string& root, const auto&, int) -> std::optional<Reply> {
        if (root == "issue")
            return graphql_error("BAD_USER_INPUT", "id must be a valid service issue id", {{"issue", nullptr}});
        return std::nullopt;
    };
    const auto item = tenant.run(tenant.api()->fetch("no-such-id", tenant.soon()));
    ASSERT_FALSE(item);
    EXPECT_EQ(item.error().code, Errc::not_found);
}

TEST(WizApi, ATokenThatExpiresInMidFlightIsRenewedOnce) {
    for (const bool inside : {false, true}) {
        WizTenant tenant;
        tenant.issue("i-1", early);
        tenant.script = [&](const std::string&, const auto&, int number) -> std::optional<Reply> {
            if (number > 1) return std::nullopt;
            if (inside) return graphql_error("UNAUTHENTICATED", "expired");
            return Reply{.status = 401, .body = Json::object(), .headers = {}};
        };
        const auto item = tenant.run(tenant.api()->fetch("i-1", tenant.soon()));
        ASSERT_TRUE(item) << item.error().describe();
        EXPECT_EQ(item->source_id, "i-1");
        EXPECT_EQ(tenant.tokens(), 2) << inside;
    }
}

TEST(WizApi, WaitsWhereWizSaysTooFastInsideA200) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    tenant.script = [&](const std::string&, const auto&, int number) -> std::optional<Reply> {
        if (number > 2) return std::nullopt;
        return graphql_error("RATE_LIMIT_EXCEEDED", "too fast");
    };
    const auto item = tenant.run(tenant.api()->fetch("i-1", tenant.soon()));
    ASSERT_TRUE(item) << item.error().describe();
    EXPECT_EQ(tenant.asked("issuesV2"), 3);
}

TEST(WizApi, HalfAnAnswerIsUsed) {
    WizTenant tenant;
    tenant.script = [&](const std::string& root, const auto&, int) -> std::optional<Reply> {
        if (root != "issuesV2") return std::nullopt;
        Json node{{"id", "i-1"}, {"status", "OPEN"}, {"sourceRule", {{"id", "r"}, {"name", "n"}}}};
        return graphql_error("INTERNAL", "projects failed", {{"issuesV2", {{"nodes", Json::array({node})}}}});
    };
    const auto item = tenant.run(tenant.api()->fetch("i-1", tenant.soon()));
    ASSERT_TRUE(item) << item.error().describe();
    EXPECT_THAT(item->raw, HasSubstr("\"sourceRule\""));
}

TEST(WizApi, AnswersThatAreNoneAreErrors) {
    for (const auto& [status, code] : {std::pair(200, Errc::malformed), std::pair(404, Errc::rejected),
                                       std::pair(403, Errc::forbidden), std::pair(401, Errc::unauthenticated)}) {
        WizTenant tenant;
        tenant.script = [&](const auto&, const auto&, int) {
            return Reply{.status = status, .body = "?", .headers = {}};
        };
        const auto page = tenant.run(tenant.api()->changes("", since(), tenant.soon()));
        ASSERT_FALSE(page) << status;
        EXPECT_EQ(page.error().code, code) << status;
    }
}

TEST(WizApi, ADataFindingBringsTheStoreThatHoldsIt) {
    WizTenant tenant;
    tenant.issue("i-1", early, {{"entitySnapshot", {{"id", "finding"}, {"type", "DATA_FINDING"}, {"name", "PII 1"}}}});
    tenant.issue("i-2", early, {{"entitySnapshot", {{"id", "lone"}, {"type", "DATA_FINDING"}, {"name", "PII 2"}}}});
    tenant.entity("finding", "DATA_FINDING");
    tenant.entity("lone", "DATA_FINDING");
    tenant.entity("bucket", "BUCKET",
                  {{"externalId", "arn:aws:s3:::payments"}, {"cloudPlatform", "AWS"}, {"region", "eu-west-1"}});
    tenant.edge("bucket", "HAS_DATA_FINDING", "finding");
    const auto page = tenant.run(tenant.api()->changes("", since(), tenant.soon()));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->items.size(), 2U);
    const auto known = parse_json(page->items[0].raw);
    ASSERT_TRUE(known);
    EXPECT_EQ((*known)["dataStore"]["type"], "BUCKET");
    EXPECT_EQ((*known)["dataStore"]["properties"]["externalId"], "arn:aws:s3:::payments");
    EXPECT_EQ((*parse_json(page->items[1].raw))["dataStore"], Json::object());
}

// Writing back
// ---------------------------------------------------------------------------------------------------------

TEST(WizApi, WritesACommentOnceAKey) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    const auto api = tenant.api();
    const auto first = tenant.run(api->comment("i-1", "the summary", "dossier:dos_1", tenant.soon()));
    ASSERT_TRUE(first) << first.error().describe();
    EXPECT_FALSE(first->was_there);
    const auto second = tenant.run(api->comment("i-1", "another summary", "dossier:dos_1", tenant.soon()));
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->was_there);
    EXPECT_EQ(second->remote_id, first->remote_id);
    ASSERT_EQ(tenant.issues["i-1"]["notes"].size(), 1U);
    EXPECT_THAT(tenant.issues["i-1"]["notes"][0]["text"].get<std::string>(), HasSubstr("dossier:dos_1"));
    EXPECT_EQ(tenant.run(api->comment("none", "x", "k", tenant.soon())).error().code, Errc::not_found);
}

TEST(WizApi, AWriteWhoseAnswerIsLostIsFoundAndNotRepeated) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    tenant.loses_answers = true;
    const auto api = tenant.api();
    const auto note = tenant.run(api->comment("i-1", "the summary", "key-1", tenant.soon()));
    ASSERT_TRUE(note) << note.error().describe();
    const auto link = tenant.run(
        api->link_ticket("i-1", {.sink = "jira", .key = "SEC-1", .url = "https://j/SEC-1", .id = "1"}, tenant.soon()));
    ASSERT_TRUE(link) << link.error().describe();
    EXPECT_EQ(tenant.asked("createIssueNote"), 1);
    EXPECT_EQ(tenant.asked("associateServiceTicket"), 1);
    EXPECT_EQ(tenant.issues["i-1"]["notes"].size(), 1U);
}

TEST(WizApi, AWriteOverWhichWizFailsMayHaveBeenDone) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    tenant.script = [&](const std::string& root, const auto&, int) -> std::optional<Reply> {
        if (root != "createIssueNote") return std::nullopt;
        return graphql_error("INTERNAL", "oops");
    };
    const auto note = tenant.run(tenant.api()->comment("i-1", "the summary", "key-1", tenant.soon()));
    ASSERT_FALSE(note);
    EXPECT_EQ(note.error().code, Errc::outcome_unknown);
    EXPECT_EQ(tenant.asked("createIssueNote"), 1);
}

TEST(WizApi, SetsOnlyTheStatusThatWizAllows) {
    struct Row {
        std::string type;
        std::string from;
        Status to;
        std::string note;
        std::string becomes; ///< "" = refused without asking
        std::string reason;
    };
    const std::vector<Row> rows = {
        {"TOXIC_COMBINATION", "OPEN", Status::in_progress, "n", "IN_PROGRESS", ""},
        {"TOXIC_COMBINATION", "IN_PROGRESS", Status::open, "", "OPEN", ""},
        {"TOXIC_COMBINATION", "OPEN", Status::suppressed, "false positive, says Ann", "REJECTED", "FALSE_POSITIVE"},
        {"CLOUD_CONFIGURATION", "OPEN", Status::suppressed, "won't fix", "REJECTED", "WONT_FIX"},
        {"TOXIC_COMBINATION", "OPEN", Status::suppressed, "accepted until May", "REJECTED", "EXCEPTION"},
        {"TOXIC_COMBINATION", "OPEN", Status::resolved, "done", "", ""},
        {"TOXIC_COMBINATION", "RESOLVED", Status::open, "", "", ""},
        {"THREAT_DETECTION", "OPEN", Status::resolved, "looked into", "RESOLVED", "INCONCLUSIVE_THREAT"},
        {"THREAT_DETECTION", "OPEN", Status::resolved, "benign", "RESOLVED", "NOT_MALICIOUS_THREAT"},
    };
    for (const auto& row : rows) {
        WizTenant tenant;
        tenant.issue("i-1", early, {{"type", row.type}, {"status", row.from}});
        const auto api = tenant.api();
        const auto set = tenant.run(api->set_status("i-1", row.to, row.note, tenant.soon()));
        if (row.becomes.empty()) {
            ASSERT_FALSE(set) << row.type << row.from;
            EXPECT_EQ(set.error().code, Errc::rejected);
            EXPECT_EQ(tenant.asked("updateIssue"), 0);
            continue;
        }
        ASSERT_TRUE(set) << set.error().describe();
        EXPECT_EQ(tenant.issues["i-1"]["status"], row.becomes);
        EXPECT_EQ(tenant.issues["i-1"].value("resolutionReason", ""), row.reason);
        const auto again = tenant.run(api->set_status("i-1", row.to, row.note, tenant.soon()));
        ASSERT_TRUE(again);
        EXPECT_TRUE(again->was_there);
        EXPECT_EQ(tenant.asked("updateIssue"), 1);
    }
}

TEST(WizApi, TagsByANoteThatCarriesTheListFormByteForByte) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    Classification classification;
    classification.data_classification = "PII";
    classification.confidence = 0.92;
    classification.reasoning = "names";
    Resource bucket;
    bucket.id = "arn:aws:s3:::payments";
    const auto api = tenant.api();
    ASSERT_TRUE(tenant.run(api->tag("i-1", bucket, classification, "key-1", tenant.soon())));
    ASSERT_TRUE(tenant.run(api->tag("i-1", bucket, classification, "key-1", tenant.soon()))->was_there);
    ASSERT_EQ(tenant.issues["i-1"]["notes"].size(), 1U);
    const auto text = tenant.issues["i-1"]["notes"][0]["text"].get<std::string>();
    const auto line = text.find('\n');
    EXPECT_THAT(text.substr(0, line), HasSubstr("arn:aws:s3:::payments"));
    EXPECT_EQ(text.substr(line + 1), list_payload(classification));
}

// Changes
// --------------------------------------------------------------------------------------------------------------

auto ids_of(const ChangePage& page) -> std::vector<std::string> {
    std::vector<std::string> ids;
    for (const auto& item : page.items) ids.push_back(item.source_id);
    std::ranges::sort(ids);
    return ids;
}

/// All pages from `cursor` on; the cursor moves.
auto drain(WizTenant& tenant, PlatformApi& api, std::string& cursor) -> std::vector<std::string> {
    std::vector<std::string> all;
    for (int i = 0; i < 50; ++i) {
        const auto page = tenant.run(api.changes(cursor, since(), tenant.soon()));
        EXPECT_TRUE(page) << (page ? "" : page.error().describe());
        if (!page) return all;
        for (auto& id : ids_of(*page)) all.push_back(std::move(id));
        cursor = page->next_cursor;
        if (!page->has_more) break;
    }
    std::ranges::sort(all);
    return all;
}

TEST(WizChanges, NothingIsLeftOutWhereManyShareATime) {
    WizTenant tenant;
    tenant.page_size = 3;
    std::vector<std::string> wanted;
    for (int i = 0; i < 10; ++i) {
        wanted.push_back(fmt::format("i-{:02}", i));
        tenant.issue(wanted.back(), early);
    }
    tenant.issue("later", "2026-11-20T09:00:00Z", {{"status", "RESOLVED"}});
    wanted.emplace_back("later");
    std::string cursor;
    const auto api = tenant.api();
    EXPECT_EQ(drain(tenant, *api, cursor), wanted);
    EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre()) << "told twice";
}

TEST(WizChanges, PagesThatShiftLeaveNothingOut) {
    WizTenant tenant;
    tenant.page_size = 3;
    for (int i = 0; i < 9; ++i) tenant.issue(fmt::format("i-{}", i), fmt::format("2026-11-20T08:{:02}:00Z", i));
    const auto api = tenant.api();
    const auto first = tenant.run(api->changes("", since(), tenant.soon()));
    ASSERT_TRUE(first);
    EXPECT_THAT(ids_of(*first), ElementsAre("i-0", "i-1", "i-2"));
    EXPECT_TRUE(first->has_more);
    // Two of the first page resolve meanwhile and move to the end: a cursor of positions would skip i-3 and i-4.
    for (const auto* id : {"i-0", "i-1"}) tenant.issue(id, "2026-11-20T10:00:00Z", {{"status", "RESOLVED"}});
    auto cursor = first->next_cursor;
    EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre("i-0", "i-1", "i-3", "i-4", "i-5", "i-6", "i-7", "i-8"));
}

TEST(WizChanges, TellsWhatResolvedOrChangedWithoutItsStatusAndNothingElse) {
    WizTenant tenant;
    for (const auto* id : {"i-1", "i-2", "i-3"}) tenant.issue(id, early);
    tenant.issue("old", "2026-11-01T08:00:00Z");
    const auto api = tenant.api();
    std::string cursor;
    EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre("i-1", "i-2", "i-3"));
    tenant.issues["i-1"].update(
        {{"status", "RESOLVED"}, {"statusChangedAt", "2026-11-20T11:00:00Z"}, {"updatedAt", "2026-11-20T11:00:00Z"}});
    tenant.issues["i-2"].update({{"severity", "LOW"}, {"updatedAt", "2026-11-20T11:30:00Z"}});
    EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre("i-1", "i-2"));
    EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre());
}

TEST(WizChanges, ACursorThatIsNoneStartsAnew) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    const auto api = tenant.api();
    for (std::string cursor : {"", "{", "[]", R"({"since":7,"page":[],"seen":3})", R"({"since":"yesterday"})"})
        EXPECT_THAT(drain(tenant, *api, cursor), ElementsAre("i-1")) << cursor;
}

TEST(WizChanges, SaysWhyNoWebhookCame) {
    WizTenant tenant;
    tenant.issue("i-1", early);
    tenant.script = [&](const std::string& root, const auto&, int) -> std::optional<Reply> {
        if (root != "automationRules") return std::nullopt;
        Json rule{{"name", "critical only"},
                  {"enabled", true},
                  {"triggerSource", "ISSUES"},
                  {"triggerType", Json::array({"CREATED"})},
                  {"filters", {{"severity", Json::array({"CRITICAL"})}}},
                  {"actions", Json::array({{{"actionTemplateType", "WEBHOOK"}}})}};
        return Reply{
            .status = 200, .body = {{"data", {{"automationRules", {{"nodes", Json::array({rule})}}}}}}, .headers = {}};
    };
    const auto page = tenant.run(tenant.api()->changes("", since(), tenant.soon()));
    ASSERT_TRUE(page);
    ASSERT_EQ(page->items.size(), 1U);
    EXPECT_EQ(page->items[0].why_not_delivered, "the automation rule \"critical only\" takes only CRITICAL");
}

} // namespace
} // namespace dossier::ingest
