// The public samples, where they are at hand ($DOSSIER_SHARED): findings must be read with what they have, and what is
// no finding must be refused. Expected fields are written out; the samples themselves stay where they are.

#include "dossier/base/json.hpp"

#include "finding_row.hpp"

namespace dossier::ingest {
namespace {

constexpr FindingRow rows[] = {
    {"wiz", "wiz/config-finding-cartography-api.json", 0, "wiz-config-1", "S3 bucket is public",
     "critical open misconfiguration public public_access", "arn:aws:s3:::public-bucket", "public-bucket",
     "aws/123456789012/us-east-1", ""},
    {"wiz", "wiz/config-finding-cosmos-api.json", 0, "projectId0",
     "Resource policy should not allow all principals with a condition of ForAllValues and PrincipalArn",
     "high resolved misconfiguration public public_access", "arn:aws:kms:eu-west-3:11111111:key/projectId0",
     "projectId0: ResourcePolicy", "aws/001111111111/us-east-1", ""},
    {"wiz", "wiz/config-finding-with-tags-api.json", 0, "projectId0",
     "Resource policy should not allow all principals with a condition of ForAllValues and PrincipalArn",
     "high resolved misconfiguration public public_access", "arn:aws:kms:eu-west-3:11111111:key/projectId0",
     "projectId0: ResourcePolicy", "aws/001111111111/us-east-1", ""},
    {"wiz", "wiz/detection-panther-high.json", 0, "9a3032dc-4697-5d6d-b0f0-905668f63781",
     "Recon:EC2/PortProbeUnprotectedPort", "high open threat unknown threat", "i-ABCDEF1234567890A",
     "Your-EC2-Instance", "aws/000123456789/eu-central-1", ""},
    {"wiz", "wiz/detection-panther-low.json", 0, "9a3032dc-4697-5d6d-b0f0-905668f63781",
     "Recon:EC2/PortProbeUnprotectedPort", "low open threat unknown threat", "i-ABCDEF1234567890A", "Your-EC2-Instance",
     "aws/000123456789/eu-central-1", ""},
    {"wiz", "wiz/detection-sekoia-1-api.json", 0, "detection-abc123", "Suspicious Database Access",
     "high open threat unknown threat", "arn:aws:rds:us-east-1:123456789012:db:production-database",
     "production-database", "aws/123456789012/us-east-1", ""},
    {"wiz", "wiz/detection-sekoia-2-api.json", 0, "88888888-8888-8888-8888-888888888888",
     "Critical MongoBleed vulnerability exploit successfully validated by Wiz Attack Surface Scanner",
     "medium open threat unknown vulnerability", "://5.6.7.8:27017/", "5.6.7.8:27017",
     "kubernetes/44444444-4444-4444-4444-444444444444/", ""},
    {"wiz", "wiz/detection-timestomping.json", 0, "733edfe5-db25-5b14-ac58-dc69d6005c81",
     "Timestomping technique was detected", "medium open threat unknown threat", "test-container", "test-container",
     "aws/134653897021/us-east-1", ""},
    {"wiz", "wiz/issue-cartography-api.json", 0, "wiz-issue-1", "Public VM",
     "high open misconfiguration public public_access", "arn:aws:ec2:us-east-1:123456789012:instance/i-123",
     "prod-instance", "aws/123456789012/us-east-1", ""},
    {"wiz", "wiz/issue-created-manual.json", 0, "92c4a90f-11d7-4bc3-a20b-21253a5e1c87", "Wiz Mock Data for Testing",
     "low open other unknown other", "arn:aws:ec2:us-east-2:010101010101:instance/i-01010101010101010", "wiz-test-v1",
     "aws/010101010101/eu-central-1", ""},
    {"wiz", "wiz/issue-elastic-api.json", 0, "fff9cffd-64a7-412c-9535-cf837f4b0b40",
     "EKS principals assume roles that provide bind, escalate and impersonate permissions",
     "informational in_progress threat unknown threat",
     "k8s/clusterrole/aaa8e7ca2bf9bc85a75d5bbdd8ffd08d69f8852782a6341c3c3519sad45/system:aggregate-to-edit/12",
     "system:aggregate-to-edit", "kubernetes/998231069301/us-01", ""},
    {"wiz", "wiz/issue-panther-data-finding-open-api.json", 0, "54321", "Alert Name",
     "high open sensitive_data unknown data_at_risk", "someExternalId", "someName", "//", ""},
    {"wiz", "wiz/issue-panther-open-high.json", 0, "e3188a71-794c-5ee8-b97c-eb794aa5b752",
     "Recon:EC2/PortProbeUnprotectedPort", "high open threat unknown threat", "", "jenkins-aws",
     "aws/111111111111/us-east-2", ""},
    {"wiz", "wiz/issue-port-a-api.json", 0, "9cbcba1e-0c11-478d-8593-942995201487",
     "Publicly exposed cloud resource with non-PQC compliant transport encryption",
     "low open misconfiguration public public_access",
     "arn:aws:elasticloadbalancing:eu-north-1:998231069301:loadbalancer/app/Splunk/6a65a4bd322d6f5f", "Splunk",
     "aws/998231069301/eu-north-1", ""},
    {"wiz", "wiz/issue-port-b-api.json", 0, "6f6c5953-025f-4dfe-9f53-06bba2bec1a8",
     "Publicly exposed cloud resource with non-PQC compliant transport encryption",
     "low open misconfiguration public public_access",
     "arn:aws:elasticloadbalancing:us-east-2:998231069301:loadbalancer/app/JiraALB/bbd1b5779ec48f96", "JiraALB",
     "aws/998231069301/us-east-2", ""},
    {"wiz", "wiz/issue-port-d-api.json", 0, "3f644902-c009-4f73-a5bf-0448b8fd6a99",
     "Subscription with compute instances using non-PQC compliant SSH authorized keys", "low open other unknown other",
     "998231069301", "wiz-integrations", "aws/998231069301/", ""},
    {"wiz", "wiz/issue-secops-source-rules-api.json", 0, "abc", "abc", "informational open other unknown other", "abc",
     "system:cluster-autoscaler", "kubernetes//", ""},
    {"wiz", "wiz/issue-sekoia-bucket-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "", "mybucket-111111111111-ap-southeast-1-1tj90", "//", ""},
    {"wiz", "wiz/issue-sekoia-data-finding-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "data##wizt-rec11111111111111##xxxx-eeeee-tttt-qqqq", "GDPR 2415",
     "//", "pii"},
    {"wiz", "wiz/issue-sekoia-db-server-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "", "MyDBServer", "//", ""},
    {"wiz", "wiz/issue-sekoia-tool-finding-1-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "data##wizt-rec11111111111111##xxxx-eeeee-tttt-qqqq", "GDPR 2415",
     "//", "pii"},
    {"wiz", "wiz/issue-sekoia-tool-finding-2-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "data##wizt-rec11111111111111##xxxx-eeeee-tttt-qqqq", "GDPR 2415",
     "//", "pii"},
    {"wiz", "wiz/issue-sekoia-tool-finding-medium-api.json", 0, "xxxxxxx-xxxxxxx-xxxxxxx",
     "Findings with Critical Severity Vulnerabilities", "medium open vulnerability unknown vulnerability",
     "81##CloudPlatform/ContainerImage##docker.io##test/test@sha256:sha256##CVE-2022-48174##busybox-binsh##1.35.0-r29",
     "TEST-TEST-TEST", "//", ""},
    {"wiz", "wiz/issue-sekoia-user-account-api.json", 0, "eventId1", "Publicly Exposed Assets with DataFindings",
     "high open sensitive_data public public_access", "", "john.doe@exmaple.org", "//", ""},
    {"wiz", "wiz/vulnerability-finding-api.json", 0, "ttttttttestUUID", "CVE-2025-21502",
     "medium open vulnerability public vulnerability", "arn:aws:ec2:us-east-1:11111111111:instance/i-11111111111111",
     "VirtualMachine1", "aws/011111111111/us-east-1", ""},
    {"wiz", "wiz/vulnerability-finding-cartography-api.json", 0, "wiz-vuln-1", "CVE-2024-12345",
     "high open vulnerability unknown vulnerability", "arn:aws:ec2:us-east-1:123456789012:instance/i-123",
     "prod-instance", "aws/123456789012/us-east-1", ""},
    {"prisma", "prisma/alert-487678-api.json", 0, "P-487678",
     "GCP Firewall rule exposes GKE clusters by allowing all traffic on read-only port (12346)",
     "medium open misconfiguration unknown network_exposure", "rrn::name:place:111:a1b2:a%3Ajj55-2023-01-29-09-25",
     "k8s", "gcp/AAAAAAA/global", ""},
    {"prisma", "prisma/alert-elastic-1-config-alert-api.json", 0, "N-3910",
     "AWS EC2 instance that is internet reachable with unrestricted access (0.0.0.0/0)",
     "high open misconfiguration public network_exposure", "i-04578e97170000047", "IS-37133",
     "aws/7111xx259376/us-xxxx-1", ""},
    {"prisma", "prisma/alert-full-api.json", 0, "P-11111", "Policy name", "high open misconfiguration unknown other",
     "rrn::name:place:111:a1b2:a%3Ajj55-2023-01-29-09-25", "default", "aws/111111111111/us-east-1", ""},
    {"prisma", "prisma/compute-runtime-audit-1-api.json", 0, "a9", "malwareFileFeed: ii-pc-advanced-demo-eks-block",
     "high open threat unknown malware", "c2", "python-server-app", "aws/000000000011/eu-central-1", ""},
    {"prisma", "prisma/data-malware-object.json", 0, "D-844101", "Objects containing Malware",
     "high open threat none malware", "rrn:aws:storageBucket:ca-central-1:<account_id>::kcduboismalwaretest",
     "kcduboismalwaretest", "aws/<account_id>/ca-central-1", ""},
    {"prisma", "other/incomplete-prisma-alert-gcp-vm-resolved-api.json", 0, "P-1496074", "Prisma Cloud alert P-1496074",
     "medium resolved misconfiguration unknown other", "rrn::instance:us-central1:gcp-demo1:example", "vm-series-demo",
     "gcp/gcp-demo1/us-central1", ""},
    {"prisma", "other/incomplete-prisma-alert-minimal-informational-api.json", 0, "P-333333", "Policy Tree",
     "informational open other unknown other", "", "", "//", ""},
    {"prisma", "other/incomplete-prisma-alert-no-policy-api.json", 0, "P-888888", "Prisma Cloud alert P-888888",
     "medium open other unknown other", "", "", "//", ""},
    {"orca", "orca/alert-aws-user-api.json", 0, "orca-91523", "Inactive User",
     "low open identity unknown excessive_access", "asset_vendor_id", "Trent", "aws/cloud_vendor_id/eu-central-1", ""},
    {"orca", "orca/alert-k8s-vulnerable-software.json", 0, "orca-852051", "Vulnerable Software",
     "low open vulnerability public vulnerability",
     "gke_kubernetes-test-123456_38e812aa286e43b6a5855faeef89beedf3b8ddc8693540eeb102809e4b403056", "e2e-test",
     "gcp/kubernetes-test-123456/us-central1", ""},
    {"orca", "orca/alert-malware-s3-pii-api.json", 0, "orca-59", "Malware",
     "critical in_progress threat public malware", "scan-me-s3-bucket-s8rrr", "scan-me-s3-bucket-s8rrr",
     "aws/111111111111/us-east-1", "pii"},
    {"orca", "orca/alert-network-acl.json", 0, "orca-123456", "Network ACL Allow all Outbound ICMP IPv4 Traffic",
     "low open misconfiguration unknown network_exposure", "acl-0123456789abcdef0", "acl-0123456789abcdef0",
     "aws/111111111111/ap-southeast-2", ""},
    {"orca", "orca/alert-sast-repository.json", 0, "orca-123456", "Use of Weak Hash Algorithms in Cryptography",
     "medium open misconfiguration unknown encryption",
     "CodeRepository_32fe97a4-ec58-4823-9521-b226fd4f51a7_e739eb76-0ae6-624a-6479-d00bc1fe37c1", "org-name/repo-name",
     "code/32fe97a4-ec58-4823-9521-b226fd4f51a7/", ""},
    {"orca", "orca/alert-serving-layer-api.json", 0, "orca-1263534", "ccs",
     "low open vulnerability unknown vulnerability", "cc", "Armor-test/CE", "code/fbn/", ""},
    {"orca", "orca/console-export-iam-medium.json", 0, "", "Unused role with policy found",
     "medium open identity unknown excessive_access", "", "TestRole_abc123", "/account-test/", ""},
    {"orca", "orca/console-export-low.json", 0, "", "Low severity test finding",
     "low open misconfiguration unknown other", "", "ResourceA", "/account-dev/", ""},
    {"orca", "orca/console-export-root-key-critical.json", 0, "", "Critical IAM root access key active",
     "critical open identity unknown credentials", "", "root", "/account-prod/", ""},
    {"orca", "other/incomplete-orca-alert-elb-public-no-asset-api.json", 0, "orca-001",
     "Classic Load Balancer (ELB) with public access", "low open misconfiguration public public_access", "", "", "//",
     ""},
};

TEST(SharedPayloads, HaveTheExpectedCanonicalFields) {
    const auto payloads = shared_payloads();
    if (payloads.empty()) GTEST_SKIP() << "no public samples here";
    for (const auto& row : rows) expect_row(row, payloads);
}

TEST(SharedPayloads, AreReadOrRefusedAsTheirIndexSays) {
    const auto payloads = shared_payloads();
    if (payloads.empty()) GTEST_SKIP() << "no public samples here";
    const auto index = parse_json(read_text(payloads / "index.json"));
    ASSERT_TRUE(index);
    std::size_t read = 0;
    for (const auto& [file, entry] : index->items()) {
        SCOPED_TRACE(file);
        const auto vendor = text_at(entry, "vendor");
        for (const auto* kind : {"wiz", "prisma", "orca"}) {
            const auto findings = normalise_file(kind, payloads / file);
            if (vendor != kind) continue; // not crashing is all that is asked of the others
            ASSERT_FALSE(findings.empty());
            const bool is_finding = entry.at("finding").get<bool>();
            const auto lacks = entry.at("lacks").get<std::vector<std::string>>();
            const auto lacking = [&](std::string_view what) { return std::ranges::find(lacks, what) != lacks.end(); };
            for (const auto& finding : findings) {
                if (!is_finding) {
                    EXPECT_FALSE(finding);
                    continue;
                }
                if (!finding) {
                    EXPECT_TRUE(lacking("title") && lacking("source_id")) << finding.error().describe();
                    continue;
                }
                ++read;
                EXPECT_TRUE(lacking("source_id") || !finding->source_id.empty());
                EXPECT_FALSE(finding->title.empty());
                EXPECT_TRUE(lacking("resource") || !finding->resource.id.empty() || !finding->resource.name.empty());
                const auto assumed = std::ranges::any_of(
                    finding->facts, [](const auto& fact) { return fact.first == "severity_assumed"; });
                EXPECT_EQ(assumed, lacking("severity"));
            }
        }
    }
    EXPECT_GE(read, 40U);
}

} // namespace
} // namespace dossier::ingest
