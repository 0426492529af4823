// The public samples (where they are at hand) as a source of events sees them: each says by its content whose finding
// it is, whatever envelope it came in.

#include "dossier/base/json.hpp"

#include "finding_row.hpp"

#include <algorithm>

namespace dossier::ingest {
namespace {

struct NativeRow {
    const char* file;
    const char* platform;
    const char* source_id;
    const char* words; ///< severity status finding_type exposure control
    const char* resource_id;
    const char* resource_name;
    const char* place; ///< cloud/account/region
    const char* classes;
    bool is_test;
};

constexpr NativeRow rows[] = {
    {"other/asff-guardduty-api.json", "securityhub",
     "arn:aws:guardduty:us-east-1:123456789012:detector/123456789/finding/123456789789",
     "medium open threat unknown threat", "arn:aws:ec2:us-east-1:123456789012:instance/i-1234567890", "i-1234567890",
     "aws/123456789012/us-east-1", "", false},
    {"other/asff-config-api.json", "securityhub",
     "arn:aws:securityhub:us-east-1:012345678912:subscription/aws-foundational-security-best-practices/v/1.0.0/IAM.5/"
     "finding/de861909-2d26-4e45-bd86-19d2ab6ceef1",
     "informational resolved misconfiguration unknown credentials", "AWS::::Account:012345678912",
     "AWS::::Account:012345678912", "aws/012345678912/us-east-1", "", false},
    {"other/eventbridge-securityhub-lambda.json", "securityhub",
     "us-east-1/644160558196/356580e4704cf1222cbee13685416652/84a7b9799285262dbf00c7b214463dde",
     "low open misconfiguration unknown other",
     "arn:aws:lambda:us-east-1:644160558196:function:custodian-enterprise-ec2-instances-no-elastic-ip-isolate",
     "custodian-enterprise-ec2-instances-no-elastic-ip-isolate", "aws/644160558196/us-east-1", "", false},
    {"other/eventbridge-guardduty-ec2.json", "guardduty", "b4b01b60fc24a199139f8f5f490edd81",
     "medium open threat unknown threat", "i-99999999", "i-99999999", "aws/883606788610/us-east-1", "", true},
    {"other/eventbridge-guardduty-iam.json", "guardduty", "36b01b60fc22bb4edb19d62d9899e953",
     "medium open threat unknown threat", "", "GeneratedFindingUserName", "aws/883606788610/us-east-1", "", true},
    {"other/guardduty-s3-api.json", "guardduty", "3941673a580340dcb61648a3e15def75", "high open threat none threat",
     "arn:aws:s3:::bucketName", "bucketName", "aws/111111111111/eu-west-2", "", true},
    {"other/macie-s3-personal-api.json", "macie", "4e958e42874e5e24ae7e92257cf2783e",
     "low open sensitive_data none data_at_risk", "arn:aws:s3:::testsiemplify2", "testsiemplify2",
     "aws/582302349248/us-east-1", "pii", false},
    {"other/defender-for-cloud-test-alert-api.json", "defender",
     "2518298467986649999_4d25bfef-2d77-4a08-adc0-3e35715cc92a", "high open threat unknown threat", "", "vm1",
     "azure/20ff7fc3-e762-44dd-bd96-b71116dcdc23/", "", true},
    {"other/scc-container-anomaly-api.json", "scc",
     "organizations/688851828130/sources/10525437515560121179/findings/ac785971e7024c609d91f47211519d3e",
     "high open threat unknown threat",
     "//compute.googleapis.com/projects/container-security-demo/zones/us-central1-a/instances/"
     "gke-cluster-sec-demo-tar-default-pool-0dfce3bb-mnrn",
     "gke-cluster-sec-demo-tar-default-pool-0dfce3bb-mnrn", "gcp/container-security-demo/us-central1-a", "", false},
    {"other/scc-pubsub-pulled-message.json", "scc",
     "organizations/5957152576/sources/10134421585261057824/findings/0000169c53a92c70050569353d4",
     "medium open other unknown other", "", "", "gcp//", "", false},
    {"other/lacework-kms-grant-api.json", "lacework", "202634", "informational open other unknown encryption", "", "",
     "aws//", "", false},
};

TEST(NativePayloads, HaveTheExpectedCanonicalFields) {
    const auto payloads = shared_payloads();
    if (payloads.empty()) GTEST_SKIP() << "no public samples here";
    for (const auto& row : rows) {
        SCOPED_TRACE(row.file);
        const auto findings = read_events(read_text(payloads / row.file));
        ASSERT_EQ(findings.size(), 1U);
        ASSERT_TRUE(findings[0]) << findings[0].error().describe();
        const auto& finding = *findings[0];
        EXPECT_EQ(finding.platform, row.platform);
        EXPECT_EQ(finding.source, "bus");
        EXPECT_EQ(finding.source_id, row.source_id);
        EXPECT_EQ(words_of(finding), row.words);
        EXPECT_EQ(finding.resource.id, row.resource_id);
        EXPECT_EQ(finding.resource.name, row.resource_name);
        EXPECT_EQ(place_of(finding.resource), row.place);
        EXPECT_EQ(join(finding.data.classes, ","), row.classes);
        EXPECT_EQ(finding.is_test, row.is_test);
    }
}

TEST(NativePayloads, EverySampleSaysWhoseFindingItIs) {
    const auto payloads = shared_payloads();
    if (payloads.empty()) GTEST_SKIP() << "no public samples here";
    const auto index = parse_json(read_text(payloads / "index.json"));
    ASSERT_TRUE(index);
    for (const auto& [file, entry] : index->items()) {
        SCOPED_TRACE(file);
        const auto findings = read_events(read_text(payloads / file));
        ASSERT_FALSE(findings.empty());
        const auto vendor = text_at(entry, "vendor");
        const bool is_finding = entry.at("finding").get<bool>();
        const auto lacks = entry.at("lacks").get<std::vector<std::string>>();
        const auto lacking = [&](std::string_view what) { return std::ranges::find(lacks, what) != lacks.end(); };
        for (const auto& finding : findings) {
            if (!is_finding || (lacking("title") && lacking("source_id"))) {
                EXPECT_FALSE(finding);
                continue;
            }
            if (!finding) {
                ADD_FAILURE() << finding.error().describe();
                continue;
            }
            if (vendor != "other") {
                EXPECT_EQ(finding->platform, vendor);
            }
            EXPECT_FALSE(finding->title.empty());
            const bool names_none = file.contains("pulled-message") || file.contains("ingestion-failed");
            EXPECT_TRUE(lacking("resource") || names_none || !finding->resource.id.empty() ||
                        !finding->resource.name.empty());
            EXPECT_TRUE(lacking("source_id") || !finding->source_id.empty());
        }
    }
}

} // namespace
} // namespace dossier::ingest
