#include "dossier/ingest/adapter.hpp"
#include "wiz_backlog.hpp"
#include "wiz_check.hpp"
#include "wiz_delivery.hpp"
#include "wiz_graph_words.hpp"
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
using ::testing::IsEmpty;

constexpr auto early = "2026-11-20T08:00:00Z";

TEST(WizClient, CompletesAddressesAndChoosesTheAudience) {
    EXPECT_EQ(wiz_graphql_url("https://api.eu1.app.wiz.io"), "https://api.eu1.app.wiz.io/graphql");
    EXPECT_EQ(wiz_graphql_url("https://api.eu1.app.wiz.io/"), "https://api.eu1.app.wiz.io/graphql");
    EXPECT_EQ(wiz_graphql_url("http://127.0.0.1:8/gql"), "http://127.0.0.1:8/gql");
    struct Row {
        std::string auth_url;
        std::string url;
        std::string token_url;
        std::string audience;
    };
    for (const auto& row : std::vector<Row>{
             {"", "https://api.eu1.app.wiz.io", "https://auth.app.wiz.io/oauth/token", "wiz-api"},
             {"", "https://api.us1.gov.wiz.io/graphql", "https://auth.gov.wiz.io/oauth/token", "wiz-api"},
             {"https://auth.wiz.io", "https://api.eu1.app.wiz.io", "https://auth.wiz.io/oauth/token", "beyond-api"},
             {"https://AUTH0.gov.wiz.io:443", "", "https://AUTH0.gov.wiz.io:443/oauth/token", "beyond-api"},
             {"http://127.0.0.1:9/token", "", "http://127.0.0.1:9/token", "wiz-api"}}) {
        EXPECT_EQ(wiz_token_url(row.auth_url, row.url), row.token_url);
        EXPECT_EQ(wiz_audience(row.token_url), row.audience) << row.token_url;
    }
}

TEST(WizCheck, ReadsScopesOffATokenAndKnowsWhatCoversWhat) {
    // {"scope":"read:issues write:issues"} and {"scp":["read:all"]}
    EXPECT_THAT(*scopes_in_token("e30.eyJzY29wZSI6InJlYWQ6aXNzdWVzIHdyaXRlOmlzc3VlcyJ9.x"),
                ElementsAre("read:issues", "write:issues"));
    EXPECT_THAT(*scopes_in_token("e30.eyJzY3AiOlsicmVhZDphbGwiXX0.x"), ElementsAre("read:all"));
    for (const auto* opaque : {"", "opaque", "a.b.c", "e30.e30.x", "e30.W10.x"})
        EXPECT_FALSE(scopes_in_token(opaque)) << opaque;
    struct Row {
        std::vector<std::string> scopes;
        std::string wanted;
        bool covered;
    };
    for (const auto& row : std::vector<Row>{{{"update:issues"}, "update:issues", true},
                                            {{"write:issues"}, "update:issues", true},
                                            {{"update:all"}, "update:issues", true},
                                            {{"admin:all"}, "create:service_tickets", true},
                                            {{"read:all"}, "update:issues", false},
                                            {{"write:issues"}, "read:issues", false},
                                            {{}, "read:issues", false}})
        EXPECT_EQ(is_covered(row.scopes, row.wanted), row.covered) << row.wanted;
}

TEST(WizDelivery, SaysWhatKeptARuleFromFiring) {
    const WizAutomationRule good{.name = "r",
                                 .enabled = true,
                                 .sends_out = true,
                                 .about_issues = true,
                                 .triggers = {"CREATED", "RESOLVED"},
                                 .severities = {"CRITICAL"},
                                 .projects = {"p-1"}};
    auto off = good;
    off.enabled = false;
    auto slack = good;
    slack.sends_out = false;
    auto open = good;
    open.triggers = {"CREATED"};
    open.severities.clear();
    open.projects.clear();
    struct Row {
        std::vector<WizAutomationRule> rules;
        std::string issue;
        std::string why;
    };
    const std::string critical = R"({"status":"OPEN","severity":"CRITICAL","projects":[{"id":"p-1"}]})";
    const std::string low = R"({"status":"OPEN","severity":"LOW","projects":[{"id":"p-1"}]})";
    const std::string elsewhere = R"({"status":"OPEN","severity":"CRITICAL","projects":[{"id":"p-2"}]})";
    const std::string resolved = R"({"status":"RESOLVED","severity":"LOW"})";
    for (const auto& row :
         std::vector<Row>{{{}, critical, "no automation rule of Wiz sends issues out"},
                          {{slack}, critical, "no automation rule of Wiz sends issues out"},
                          {{off}, critical, "every automation rule of Wiz that sends issues out is switched off"},
                          {{good}, critical, ""},
                          {{good}, low, "the automation rule \"r\" takes only CRITICAL"},
                          {{good}, elsewhere, "the automation rule \"r\" is limited to other projects"},
                          {{open}, resolved, "no enabled automation rule of Wiz fires on RESOLVED"},
                          {{good, open}, low, ""}}) {
        const auto document = JsonDocument::parse(row.issue);
        ASSERT_TRUE(document);
        EXPECT_EQ(why_not_delivered(row.rules, document->root()), row.why) << row.issue;
    }
}

TEST(WizDelivery, ReadsRulesInBothFormsOfFilters) {
    const auto document = JsonDocument::parse(
        R"({"name":"n","enabled":true,"triggerSource":"CONTROL","triggerType":["CREATED"],
            "filters":"{\"severity\":{\"equals\":[\"HIGH\"]},\"project\":[\"p\"]}",
            "actions":[{"actionTemplateType":"SLACK"},{"actionTemplateType":"AWS_SNS"}]})");
    ASSERT_TRUE(document);
    const auto rule = read_automation_rule(document->root());
    EXPECT_TRUE(rule.enabled && rule.sends_out && rule.about_issues);
    EXPECT_THAT(rule.severities, ElementsAre("HIGH"));
    EXPECT_THAT(rule.projects, ElementsAre("p"));
}

TEST(WizWords, EveryTypeHasAKindAndDisplayNamesAreRead) {
    EXPECT_EQ(kind_of_wiz_type("BUCKET"), "data_store");
    EXPECT_EQ(kind_of_wiz_type("Service Account"), "identity");
    EXPECT_EQ(kind_of_wiz_type("DATA_FINDING"), "data");
    EXPECT_EQ(kind_of_wiz_type("SOMETHING_NEW"), "resource");
    for (const auto& type : wiz_types()) {
        const auto kind = kind_of_wiz_type(type);
        EXPECT_TRUE(std::ranges::find(graph_kinds, kind) != std::end(graph_kinds)) << type;
    }
}

TEST(WizBacklog, NamesTheKindsOfStores) {
    struct Row {
        std::string type;
        std::string native;
        std::string cloud;
        std::string kind;
    };
    for (const auto& row : std::vector<Row>{{"BUCKET", "bucket", "aws", "s3"},
                                            {"BUCKET", "storageContainer", "azure", "azure_blob"},
                                            {"STORAGE_ACCOUNT", "storageAccount", "azure", "azure_blob"},
                                            {"BUCKET", "bucket", "gcp", "gcs"},
                                            {"DB_SERVER", "rds/AmazonAuroraPostgreSQL/cluster", "aws", "rds"},
                                            {"DATABASE", "bigQuery#dataset", "gcp", "bigquery"},
                                            {"DATABASE", "database", "snowflake", "snowflake"},
                                            {"BUCKET", "dataLakeGen2", "azure", "data_lake"},
                                            {"DATA_CATALOG", "glue#database", "aws", "data_lake"},
                                            {"SEARCH_INDEX", "index", "aws", "search_index"}}) {
        WizEntity entity;
        entity.type = row.type;
        entity.resource.type = row.native;
        entity.resource.cloud = row.cloud;
        EXPECT_EQ(wiz_store_kind(entity), row.kind) << row.type << " " << row.native;
    }
}

TEST(WizBacklog, BringsShapeObjectsAndAtMostAHundredRows) {
    WizTenant tenant;
    Json rows = Json::array();
    for (int i = 0; i < 150; ++i) rows.push_back({{"email", fmt::format("u{}@acme.example", i)}, {"age", i}});
    tenant.entity("db", "DATABASE",
                  {{"nativeType", "bigQuery#dataset"},
                   {"cloudPlatform", "GCP"},
                   {"sampleRows", rows},
                   {"tags", {{"data_classification", "internal"}, {"team", "x"}}}});
    tenant.entity("schema", "DATA_SCHEMA", {{"fieldNames", {"email", "age"}}});
    tenant.entity("sample", "DATA_STORE",
                  {{"examplePaths", {"exports/users.csv"}}, {"lastSampleTime", "2026-11-01T00:00:00Z"}});
    tenant.entity("table", "DATABASE_TABLE");
    tenant.edge("db", "HAS_DATA_SCHEMA", "schema");
    tenant.edge("db", "HAS_DATA_STORE", "sample");
    tenant.edge("db", "CONTAINS", "table");
    tenant.script = [&](const std::string&, const Json& variables, int) -> std::optional<Reply> {
        // The tenant of these tests knows no negation: it gives the stores, and the stand-in proves the rest.
        const auto& query = variables["query"];
        if (!query.dump().contains("\"negate\":true")) return std::nullopt;
        EXPECT_TRUE(query.dump().contains("HAS_DATA_INVENTORY") && query.dump().contains("HAS_DATA_FINDING"));
        Json entity{{"id", "db"}, {"name", "users"}, {"type", "DATABASE"}};
        entity["properties"] = {{"nativeType", "bigQuery#dataset"},
                                {"cloudPlatform", "GCP"},
                                {"sampleRows", rows},
                                {"tags", {{"data_classification", "internal"}, {"team", "x"}}}};
        Json node{{"entities", Json::array({entity})}};
        return Reply{.status = 200,
                     .body = {{"data",
                               {{"graphSearch",
                                 {{"nodes", Json::array({node})},
                                  {"pageInfo", {{"hasNextPage", true}, {"endCursor", "next"}}}}}}}},
                     .headers = {}};
    };
    const auto page = tenant.run(tenant.api()->backlog("", tenant.soon()));
    ASSERT_TRUE(page) << page.error().describe();
    ASSERT_EQ(page->stores.size(), 1U);
    const auto& store = page->stores[0];
    EXPECT_EQ(store.source_id, "db");
    EXPECT_EQ(store.store_kind, "bigquery");
    EXPECT_EQ(store.rows.size(), 100U);
    EXPECT_EQ(store.fields.size(), 2U);
    EXPECT_EQ(store.fields[0].name, "email");
    EXPECT_THAT(store.objects, ElementsAre("exports/users.csv", "the table"));
    EXPECT_THAT(store.current_tags, ElementsAre("data_classification=internal"));
    EXPECT_TRUE(store.last_scanned);
    EXPECT_THAT(store.url, HasSubstr("db*2cDATABASE"));
    EXPECT_TRUE(page->has_more);
    EXPECT_EQ(page->next_cursor, "next");
}

class WizInsight : public ::testing::Test {
protected:
    WizInsight() {
        tenant.entity("bucket", "BUCKET", {{"publicAccessTypes", {"READ"}}});
        tenant.entity("policy", "RAW_ACCESS_POLICY", {{"policyDocument", R"({"Effect":"Allow","Principal":"*"})"}});
        tenant.edge("bucket", "HAS_RESOURCE_POLICY", "policy");
        tenant.issue("i-1", early);
        answers["networkExposures"] = {
            {{"type", "PUBLIC_INTERNET"},
             {"sourceIpRange", "0.0.0.0/0"},
             {"portRange", "443"},
             {"path", {{{"id", "lb"}, {"name", "front"}, {"type", "LOAD_BALANCER"}}}},
             {"exposedEntity", {{"id", "bucket"}, {"name", "payments"}, {"type", "BUCKET"}}}}};
        answers["entityEffectiveAccessEntries"] = {
            {{"accessTypes", {"READ", "ADMIN"}},
             {"grantedEntity", {{"id", "r"}, {"name", "etl"}, {"type", "ACCESS_ROLE"}}}}};
        answers["cloudEvents"] = {
            {{"externalName", "GetObject"}, {"timestamp", "2026-11-19T10:00:00Z"}, {"actor", {{"externalId", "bob"}}}},
            {{"externalName", "PutObject"}, {"timestamp", "2026-11-20T10:00:00Z"}, {"actor", {{"name", "ann"}}}}};
        answers["excessiveAccessFindings"] = Json::array();
        tenant.script = [this](const std::string& root, const Json&, int) -> std::optional<Reply> {
            if (failing.contains(root)) return graphql_error("LICENSE_MISSING", "not licensed");
            if (!answers.contains(root)) return std::nullopt;
            return Reply{.status = 200, .body = {{"data", {{root, {{"nodes", answers[root]}}}}}}, .headers = {}};
        };
    }
    auto ask() -> Result<ResourceInsight> {
        Finding finding;
        finding.source_id = "i-1";
        return tenant.run(tenant.api()->insight(finding, tenant.soon()));
    }
    std::map<std::string, Json> answers;
    std::set<std::string> failing;
    WizTenant tenant;
};

TEST_F(WizInsight, PutsExposureAccessUseAndPoliciesTogether) {
    const auto insight = ask();
    ASSERT_TRUE(insight) << insight.error().describe();
    EXPECT_THAT(insight->exposure_path,
                ElementsAre("the internet (0.0.0.0/0) → front (LOAD_BALANCER) → payments (BUCKET) on port 443"));
    ASSERT_EQ(insight->access.size(), 2U);
    EXPECT_EQ(insight->access[0].kind, "anyone");
    EXPECT_EQ(insight->access[1].id, "etl");
    EXPECT_EQ(insight->access[1].kind, "role");
    EXPECT_EQ(insight->access[1].level, "admin");
    ASSERT_EQ(insight->access_log.size(), 2U);
    EXPECT_EQ(insight->access_log[0].principal, "ann");
    EXPECT_EQ(insight->access_log[0].action, "write");
    EXPECT_EQ(insight->access_log[1].action, "read");
    ASSERT_EQ(insight->policies.size(), 1U);
    EXPECT_EQ(insight->policies[0].kind, "attached");
    EXPECT_THAT(insight->policies[0].statement, HasSubstr("Allow"));
}

TEST_F(WizInsight, APartThatTheTenantHasNoLicenceForLeavesTheOthers) {
    failing = {"cloudEvents", "entityEffectiveAccessEntries"};
    const auto insight = ask();
    ASSERT_TRUE(insight);
    EXPECT_THAT(insight->access_log, IsEmpty());
    EXPECT_EQ(insight->exposure_path.size(), 1U);
    EXPECT_EQ(insight->policies.size(), 1U);
}

TEST(WizPolicies, EnabledClassifiersBecomePolicies) {
    WizTenant tenant;
    tenant.script = [](const std::string& root, const Json& variables, int) -> std::optional<Reply> {
        if (root != "dataClassifiers") return std::nullopt;
        EXPECT_EQ(variables["filterBy"]["enabled"], true);
        Json node{{"id", "c-1"},        {"name", "IBAN"},  {"category", "FINANCIAL"},
                  {"severity", "HIGH"}, {"enabled", true}, {"description", "International bank account numbers"}};
        return Reply{
            .status = 200, .body = {{"data", {{"dataClassifiers", {{"nodes", Json::array({node})}}}}}}, .headers = {}};
    };
    const auto facts = tenant.run(tenant.api()->classification_policies(tenant.soon()));
    ASSERT_TRUE(facts);
    ASSERT_EQ(facts->size(), 1U);
    EXPECT_EQ(facts->front().kind, "classification");
    EXPECT_EQ(facts->front().name, "IBAN");
    EXPECT_EQ(facts->front().statement,
              "Wiz classifies matches as FINANCIAL, severity high: International bank account numbers");
}

TEST(WizAdapter, ADataFindingOfTheApiNamesItsStore) {
    SourceConfig config;
    config.name = "wiz";
    config.kind = "wiz";
    const auto document = JsonDocument::parse(
        R"({"id":"df-1","name":"Credit cards","severity":"CRITICAL","status":"OPEN","totalMatchCount":1200,
            "isEntityPublic":true,"dataClassifier":{"id":"c","name":"Credit card number","category":"FINANCIAL"},
            "graphEntity":{"id":"ent","name":"payments","type":"BUCKET","properties":{"externalId":
            "arn:aws:s3:::payments","nativeType":"bucket","cloudPlatform":"AWS","region":"eu-west-1"}},
            "cloudAccount":{"externalId":"12345678901","name":"prod","cloudProvider":"AWS"},
            "details":{"firstSeenAt":"2026-11-01T00:00:00Z","lastSeenAt":"2026-11-02T00:00:00Z"}})");
    ASSERT_TRUE(document);
    const auto finding = make_adapter(config)->normalise(document->root());
    ASSERT_TRUE(finding) << finding.error().describe();
    EXPECT_EQ(finding->source_id, "df-1");
    EXPECT_EQ(finding->finding_type, FindingType::sensitive_data);
    EXPECT_EQ(finding->severity, Severity::critical);
    EXPECT_EQ(finding->exposure, Exposure::public_);
    EXPECT_EQ(finding->resource.id, "arn:aws:s3:::payments");
    EXPECT_EQ(finding->resource.name, "payments");
    EXPECT_EQ(finding->resource.account, "012345678901");
    EXPECT_EQ(finding->data.volume, 1200);
    EXPECT_THAT(finding->data.identifiers, ElementsAre("Credit card number"));
    EXPECT_FALSE(finding->data.classes.empty());
    EXPECT_TRUE(finding->first_seen && finding->last_seen);
}

TEST(WizApi, FetchesFindingsOfOtherKindsByTheirIds) {
    WizTenant tenant;
    tenant.script = [](const std::string& root, const Json&, int) -> std::optional<Reply> {
        if (root == "issue" || root == "dataFinding")
            return graphql_error("NOT_FOUND", "no such thing", {{root, nullptr}});
        if (root != "configurationFindings") return std::nullopt;
        Json node{{"id", "cf-1"}, {"result", "FAIL"}, {"rule", {{"id", "r"}, {"name", "Encryption"}}}};
        Json other{{"id", "cf-2"}, {"result", "FAIL"}};
        return Reply{
            .status = 200, .body = {{"data", {{root, {{"nodes", Json::array({other, node})}}}}}}, .headers = {}};
    };
    const auto item = tenant.run(tenant.api()->fetch("cf-1", tenant.soon()));
    ASSERT_TRUE(item) << item.error().describe();
    EXPECT_EQ(item->source_id, "cf-1");
    EXPECT_THAT(item->raw, HasSubstr("Encryption"));
}

} // namespace
} // namespace dossier::ingest
