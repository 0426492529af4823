// AWS Security Hub (VENDORS §4): findings in the AWS Security Finding Format, its own and those it collects. Envelopes
// of 2019 and 2020 have no Severity.Label; a finding names several resources, of which the one that is not the account
// is the one concerned.

#include "adapters.hpp"
#include "aws_fields.hpp"
#include "finding_draft.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include "dossier/base/strings.hpp"

#include <utility>

namespace dossier::ingest {
namespace {

/// ASFF: 0 informational, 1–39 low, 40–69 medium, 70–89 high, 90–100 critical.
auto hub_severity(JsonView item) -> std::optional<Severity> {
    const auto severity = item["Severity"];
    for (const auto& place : {severity["Label"], item["ProductFields"]["aws/securityhub/SeverityLabel"],
                              item.at("/FindingProviderFields/Severity/Label")}) {
        if (auto known = severity_from_word(place.text_or(""))) return known;
    }
    const auto points = severity["Normalized"].number();
    if (!points) return std::nullopt;
    if (*points >= 90) return Severity::critical;
    if (*points >= 70) return Severity::high;
    if (*points >= 40) return Severity::medium;
    return *points >= 1 ? Severity::low : Severity::informational;
}

auto hub_status(JsonView item) -> Status {
    const auto workflow = item.at("/Workflow/Status").text_or(item["WorkflowState"].text_or(""));
    const auto known = status_from_word(workflow).value_or(Status::open);
    if (known != Status::open) return known;
    // Archived by its product: the resource is gone or the control was switched off.
    if (item["RecordState"].text_or("") == "ARCHIVED") return Status::resolved;
    return item.at("/Compliance/Status").text_or("") == "PASSED" ? Status::resolved : Status::open;
}

auto hub_type(JsonView types) -> std::optional<FindingType> {
    for (const auto& type : words_in(types)) {
        if (type.starts_with("Sensitive Data Identifications")) return FindingType::sensitive_data;
        if (type.starts_with("Software and Configuration Checks/Vulnerabilities")) return FindingType::vulnerability;
        if (type.starts_with("Software and Configuration Checks")) return FindingType::misconfiguration;
        if (type.starts_with("TTPs") || type.starts_with("Effects") || type.starts_with("Unusual Behaviors"))
            return FindingType::threat;
    }
    return std::nullopt;
}

auto concerned(JsonView resources) -> JsonView {
    const auto all = resources.elements();
    for (const auto& resource : all) {
        const auto type = resource["Type"].text_or("");
        if (type != "AwsAccount" && type != "AwsS3Object") return resource; // an object's bucket stands beside it
    }
    return all.empty() ? JsonView() : all.front();
}

void read_hub_resource(Finding& finding, JsonView item) {
    const auto described = concerned(item["Resources"]);
    auto& resource = finding.resource;
    resource.id = first_text({described["Id"]});
    resource.type = first_text({described["Type"]});
    resource.cloud = "aws";
    resource.account = first_text({item["AwsAccountId"]});
    resource.account_name = first_text({item["AwsAccountName"]});
    resource.region = first_text({described["Region"], item["Region"]});
    resource.tags = read_tags(described["Tags"]);
    const auto bucket = described.at("/Details/AwsS3Bucket");
    resource.name = first_text({bucket["Name"]});
    add_all(finding.owner_hints, {first_text({bucket["OwnerName"]})});
    if (resource.name.empty() && !resource.id.starts_with("arn:")) resource.name = resource.id;
    for (const auto& other : item["Resources"].elements()) {
        const auto result = other.at("/DataClassification/Result");
        read_sensitive_data(finding, result["SensitiveData"]);
        read_custom_identifiers(finding, result["CustomDataIdentifiers"]);
        if (other["Type"].text_or("") == "AwsS3Object") add_fact(finding, "object", first_text({other["Id"]}));
    }
}

void read_rule(Finding& finding, JsonView item) {
    const auto fields = item["ProductFields"];
    finding.rule.id = first_text(
        {item.at("/Compliance/SecurityControlId"), fields["ControlId"], fields["RuleId"], item["GeneratorId"]});
    finding.rule.name = first_text({item["Title"]});
    for (const auto& requirement : words_in(item.at("/Compliance/RelatedRequirements")))
        add_all(finding.compliance, {requirement});
    add_fact(finding, "product", first_text({item["ProductName"], fields["aws/securityhub/ProductName"]}));
    add_fact(finding, "company", first_text({item["CompanyName"], fields["aws/securityhub/CompanyName"]}));
    add_fact(finding, "compliance_status", first_text({item.at("/Compliance/Status")}));
    add_fact_list(finding, "types", item["Types"]);
}

class SecurityHubAdapter final : public Adapter {
public:
    explicit SecurityHubAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = first_text({item["Id"]});
        finding.title = first_text({item["Title"]});
        if (!finding.source_id.empty()) draft.title_if_none = "Security Hub finding " + finding.source_id;
        finding.description = first_text({item["Description"]});
        const auto remediation = item.at("/Remediation/Recommendation");
        finding.recommendation = first_text({remediation["Text"], remediation["Url"]});
        draft.severity = hub_severity(item);
        finding.status = hub_status(item);
        finding.is_test = item["Sample"].boolean().value_or(false);
        finding.first_seen = first_time({item["FirstObservedAt"], item["CreatedAt"]});
        finding.last_seen = first_time({item["UpdatedAt"], item["LastObservedAt"]});
        draft.type = hub_type(item["Types"]);
        read_rule(finding, item);
        read_hub_resource(finding, item);
        if (!finding.data.classes.empty()) draft.type = FindingType::sensitive_data;
        finding.url = link(first_text({item["SourceUrl"]}));
        if (finding.url.empty()) {
            const auto parts = split(finding.source_id, ':');
            const auto partition = parts.size() > 1 && parts[0] == "arn" ? parts[1] : std::string_view("aws");
            const auto region = first_text({item["Region"]});
            finding.url = aws_console_url(partition, "securityhub", region.empty() ? finding.resource.region : region,
                                          "/findings?search=Id%3D" + percent_encode(finding.source_id));
        }
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_security_hub_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<SecurityHubAdapter>(config);
}

} // namespace dossier::ingest
