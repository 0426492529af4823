// Google Security Command Center (VENDORS §4): notifications {finding, resource}, entries of a list call and bare
// findings. Older ones have no severity, and what third parties report keeps theirs in untyped `sourceProperties`.

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include "dossier/base/strings.hpp"

#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

auto scc_severity(JsonView finding) -> std::optional<Severity> {
    const auto properties = finding["sourceProperties"];
    for (const auto& place : {finding["severity"], properties["severity"], properties["sccSeverity"],
                              properties["SeverityLevel"], properties["severityLevel"]}) {
        if (auto known = severity_from_word(place.text_or(""))) return known;
    }
    return std::nullopt;
}

auto scc_status(JsonView finding) -> Status {
    if (finding["state"].text_or("") == "INACTIVE") return Status::resolved;
    return finding["mute"].text_or("") == "MUTED" ? Status::suppressed : Status::open;
}

auto scc_type(JsonView finding) -> std::optional<FindingType> {
    struct Row {
        std::string_view word;
        FindingType type;
    };
    static constexpr std::array rows = {
        Row{"THREAT", FindingType::threat},
        Row{"VULNERABILITY", FindingType::vulnerability},
        Row{"MISCONFIGURATION", FindingType::misconfiguration},
        Row{"POSTURE_VIOLATION", FindingType::misconfiguration},
        Row{"SENSITIVE_DATA_RISK", FindingType::sensitive_data},
    };
    const auto word = finding["findingClass"].text_or("");
    for (const auto& row : rows) {
        if (row.word == word) return row.type;
    }
    if (finding["cloudDlpInspection"].is_object() || finding["cloudDlpDataProfile"].is_object())
        return FindingType::sensitive_data;
    return std::nullopt;
}

/// "//cloudresourcemanager.googleapis.com/projects/acme-prod" and names below a project say which.
auto project_in(std::string_view name) -> std::string {
    const auto segments = split(name, '/');
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        if (segments[i] == "projects") return std::string(segments[i + 1]);
    }
    return {};
}

/// A zone or region in a resource name: …/zones/us-central1-a/….
auto location_in(std::string_view name) -> std::string {
    const auto segments = split(name, '/');
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        if (segments[i] == "zones" || segments[i] == "regions" || segments[i] == "locations")
            return std::string(segments[i + 1]);
    }
    return {};
}

void read_scc_resource(Finding& finding, JsonView reported, JsonView described) {
    auto& resource = finding.resource;
    resource.id = first_text({reported["resourceName"], described["name"]});
    resource.name = first_text({described["displayName"]});
    if (resource.name.empty() && !resource.id.empty()) resource.name = std::string(split(resource.id, '/').back());
    resource.type = first_text({described["type"]});
    const auto cloud = first_text({described["cloudProvider"]});
    resource.cloud = cloud.empty() ? "gcp" : cloud_from_word(cloud);
    const auto project = first_text({described["project"], described.at("/gcpMetadata/project")});
    resource.account = project_in(resource.id);
    if (resource.account.empty()) resource.account = project_in(project);
    resource.account_name =
        first_text({described["projectDisplayName"], described.at("/gcpMetadata/projectDisplayName")});
    resource.region = first_text({described["location"]});
    if (resource.region.empty()) resource.region = location_in(resource.id);
    resource.tags = read_tags(reported.at("/securityMarks/marks"));
}

/// What Sensitive Data Protection found.
void read_profile(Finding& finding, JsonView reported) {
    const auto inspection = reported["cloudDlpInspection"];
    const auto info_type = first_text({inspection["infoType"]});
    add_all(finding.data.identifiers, {info_type});
    add_class_of_label(finding.data.classes, info_type, false);
    finding.data.volume = inspection["infoTypeCount"].integer();
    add_fact(finding, "data_profile", first_text({reported.at("/cloudDlpDataProfile/dataProfile")}));
    add_fact(finding, "inspect_job", first_text({inspection["inspectJob"]}));
}

void read_people_and_rules(Finding& finding, JsonView reported) {
    for (const auto& [kind, contact] : reported["contacts"].members()) {
        for (const auto& person : contact["contacts"].elements())
            add_all(finding.owner_hints, {first_text({person["email"]})});
    }
    for (const auto& standard : reported["compliances"].elements()) {
        const auto name = first_text({standard["standard"]}) + " " + first_text({standard["version"]});
        for (const auto& id : words_in(standard["ids"]))
            add_all(finding.compliance, {std::string(trim(name)) + " " + id});
    }
    add_fact(finding, "finding_class", first_text({reported["findingClass"]}));
    add_fact(finding, "mute", first_text({reported["mute"]}));
    add_fact(finding, "scc_source", first_text({reported["parentDisplayName"]}));
}

class SccAdapter final : public Adapter {
public:
    explicit SccAdapter(const SourceConfig& config) : config_(config) {}

    auto items(JsonView body) const -> std::vector<JsonView> override {
        if (const auto list = body["listFindingsResults"]; list.is_array()) return list.elements();
        return Adapter::items(body);
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        const auto reported = item["finding"].is_object() ? item["finding"] : item;
        const auto properties = reported["sourceProperties"];
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        finding.source_id = first_text({reported["name"]});
        finding.title = first_text({reported["category"]});
        if (!finding.source_id.empty())
            draft.title_if_none =
                "Security Command Center finding " + std::string(split(finding.source_id, '/').back());
        finding.rule = {.id = finding.title, .name = finding.title};
        finding.description = first_text(
            {reported["description"], properties["Explanation"], properties["ExplanationText"], properties["msg"]});
        finding.recommendation = first_text({reported["nextSteps"], properties["Recommendation"]});
        draft.severity = scc_severity(reported);
        finding.status = scc_status(reported);
        draft.type = scc_type(reported);
        finding.first_seen = first_time({reported["createTime"], reported["eventTime"]});
        finding.last_seen = first_time({reported["eventTime"], reported["createTime"]});
        finding.url = link(first_text({reported["externalUri"]}));
        read_scc_resource(finding, reported, item["resource"]);
        read_profile(finding, reported);
        read_people_and_rules(finding, reported);
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_scc_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<SccAdapter>(config);
}

} // namespace dossier::ingest
