#include "dossier/finding/finding.hpp"

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"

#include <algorithm>
#include <tuple>

namespace dossier {

namespace {

/// Parts joined so that no shifting of text between parts gives the same whole.
auto hash_of(std::initializer_list<std::string_view> parts) -> std::string {
    std::string whole;
    whole.reserve(256);
    for (const auto part : parts) {
        whole += std::to_string(part.size());
        whole += ':';
        whole += part;
    }
    return sha256_hex(whole).substr(0, 32);
}

} // namespace

auto make_fingerprint(const Finding& finding) -> std::string {
    if (!finding.source_id.empty()) return hash_of({"id", finding.source, finding.source_id});
    const auto identity = resource_identity(finding.resource);
    const auto& rule = finding.rule.id.empty() ? finding.rule.name : finding.rule.id;
    if (finding.title.empty() || (identity.empty() && finding.resource.name.empty())) return {};
    return hash_of(
        {"content", finding.source, rule, identity.empty() ? finding.resource.name : identity, finding.title});
}

auto resource_identity(const Resource& resource) -> std::string {
    const auto cloud = lower(resource.cloud);
    const auto type = lower(resource.type);
    const bool is_bucket = type.find("bucket") != std::string::npos || type == "storage" || type == "s3";
    std::string_view id = trim(resource.id);
    // S3 bucket names are unique in the whole partition: ARN, bare name and RRN name the same bucket.
    if (id.starts_with("arn:")) {
        const auto parts = split(id, ':');
        if (parts.size() >= 6 && parts[2] == "s3") {
            const auto path = id.substr(static_cast<std::size_t>(parts[5].data() - id.data()));
            return "s3:" + std::string(split(path, '/').front());
        }
        // EC2's own ids (i-…, sg-…) are what the other platforms send bare.
        if (parts.size() >= 6 && parts[2] == "ec2" && id.find('/') != std::string_view::npos) {
            const auto& account = resource.account.empty() ? std::string(parts[4]) : resource.account;
            return "aws:" + account + ":" + std::string(id.substr(id.rfind('/') + 1));
        }
        return std::string(id);
    }
    const bool may_be_s3 = is_bucket && (cloud == "aws" || cloud.empty());
    if (may_be_s3 && !resource.name.empty() && resource.name.find('/') == std::string::npos)
        return "s3:" + resource.name;
    // So are those of Google's.
    if (is_bucket && cloud == "gcp" && !resource.name.empty() && resource.name.find('/') == std::string::npos)
        return "gs:" + resource.name;
    if (id.starts_with("/subscriptions/") || id.starts_with("/SUBSCRIPTIONS/")) return lower(id); // Azure: no case
    if (!id.empty() && cloud == "gcp") return std::string(id.starts_with("//") ? id.substr(2) : id);
    if (!id.empty()) return cloud + ":" + resource.account + ":" + std::string(id);
    if (resource.name.empty() || resource.account.empty()) return {};
    return cloud + ":" + resource.account + ":" + type + ":" + resource.name;
}

auto make_exposure_key(const Finding& finding) -> std::string {
    const auto identity = resource_identity(finding.resource);
    if (identity.empty() || finding.control == ControlFamily::other) return "finding:" + finding.fingerprint;
    return hash_of({"exposure", finding.resource.account, identity, to_string(finding.control)});
}

void most_severe_first(std::vector<Finding>& findings) {
    std::ranges::sort(findings, [](const Finding& a, const Finding& b) {
        if (a.severity != b.severity) return a.severity > b.severity;
        return std::tie(a.id, a.source, a.source_id) < std::tie(b.id, b.source, b.source_id);
    });
}

auto content_hash(const Draft& draft) -> std::string {
    constexpr std::size_t usual_size = 512; // beside the long ones
    std::string text;
    text.reserve(draft.body.size() + draft.body.size() / 8 + draft.payload.size() + usual_size);
    canonical::Object content(text);
    content.text("assignee", draft.assignee);
    content.text("body", draft.body);
    content.text("kind", draft.kind);
    if (!draft.payload.empty()) content.text("payload", draft.payload);
    content.text("sink", draft.sink);
    content.text("title", draft.title);
    content.close();
    return sha256_hex(text);
}

} // namespace dossier
