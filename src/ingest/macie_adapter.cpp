// Amazon Macie (VENDORS §4): findings about sensitive data in S3 objects and about the policies of buckets, as
// EventBridge and the API give them. It has no critical severity and no status but `archived`.

#include "adapters.hpp"
#include "aws_fields.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include "dossier/base/strings.hpp"

#include <utility>

namespace dossier::ingest {
namespace {

/// Policy findings name what happened to the bucket; it may be undone by now, but it is what they report.
auto exposure_of_type(std::string_view type) -> Exposure {
    if (type.ends_with("S3BucketPublic") || type.ends_with("S3BlockPublicAccessDisabled")) return Exposure::public_;
    if (type.ends_with("SharedExternally") || type.ends_with("ReplicatedExternally")) return Exposure::cross_account;
    return Exposure::unknown;
}

auto macie_severity(JsonView severity) -> std::optional<Severity> {
    if (auto known = severity_from_word(severity["description"].text_or(""))) return known;
    switch (severity["score"].integer().value_or(0)) {
    case 1:
        return Severity::low;
    case 2:
        return Severity::medium;
    case 3:
        return Severity::high;
    default:
        return std::nullopt;
    }
}

void read_bucket(Finding& finding, JsonView item) {
    const auto bucket = item.at("/resourcesAffected/s3Bucket");
    const auto object = item.at("/resourcesAffected/s3Object");
    auto& resource = finding.resource;
    resource.id = first_text({bucket["arn"], object["bucketArn"]});
    resource.name = first_text({bucket["name"]});
    resource.type = "AwsS3Bucket";
    resource.cloud = "aws";
    resource.account = first_text({item["accountId"]});
    resource.region = first_text({item["region"]});
    resource.tags = read_tags(bucket["tags"]);
    add_all(finding.owner_hints, {first_text({bucket.at("/owner/displayName")})});
    add_fact(finding, "object", first_text({object["path"], object["key"]}));
    add_fact(finding, "object_size_bytes", first_text({object["size"]}));
    add_fact(finding, "encryption", first_text({bucket.at("/defaultServerSideEncryption/encryptionType")}));
    add_fact(finding, "shared_access", first_text({bucket["sharedAccess"]}));

    finding.exposure = exposure_of_type(finding.rule.id);
    if (object["publicAccess"].boolean().value_or(false)) finding.exposure = Exposure::public_;
    if (finding.exposure == Exposure::unknown) {
        finding.exposure = exposure_of_permission(bucket.at("/publicAccess/effectivePermission").text_or(""));
        const bool is_shared = bucket["sharedAccess"].text_or("") == "EXTERNAL";
        if (is_shared && finding.exposure != Exposure::public_) finding.exposure = Exposure::cross_account;
    }
}

void read_classification(Finding& finding, JsonView item) {
    const auto result = item.at("/classificationDetails/result");
    read_sensitive_data(finding, result["sensitiveData"]);
    read_custom_identifiers(finding, result["customDataIdentifiers"]);
    const auto type = finding.rule.id;
    if (type.ends_with("/Personal")) add_class_of_label(finding.data.classes, "pii", false);
    if (type.ends_with("/Financial")) add_class_of_label(finding.data.classes, "financial", false);
    if (type.ends_with("/Credentials")) add_class_of_label(finding.data.classes, "secrets", false);
    add_fact(finding, "classification_job", first_text({item.at("/classificationDetails/jobId")}));
    add_fact(finding, "classification_origin", first_text({item.at("/classificationDetails/originType")}));
}

class MacieAdapter final : public Adapter {
public:
    explicit MacieAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = first_text({item["id"]});
        finding.rule.id = first_text({item["type"]});
        finding.rule.name = finding.rule.id;
        finding.title = first_text({item["title"], item["type"]});
        if (!finding.source_id.empty()) draft.title_if_none = "Macie finding " + finding.source_id;
        finding.description = first_text({item["description"]});
        draft.severity = macie_severity(item["severity"]);
        finding.status = item["archived"].boolean().value_or(false) ? Status::suppressed : Status::open;
        finding.is_test = item["sample"].boolean().value_or(false);
        finding.first_seen = first_time({item["createdAt"]});
        finding.last_seen = first_time({item["updatedAt"], item["createdAt"]});
        draft.type =
            finding.rule.id.starts_with("Policy:") ? FindingType::misconfiguration : FindingType::sensitive_data;
        read_bucket(finding, item);
        read_classification(finding, item);
        add_fact(finding, "occurrences", first_text({item["count"]}));
        finding.url = aws_console_url(first_text({item["partition"]}), "macie", finding.resource.region,
                                      "findings?search=id%3D" + percent_encode(finding.source_id));
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_macie_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<MacieAdapter>(config);
}

} // namespace dossier::ingest
