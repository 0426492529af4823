// Each route once through its good and its bad ways.
#include "api_house.hpp"

#include "dossier/api/presentation.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::api {
namespace {

using testing::HasSubstr;

class RestTest : public testing::Test {
protected:
    ApiHouse house;
};

TEST_F(RestTest, ADeliveryBecomesAFindingWithItsDossier) {
    const auto mixed =
        house.call("POST", "/v1/webhooks/scan", "", R"([{"id":"z","title":"A key is old"},{"nothing":1}])");
    ASSERT_EQ(mixed.status, 202) << mixed.body;
    EXPECT_EQ(mixed.body.at("accepted"), 2);
    ASSERT_EQ(mixed.body.at("findings").size(), 2U);
    EXPECT_EQ(mixed.body["findings"][0].at("outcome"), "created");
    EXPECT_EQ(mixed.body["findings"][1].at("outcome"), "quarantined");
    const auto taken = house.call("POST", "/v1/webhooks/scan", "",
                                  R"({"id":"a","title":"S3 bucket is public","arn":"arn:aws:s3:::b"})");
    ASSERT_EQ(taken.status, 202) << taken.body;
    house.work();

    const auto id = taken.body["findings"][0].at("id").get<std::string>();
    const auto answer = house.call("GET", "/v1/findings/" + id, "viewer");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.body.at("finding").at("stage"), "awaiting_approval");
    EXPECT_EQ(answer.body["finding"].at("owner"), "alice@acme.example");
    const auto& dossier = answer.body.at("dossier");
    for (const char* member :
         {"owner", "context", "blast_radius", "assessment", "route", "narrative", "draft", "ticket"})
        EXPECT_TRUE(dossier.at(member).is_object()) << member << ": " << dossier.at(member);
    for (const char* member : {"findings", "citations", "timeline", "drafts", "earlier_narratives"})
        EXPECT_TRUE(dossier.at(member).is_array()) << member << ": " << dossier.at(member);
    EXPECT_EQ(dossier["findings"], Json::array({id}));
    EXPECT_TRUE(dossier["blast_radius"].at("principals").is_array());
    EXPECT_TRUE(dossier["blast_radius"].at("statements").is_array());
    EXPECT_EQ(dossier["owner"].at("email"), "alice@acme.example");
    ASSERT_GE(dossier["timeline"].size(), 6U);
    EXPECT_EQ(dossier["timeline"][0].at("action"), "finding.received");
    EXPECT_EQ(dossier["timeline"][0].at("actor").at("type"), "service_account");
    EXPECT_EQ(house.call("GET", "/v1/dossiers/" + dossier.at("id").get<std::string>(), "viewer").body, dossier);
}

TEST_F(RestTest, ListsAreFilteredAndPagedAndRefuseWhatTheyDoNotKnow) {
    for (int i = 1; i <= 3; ++i)
        house.deliver(i, "open", "Bucket number " + std::to_string(i), i == 2 ? "low" : "high");
    struct Row {
        const char* target;
        int status;
        std::size_t items = 0;
    };
    const Row rows[] = {
        {"/v1/findings", 200, 3},
        {"/v1/findings?severity=low", 200, 1},
        {"/v1/findings?severity=", 200, 3},
        {"/v1/findings?severity=lowish", 400},
        {"/v1/findings?status=open", 200, 3},
        {"/v1/findings?status=gone", 400},
        {"/v1/findings?stage=received", 200, 3},
        {"/v1/findings?stage=nowhere", 400},
        {"/v1/findings?source=scan", 200, 3},
        {"/v1/findings?source=wiz", 200, 0},
        {"/v1/findings?since=2001-01-01T00:00:00Z", 200, 3},
        {"/v1/findings?since=2101-01-01T00:00:00Z", 200, 0},
        {"/v1/findings?since=yesterday", 400},
        {"/v1/findings?limit=2", 200, 2},
        {"/v1/findings?limit=0", 400},
        {"/v1/findings?limit=201", 400},
        {"/v1/findings?limit=2x", 400},
        {"/v1/findings?limit=-1", 400},
        {"/v1/findings?cursor=rubbish", 400},
        {"/v1/dossiers", 200, 3},
        {"/v1/drafts", 200, 0},
        {"/v1/drafts?state=lost", 400},
        {"/v1/dead-letters", 200, 0},
        {"/v1/quarantine", 200, 0},
        {"/v1/audit?action=finding.received", 200, 3},
        {"/v1/reports/costs", 200, 0},
        {"/v1/reports/costs?by=day,source", 200, 0},
        {"/v1/reports/costs?since=2026-11-22", 200, 0},
        {"/v1/reports/costs?by=colour", 400},
        {"/v1/reports/costs?until=soon", 400},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.target);
        const auto answer = house.call("GET", row.target, "admin");
        ASSERT_EQ(answer.status, row.status) << answer.body;
        if (row.status == 200) EXPECT_EQ(answer.body.at("items").size(), row.items);
    }
    const auto first = house.call("GET", "/v1/findings?limit=2", "admin");
    const auto cursor = first.body.at("next_cursor").get<std::string>();
    const auto second = house.call("GET", "/v1/findings?cursor=" + cursor, "admin");
    ASSERT_EQ(second.body.at("items").size(), 1U);
    EXPECT_TRUE(second.body.at("next_cursor").is_null());
}

TEST_F(RestTest, ADraftIsEditedAndDecidedOnce) {
    const auto id = house.deliver(1).dossier_id;
    house.work();
    const auto target = "/v1/drafts/" + house.draft(id).id;
    const auto seen = house.call("GET", target, "approver");
    ASSERT_EQ(seen.status, 200) << seen.body;
    const auto hash = seen.body.at("content_hash").get<std::string>();
    EXPECT_TRUE(seen.body.at("decided_at").is_null());

    for (const char* body :
         {R"({"sink":"elsewhere"})", R"({"title":7})", "[]", "not json", R"({"content_hash":"other","title":"x"})"}) {
        SCOPED_TRACE(body);
        const auto refused = house.call("PATCH", target, "approver", body);
        EXPECT_GE(refused.status, 400);
        EXPECT_LT(refused.status, 500);
    }
    const auto edited = house.call("PATCH", target, "approver", R"({"title":"Mine"})");
    ASSERT_EQ(edited.status, 200) << edited.body;
    EXPECT_EQ(edited.body.at("title"), "Mine");
    EXPECT_NE(edited.body.at("content_hash"), hash);
    EXPECT_EQ(house.call("POST", target + "/approve", "approver", R"({"content_hash":")" + hash + "\"}").status, 409)
        << "that is not what it says any more";
    EXPECT_EQ(house.call("POST", target + "/approve", "approver", R"({"comment":7})").status, 400);
    const auto approved = house.call("POST", target + "/approve", "approver");
    ASSERT_EQ(approved.status, 200) << approved.body;
    EXPECT_EQ(approved.body.at("decided_by"), "paul");
    const auto late = house.call("POST", target + "/reject", "admin");
    EXPECT_EQ(late.status, 409);
    EXPECT_THAT(late.body.at("detail").get<std::string>(), HasSubstr("paul"));
    house.work();
    EXPECT_EQ(house.call("GET", target, "approver").body.at("state"), "posted");
    EXPECT_EQ(house.call("GET", "/v1/drafts/drf_none", "approver").status, 404);
}

TEST_F(RestTest, AReplayNamesItsStage) {
    const auto taken = house.deliver(1);
    house.work();
    struct Row {
        const char* body;
        int status;
        const char* from;
    };
    for (const auto& row : {Row{"", 202, "explain"}, Row{R"({"from":"enrich"})", 202, "enrich"},
                            Row{R"({"from":"enriched"})", 202, "enriched"}, Row{R"({"from":"deliver"})", 400, ""},
                            Row{R"({"from":7})", 400, ""}, Row{"[]", 400, ""}}) {
        SCOPED_TRACE(row.body);
        const auto answer = house.call("POST", "/v1/findings/" + taken.id + "/replay", "analyst", row.body);
        ASSERT_EQ(answer.status, row.status) << answer.body;
        if (row.status == 202) EXPECT_EQ(answer.body.at("from"), row.from);
    }
    house.work();
    const auto dossier = house.call("GET", "/v1/dossiers/" + taken.dossier_id, "viewer").body;
    EXPECT_EQ(dossier.at("revision"), 2);
    ASSERT_EQ(dossier.at("earlier_narratives").size(), 1U);
    EXPECT_TRUE(dossier["earlier_narratives"][0].at("narrative").is_object());
    EXPECT_EQ(house.call("POST", "/v1/findings/fnd_none/replay", "analyst").status, 404);
}

TEST_F(RestTest, ExplainsOnDemand) {
    const auto answer = house.call("POST", "/v1/explain", "analyst",
                                   R"({"source":"scan","payload":{"id":"x","title":"S3 bucket is public"}})");
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_TRUE(answer.body.at("finding").is_object());
    const auto& dossier = answer.body.at("dossier");
    EXPECT_TRUE(dossier.at("id").is_null());
    for (const char* member : {"owner", "context", "blast_radius", "assessment", "route", "narrative", "draft"})
        EXPECT_TRUE(dossier.at(member).is_object()) << member << ": " << dossier.at(member);
    EXPECT_THAT(dossier["draft"].at("body").get<std::string>(), HasSubstr("AI-Generated Guidance"));

    const auto stored = house.deliver(1).id;
    house.work();
    EXPECT_EQ(house.call("POST", "/v1/explain", "analyst", R"({"finding_id":")" + stored + "\"}").status, 200);
    for (const auto& [body, status] :
         std::vector<std::pair<std::string, int>>{{"{}", 400},
                                                  {R"({"source":"scan"})", 400},
                                                  {R"({"source":"no","payload":{}})", 404},
                                                  {R"({"source":"scan","payload":[]})", 400},
                                                  {R"({"source":"scan","payload":{}})", 400},
                                                  {R"({"finding_id":"fnd_none"})", 404}})
        EXPECT_EQ(house.call("POST", "/v1/explain", "analyst", body).status, status) << body;
}

TEST_F(RestTest, OperatorsSeeWhatWentWrongAndTryAgain) {
    house.tracker->create_answers = {ticket::test::FakeTracker::Answer::refused};
    house.deliver(1);
    house.work();
    const auto letters = house.call("GET", "/v1/dead-letters", "admin");
    ASSERT_EQ(letters.body.at("items").size(), 1U) << letters.body;
    const auto letter = letters.body["items"][0];
    EXPECT_EQ(letter.at("stage"), "drafted");
    EXPECT_TRUE(letter.at("redriven_at").is_null());
    const auto target = "/v1/dead-letters/" + letter.at("id").get<std::string>() + "/redrive";
    EXPECT_EQ(house.call("POST", target, "admin").status, 202);
    EXPECT_EQ(house.call("POST", target, "admin").status, 409);
    EXPECT_EQ(house.call("POST", "/v1/dead-letters/dlt_none/redrive", "admin").status, 404);

    house.call("POST", "/v1/webhooks/scan", "", R"({"nothing":1})");
    const auto quarantine = house.call("GET", "/v1/quarantine", "admin");
    ASSERT_EQ(quarantine.body.at("items").size(), 1U);
    const auto item = quarantine.body["items"][0];
    EXPECT_EQ(item.at("payload"), R"({"nothing":1})");
    EXPECT_TRUE(item.at("finding_id").is_null());
    EXPECT_EQ(house.call("POST", "/v1/quarantine/" + item.at("id").get<std::string>() + "/retry", "admin").status, 409);
    EXPECT_EQ(house.call("POST", "/v1/quarantine/qrn_none/retry", "admin").status, 404);
}

TEST_F(RestTest, TheAuditTrailIsListedAndVerified) {
    house.deliver(1);
    house.work();
    const auto before = house.call("GET", "/v1/audit/verify", "auditor");
    ASSERT_EQ(before.status, 200) << before.body;
    EXPECT_EQ(before.body.at("ok"), true);
    EXPECT_EQ(before.body.at("completeness"), "unknown");
    test::value_of(house.heads->save(house.store, house.clock.now()));
    const auto signed_one = house.call("GET", "/v1/audit/verify", "auditor");
    EXPECT_EQ(signed_one.body.at("completeness"), "ok");
    const auto listed = house.call("GET", "/v1/audit?action=dossier.explained", "auditor");
    ASSERT_EQ(listed.body.at("items").size(), 1U);
    EXPECT_TRUE(listed.body["items"][0].at("hash").is_string());
    EXPECT_TRUE(listed.body["items"][0].at("actor").is_object());
}

TEST_F(RestTest, HealthReadinessAndMetricsAreOpen) {
    EXPECT_EQ(house.call("GET", "/healthz", "").status, 200);
    EXPECT_EQ(house.call("GET", "/readyz", "").status, 200);
    house.deliver(1);
    const auto metrics = house.call("GET", "/metrics", "");
    EXPECT_THAT(metrics.headers.get("Content-Type").value_or(""), testing::StartsWith("text/plain; version=0.0.4"));
    EXPECT_THAT(metrics.body.get<std::string>(), HasSubstr("dossier_queue_depth 1"));
    house.services.capacity = 1;
    const auto full = house.call("GET", "/readyz", "");
    EXPECT_EQ(full.status, 503);
    EXPECT_TRUE(full.headers.get("Retry-After"));
}

TEST(Presentation, SaysNullForWhatIsNotThereYet) {
    store::DossierRow row;
    row.id = "dos_1";
    const auto json = present_dossier(row, {});
    for (const char* member :
         {"owner", "context", "blast_radius", "assessment", "route", "narrative", "draft", "ticket", "last_error"})
        EXPECT_TRUE(json.at(member).is_null()) << member << ": " << json.at(member);
    for (const char* member : {"findings", "citations", "timeline", "drafts", "earlier_narratives"})
        EXPECT_EQ(json.at(member), Json::array()) << member;
    store::FindingRow finding;
    finding.doc = "{broken";
    EXPECT_TRUE(present_finding(finding).at("owner").is_null());
}

} // namespace
} // namespace dossier::api
