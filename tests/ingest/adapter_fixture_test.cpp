// What the adapters make of payloads of every shape that the platforms send, written out field by field.

#include "finding_row.hpp"

namespace dossier::ingest {
namespace {

constexpr FindingRow rows[] = {
    {"wiz", "wiz-api-data-finding.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e12",
     "Sensitive data in a store nobody owns", "high open sensitive_data unknown data_at_risk", "data##wiz-rec77##a-b",
     "HIPAA 31", "//", "pci,phi"},
    {"wiz", "wiz-api-detection.json", 0, "det-9", "Database export from a new place", "low open threat unknown threat",
     "ocid1.database.oc1..bbbb", "hr", "oci/ocid1.tenancy.oc1..aaaa/eu-frankfurt-1", ""},
    {"wiz", "wiz-api-issues.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e10",
     "SQL database allows access from the internet", "medium suppressed misconfiguration public public_access",
     "/subscriptions/0a1b2c3d-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Sql/servers/s/"
     "databases/crm",
     "crm", "azure/0a1b2c3d-0000-4000-8000-000000000001/northeurope", ""},
    {"wiz", "wiz-api-issues.json", 1, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e11", "Machine with cleartext cloud keys",
     "informational open sensitive_data unknown credentials",
     "arn:aws:ec2:us-east-1:111122223333:instance/i-0a1b2c3d4e5f60718", "build-7", "aws/111122223333/us-east-1",
     "customer,secrets"},
    {"wiz", "wiz-config-findings.json", 0, "cf-1", "KMS key should rotate",
     "high resolved misconfiguration unknown encryption", "arn:aws:kms:eu-west-3:111122223333:key/1f2e",
     "1f2e: ResourcePolicy", "aws/111122223333/eu-west-3", ""},
    {"wiz", "wiz-config-findings.json", 1, "cf-2", "S3 bucket should not be public",
     "informational open misconfiguration public public_access", "arn:aws:s3:::acme-payments-exports",
     "acme-payments-exports", "aws/012345678901/eu-central-1", ""},
    {"wiz", "wiz-detection.json", 0, "1f0c2f5e-0a2b-5d6e-9c7f-00000000aaaa", "Unusual S3 data download",
     "high open threat unknown threat", "arn:aws:s3:::acme-payments-exports", "acme-payments-exports",
     "aws/012345678901/eu-central-1", ""},
    {"wiz", "wiz-issue-default.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e01",
     "Publicly exposed bucket with PII and PCI data", "critical open sensitive_data public public_access",
     "arn:aws:s3:::acme-payments-exports", "acme-payments-exports", "aws/012345678901/eu-central-1", "pci,pii"},
    {"wiz", "wiz-issue-flat.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e08", "Database snapshot is public",
     "critical open misconfiguration public public_access", "arn:aws:rds:us-east-1:111122223333:snapshot:orders",
     "orders", "aws/111122223333/us-east-1", ""},
    {"wiz", "wiz-issue-id-only.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e04",
     "Wiz issue 7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e04", "medium open other unknown other", "", "", "//", ""},
    {"wiz", "wiz-issue-pagerduty.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e07",
     "Bucket shared with external account", "high open misconfiguration cross_account excessive_access", "", "acme-hr",
     "gcp/acme-hr-prod/europe-west1", ""},
    {"wiz", "wiz-issue-resolved-by-trigger.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e06",
     "RDS instance storage is not encrypted", "medium resolved misconfiguration unknown encryption", "", "orders-db",
     "aws/000987654321/us-west-2", ""},
    {"wiz", "wiz-issue-source-rule.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e02",
     "Storage account logging is not enabled", "high in_progress misconfiguration unknown logging",
     "/subscriptions/0A1B2C3D-0000-4000-8000-000000000001/resourceGroups/rg/providers/Microsoft.Storage/"
     "storageAccounts/acmelogs",
     "acmelogs", "azure/0a1b2c3d-0000-4000-8000-000000000001/westeurope", ""},
    {"wiz", "wiz-issue-test.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e05", "Wiz Mock Data for Testing",
     "low open other unknown other", "", "test-vm", "aws/210987654321/us-east-1", ""},
    {"wiz", "wiz-issue-thin.json", 0, "7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e03",
     "Wiz issue 7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e03", "medium open other unknown other", "", "", "//", ""},
    {"wiz", "wiz-threat.json", 0, "1f0c2f5e-0a2b-5d6e-9c7f-00000000aaaa", "Data theft from a payments bucket",
     "critical resolved threat unknown threat", "acme-payments-exports", "acme-payments-exports",
     "aws/012345678901/eu-central-1", ""},
    {"wiz", "wiz-vulnerability.json", 0, "vf-1", "CVE-2025-99999", "high open vulnerability public vulnerability",
     "arn:aws:ec2:us-east-1:111122223333:instance/i-00aa11bb22cc33dd4", "web-1", "aws/111122223333/us-east-1", ""},
    {"prisma", "prisma-api.json", 0, "P-3001", "RDS instance not encrypted",
     "low resolved misconfiguration unknown encryption", "arn:aws:rds:us-east-1:111122223333:db:orders", "orders",
     "aws/111122223333/us-east-1", ""},
    {"prisma", "prisma-api.json", 1, "P-3002", "Prisma Cloud alert P-3002",
     "medium suppressed identity unknown excessive_access", "", "etl", "aws/111122223333/", ""},
    {"prisma", "prisma-compute.json", 0, "65aa01", "unexpectedProcess: runtime default",
     "critical open threat unknown threat", "c0ffee", "ledger-api", "gcp/acme-prod/europe-west1", ""},
    {"prisma", "prisma-data-security.json", 0, "D-2001", "Objects containing financial information",
     "medium open sensitive_data public public_access", "rrn:aws:storageBucket:ca-central-1:012345678901::acme-ledger",
     "acme-ledger", "aws/012345678901/ca-central-1", "financial,pci,pii"},
    {"prisma", "prisma-flat.json", 0, "P-1001", "AWS S3 bucket publicly readable",
     "high open misconfiguration public public_access",
     "rrn:aws:storageBucket:eu-central-1:012345678901:9f8e7d:acme-payments-exports", "acme-payments-exports",
     "aws/012345678901/eu-central-1", "pii"},
    {"prisma", "prisma-flat.json", 1, "N-1002", "GCP firewall rule exposes port 22 to the internet",
     "informational suppressed misconfiguration public network_exposure", "7777777", "allow-ssh", "gcp/acme-net/global",
     ""},
    {"prisma", "prisma-splunk.json", 0, "P-5001", "IAM role with excessive permissions",
     "high open identity unknown excessive_access", "arn:aws:iam::111122223333:role/etl", "etl", "aws/111122223333/",
     ""},
    {"prisma", "prisma-template.json", 0, "P-4001", "Azure storage container allows anonymous access",
     "critical open misconfiguration public public_access",
     "/subscriptions/0a1b2c3d-0000-4000-8000-000000000001/x/backups", "backups",
     "azure/0a1b2c3d-0000-4000-8000-000000000001/westeurope", ""},
    {"orca", "orca-exports.json", 0, "", "Unused role", "medium open identity unknown excessive_access", "", "etl",
     "/acme-dev/", ""},
    {"orca", "orca-exports.json", 1, "", "Unused role", "critical open identity unknown excessive_access", "", "etl",
     "/acme-prod/", ""},
    {"orca", "orca-findings.json", 0, "orca-7004", "Network ACL allows all inbound traffic",
     "medium in_progress misconfiguration public network_exposure", "acl-0a1b2c3d4e5f60718", "acl-0a1b2c3d4e5f60718",
     "aws/111122223333/ap-southeast-2", ""},
    {"orca", "orca-flat.json", 0, "orca-7001", "S3 bucket with public access",
     "critical open sensitive_data public public_access", "arn:aws:s3:::acme-payments-exports", "acme-payments-exports",
     "aws/012345678901/eu-central-1", "pii"},
    {"orca", "orca-legacy.json", 0, "orca-7003", "Malware", "high suppressed threat unknown malware", "vm_1", "win-1",
     "azure/0a1b2c3d-0000-4000-8000-000000000001/", ""},
    {"orca", "orca-repository.json", 0, "orca-7005", "Hardcoded secret in repository",
     "medium resolved misconfiguration unknown credentials", "CodeRepository_9", "acme/ledger",
     "code/32fe97a4-ec58-4823-9521-000000000000/", "secrets"},
    {"orca", "orca-selection.json", 0, "orca-7002", "Web server with weak TLS",
     "high suppressed other unknown encryption", "", "web-1", "//", ""},
    {"orca", "orca-serving-layer-no-name.json", 0, "orca-7007", "Stale snapshot",
     "informational open other unknown excessive_access", "g-7", "", "//", ""},
    {"orca", "orca-serving-layer.json", 0, "orca-7006", "User without MFA", "high open identity unknown credentials",
     "arn:aws:iam::111122223333:user/kim", "kim", "aws/111122223333/", ""},
    {"generic", "lacework-api.json", 0, "813001", "New AWS user", "informational in_progress other unknown other", "",
     "", "//", ""},
    {"generic", "lacework-api.json", 1, "813002", "Host reachable", "critical resolved other public public_access",
     "i-0a1b2c3d4e5f60718", "", "/111122223333/", ""},
    {"generic", "lacework-webhook.json", 0, "77", "S3 bucket policy changed",
     "high open misconfiguration unknown other", "", "", "/ACME/", ""},
};

auto only(std::string_view kind, std::string_view file) -> Finding {
    auto findings = normalise_file(kind, fixtures() / file);
    EXPECT_EQ(findings.size(), 1U) << file;
    EXPECT_TRUE(!findings.empty() && findings[0]) << file;
    return !findings.empty() && findings[0] ? *findings[0] : Finding{};
}

auto fact(const Finding& finding, std::string_view key) -> std::string {
    for (const auto& [name, value] : finding.facts) {
        if (name == key) return value;
    }
    return {};
}

TEST(Adapters, GiveTheCanonicalFieldsOfEveryShape) {
    for (const auto& row : rows) expect_row(row, fixtures());
}

TEST(Adapters, RefuseWhatIsNoFindingAndSayWhy) {
    struct Case {
        const char* name;
        const char* kind;
        const char* text;
        const char* reason; ///< part of it
    };
    const auto audit = read_text(fixtures() / "wiz-audit-entry.json");
    const auto asset = read_text(fixtures() / "wiz-asset.json");
    const auto orca = read_text(fixtures() / "orca-flat.json");
    const auto prisma = read_text(fixtures() / "prisma-api.json");
    const Case cases[] = {
        {"audit entry", "wiz", audit.c_str(), "audit-log entry"},
        {"bare asset", "wiz", asset.c_str(), "no issue"},
        {"other platform's alert", "wiz", orca.c_str(), "looks like a finding of Orca"},
        {"other platform's alert", "prisma", orca.c_str(), "looks like a finding of Orca"},
        {"empty object", "wiz", "{}", "no issue"},
        {"empty object", "prisma", "{}", "neither"},
        {"empty object", "orca", "{}", "no alert"},
        {"empty object", "generic", "{}", "neither"},
        {"a number", "wiz", "7", "no JSON object"},
        {"a text", "orca", "\"hello\"", "no JSON object"},
        {"array in array", "prisma", "[[1]]", "no JSON object"},
        {"other JSON", "prisma", R"({"hello":"world"})", "neither"},
        {"an issue whose id says nothing", "wiz", R"({"issue":{"id":"N/A","severity":"HIGH"}})", "neither"},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(std::string(row.kind) + ": " + row.name);
        const auto findings = normalise_text(config_for(row.kind, ""), row.text);
        ASSERT_EQ(findings.size(), 1U);
        ASSERT_FALSE(findings[0]);
        EXPECT_EQ(findings[0].error().code, Errc::malformed);
        EXPECT_TRUE(findings[0].error().message.contains(row.reason)) << findings[0].error().message;
    }
}

TEST(Adapters, FindNothingInATestCallOfPrismaCloud) {
    EXPECT_TRUE(normalise_file("prisma", fixtures() / "prisma-test.json").empty());
    EXPECT_TRUE(normalise_text(config_for("prisma", ""), "[]").empty());
}

TEST(WizAdapter, TakesTheTriggerForTheStatusOnlyWhereTheIssueHasNone) {
    EXPECT_EQ(only("wiz", "wiz-issue-resolved-by-trigger.json").status, Status::resolved);
    EXPECT_EQ(only("wiz", "wiz-issue-source-rule.json").status, Status::in_progress);
}

TEST(WizAdapter, KnowsFirstReportsAndTests) {
    EXPECT_TRUE(only("wiz", "wiz-issue-default.json").is_first_report);
    EXPECT_FALSE(only("wiz", "wiz-issue-source-rule.json").is_first_report);
    EXPECT_FALSE(only("wiz", "wiz-detection.json").is_first_report) << "many detections share one threat";
    EXPECT_TRUE(only("wiz", "wiz-issue-test.json").is_test);
    EXPECT_FALSE(only("wiz", "wiz-issue-default.json").is_test);
}

TEST(WizAdapter, SeesOneFindingInAThreatAndItsDetections) {
    EXPECT_EQ(only("wiz", "wiz-threat.json").fingerprint, only("wiz", "wiz-detection.json").fingerprint);
}

TEST(WizAdapter, CompletesThinTemplatesAndSaysSo) {
    for (const auto* file : {"wiz-issue-thin.json", "wiz-issue-id-only.json"}) {
        const auto finding = only("wiz", file);
        EXPECT_EQ(fact(finding, "severity_assumed"), "medium");
        EXPECT_EQ(fact(finding, "payload_lacks"), "title, severity");
    }
}

TEST(WizAdapter, ReadsTextsTimesTagsAndProjects) {
    const auto finding = only("wiz", "wiz-issue-default.json");
    EXPECT_EQ(finding.projects, (std::vector<std::string>{"Ledger", "Payments EU"}));
    EXPECT_EQ(finding.url, "https://app.wiz.io/issues#~(issue~'7d0f3c52-8b1e-4b0a-9a65-0f4f6d1c2e01)");
    EXPECT_EQ(format_time(finding.first_seen.value()), "2026-03-04T08:15:30.123Z");
    EXPECT_EQ(finding.resource.account_name, "acme-prod");
    const auto quoted = only("wiz", "wiz-issue-source-rule.json");
    EXPECT_EQ(quoted.resource.tags, (Tags{{"env", "prod"}, {"team", "data-platform"}}));
    EXPECT_EQ(quoted.recommendation, "Turn diagnostic logs on.");
    EXPECT_EQ(format_time(quoted.first_seen.value()), "2026-03-04T08:15:30.500Z");
    const auto configuration = normalise_file("wiz", fixtures() / "wiz-config-findings.json");
    EXPECT_EQ(configuration[0]->resource.tags, (Tags{{"env", "prod"}, {"team", ""}}));
}

TEST(WizAdapter, NeverPassesOnALinkThatIsNoWebAddress) {
    EXPECT_TRUE(only("wiz", "wiz-vulnerability.json").url.starts_with("https://app.wiz.io/"));
}

TEST(PrismaAdapter, ReadsTimesInMillisecondsAndInSecondsAsText) {
    const auto flat = normalise_file("prisma", fixtures() / "prisma-flat.json");
    EXPECT_EQ(format_time(flat[0]->first_seen.value()), "2026-03-03T08:00:00.000Z");
    EXPECT_EQ(format_time(flat[1]->first_seen.value()), "2026-03-04T08:00:00.000Z");
    EXPECT_EQ(format_time(only("prisma", "prisma-data-security.json").first_seen.value()), "2023-06-16T19:27:20.000Z");
}

TEST(PrismaAdapter, ReadsOwnersComplianceLinksAndIdentifiers) {
    const auto flat = normalise_file("prisma", fixtures() / "prisma-flat.json");
    EXPECT_EQ(flat[0]->owner_hints, (std::vector<std::string>{"ana@acme.example", "bo@acme.example"}));
    EXPECT_EQ(flat[0]->compliance, (std::vector<std::string>{"PCI DSS v4.0 1.4.4"}));
    EXPECT_EQ(flat[0]->url, "https://app.prismacloud.example/alerts/P-1001");
    EXPECT_EQ(flat[0]->resource.url, "https://app.prismacloud.io/console/s3");
    EXPECT_EQ(flat[1]->resource.tags, (Tags{{"env", "test"}}));
    const auto data = only("prisma", "prisma-data-security.json");
    EXPECT_EQ(data.data.identifiers, (std::vector<std::string>{"Credit Card Number", "IBAN"}));
    EXPECT_EQ(data.owner_hints, (std::vector<std::string>{"Data Platform"}));
    EXPECT_EQ(fact(data, "object"), "2026/q1.csv");
}

TEST(OrcaAdapter, SplitsTagsAtTheFirstBarAndReadsJsonInStrings) {
    EXPECT_EQ(only("orca", "orca-flat.json").resource.tags, (Tags{{"env", "prod"}, {"note", "a|b"}}));
    EXPECT_EQ(only("orca", "orca-findings.json").resource.tags, (Tags{{"env", "dev"}}));
}

TEST(OrcaAdapter, KeepsEqualExportsOfTwoAccountsApart) {
    const auto exports = normalise_file("orca", fixtures() / "orca-exports.json");
    ASSERT_EQ(exports.size(), 2U);
    EXPECT_NE(exports[0]->fingerprint, exports[1]->fingerprint);
}

TEST(GenericAdapter, ReadsTheSameWordsForSeverityWhateverThePlatform) {
    struct Case {
        const char* value;
        Severity severity;
    };
    constexpr Case cases[] = {
        {R"("1")", Severity::critical},      {"2", Severity::high},
        {R"("3")", Severity::medium},        {"4", Severity::low},
        {R"("5")", Severity::informational}, {R"("INFO")", Severity::informational},
        {R"("Moderate")", Severity::medium}, {R"("important")", Severity::high},
        {R"("Urgent")", Severity::critical}, {R"("bogus")", Severity::medium},
    };
    SourceConfig config;
    config.name = config.kind = "generic";
    config.map = {{"id", "/a"}, {"severity", "/b~1c/0"}, {"data", "/d"}, {"tags", "/t"}};
    for (const auto& row : cases) {
        SCOPED_TRACE(row.value);
        const auto text = R"({"a":1,"b/c":[)" + std::string(row.value) + R"(],"d":"PII, odd stuff","t":["k:v"]})";
        const auto findings = normalise_text(config, text);
        ASSERT_EQ(findings.size(), 1U);
        ASSERT_TRUE(findings[0]);
        EXPECT_EQ(findings[0]->severity, row.severity);
        EXPECT_EQ(findings[0]->source_id, "1");
        EXPECT_EQ(findings[0]->data.classes, (std::vector<std::string>{"odd stuff", "pii"}));
        EXPECT_EQ(findings[0]->resource.tags, (Tags{{"k", "v"}}));
    }
}

} // namespace
} // namespace dossier::ingest
