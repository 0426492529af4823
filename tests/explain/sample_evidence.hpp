#pragma once
// The dossier that the tests of this room speak about: a public bucket of Payments with card data.

#include "dossier/explain/evidence_builder.hpp"

#include <string>
#include <vector>

namespace dossier::explain::testing {

inline auto sample_finding() -> Finding {
    Finding finding;
    finding.id = "fnd_1";
    finding.source = "wiz";
    finding.platform = "wiz";
    finding.title = "S3 bucket with card data is publicly readable";
    finding.description = "The bucket policy grants s3:GetObject to everyone.";
    finding.recommendation = "Turn on Block Public Access.";
    finding.severity = Severity::critical;
    finding.finding_type = FindingType::sensitive_data;
    finding.control = ControlFamily::public_access;
    finding.rule = {.id = "wc-id-1184", .name = "Bucket containing PCI data is public"};
    finding.resource.id = "arn:aws:s3:::payments-export";
    finding.resource.name = "payments-export";
    finding.resource.type = "bucket";
    finding.resource.cloud = "aws";
    finding.resource.account = "123456789012";
    finding.resource.account_name = "payments-prod";
    finding.resource.region = "eu-west-1";
    finding.resource.tags = {{"env", "prod"}, {"team", "ledger"}};
    finding.data.classes = {"pci", "pii"};
    finding.data.identifiers = {"Credit Card Number"};
    finding.data.volume = 1204;
    finding.exposure = Exposure::public_;
    finding.first_seen = parse_time("2026-11-20T10:15:00Z");
    finding.last_seen = parse_time("2026-11-22T08:00:00Z");
    finding.compliance = {"PCI DSS 4.0.1"};
    finding.facts = {{"encryption at rest", "false"}};
    return finding;
}

inline auto sample_context() -> Context {
    Context context;
    context.owner.id = "alice";
    context.owner.name = "Alice Ngo";
    context.owner.email = "alice@acme.test";
    context.owner.department = "Payments";
    context.owner.manager = "Robert Fox";
    context.owner.confidence = 0.9;
    context.owner.rule = "identity.file:resource=arn:aws:s3:::payments-*";
    context.owner.signals = {
        {.person = {.id = "alice", .name = "Alice Ngo"}, .rule = "r1", .origin = "identity:file", .confidence = 0.9},
        {.person = {.id = "carol", .name = "Carol Diaz"},
         .rule = "tag.owner",
         .origin = "tag:owner",
         .confidence = 0.4}};
    context.access = {{.id = "role/payments-etl", .kind = "role", .level = "write", .origin = "identity:file"},
                      {.id = "*", .kind = "anyone", .level = "read", .origin = "identity:file"}};
    context.asset = Asset{.business_unit = "Payments",
                          .application = "Ledger",
                          .environment = Environment::prod,
                          .criticality = Criticality::critical,
                          .owner = "alice",
                          .support_group = "payments-oncall",
                          .rule = "name=payments-*",
                          .origin = "cmdb:file"};
    context.environment = Environment::prod;
    context.environment_origin = "cmdb:file";
    context.gaps = {{.source = "graph:wiz", .reason = "timed out after 2 s"}};
    return context;
}

inline auto sample_assessment() -> Assessment {
    Assessment assessment;
    assessment.risk = 92;
    assessment.level = "critical";
    assessment.factors = {{.name = "exposure", .value = "public", .weight = 0.3, .reason = "anyone can reach it"}};
    assessment.regulations = {{.framework = "PCI DSS 4.0.1",
                               .citation = "7.2.1",
                               .title = "access to card data by need to know",
                               .reason = "card data can be read by anyone"},
                              {.framework = "GDPR",
                               .citation = "Art. 32(1)(b)",
                               .title = "security of processing",
                               .reason = "personal data is reachable by the public"},
                              {.framework = "NIST 800-53 r5",
                               .citation = "AC-3",
                               .title = "access enforcement",
                               .reason = "access is not enforced"}};
    assessment.remediation = {{.text = "Turn on block public access for payments-export."},
                              {.text = "Remove the statement that grants s3:GetObject to everyone."},
                              {.text = "Review the access logs since 2026-11-20 for downloads."}};
    assessment.reach = {"1 service reads from payments-export"};
    return assessment;
}

inline auto sample_evidence() -> EvidenceList {
    return build_evidence({sample_finding()}, sample_context(), sample_assessment());
}

/// Ids of all items of these kinds.
inline auto ids_of(const EvidenceList& evidence, const std::vector<std::string>& kinds) -> std::vector<std::string> {
    std::vector<std::string> ids;
    for (const auto& item : evidence) {
        for (const auto& kind : kinds) {
            if (item.kind == kind) ids.push_back(item.id);
        }
    }
    return ids;
}

} // namespace dossier::explain::testing
