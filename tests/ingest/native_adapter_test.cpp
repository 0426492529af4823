// What the clouds' own services say about severity, status, exposure and data, in the forms in which they say it.

#include "dossier/base/json.hpp"

#include "finding_row.hpp"

#include <gmock/gmock.h>

namespace dossier::ingest {
namespace {

auto macie(const Json& changes = Json::object()) -> Json {
    Json finding = {{"id", "m-1"},
                    {"accountId", "123456789012"},
                    {"region", "us-east-1"},
                    {"partition", "aws"},
                    {"type", "SensitiveData:S3Object/Multiple"},
                    {"title", "The S3 object holds several kinds of data"},
                    {"severity", {{"score", 3}, {"description", "High"}}},
                    {"createdAt", "2026-11-20T10:00:00Z"},
                    {"updatedAt", "2026-11-22T10:00:00Z"},
                    {"archived", false},
                    {"sample", false},
                    {"count", 2},
                    {"resourcesAffected",
                     {{"s3Bucket",
                       {{"arn", "arn:aws:s3:::acme-data"},
                        {"name", "acme-data"},
                        {"tags", {{{"key", "team"}, {"value", "ledger"}}}},
                        {"publicAccess", {{"effectivePermission", "NOT_PUBLIC"}}}}},
                      {"s3Object", {{"key", "a.csv"}, {"path", "acme-data/a.csv"}}}}}};
    finding.merge_patch(changes);
    return finding;
}

auto asff(const Json& changes = Json::object()) -> Json {
    Json finding = {{"Id", "arn:aws:securityhub:eu-west-1:123456789012:finding/1"},
                    {"ProductArn", "arn:aws:securityhub:eu-west-1::product/aws/securityhub"},
                    {"GeneratorId", "aws-foundational/S3.8"},
                    {"AwsAccountId", "123456789012"},
                    {"Title", "S3.8 Buckets block public access"},
                    {"Severity", {{"Label", "HIGH"}}},
                    {"Workflow", {{"Status", "NEW"}}},
                    {"RecordState", "ACTIVE"},
                    {"Resources",
                     {{{"Type", "AwsAccount"}, {"Id", "AWS::::Account:123456789012"}},
                      {{"Type", "AwsS3Bucket"},
                       {"Id", "arn:aws:s3:::acme-hub"},
                       {"Region", "eu-west-1"},
                       {"Tags", {{"team", "ledger"}}}}}}};
    finding.merge_patch(changes);
    return finding;
}

auto guardduty(const Json& changes = Json::object()) -> Json {
    Json finding = {{"id", "g-1"},
                    {"accountId", "123456789012"},
                    {"region", "us-east-1"},
                    {"type", "Exfiltration:S3/AnomalousBehavior"},
                    {"title", "Data left a bucket"},
                    {"severity", 8},
                    {"resource", {{"resourceType", "S3Bucket"}, {"s3BucketDetails", {{{"arn", "arn:aws:s3:::b"}}}}}},
                    {"service", {{"serviceName", "guardduty"}, {"archived", false}}}};
    finding.merge_patch(changes);
    return finding;
}

auto scc(const Json& changes = Json::object()) -> Json {
    Json notification = {{"notificationConfigName", "organizations/1/notificationConfigs/n"},
                         {"finding",
                          {{"name", "organizations/1/sources/2/findings/3"},
                           {"resourceName", "//bigquery.googleapis.com/projects/acme/datasets/d"},
                           {"category", "DATASET_PUBLIC"},
                           {"state", "ACTIVE"},
                           {"severity", "HIGH"}}},
                         {"resource", {{"type", "google.cloud.bigquery.Dataset"}, {"location", "eu"}}}};
    notification.merge_patch(changes);
    return notification;
}

auto only(const Json& finding) -> Finding {
    auto findings = read_events(dump_json(finding));
    EXPECT_EQ(findings.size(), 1U);
    if (findings.size() != 1 || !findings[0]) {
        ADD_FAILURE() << (findings.empty() ? "nothing" : findings[0].error().describe());
        return {};
    }
    return std::move(*findings[0]);
}

TEST(NativeAdapters, ReadSeverityAndStatusInEachOnesWords) {
    struct Row {
        const char* name;
        Json finding;
        Severity severity;
        Status status;
    };
    const auto severity = [](int points) { return Json{{"Severity", {{"Label", nullptr}, {"Normalized", points}}}}; };
    const Row rows[] = {
        {"Macie high", macie(), Severity::high, Status::open},
        {"Macie by score", macie({{"severity", {{"description", nullptr}, {"score", 2}}}}), Severity::medium,
         Status::open},
        {"Macie archived", macie({{"archived", true}}), Severity::high, Status::suppressed},
        {"ASFF label", asff(), Severity::high, Status::open},
        {"ASFF critical", asff({{"Severity", {{"Label", "CRITICAL"}}}}), Severity::critical, Status::open},
        {"ASFF normalised 0", asff(severity(0)), Severity::informational, Status::open},
        {"ASFF normalised 1", asff(severity(1)), Severity::low, Status::open},
        {"ASFF normalised 40", asff(severity(40)), Severity::medium, Status::open},
        {"ASFF normalised 70", asff(severity(70)), Severity::high, Status::open},
        {"ASFF normalised 90", asff(severity(90)), Severity::critical, Status::open},
        {"ASFF resolved", asff({{"Workflow", {{"Status", "RESOLVED"}}}}), Severity::high, Status::resolved},
        {"ASFF suppressed", asff({{"Workflow", {{"Status", "SUPPRESSED"}}}}), Severity::high, Status::suppressed},
        {"ASFF notified", asff({{"Workflow", {{"Status", "NOTIFIED"}}}}), Severity::high, Status::open},
        {"ASFF archived", asff({{"RecordState", "ARCHIVED"}}), Severity::high, Status::resolved},
        {"ASFF passed", asff({{"Compliance", {{"Status", "PASSED"}}}}), Severity::high, Status::resolved},
        {"ASFF failed", asff({{"Compliance", {{"Status", "FAILED"}}}}), Severity::high, Status::open},
        {"GuardDuty 9", guardduty({{"severity", 9.1}}), Severity::critical, Status::open},
        {"GuardDuty 8", guardduty(), Severity::high, Status::open},
        {"GuardDuty 4", guardduty({{"severity", 4}}), Severity::medium, Status::open},
        {"GuardDuty 2", guardduty({{"severity", 2.0}}), Severity::low, Status::open},
        {"GuardDuty archived", guardduty({{"service", {{"archived", true}}}}), Severity::high, Status::suppressed},
        {"SCC", scc(), Severity::high, Status::open},
        {"SCC inactive", scc({{"finding", {{"state", "INACTIVE"}}}}), Severity::high, Status::resolved},
        {"SCC muted", scc({{"finding", {{"mute", "MUTED"}}}}), Severity::high, Status::suppressed},
        {"SCC third party", scc({{"finding", {{"severity", nullptr}, {"sourceProperties", {{"sccSeverity", "low"}}}}}}),
         Severity::low, Status::open},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto finding = only(row.finding);
        EXPECT_EQ(to_string(finding.severity), to_string(row.severity));
        EXPECT_EQ(to_string(finding.status), to_string(row.status));
    }
}

TEST(NativeAdapters, MacieNamesDataAndWhoCanReachIt) {
    const auto data = [](const char* category, const char* detector) {
        return Json{{"classificationDetails",
                     {{"result",
                       {{"sensitiveData",
                         {{{"category", category},
                           {"totalCount", 3},
                           {"detections", {{{"type", detector}, {"count", 3}}}}}}}}}}}};
    };
    struct Row {
        Json finding;
        const char* classes;
        Exposure exposure;
    };
    const auto bucket = [](const Json& changes) { return Json{{"resourcesAffected", {{"s3Bucket", changes}}}}; };
    const Row rows[] = {
        {macie(data("PERSONAL_INFORMATION", "NAME")), "pii", Exposure::none},
        {macie(data("FINANCIAL_INFORMATION", "BANK_ACCOUNT_NUMBER")), "financial", Exposure::none},
        {macie(data("FINANCIAL_INFORMATION", "CREDIT_CARD_NUMBER")), "financial,pci", Exposure::none},
        {macie(data("CREDENTIALS", "AWS_CREDENTIALS")), "secrets", Exposure::none},
        {macie(bucket({{"publicAccess", {{"effectivePermission", "PUBLIC"}}}})), "", Exposure::public_},
        {macie({{"resourcesAffected", {{"s3Object", {{"publicAccess", true}}}}}}), "", Exposure::public_},
        {macie(bucket({{"sharedAccess", "EXTERNAL"}})), "", Exposure::cross_account},
        {macie(bucket({{"publicAccess", {{"effectivePermission", "UNKNOWN"}}}})), "", Exposure::unknown},
        {macie({{"type", "Policy:IAMUser/S3BucketPublic"}}), "", Exposure::public_},
        {macie({{"type", "Policy:IAMUser/S3BucketSharedExternally"}}), "", Exposure::cross_account},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.finding.dump());
        const auto finding = only(row.finding);
        EXPECT_EQ(join(finding.data.classes, ","), row.classes);
        EXPECT_EQ(to_string(finding.exposure), to_string(row.exposure));
        EXPECT_EQ(finding.resource.id, "arn:aws:s3:::acme-data");
        EXPECT_EQ(finding.resource.tags, (Tags{{"team", "ledger"}}));
        EXPECT_EQ(finding.url, "https://console.aws.amazon.com/macie/home?region=us-east-1#findings?search=id%3Dm-1");
    }
    const auto counted = only(macie(data("CREDENTIALS", "AWS_CREDENTIALS")));
    EXPECT_EQ(counted.data.volume, 3);
    EXPECT_EQ(counted.data.identifiers, std::vector<std::string>{"AWS_CREDENTIALS"});
    EXPECT_TRUE(only(macie({{"sample", true}})).is_test);
    EXPECT_FALSE(counted.is_test);
    EXPECT_EQ(only(macie({{"partition", "aws-cn"}})).url.substr(0, 31), "https://console.amazonaws.cn/ma");
}

TEST(NativeAdapters, SecurityHubConcernsTheResourceAndNotTheAccount) {
    const auto finding = only(asff());
    EXPECT_EQ(finding.platform, "securityhub");
    EXPECT_EQ(finding.resource.id, "arn:aws:s3:::acme-hub");
    EXPECT_EQ(finding.resource.name, "acme-hub");
    EXPECT_EQ(place_of(finding.resource), "aws/123456789012/eu-west-1");
    EXPECT_EQ(finding.resource.tags, (Tags{{"team", "ledger"}}));
    const auto from_macie =
        only(asff({{"Types", {"Sensitive Data Identifications/PII/SensitiveData:S3Object-Personal"}},
                   {"Resources",
                    {{{"Type", "AwsS3Object"},
                      {"Id", "arn:aws:s3:::acme-hub/a.csv"},
                      {"DataClassification",
                       {{"Result",
                         {{"SensitiveData",
                           {{{"Category", "PERSONAL_INFORMATION"},
                             {"TotalCount", 2},
                             {"Detections", {{{"Type", "USA_SOCIAL_SECURITY_NUMBER"}, {"Count", 2}}}}}}}}}}}},
                     {{"Type", "AwsS3Bucket"}, {"Id", "arn:aws:s3:::acme-hub"}}}}}));
    EXPECT_EQ(from_macie.resource.id, "arn:aws:s3:::acme-hub");
    EXPECT_EQ(from_macie.finding_type, FindingType::sensitive_data);
    EXPECT_EQ(from_macie.data.classes, std::vector<std::string>{"pii"});
    EXPECT_EQ(from_macie.data.volume, 2);
}

TEST(NativeAdapters, GuardDutyReadsEachKindOfResourceInBothSpellings) {
    const Json pascal = {
        {"AccountId", "123456789012"},
        {"Id", "g-2"},
        {"Region", "us-east-1"},
        {"Severity", 5},
        {"Title", "Brute force"},
        {"Type", "CredentialAccess:RDS/AnomalousBehavior"},
        {"Resource",
         {{"ResourceType", "RDSDBInstance"},
          {"RdsDbInstanceDetails",
           {{"DbInstanceArn", "arn:aws:rds:us-east-1:123456789012:db:ledger"}, {"DbInstanceIdentifier", "ledger"}}}}},
        {"Service", {{"ServiceName", "guardduty"}, {"EventLastSeen", "2026-11-22T10:00:00Z"}}}};
    const auto database = only(pascal);
    EXPECT_EQ(database.resource.id, "arn:aws:rds:us-east-1:123456789012:db:ledger");
    EXPECT_EQ(words_of(database), "medium open threat unknown credentials");
    const auto lambda =
        only(guardduty({{"resource",
                         {{"resourceType", "Lambda"},
                          {"lambdaDetails", {{"functionArn", "arn:aws:lambda:us-east-1:123456789012:function:f"}}}}}}));
    EXPECT_EQ(lambda.resource.id, "arn:aws:lambda:us-east-1:123456789012:function:f");
    EXPECT_TRUE(only(guardduty({{"service", {{"additionalInfo", {{"sample", true}}}}}})).is_test);
}

TEST(NativeAdapters, DefenderIsOneAlertInThreeForms) {
    const std::string store =
        "/subscriptions/s-1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/acmedata";
    const Json identifiers = {{{"type", "AzureResource"}, {"azureResourceId", store}}};
    const Json rest = {{"id", "/subscriptions/s-1/providers/Microsoft.Security/locations/eu/alerts/2518_a"},
                       {"name", "2518_a"},
                       {"properties",
                        {{"alertType", "Storage.Blob_AnonymousAccess"},
                         {"alertDisplayName", "Anonymous access"},
                         {"severity", "Medium"},
                         {"status", "InProgress"},
                         {"systemAlertId", "2518_a"},
                         {"compromisedEntity", "acmedata"},
                         {"startTimeUtc", "2026-11-22T10:00:00.1234567Z"},
                         {"remediationSteps", {"Look.", "Close it."}},
                         {"resourceIdentifiers", identifiers}}}};
    const Json exported = {{"SystemAlertId", "2518_a"},
                           {"AlertType", "Storage.Blob_AnonymousAccess"},
                           {"AlertDisplayName", "Anonymous access"},
                           {"Severity", "Medium"},
                           {"Status", "InProgress"},
                           {"CompromisedEntity", "acmedata"},
                           {"StartTimeUtc", "2026-11-22T10:00:00.1234567Z"},
                           {"RemediationSteps", {"Look.", "Close it."}},
                           {"ResourceIdentifiers", identifiers}};
    const Json row = {{"SystemAlertId", "0c3e-of-the-workspace"},
                      {"VendorOriginalId", "2518_a"},
                      {"AlertType", "Storage.Blob_AnonymousAccess"},
                      {"AlertName", "Anonymous access"},
                      {"DisplayName", "Anonymous access"},
                      {"AlertSeverity", "Medium"},
                      {"Status", "InProgress"},
                      {"CompromisedEntity", "acmedata"},
                      {"StartTime", "2026-11-22T10:00:00.1234567Z"},
                      {"RemediationSteps", "[\"Look.\",\"Close it.\"]"},
                      {"ResourceId", store}};
    std::vector<std::string> fingerprints;
    for (const auto& form : {rest, exported, row}) {
        SCOPED_TRACE(form.dump());
        const auto finding = only(form);
        EXPECT_EQ(finding.platform, "defender");
        EXPECT_EQ(words_of(finding), "medium in_progress threat public public_access");
        EXPECT_EQ(finding.title, "Anonymous access");
        EXPECT_EQ(finding.rule.id, "Storage.Blob_AnonymousAccess");
        EXPECT_EQ(finding.resource.id, store);
        EXPECT_EQ(finding.resource.type, "Microsoft.Storage/storageAccounts");
        EXPECT_EQ(place_of(finding.resource), "azure/s-1/");
        EXPECT_EQ(finding.recommendation, "Look.\nClose it.");
        EXPECT_TRUE(finding.first_seen);
        EXPECT_EQ(finding.source_id, "2518_a");
        fingerprints.push_back(finding.fingerprint);
    }
    EXPECT_THAT(fingerprints, testing::Each(fingerprints[0]));
}

TEST(NativeAdapters, SecurityCommandCenterReadsDataAndPeople) {
    const auto finding =
        only(scc({{"finding",
                   {{"findingClass", "SENSITIVE_DATA_RISK"},
                    {"cloudDlpInspection", {{"infoType", "CREDIT_CARD_NUMBER"}, {"infoTypeCount", "9"}}},
                    {"contacts", {{"security", {{"contacts", {{{"email", "sec@acme.example"}}}}}}}},
                    {"compliances", {{{"standard", "cis"}, {"version", "1.2"}, {"ids", {"7.1"}}}}},
                    {"createTime", "2026-11-20T10:00:00.5Z"},
                    {"eventTime", "2026-11-22T10:00:00.123456789Z"}}}}));
    EXPECT_EQ(words_of(finding), "high open sensitive_data unknown data_at_risk");
    EXPECT_EQ(finding.data.classes, std::vector<std::string>{"pci"});
    EXPECT_EQ(finding.data.volume, 9);
    EXPECT_EQ(finding.owner_hints, std::vector<std::string>{"sec@acme.example"});
    EXPECT_EQ(finding.compliance, std::vector<std::string>{"cis 1.2 7.1"});
    EXPECT_EQ(place_of(finding.resource), "gcp/acme/eu");
    EXPECT_EQ(finding.resource.name, "d");
    EXPECT_TRUE(finding.first_seen < finding.last_seen);
    const Json list = {
        {"listFindingsResults", {scc(), scc({{"finding", {{"name", "organizations/1/sources/2/findings/4"}}}})}}};
    EXPECT_EQ(read_events(dump_json(list)).size(), 2U);
    EXPECT_TRUE(read_events(R"({"listFindingsResults":[]})").empty());
}

TEST(NativeAdapters, ThatNamesNobodyIsRefusedAndSaysSo) {
    for (const auto* body : {R"({"hello":"world"})", R"({"instance-id":"i-1","state":"running"})", "7", "\"text\"",
                             R"({"id":"9cbcba1e-0c11-478d-8593-942995201487","status":"OPEN","severity":"HIGH"})",
                             R"({"eventName":"PutBucketPolicy","requestParameters":{},"awsRegion":"us-east-1"})",
                             R"({"name":"report","result":"PASS"})"}) {
        SCOPED_TRACE(body);
        const auto findings = read_events(body);
        ASSERT_EQ(findings.size(), 1U);
        ASSERT_FALSE(findings[0]);
        EXPECT_EQ(findings[0].error().code, Errc::malformed);
    }
}

TEST(NativeAdapters, APlatformsOwnSourceTakesItsOwnOnly) {
    const auto read = [](const char* kind, const Json& finding) {
        return normalise_text(config_for(kind, ""), dump_json(finding)).at(0);
    };
    EXPECT_EQ(read("aws", macie())->platform, "macie");
    EXPECT_EQ(read("aws", asff())->platform, "securityhub");
    EXPECT_EQ(read("aws", guardduty())->platform, "guardduty");
    EXPECT_FALSE(read("aws", scc()));
    EXPECT_EQ(read("scc", scc())->platform, "scc");
    EXPECT_FALSE(read("wiz", macie()));
    EXPECT_TRUE(read("wiz", guardduty()).error().message.contains("GuardDuty"));
}

TEST(NativeAdapters, NoMemberMustBeThereOrOfItsType) {
    const std::vector<Json> odd = {nullptr,        "N/A",    -1.5e300, true, Json::array({nullptr, 7}),
                                   Json::object(), "{\"a\":"};
    std::size_t whole = 0;
    for (const auto& finding : {macie(), asff(), guardduty(), scc()}) {
        const auto flat = finding.flatten();
        for (const auto& [pointer, leaf] : flat.items()) {
            for (const auto& value : odd) {
                auto changed = finding;
                changed[Json::json_pointer(pointer)] = value;
                for (const auto& read : read_events(dump_json(changed))) {
                    SCOPED_TRACE(pointer + " = " + value.dump());
                    EXPECT_TRUE(read ? !read->fingerprint.empty() && !read->title.empty()
                                     : read.error().code == Errc::malformed);
                    whole += read ? 1 : 0;
                }
            }
        }
    }
    EXPECT_GT(whole, 300U);
}

} // namespace
} // namespace dossier::ingest
