// Orca Security (VENDORS §3): one flat alert (or whatever selection of its fields the customer made), the serving
// layer's {data: {Field: {value}}}, and the console's export, which has no id. The id is in `state`, risk_level is the
// severity, and in the old scale 1 is worst.

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "store_content.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::string_view orca_console = "https://app.orcasecurity.io";

/// orca-59: what an id looks like, whatever the customer's template calls it.
auto is_alert_id(std::string_view text) -> bool {
    constexpr std::string_view prefix = "orca-";
    if (!text.starts_with(prefix) || text.size() == prefix.size() || text.size() > 64) return false;
    return std::ranges::all_of(text.substr(prefix.size()), [](char c) { return c >= '0' && c <= '9'; });
}

auto id_by_its_look(JsonView item) -> std::string {
    for (const auto& [name, value] : item.members()) {
        if (auto text = value.text_or(""); is_alert_id(text)) return text;
    }
    return {};
}

auto is_flat_alert(JsonView item) -> bool {
    for (const auto name :
         {"state", "type_string", "alert_id", "asset_unique_id", "rule_id", "type_key", "asset_name", "alert_labels"}) {
        if (!item[name].is_null()) return true;
    }
    return false;
}

auto is_serving_layer(JsonView item) -> bool {
    const auto data = item["data"];
    return data.is_object() &&
           (!data["AlertId"].is_null() || !data["OrcaScore"].is_null() || !data["RiskLevel"].is_null() ||
            (item["type"].text_or("") == "Alert" && !data["Title"].is_null()));
}

auto is_export(JsonView item) -> bool {
    return !item["Title"].is_null() && (!item["OrcaScore"].is_null() || !item["Inventory"].is_null() ||
                                        !item["CloudAccount"].is_null() || !item["Category"].is_null());
}

auto is_orca_alert(JsonView item) -> bool {
    return is_flat_alert(item) || is_serving_layer(item) || is_export(item) || !id_by_its_look(item).empty();
}

auto unwrap_orca(JsonUnfolder& unfold, JsonView item) -> JsonView {
    for (int layer = 0; layer < 4 && item.is_object() && !is_orca_alert(item); ++layer) {
        JsonView inner;
        for (const auto name : {"data", "alert", "message", "Message", "detail", "payload", "body", "event"}) {
            inner = unfold(item[name]);
            if (inner.is_array() && inner.size() == 1) inner = inner[std::size_t{0}];
            if (inner.is_object()) break;
        }
        if (!inner.is_object()) break;
        item = inner;
    }
    return item;
}

/// Orca's own words first, then its 0–10 score, then the scale it left behind.
auto severity_of(JsonView risk_level, JsonView orca_score, JsonView severity, JsonView score)
    -> std::optional<Severity> {
    if (auto known = severity_from_word(risk_level.text_or(""))) return known;
    if (const auto points = orca_score.number(); points && *points >= 0 && *points <= 10) {
        if (*points >= 9) return Severity::critical;
        if (*points >= 7) return Severity::high;
        if (*points >= 4) return Severity::medium;
        return *points > 0 ? Severity::low : Severity::informational;
    }
    const auto word = lower(severity.text_or(""));
    if (word == "compromised") return Severity::critical;
    if (word == "imminent compromise" || word == "imminent_compromise") return Severity::high;
    if (word == "hazardous") return Severity::medium;
    if (auto known = severity_from_word(word)) return known;
    static constexpr std::array worst_first = {Severity::critical, Severity::high, Severity::medium, Severity::low};
    const auto rank = score.integer().value_or(0);
    if (rank >= 1 && rank <= std::ssize(worst_first)) return worst_first[static_cast<std::size_t>(rank - 1)];
    return std::nullopt;
}

auto type_of_category(std::string_view category) -> std::optional<FindingType> {
    struct Row {
        std::string_view part;
        FindingType type;
    };
    static constexpr std::array rows = {
        Row{"data at risk", FindingType::sensitive_data},
        Row{"sensitive data", FindingType::sensitive_data},
        Row{"vulnerab", FindingType::vulnerability},
        Row{"malware", FindingType::threat},
        Row{"malicious", FindingType::threat},
        Row{"suspicious", FindingType::threat},
        Row{"iam", FindingType::identity},
        Row{"authentication", FindingType::identity},
        Row{"identity", FindingType::identity},
        Row{"misconfiguration", FindingType::misconfiguration},
        Row{"best practices", FindingType::misconfiguration},
        Row{"data protection", FindingType::misconfiguration},
        Row{"logging", FindingType::misconfiguration},
        Row{"neglected", FindingType::misconfiguration},
        Row{"lateral movement", FindingType::misconfiguration},
    };
    for (const auto& row : rows) {
        if (icontains(category, row.part)) return row.type;
    }
    return std::nullopt;
}

/// A member of `findings[0]` or of the Inventory model, whose names are in Title Case.
auto exposure_of_findings(JsonView findings) -> Exposure {
    const auto first = findings.is_array() ? findings[std::size_t{0}] : findings;
    const auto exposed = first["Is Exposed (Public/Internet Facing)"].boolean();
    if (exposed && *exposed) return Exposure::public_;
    const auto word = exposure_from_label(first["Exposure"].text_or(""));
    if (word != Exposure::unknown) return word;
    return exposed ? Exposure::none : Exposure::unknown;
}

/// Labels that name data, "pii" or "PII-Email"; "mitre: …", "CSPM" and the like name none.
void read_labels(Finding& finding, JsonView labels) {
    static constexpr std::array data_labels = {"pii",    "phi",       "pci",      "secret", "sensitive", "personal",
                                               "health", "financial", "customer", "credit", "ssn",       "tax"};
    for (const auto& label : words_in(labels)) {
        const auto name = lower(label);
        if (std::ranges::any_of(data_labels, [&](auto part) { return name.contains(part); })) {
            add_class_of_label(finding.data.classes, label, false);
        }
        if (name == "internet_facing" || name == "public_facing" || name == "internet facing" ||
            name == "public facing") {
            finding.exposure = Exposure::public_;
        }
    }
}

class OrcaAdapter final : public Adapter {
public:
    explicit OrcaAdapter(const SourceConfig& config) : config_(config) {
        console_ = std::string(without_slash(config.console_url.empty() ? orca_console : config.console_url));
    }

    auto items(JsonView body) const -> std::vector<JsonView> override {
        if (body.is_object() && !is_orca_alert(body)) {
            for (const auto list : {"data", "alerts", "results", "items"}) {
                if (body[list].is_array()) return body[list].elements();
            }
        }
        return Adapter::items(body);
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        item = unfold(item);
        if (auto known = refuse_foreign(item, "Orca"); !known) return fail(std::move(known.error()));
        item = unwrap_orca(unfold, item);
        if (!item.is_object()) return fail(Errc::malformed, "the item is no JSON object");
        if (auto known = refuse_foreign(item, "Orca"); !known) return fail(std::move(known.error()));
        auto draft = draft_for(config_);
        if (is_serving_layer(item)) {
            read_serving_layer(unfold, draft, item);
        } else if (is_export(item)) {
            read_export(unfold, draft, item);
        } else if (is_orca_alert(item)) {
            read_flat(unfold, draft, item);
        } else {
            return fail(Errc::malformed, "the item is no alert of Orca");
        }
        auto& finding = draft.finding;
        if (finding.source_id.empty() && finding.title.empty()) {
            return fail(Errc::malformed, "the item has neither an alert id nor a title");
        }
        if (!finding.source_id.empty()) {
            draft.title_if_none = "Orca alert " + finding.source_id;
            finding.url = console_ + "/alerts/" + percent_encode(finding.source_id);
        }
        read_store_content(unfold, item, finding.data);
        settle_type(draft);
        finding.is_partial = is_thin(draft);
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
    std::string console_;

    static void settle_type(FindingDraft& draft) {
        auto classes = draft.finding.data.classes;
        add_classes_in_prose(classes, draft.finding.title);
        const bool speaks_of_data = finding_type_from_prose(draft.finding.title) == FindingType::sensitive_data;
        if (!draft.type && (speaks_of_data || !classes.empty())) draft.type = FindingType::sensitive_data;
    }

    static void read_asset(Finding& finding, JsonView asset) {
        auto& resource = finding.resource;
        resource.id = first_text({asset["asset_vendor_id"], asset["asset_unique_id"], asset["cluster_unique_id"]});
        resource.name = first_text({asset["asset_name"], asset["cluster_name"], asset["group_name"]});
        resource.type = first_text({asset["asset_type_string"], asset["asset_type"]});
        resource.cloud = cloud_from_word(first_text({asset["cloud_provider"]}));
        resource.account = first_text({asset["cloud_vendor_id"]});
        if (resource.account.empty()) {
            const auto other = first_text({asset["cloud_provider_id"]});
            if (!is_uuid(other)) resource.account = other;
        }
        resource.account_name = first_text({asset["account_name"]});
        resource.region = first_text({asset["asset_regions"][std::size_t{0}], asset["region"], asset["asset_regions"]});
        for (const auto& tags :
             {asset["asset_tags_info_list"], asset["tags_info_list"], asset["custom_tags_info_list"]}) {
            if (resource.tags.empty()) resource.tags = read_tags(tags);
        }
        read_labels(finding, asset["asset_labels"]);
        add_fact(finding, "asset_category", first_text({asset["asset_category"]}));
        add_fact(finding, "asset_state", first_text({asset["asset_state"]}));
        add_fact_list(finding, "ingress_ports", asset["asset_ingress_ports"]);
        add_fact_list(finding, "roles", asset["asset_role_names"]);
    }

    static auto text_without_holes(std::string text) -> std::string {
        return text.contains('{') ? std::string() : text;
    }

    void read_flat(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto state = first_object({unfold.member(item, "state"), item});
        const auto data = unfold.member(item, "data");
        finding.source_id = first_text({state["alert_id"], item["alert_id"], item.at("/priv/alert_id")});
        if (finding.source_id.empty()) finding.source_id = id_by_its_look(item);
        finding.title = first_text({item["type_string"]});
        if (finding.title.empty()) finding.title = text_without_holes(first_text({data["title"]}));
        if (finding.title.empty()) finding.title = first_text({item["description"], item["title"], data["title"]});
        finding.description = first_text({item["details"], item["description"], data["details"]});
        finding.recommendation = first_text({item["recommendation"], data["recommendation"]});
        finding.rule = {.id = first_text({item["rule_id"], item["type"]}), .name = first_text({item["type_string"]})};
        draft.severity = severity_of(state["risk_level"], state["orca_score"], state["severity"], state["score"]);
        finding.status = status_from_word(state["status"].text_or("")).value_or(Status::open);
        const auto category = first_text({item["category"]});
        draft.type = type_of_category(category);
        if (!draft.type && item["type"].text_or("") == "malware") draft.type = FindingType::threat;
        read_asset(finding, item);
        read_labels(finding, item["alert_labels"]);
        if (draft.type == FindingType::sensitive_data) add_class_of_label(finding.data.classes, finding.title, false);
        const auto inventory = unfold(item.at("/model/data/Inventory"));
        if (finding.resource.region.empty()) finding.resource.region = first_text({inventory["Region"]});
        if (finding.resource.tags.empty()) finding.resource.tags = read_tags(inventory["Tags"]);
        const auto findings = unfold.member(item, "findings");
        for (const auto& place : {findings, inventory}) {
            if (finding.exposure == Exposure::unknown) finding.exposure = exposure_of_findings(place);
        }
        const auto detail = findings.is_array() ? findings[std::size_t{0}] : findings;
        add_all(finding.data.identifiers, words_in(first_present(detail, "Sensitive Data Types", "Data Identifiers")));
        for (const auto& name : finding.data.identifiers) add_class_of_label(finding.data.classes, name, false);
        finding.first_seen = first_time({state["created_at"], item.at("/priv/first_seen"), item["created_at"]});
        finding.last_seen = first_time({state["last_seen"], item["last_seen"], state["last_updated"]});
        add_all(finding.compliance, words_in(item["related_compliances"]));
        add_fact(finding, "category", category);
        add_fact_list(finding, "alert_labels", item["alert_labels"]);
        add_fact(finding, "mitre_category", first_text({data["mitre_category"]}));
        add_fact_list(finding, "mitre_techniques", data["mitre_technique"]);
        add_fact_list(finding, "cves", item["cve_list"]);
        add_fact(finding, "max_cvss_score", first_text({item["max_cvss_score"]}));
        add_fact(finding, "orca_score", first_text({state["orca_score"]}));
        add_fact_list(finding, "severity_factors", item["severity_contributing_factors"]);
    }

    static auto first_present(JsonView object, std::string_view one, std::string_view other) -> JsonView {
        return object[one].is_null() ? object[other] : object[one];
    }

    void read_serving_layer(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto data = item["data"];
        const auto field = [&](std::string_view name) {
            const auto member = data[name];
            return unfold(member.is_object() && !member["value"].is_null() ? member["value"]
                          : member.is_object() && member.size() == 1       ? JsonView()
                                                                           : member);
        };
        auto id = first_text({field("Name"), item["name"]});
        if (!id.starts_with("orca-")) id = first_text({field("AlertId"), field("Name"), item["name"]});
        const bool only_digits = !id.empty() && id.find_first_not_of("0123456789") == std::string::npos;
        finding.source_id = only_digits ? "orca-" + id : id;
        finding.title = first_text({field("Title"), field("AlertType")});
        finding.description = first_text({field("Details"), field("Description")});
        finding.recommendation = first_text({field("Recommendation")});
        finding.rule = {.id = first_text({field("RuleId"), field("AlertType")}), .name = finding.title};
        draft.severity = severity_of(field("RiskLevel"), field("OrcaScore"), field("Severity"), field("Score"));
        finding.status = status_from_word(field("Status").text_or("")).value_or(Status::open);
        draft.type = type_of_category(first_text({field("Category")}));
        if (!draft.type) draft.type = type_of_category(first_text({field("RuleType")}));
        read_asset(finding, field("AssetData"));
        auto& resource = finding.resource;
        if (resource.id.empty())
            resource.id = first_text({field("cluster_unique_id"), item["cluster_unique_id"], field("GroupUniqueId"),
                                      item["group_unique_id"]});
        read_labels(finding, field("Labels"));
        for (const auto& place : {data, field("Inventory")}) {
            if (finding.exposure == Exposure::unknown) finding.exposure = exposure_of_findings(place);
        }
        if (finding.exposure == Exposure::unknown)
            finding.exposure = exposure_from_label(field("Exposure").text_or(""));
        finding.first_seen = first_time({field("CreatedAt")});
        finding.last_seen = first_time({field("LastSeen"), item["last_seen"], field("LastUpdated")});
        add_all(finding.compliance, words_in(field("RelatedCompliances")));
        add_fact(finding, "category", first_text({field("Category")}));
        add_fact_list(finding, "alert_labels", field("Labels"));
        add_fact_list(finding, "cves", field("CveIds"));
        add_fact(finding, "max_cvss_score", first_text({field("MaxCvssScore")}));
        add_fact(finding, "orca_score", first_text({field("OrcaScore")}));
        add_fact(finding, "closed_reason", first_text({field("ClosedReason")}));
    }

    void read_export(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto account = unfold.member(item, "CloudAccount");
        const auto inventory = unfold.member(item, "Inventory");
        finding.source_id = first_text({item["AlertId"]});
        finding.title = first_text({item["Title"]});
        finding.description = first_text({item["Details"], item["Description"]});
        finding.recommendation = first_text({item["Recommendation"]});
        finding.rule = {.id = first_text({item["RuleId"]}), .name = finding.title};
        draft.severity = severity_of(item["RiskLevel"], item["OrcaScore"], item["Severity"], item["Score"]);
        finding.status = status_from_word(item["Status"].text_or("")).value_or(Status::open);
        draft.type = type_of_category(first_text({item["Category"]}));
        auto& resource = finding.resource;
        resource.name = first_text({inventory["Name"], item["Inventory.Name"], item["Inventory"], item["Source"]});
        resource.type = first_text({inventory["Type"], item["Inventory.Type"]});
        resource.account_name = first_text({account["Name"], item["CloudAccount.Name"], item["CloudAccount"]});
        // No id of the account is exported; its name keeps equal findings of two accounts apart.
        resource.account = resource.account_name;
        resource.tags = read_tags(inventory["Tags"]);
        read_labels(finding, item["Labels"]);
        if (finding.exposure == Exposure::unknown) finding.exposure = exposure_of_findings(inventory);
        finding.first_seen = first_time({item["CreatedAt"]});
        finding.last_seen = first_time({item["LastSeen"]});
        add_fact(finding, "category", first_text({item["Category"]}));
        add_fact_list(finding, "alert_labels", item["Labels"]);
        add_fact(finding, "orca_score", first_text({item["OrcaScore"]}));
        add_fact(finding, "found_in", first_text({item["Source"]}));
    }
};

} // namespace

auto make_orca_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<OrcaAdapter>(config);
}

} // namespace dossier::ingest
