// Prisma Cloud (VENDORS §2): arrays of alerts in the flat CSPM form, the nested Data Security form, what the API
// returns, and Compute's runtime audits. Customers rename keys in notification templates, so names are compared without
// case and separators, and an alert id is recognised by its look.

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

constexpr std::string_view prisma_console = "https://app.prismacloud.io";

auto is_prisma_alert(JsonView item) -> bool {
    for (const auto name : {"alertId", "policy", "policyName", "policyId", "alertTime", "alertRuleName", "alertTs"}) {
        if (!member_like(item, name).is_null()) return true;
    }
    if (is_prisma_compute_audit(item)) return true;
    const auto members = item.members();
    return std::ranges::any_of(members, [](const auto& entry) { return is_prisma_alert_id(entry.second.text_or("")); });
}

/// The test button and Splunk's wrapper: sender, time and a sentence, with or without an alert around it.
auto is_bare_envelope(JsonView item) -> bool {
    if (!item.is_object() || is_prisma_alert(item)) return false;
    const auto message = item["message"];
    if (item["sender"].is_null() && item["sentTs"].is_null() &&
        !(item["source"].text_or("") == "Prisma Cloud" && message.is_string())) {
        return false;
    }
    JsonUnfolder unfold;
    const auto inner = unfold(message);
    return !inner.is_object() && !inner.is_array();
}

auto unwrap_prisma(JsonUnfolder& unfold, JsonView item) -> JsonView {
    for (int layer = 0; layer < 4 && item.is_object() && !is_prisma_alert(item); ++layer) {
        JsonView inner;
        for (const auto name : {"message", "Message", "alert", "data", "detail", "event", "payload", "body"}) {
            inner = unfold(item[name]);
            if (inner.is_array() && inner.size() == 1) inner = inner[std::size_t{0}];
            if (inner.is_object()) break;
        }
        if (!inner.is_object()) break;
        item = inner;
    }
    return item;
}

auto type_of_policy(std::string_view policy_type) -> std::optional<FindingType> {
    struct Row {
        std::string_view word;
        FindingType type;
    };
    static constexpr std::array rows = {
        Row{"config", FindingType::misconfiguration},
        Row{"network", FindingType::misconfiguration},
        Row{"storage", FindingType::sensitive_data},
        Row{"data", FindingType::sensitive_data},
        Row{"audit_event", FindingType::threat},
        Row{"anomaly", FindingType::threat},
        Row{"workload_incident", FindingType::threat},
        Row{"iam", FindingType::identity},
        Row{"workload_vulnerability", FindingType::vulnerability},
    };
    for (const auto& row : rows) {
        if (iequals(row.word, policy_type)) return row.type;
    }
    return std::nullopt;
}

/// Prisma shows regions as "AWS Virginia"; the console's own names of AWS regions.
auto region_of_display_name(std::string_view name) -> std::string {
    struct Row {
        std::string_view name;
        std::string_view id;
    };
    static constexpr std::array rows = {
        Row{"AWS Virginia", "us-east-1"},       Row{"AWS Ohio", "us-east-2"},
        Row{"AWS California", "us-west-1"},     Row{"AWS Oregon", "us-west-2"},
        Row{"AWS Canada", "ca-central-1"},      Row{"AWS Ireland", "eu-west-1"},
        Row{"AWS London", "eu-west-2"},         Row{"AWS Paris", "eu-west-3"},
        Row{"AWS Frankfurt", "eu-central-1"},   Row{"AWS Stockholm", "eu-north-1"},
        Row{"AWS Singapore", "ap-southeast-1"}, Row{"AWS Sydney", "ap-southeast-2"},
        Row{"AWS Tokyo", "ap-northeast-1"},     Row{"AWS Mumbai", "ap-south-1"},
        Row{"AWS Sao Paulo", "sa-east-1"},
    };
    for (const auto& row : rows) {
        if (iequals(row.name, name)) return std::string(row.id);
    }
    return {};
}

class PrismaAdapter final : public Adapter {
public:
    explicit PrismaAdapter(const SourceConfig& config) : config_(config) {
        console_ = std::string(without_slash(config.console_url.empty() ? prisma_console : config.console_url));
    }

    auto items(JsonView body) const -> std::vector<JsonView> override {
        if (body.is_object() && !is_prisma_alert(body)) {
            for (const auto list : {"items", "alerts", "data", "message"}) {
                if (body[list].is_array()) return items(body[list]);
            }
        }
        auto found = Adapter::items(body);
        std::erase_if(found, is_bare_envelope);
        return found;
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        item = unfold(item);
        if (auto known = refuse_foreign(item, "Prisma Cloud"); !known) return fail(std::move(known.error()));
        item = unwrap_prisma(unfold, item);
        if (!item.is_object()) return fail(Errc::malformed, "the item is no JSON object");
        if (auto known = refuse_foreign(item, "Prisma Cloud"); !known) return fail(std::move(known.error()));
        auto draft = draft_for(config_);
        if (is_prisma_compute_audit(item)) {
            read_compute_audit(draft, item);
        } else {
            read_alert(unfold, draft, item);
            // Compute's audits have ids of their own, by which no alert can be fetched.
            draft.finding.is_partial = is_thin(draft);
            // A template may rename every key; then at least a title and a severity must be there.
            if (!is_prisma_alert(item) && (draft.finding.title.empty() || !draft.severity)) {
                return fail(Errc::malformed, "the item has neither an alert id nor a policy");
            }
        }
        if (draft.finding.source_id.empty() && draft.finding.title.empty()) {
            return fail(Errc::malformed, "the item has neither an alert id nor a policy name");
        }
        read_store_content(unfold, item, draft.finding.data);
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
    std::string console_;

    static auto alert_id(JsonView item) -> std::string {
        auto id = first_text({member_like(item, "alertId"), member_like(item, "id"), member_like(item, "alert")});
        if (!id.empty()) return id;
        for (const auto& [name, value] : item.members()) {
            if (auto text = value.text_or(""); is_prisma_alert_id(text)) return text;
        }
        return {};
    }

    static auto severity_of(JsonView item, JsonView policy) -> std::optional<Severity> {
        for (const auto& place : {policy["severity"], member_like(item, "severity"),
                                  member_like(item, "policySeverity"), member_like(item, "alertSeverity")}) {
            if (auto severity = severity_from_word(place.text_or(""))) return severity;
        }
        for (const auto& [name, value] : item.members()) {
            if (!icontains(name, "sever") && !icontains(name, "priority")) continue;
            if (auto severity = severity_from_word(value.text_or(""))) return severity;
        }
        return std::nullopt;
    }

    void read_alert(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto policy = unfold.member(item, "policy");
        const auto metadata = unfold.member(item, "metadata");
        const auto field = [&](std::string_view name) { return member_like(item, name); };
        finding.source_id = alert_id(item);
        if (!finding.source_id.empty()) draft.title_if_none = "Prisma Cloud alert " + finding.source_id;
        const auto policy_text = policy.is_object() ? JsonView() : policy;
        finding.title = first_text({policy["name"], field("policyName"), policy_text, field("title"), field("name")});
        finding.rule.name = first_text({policy["name"], field("policyName")});
        finding.rule.id = first_text({policy["policyId"], policy["id"], field("policyId")});
        finding.description = first_text({policy["description"], field("policyDescription"), field("description")});
        finding.recommendation = first_text(
            {policy["recommendation"], field("policyRecommendation"), field("recommendation"), field("remediation")});
        draft.severity = severity_of(item, policy);
        const auto status = first_text({field("alertStatus"), field("status"), field("state")});
        finding.status = status_from_word(status).value_or(Status::open);
        finding.url = link(first_text({field("callbackUrl"), field("alertUrl"), field("url")}), console_);
        if (finding.url.empty()) finding.url = alert_url(finding.source_id);
        finding.first_seen = first_time(
            {field("firstSeen"), field("alertTs"), field("generatedAtTs"), field("alertTime"), field("eventOccurred")});
        finding.last_seen = first_time({field("lastSeen"), field("alertTime"), field("lastUpdated")});
        if (!finding.last_seen) finding.last_seen = first_time({field("alertTs"), field("generatedAtTs")});
        read_resource(unfold, finding, item, metadata);
        read_data(draft, item, policy, metadata);
        read_people_and_rules(unfold, finding, item, policy, metadata);
    }

    [[nodiscard]] auto alert_url(const std::string& id) const -> std::string {
        if (id.empty()) return {};
        return console_ + "/alerts/overview?filters=" + percent_encode("{\"alert.id\":[\"" + id + "\"]}");
    }

    void read_resource(JsonUnfolder& unfold, Finding& finding, JsonView item, JsonView metadata) const {
        auto& resource = finding.resource;
        const auto field = [&](std::string_view name) { return member_like(item, name); };
        const auto nested = unfold.member(item, "resource");
        const auto account = unfold.member(item, "account");
        const auto config = unfold(nested["data"].is_null() ? field("resourceConfig") : nested["data"]);
        const auto rrn = first_text({metadata["bucketRrn"], nested["rrn"], field("resourceRrn"), field("rrn")});
        const auto own_id = first_text({nested["id"], nested["resourceId"], field("resourceId")});
        // The cloud's own id tells more than an RRN, whose last part often is a hash.
        const auto arn = first_text({config["arn"], config["Arn"], config["dbinstanceArn"], config["dBInstanceArn"],
                                     config["functionArn"], config["clusterArn"], config["tableArn"],
                                     config["queueArn"], config["topicArn"]});
        resource.id = is_provider_id(own_id) ? own_id : first_text({nested["rrn"]});
        if (!is_provider_id(resource.id)) {
            resource.id = is_provider_id(arn) ? arn : rrn.empty() ? own_id : rrn;
        }
        if (resource.id.empty()) resource.id = first_text({nested["unifiedAssetId"], nested["externalAssetId"]});
        resource.name =
            first_text({metadata["bucketName"], nested["name"], nested["resourceName"], field("resourceName"), nested});
        if (!metadata["bucketName"].is_null()) {
            add_fact(finding, "object", first_text({nested["resourceName"], field("resourceName")}));
        }
        resource.type = first_text({nested["resourceType"], field("resourceType"), nested["resourceApiName"]});
        const auto account_text = account.is_object() ? JsonView() : account;
        resource.cloud = cloud_from_word(
            first_text({field("cloudType"), nested["cloudType"], account["cloudType"], field("cloud")}));
        resource.account = first_text({field("accountId"), nested["accountId"], account["id"], account["accountId"]});
        resource.account_name = first_text({field("accountName"), nested["account"], account["name"], account_text});
        resource.region = first_text({field("resourceRegionId"), nested["regionId"], field("regionId")});
        if (resource.region.empty()) {
            if (const auto parts = parse_rrn(rrn)) resource.region = parts->region;
        }
        if (resource.region.empty()) {
            resource.region =
                region_of_display_name(first_text({field("region"), nested["region"], field("resourceRegion")}));
        }
        resource.url = link(first_text({nested["url"], field("resourceUrl")}), console_);
        for (const auto& tags : {field("tags"), field("resourceTags"), metadata["objectTags"], config["labels"],
                                 config["tags"], config["tagSets"], nested["tags"]}) {
            if (resource.tags.empty()) resource.tags = read_tags(tags);
        }
        add_fact(finding, "cloud_service", first_text({nested["cloudServiceName"], field("resourceCloudService")}));
    }

    static void read_data(FindingDraft& draft, JsonView item, JsonView policy, JsonView metadata) {
        auto& finding = draft.finding;
        for (const auto& label : words_in(metadata["classification"])) {
            add_class_of_label(finding.data.classes, label, true);
        }
        add_all(finding.data.identifiers, words_in(metadata["dataIdentifiers"]));
        for (const auto& name : finding.data.identifiers) add_class_of_label(finding.data.classes, name, false);
        for (const auto& labels : {policy["labels"], member_like(item, "policyLabels")}) {
            for (const auto& label : words_in(labels)) add_classes_in_prose(finding.data.classes, label);
            add_fact_list(finding, "policy_labels", labels);
        }
        const auto object_exposure = first_text({metadata["objectExposure"], member_like(item, "objectExposure")});
        if (!iequals(object_exposure, "conditional")) finding.exposure = exposure_from_label(object_exposure);
        add_fact(finding, "object_exposure", object_exposure);

        draft.type = type_of_policy(first_text({policy["policyType"], member_like(item, "policyType")}));
        const bool is_malware =
            iequals(metadata["malwarev2"].text_or(""), "malware") || icontains(finding.title, "malware");
        if (is_malware) {
            draft.type = FindingType::threat;
            add_fact(finding, "malware", "yes");
        } else if (!finding.data.classes.empty() && !draft.type) {
            draft.type = FindingType::sensitive_data;
        } else if (!draft.type && finding.source_id.starts_with("D-")) {
            draft.type = FindingType::sensitive_data;
        }
    }

    static void read_people_and_rules(JsonUnfolder& unfold, Finding& finding, JsonView item, JsonView policy,
                                      JsonView metadata) {
        const auto field = [&](std::string_view name) { return member_like(item, name); };
        const auto nested = unfold.member(item, "resource");
        add_all(finding.owner_hints, words_in(field("accountOwners")));
        add_all(finding.owner_hints, words_in(nested["cloudAccountOwners"]));
        add_all(finding.owner_hints, words_in(metadata["owner"]));
        add_all(finding.projects, words_in(nested["cloudAccountGroups"]));
        for (const auto& list : {unfold(field("complianceMetadata")), unfold(policy["complianceMetadata"])}) {
            for (const auto& entry : list.elements()) {
                const auto standard = first_text({entry["standardName"], entry["name"]});
                const auto section = first_text({entry["sectionId"], entry["requirementId"]});
                if (!standard.empty())
                    add_all(finding.compliance, {section.empty() ? standard : standard + " " + section});
                if (finding.compliance.size() >= 50) break;
            }
        }
        add_fact(finding, "alert_rule", first_text({field("alertRuleName")}));
        add_fact(finding, "reason", first_text({field("reason")}));
        add_fact(finding, "risk_rating", first_text({field("riskRating"), item.at("/riskDetail/rating")}));
        add_fact(finding, "dismissal_note", first_text({field("alertDismissalNote"), field("dismissalNote")}));
    }

    void read_compute_audit(FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        finding.source_id = first_text({item["_id"], item["id"]});
        const auto attack = first_text({item["attackType"], item["type"]});
        const auto rule = first_text({item["ruleName"], item["rule"]});
        finding.title = attack.empty() || rule.empty() ? attack + rule : attack + ": " + rule;
        if (finding.title.empty()) finding.title = shorten(first_text({item["msg"], item["message"]}), 120);
        finding.description = first_text({item["msg"], item["message"]});
        finding.rule = {.id = rule, .name = rule};
        draft.severity = severity_from_word(item["severity"].text_or(""));
        draft.type = item["vulnerabilities"].is_null() ? FindingType::threat : FindingType::vulnerability;
        auto& resource = finding.resource;
        resource.id =
            first_text({item["containerId"], item["imageId"], item["resourceID"], item["hostname"], item["host"]});
        resource.name =
            first_text({item["containerName"], item["imageName"], item["container"], item["hostname"], item["host"]});
        resource.type = item["containerId"].is_null() && item["containerName"].is_null() ? "host" : "container";
        resource.cloud = cloud_from_word(first_text({item["provider"], item["cloudProvider"]}));
        resource.account = first_text({item["accountID"], item["accountId"]});
        resource.region = first_text({item["region"]});
        add_all(finding.projects, words_in(item["collections"]));
        finding.first_seen = first_time({item["time"], item["firstSeen"]});
        finding.last_seen = finding.first_seen;
        add_fact(finding, "effect", first_text({item["effect"]}));
        add_fact(finding, "audit_type", first_text({item["type"]}));
        add_fact(finding, "cluster", first_text({item["cluster"]}));
        add_fact(finding, "namespace", first_text({item["namespace"]}));
        add_fact(finding, "image", first_text({item["imageName"]}));
        add_fact(finding, "process", first_text({item["processPath"]}));
    }
};

} // namespace

auto is_prisma_alert_id(std::string_view text) -> bool {
    const auto dash = text.find('-');
    if (dash == 0 || dash == std::string_view::npos || dash > 2 || dash + 1 == text.size()) return false;
    const auto is_upper = [](char c) { return c >= 'A' && c <= 'Z'; };
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    return std::ranges::all_of(text.substr(0, dash), is_upper) && std::ranges::all_of(text.substr(dash + 1), is_digit);
}

auto is_prisma_compute_audit(JsonView item) -> bool {
    const bool has_place = !item["hostname"].is_null() || !item["containerId"].is_null() ||
                           !item["imageName"].is_null() || !item["containerName"].is_null() || !item["host"].is_null();
    const bool has_text = !item["msg"].is_null() || !item["message"].is_null() || !item["attackType"].is_null();
    return has_place && has_text && item["alertId"].is_null() && item["policy"].is_null();
}

auto make_prisma_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<PrismaAdapter>(config);
}

} // namespace dossier::ingest
