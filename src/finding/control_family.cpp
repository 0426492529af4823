#include "dossier/finding/finding.hpp"

#include "dossier/base/strings.hpp"

namespace dossier {

namespace {

struct Row {
    ControlFamily family;
    std::vector<std::string_view> words; // any of them
};

/// Read top to bottom: what is said first about a finding decides. "Publicly exposed bucket without encryption" is
/// about access.
auto table() -> const std::vector<Row>& {
    static const std::vector<Row> rows = {
        {ControlFamily::malware, {"malware", "ransomware", "trojan", "cryptomin", "virus "}},
        {ControlFamily::public_access,
         {"publicly",
          "public access",
          "public read",
          "public write",
          "is public",
          "public bucket",
          "public blob",
          "public container",
          "public storage",
          "anonymous",
          "allusers",
          "all users",
          "open to the world",
          "open to everyone",
          "internet-exposed",
          "internet exposed",
          "exposed to the internet",
          "internet facing",
          "internet-facing",
          "world-readable",
          "world readable",
          "exposed publicly",
          "public snapshot",
          "publicaccess",
          "public exposure",
          "open access",
          "all principals",
          "unauthenticated"}},
        {ControlFamily::network_exposure,
         {"security group", "0.0.0.0/0", "firewall", "network acl", "inbound traffic", "outbound traffic", "open port",
          "ingress", "egress", "load balancer", "port 22", "rdp", "ssh from"}},
        {ControlFamily::credentials,
         {"access key", "secret", "password", "credential", "mfa", "root account", "root user", "api key",
          "private key", "cloud key", "token exposed", "hardcoded"}},
        {ControlFamily::encryption,
         {"encrypt", "cmk", "kms", "tls", "ssl", "weak hash", "cleartext", "plaintext", "in transit", "at rest"}},
        {ControlFamily::logging, {"logging", "audit log", "cloudtrail", "flow log", "access log", "monitoring"}},
        {ControlFamily::backup_retention,
         {"backup", "retention", "versioning", "lifecycle", "point-in-time", "deletion protection", "soft delete"}},
        {ControlFamily::excessive_access,
         {"excessive", "overly permissive", "over-permissive", "overprivileged", "cross-account", "cross account",
          "admin privileges", "administrator", "least privilege", "full access", "unused", "stale", "wildcard",
          "privilege escalation", "permissive", "external account"}},
        {ControlFamily::vulnerability, {"cve-", "vulnerab", "vulnerable", "outdated", "end of life", "unpatched"}},
        {ControlFamily::classification, {"unclassified", "unknown sensitivity", "not classified"}},
        {ControlFamily::data_at_risk,
         {"sensitive data", "pii", "phi", "pci", "personal data", "credit card", "data at risk", "data finding", "gdpr",
          "hipaa", "social security", "customer data"}},
    };
    return rows;
}

} // namespace

auto control_family_of(const Finding& finding) -> ControlFamily {
    if (finding.finding_type == FindingType::unclassified_data) return ControlFamily::classification;
    for (const auto& text : {finding.title, finding.rule.name}) {
        for (const auto& row : table()) {
            for (const auto word : row.words) {
                if (icontains(text, word)) return row.family;
            }
        }
    }
    const bool holds_data = !finding.data.classes.empty();
    if (holds_data && finding.exposure == Exposure::public_) return ControlFamily::public_access;
    switch (finding.finding_type) {
    case FindingType::vulnerability:
        return ControlFamily::vulnerability;
    case FindingType::threat:
        return ControlFamily::threat;
    case FindingType::identity:
        return ControlFamily::excessive_access;
    case FindingType::sensitive_data:
        return ControlFamily::data_at_risk;
    default:
        break;
    }
    if (finding.exposure == Exposure::public_) return ControlFamily::public_access;
    return holds_data ? ControlFamily::data_at_risk : ControlFamily::other;
}

} // namespace dossier
