// Findings in the Open Cybersecurity Schema Framework, category 2 (classes 2002…2007): what Security Hub's second
// version, Security Lake and tools such as Prowler send.

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include "dossier/base/strings.hpp"

#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

auto ocsf_severity(JsonView item) -> std::optional<Severity> {
    static constexpr std::array by_id = {Severity::informational, Severity::low,      Severity::medium,
                                         Severity::high,          Severity::critical, Severity::critical};
    const auto id = item["severity_id"].integer().value_or(0);
    if (id >= 1 && id <= std::ssize(by_id)) return by_id[static_cast<std::size_t>(id - 1)];
    return severity_from_word(item["severity"].text_or(""));
}

auto ocsf_status(JsonView item) -> Status {
    static constexpr std::array by_id = {Status::open, Status::in_progress, Status::suppressed, Status::resolved,
                                         Status::suppressed};
    if (item["status_code"].text_or("") == "PASS") return Status::resolved;
    const auto id = item["status_id"].integer().value_or(0);
    if (id >= 1 && id <= std::ssize(by_id)) return by_id[static_cast<std::size_t>(id - 1)];
    return status_from_word(item["status"].text_or("")).value_or(Status::open);
}

auto ocsf_type(JsonView item) -> std::optional<FindingType> {
    // Tools that check configurations report them as detections, and say PASS or FAIL.
    const auto verdict = item["status_code"].text_or("");
    if (verdict == "FAIL" || verdict == "PASS" || item["compliance"].is_object()) return FindingType::misconfiguration;
    switch (item["class_uid"].integer().value_or(0)) {
    case 2002:
        return FindingType::vulnerability;
    case 2003:
        return FindingType::misconfiguration;
    case 2004:
    case 2005:
        return FindingType::threat;
    case 2006:
        return FindingType::sensitive_data;
    case 2007:
        return FindingType::identity;
    default:
        return std::nullopt;
    }
}

void read_ocsf_resource(Finding& finding, JsonView item) {
    auto described = item["resources"][std::size_t{0}];
    if (described.is_null()) described = item["resource"];
    const auto cloud = item["cloud"];
    auto& resource = finding.resource;
    resource.id = first_text({described["uid"], described.at("/data/metadata/arn")});
    resource.name = first_text({described["name"]});
    resource.type = first_text({described["type"]});
    resource.cloud = cloud_from_word(first_text({cloud["provider"], described["cloud_partition"]}));
    resource.account = first_text({cloud.at("/account/uid")});
    resource.account_name = first_text({cloud.at("/account/name")});
    resource.region = first_text({described["region"], cloud["region"]});
    resource.tags = read_tags(described["tags"]);
    if (resource.tags.empty()) resource.tags = read_tags(described["labels"]);
    add_all(finding.owner_hints, {first_text({described.at("/owner/email_addr"), described.at("/owner/name")})});
}

void read_data(Finding& finding, JsonView item) {
    const auto security = item["data_security"];
    for (const auto& label : {security["category"], item.at("/data_classification/category")})
        add_class_of_label(finding.data.classes, first_text({label}), false);
    for (const auto& details : security["discovery_details"].elements())
        add_all(finding.data.identifiers, {first_text({details["type"]})});
    for (const auto& name : finding.data.identifiers) add_class_of_label(finding.data.classes, name, false);
}

class OcsfAdapter final : public Adapter {
public:
    explicit OcsfAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        const auto info = item["finding_info"];
        finding.source_id = first_text({info["uid"]});
        finding.title = first_text({info["title"], item["message"]});
        if (!finding.source_id.empty()) draft.title_if_none = "OCSF finding " + finding.source_id;
        finding.description = first_text({info["desc"], item["status_detail"], item["message"]});
        finding.recommendation = first_text({item.at("/remediation/desc")});
        finding.rule.id = first_text({item.at("/metadata/event_code"), info.at("/analytic/uid")});
        finding.rule.name = first_text({info.at("/analytic/name"), info["title"]});
        draft.severity = ocsf_severity(item);
        finding.status = ocsf_status(item);
        draft.type = ocsf_type(item);
        finding.first_seen = first_time({info["first_seen_time"], info["created_time_dt"], info["created_time"]});
        finding.last_seen = first_time(
            {info["modified_time_dt"], info["modified_time"], info["last_seen_time"], item["time_dt"], item["time"]});
        finding.url = link(first_text({info["src_url"]}));
        for (const auto& [name, sections] : item.at("/unmapped/compliance").members())
            add_all(finding.compliance, {std::string(name)});
        add_all(finding.compliance, words_in(item.at("/compliance/requirements")));
        add_fact(finding, "product", first_text({item.at("/metadata/product/name")}));
        read_ocsf_resource(finding, item);
        read_data(finding, item);
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_ocsf_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<OcsfAdapter>(config);
}

} // namespace dossier::ingest
