// Amazon GuardDuty (VENDORS §4): severity is a number, the resource stands under a name of its type, and `archived`
// hides in `service`. The service writes camelCase, its command line PascalCase: names are compared without case.

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

/// 9.0 and more critical, 7.0 high, 4.0 medium, 1.0 low.
auto guardduty_severity(JsonView value) -> std::optional<Severity> {
    const auto points = value.number();
    if (!points || *points <= 0) return severity_from_word(value.text_or(""));
    if (*points >= 9) return Severity::critical;
    if (*points >= 7) return Severity::high;
    if (*points >= 4) return Severity::medium;
    return Severity::low;
}

struct ResourceForm {
    std::string_view type;    ///< `resourceType`
    std::string_view details; ///< member that describes it
    std::string_view id;
    std::string_view name;
};

constexpr ResourceForm forms[] = {
    {"S3Bucket", "s3BucketDetails", "arn", "name"},
    {"S3Object", "s3BucketDetails", "arn", "name"},
    {"Instance", "instanceDetails", "instanceId", "instanceId"},
    {"EKSCluster", "eksClusterDetails", "arn", "name"},
    {"KubernetesCluster", "eksClusterDetails", "arn", "name"},
    {"ECSCluster", "ecsClusterDetails", "arn", "name"},
    {"RDSDBInstance", "rdsDbInstanceDetails", "dbInstanceArn", "dbInstanceIdentifier"},
    {"RDSLimitlessDB", "rdsLimitlessDbDetails", "dbShardGroupArn", "dbShardGroupIdentifier"},
    {"Lambda", "lambdaDetails", "functionArn", "functionName"},
    {"Container", "containerDetails", "id", "name"},
    {"AccessKey", "accessKeyDetails", "", "userName"},
};

auto first_of(JsonView details) -> JsonView { return details.is_array() ? details[std::size_t{0}] : details; }

void read_guardduty_resource(Finding& finding, JsonView item) {
    auto& resource = finding.resource;
    const auto described = member_like(item, "resource");
    resource.type = first_text({member_like(described, "resourceType")});
    resource.cloud = "aws";
    resource.account = first_text({member_like(item, "accountId")});
    resource.region = first_text({member_like(item, "region")});
    for (const auto& form : forms) {
        if (!iequals(form.type, resource.type)) continue;
        const auto details = first_of(member_like(described, form.details));
        if (!form.id.empty()) resource.id = first_text({member_like(details, form.id)});
        resource.name = first_text({member_like(details, form.name)});
        resource.tags = read_tags(member_like(details, "tags"));
        const auto access = member_like(details, "publicAccess");
        finding.exposure = exposure_of_permission(member_like(access, "effectivePermission").text_or(""));
    }
    const auto key = member_like(described, "accessKeyDetails");
    add_fact(finding, "principal", first_text({member_like(key, "userName")}));
    add_fact(finding, "principal_type", first_text({member_like(key, "userType")}));
    const auto object = first_of(member_like(first_of(member_like(described, "s3BucketDetails")), "s3ObjectDetails"));
    add_fact(finding, "object", first_text({member_like(object, "key")}));
}

void read_service(Finding& finding, JsonView item) {
    const auto service = member_like(item, "service");
    finding.status = member_like(service, "archived").boolean().value_or(false) ? Status::suppressed : Status::open;
    finding.is_test = member_like(member_like(service, "additionalInfo"), "sample").boolean().value_or(false) ||
                      finding.title.starts_with("[SAMPLE]");
    finding.first_seen = first_time({member_like(service, "eventFirstSeen"), member_like(item, "createdAt")});
    finding.last_seen = first_time({member_like(service, "eventLastSeen"), member_like(item, "updatedAt")});
    add_fact(finding, "occurrences", first_text({member_like(service, "count")}));
    add_fact(finding, "resource_role", first_text({member_like(service, "resourceRole")}));
    const auto action = member_like(service, "action");
    add_fact(finding, "action", first_text({member_like(action, "actionType")}));
    const auto call = member_like(action, "awsApiCallAction");
    add_fact(finding, "api", first_text({member_like(call, "api")}));
}

class GuardDutyAdapter final : public Adapter {
public:
    explicit GuardDutyAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = first_text({member_like(item, "id")});
        finding.rule.id = first_text({member_like(item, "type")});
        finding.rule.name = finding.rule.id;
        finding.title = first_text({member_like(item, "title"), member_like(item, "type")});
        if (!finding.source_id.empty()) draft.title_if_none = "GuardDuty finding " + finding.source_id;
        finding.description = first_text({member_like(item, "description")});
        draft.severity = guardduty_severity(member_like(item, "severity"));
        draft.type = FindingType::threat;
        read_guardduty_resource(finding, item);
        read_service(finding, item);
        finding.url =
            aws_console_url(first_text({member_like(item, "partition")}), "guardduty", finding.resource.region,
                            "/findings?search=id%3D" + percent_encode(finding.source_id));
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_guardduty_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<GuardDutyAdapter>(config);
}

} // namespace dossier::ingest
