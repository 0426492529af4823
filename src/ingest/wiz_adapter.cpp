// Wiz (VENDORS §1): issue, detection and threat webhooks, and what its API returns for issues, detections,
// configuration and vulnerability findings. An issue webhook is a text that the customer edits: nothing in it is sure
// but `issue.id`.

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "store_content.hpp"
#include "wiz_fields.hpp"
#include "wiz_shape.hpp"

#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::string_view wiz_console = "https://app.wiz.io";

class WizAdapter final : public Adapter {
public:
    explicit WizAdapter(const SourceConfig& config) : config_(config) {
        console_ = std::string(without_slash(config.console_url.empty() ? wiz_console : config.console_url));
    }

    auto items(JsonView body) const -> std::vector<JsonView> override {
        if (body.is_object() && wiz_shape_of(body) == WizShape::unknown) {
            for (const auto list : {"/data/issues/nodes", "/data/issuesV2/nodes", "/data/configurationFindings/nodes",
                                    "/data/vulnerabilityFindings/nodes", "/data/detections/nodes", "/nodes", "/issues",
                                    "/findings", "/detections", "/threats", "/events", "/data"}) {
                if (const auto found = body.at(list); found.is_array()) return found.elements();
            }
        }
        return Adapter::items(body);
    }

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        item = unfold(item);
        if (auto known = refuse_foreign(item, "Wiz"); !known) return fail(std::move(known.error()));
        const auto outer = std::exchange(item, unwrap_wiz(unfold, item));
        if (!item.is_object()) return fail(Errc::malformed, "the item is no JSON object");
        if (item != outer) {
            if (auto known = refuse_foreign(item, "Wiz"); !known) return fail(std::move(known.error()));
        }
        auto draft = draft_for(config_);
        const auto shape = wiz_shape_of(item);
        switch (shape) {
        case WizShape::issue_webhook:
            read_issue_webhook(unfold, draft, item);
            break;
        case WizShape::threat:
            read_threat(draft, unfold.member(item, "threat"), item["trigger"]);
            break;
        case WizShape::detection:
            read_detection(unfold, draft, item);
            break;
        case WizShape::issue:
            read_issue(unfold, draft, item);
            break;
        case WizShape::configuration:
            read_configuration(unfold, draft, item);
            break;
        case WizShape::vulnerability:
            read_vulnerability(unfold, draft, item);
            break;
        case WizShape::data_finding:
            read_data_finding(unfold, draft, item);
            break;
        case WizShape::unknown:
            return fail(Errc::malformed, "the item is no issue, detection, threat or finding of Wiz");
        }
        if (draft.finding.source_id.empty() && draft.finding.title.empty()) {
            return fail(Errc::malformed, "the item has neither an issue id nor a rule name");
        }
        read_store_content(unfold, item, draft.finding.data);
        const bool is_issue = shape == WizShape::issue_webhook || shape == WizShape::issue || shape == WizShape::threat;
        draft.finding.is_partial = is_issue && (is_thin(draft) || lacks_data_store(item));
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
    std::string console_;

    [[nodiscard]] auto issue_url(const std::string& id) const -> std::string {
        return id.empty() ? std::string() : console_ + "/issues#~(issue~'" + percent_encode(id) + ")";
    }

    void identify(FindingDraft& draft, std::string id, std::string_view noun, std::string url) const {
        draft.finding.source_id = std::move(id);
        draft.finding.url = url.empty() ? issue_url(draft.finding.source_id) : std::move(url);
        if (!draft.finding.source_id.empty()) {
            draft.title_if_none = "Wiz " + std::string(noun) + " " + draft.finding.source_id;
        }
    }

    void read_trigger(Finding& finding, JsonView trigger) const {
        finding.is_first_report = iequals(trigger["type"].text_or(""), "created");
        add_fact(finding, "trigger", first_text({trigger["type"]}));
        add_fact(finding, "updated_fields", first_text({trigger["updatedFields"]}));
    }

    void read_issue_webhook(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto issue = item["issue"];
        const auto trigger = unfold.member(item, "trigger");
        identify(draft, first_text({issue["id"], item["issueId"], item["id"]}), "issue",
                 link(first_text({issue["url"], item["issueUrl"], item["url"]})));
        read_trigger(finding, trigger);
        read_rule(draft,
                  {unfold.member(item, "control"), unfold.member(item, "sourceRule"), unfold.member(issue, "control")});
        if (finding.title.empty()) finding.title = first_text({issue["title"], issue["name"], item["title"]});
        draft.severity = severity_in({issue["severity"], item["severity"], item.at("/control/severity")});
        finding.status = status_in({issue["status"], item["status"], trigger["type"]}).value_or(Status::open);
        draft.type = type_of_issue(issue);
        const auto snapshot = unfold.member(issue, "entitySnapshot");
        const auto resource = first_object({unfold.member(item, "resource"), snapshot});
        read_entity(finding, resource);
        if (finding.resource.id.empty()) finding.resource.id = first_text({snapshot["externalId"]});
        if (finding.resource.tags.empty()) finding.resource.tags = read_tags(first_tags(item, issue, snapshot));
        read_projects(finding, unfold(issue["projects"]));
        add_fact_list(finding, "risks", item.at("/control/risks"));
        finding.first_seen = first_time({issue["created"], issue["createdAt"], item["created"]});
        finding.last_seen = first_time({issue["updated"], issue["updatedAt"], issue["statusChangedAt"]});
        add_fact(finding, "resolution_reason", first_text({issue["resolutionReason"]}));
        add_fact(finding, "due", first_text({issue["dueAt"]}));
        read_compliance(finding, item.at("/sourceRule/securitySubCategories"));
        read_data_entity(draft, resource);
        finding.is_test = finding.rule.id == "wtest-id-0000";
        for (const auto& risk : words_in(item.at("/control/risks"))) add_classes_in_prose(finding.data.classes, risk);
        settle_type(draft);
    }

    static auto first_tags(JsonView item, JsonView issue, JsonView snapshot) -> JsonView {
        for (const auto& tags : {snapshot["tags"], item["tags"], issue["tags"], item.at("/resource/tags")}) {
            if (!tags.is_null()) return tags;
        }
        return {};
    }

    void read_issue(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        identify(draft, first_text({item["id"], item["issueId"], item["issue_id"], item["issue"]}), "issue",
                 link(first_text({item["url"], item["issueUrl"]})));
        if (item["trigger"].is_object()) read_trigger(finding, item["trigger"]);
        const auto rules = unfold.member(item, "sourceRules");
        read_rule(draft, {unfold.member(item, "sourceRule"), rules[std::size_t{0}], unfold.member(item, "control")});
        if (finding.title.empty()) {
            finding.title = first_text({item["title"], item["name"], member_like(item, "controlName"),
                                        member_like(item, "ruleName"), member_like(item, "issueTitle")});
        }
        if (finding.description.empty()) finding.description = first_text({item["description"]});
        draft.severity = severity_in({item["severity"], item.at("/control/severity")});
        finding.status = status_in({item["status"], item.at("/trigger/type")}).value_or(Status::open);
        draft.type = type_of_issue(item);
        const auto entity = first_object({unfold.member(item, "entitySnapshot"), unfold.member(item, "resource")});
        read_entity(finding, entity);
        if (entity.is_null()) read_flat_resource(finding.resource, item);
        read_projects(finding, unfold(item["projects"]));
        read_projects(finding, unfold(item["project"]));
        for (const auto& rule : {item["sourceRule"], rules[std::size_t{0}], item["control"]}) {
            read_compliance(finding, rule["securitySubCategories"]);
        }
        finding.first_seen = first_time({item["createdAt"], item["created"]});
        finding.last_seen = first_time({item["updatedAt"], item["statusChangedAt"], item["lastDetectedAt"]});
        add_fact(finding, "resolution_reason", first_text({item["resolutionReason"]}));
        add_fact(finding, "due", first_text({item["dueAt"]}));
        read_data_entity(draft, entity);
        read_data_store(finding, item["dataStore"]);
        settle_type(draft);
    }

    /// Flattened templates: `resource_name`, `resourceId`, `subscription_id` beside the issue's own members.
    static void read_flat_resource(Resource& resource, JsonView item) {
        const auto field = [&](std::string_view name) { return member_like(item, name); };
        resource.id = first_text({field("resourceId"), field("resourceExternalId")});
        resource.name = first_text({field("resourceName"), item["resource"]});
        resource.type = first_text({field("resourceType"), field("nativeType")});
        resource.cloud = cloud_from_word(first_text({field("cloudPlatform"), field("cloudProvider"), field("cloud")}));
        resource.account = first_text({field("subscriptionId"), field("subscriptionExternalId"), field("accountId")});
        resource.account_name = first_text({field("subscriptionName"), field("accountName")});
        resource.region = first_text({field("region"), field("resourceRegion")});
        resource.tags = read_tags(field("tags"));
    }

    void read_threat(FindingDraft& draft, JsonView threat, JsonView trigger) const {
        auto& finding = draft.finding;
        identify(draft, first_text({threat["id"]}), "threat", link(first_text({threat["threatURL"], threat["url"]})));
        read_trigger(finding, trigger);
        finding.title = first_text({threat["title"], threat["name"]});
        finding.description = first_text({threat["description"]});
        draft.severity = severity_in({threat["severity"]});
        finding.status = status_in({threat["status"], trigger["type"]}).value_or(Status::open);
        draft.type = FindingType::threat;
        read_detected_resource(finding, threat);
        read_projects(finding, threat["projects"]);
        finding.rule.name = first_text({threat["tdrNames"]});
        finding.first_seen = first_time({threat["created"], threat["createdAt"]});
        finding.last_seen = first_time({threat["updatedAt"], threat["resolvedAt"]});
        add_fact(finding, "resolution_note", first_text({threat["resolutionNote"]}));
        read_attack_facts(finding, threat);
    }

    void read_detection(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto threat_id = first_text({item["threatId"]});
        auto url = link(first_text({item["threatURL"], item["detectionUrl"], item["url"]}));
        identify(draft, first_text({item["threatId"], item["id"]}), "detection", std::move(url));
        // Several detections share one threat, and each is "Created": only one of its own can be a first report.
        read_trigger(finding, unfold.member(item, "trigger"));
        if (!threat_id.empty()) finding.is_first_report = false;
        const auto rule = item.at("/ruleMatch/rule");
        finding.title = first_text({item["title"], rule["name"], item["name"]});
        finding.description = first_text({item["description"]});
        finding.rule = {.id = first_text({item["tdrId"], rule["id"]}),
                        .name = first_text({rule["name"], item["title"]})};
        draft.severity = severity_in({item["severity"]});
        finding.status = status_in({item["status"]}).value_or(Status::open);
        draft.type = FindingType::threat;
        read_detected_resource(finding, item);
        read_compliance(finding, rule["securitySubCategories"]);
        read_projects(finding, item["projects"]);
        finding.first_seen = first_time({item["createdAt"], item.at("/timeframe/start"), item["startedAt"]});
        finding.last_seen = first_time({item.at("/timeframe/end"), item["updatedAt"], item["endedAt"]});
        add_fact(finding, "detection_source", first_text({item["tdrSource"], item["origins"][std::size_t{0}]}));
        read_attack_facts(finding, item);
    }

    static void read_detected_resource(Finding& finding, JsonView item) {
        const auto listed = item["resources"][std::size_t{0}];
        const auto primary = first_object({item["primaryResource"], listed});
        auto& resource = finding.resource;
        read_entity(finding, primary);
        resource.id =
            first_text({primary["externalId"], primary["providerUniqueId"], listed["providerUniqueId"], primary["id"]});
        const auto arn = first_text({primary["providerUniqueId"], listed["providerUniqueId"]});
        const bool same =
            first_text({primary["id"]}) == first_text({listed["id"]}) || !primary["providerUniqueId"].is_null();
        if (same && is_provider_id(arn) && !is_provider_id(resource.id)) resource.id = arn;
        if (resource.type.empty()) resource.type = native_or_graph_type(listed);
        if (resource.region.empty()) resource.region = first_text({listed["region"]});
        const auto account = item["cloudAccounts"][std::size_t{0}];
        read_subscription(resource, account);
        if (resource.account.empty() && !is_uuid(first_text({account["id"]})))
            resource.account = first_text({account["id"]});
        if (resource.cloud.empty()) resource.cloud = cloud_from_word(first_text({item["cloudPlatform"]}));
    }

    static void read_attack_facts(Finding& finding, JsonView item) {
        add_fact_list(finding, "mitre_tactics", item["mitreTactics"]);
        add_fact_list(finding, "mitre_techniques", item["mitreTechniques"]);
        const auto actor = first_object({item["primaryActor"], item["actors"][std::size_t{0}]});
        add_fact(finding, "actor", first_text({actor["name"], actor["externalId"]}));
        add_fact(finding, "actor_type", first_text({actor["nativeType"], actor["type"]}));
        add_fact(finding, "triggering_events", first_text({item["triggeringEventsCount"]}));
        const auto event = first_object(
            {item["triggeringEvent"], item["triggeringEvents"][std::size_t{0}], item.at("/triggeringEvents/nodes/0")});
        add_fact(finding, "actor_country", first_text({event.at("/actorIPMeta/country")}));
        add_fact(finding, "actor_reputation", first_text({event.at("/actorIPMeta/reputation")}));
    }

    /// The object of `CloudPlatform/EncryptionKey##arn:aws:kms:…##ResourcePolicy`.
    static auto target_in(std::string_view target) -> std::string {
        std::string_view best;
        while (!target.empty()) {
            const auto cut = target.find("##");
            const auto part = target.substr(0, cut);
            if (is_provider_id(part)) return std::string(part);
            if (best.empty() && !part.starts_with("CloudPlatform/")) best = part;
            target = cut == std::string_view::npos ? std::string_view() : target.substr(cut + 2);
        }
        return std::string(best);
    }

    void read_configuration(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        identify(draft, first_text({item["id"]}), "configuration finding",
                 link(first_text({item["url"], item["portalUrl"]})));
        const auto rule = unfold.member(item, "rule");
        read_rule(draft, {rule, {}, {}});
        finding.recommendation =
            first_text({item["remediation"], rule["remediationInstructions"], rule["remediation"]});
        if (finding.title.empty()) finding.title = first_text({item["name"], item["title"]});
        draft.severity = severity_in({item["severity"], rule["severity"]});
        const auto result = item["result"].text_or("");
        finding.status = status_in({item["status"], item["result"]}).value_or(Status::open);
        if (iequals(result, "PASS") || item["deleted"].boolean().value_or(false)) finding.status = Status::resolved;
        add_fact(finding, "result", result);
        draft.type = FindingType::misconfiguration;
        const auto resource = unfold.member(item, "resource");
        read_entity(finding, resource);
        const auto target = target_in(first_text({item["targetExternalId"]}));
        if (!target.empty()) finding.resource.id = target;
        read_projects(finding, resource["projects"]);
        read_compliance(finding, item["securitySubCategories"]);
        read_compliance(finding, rule["securitySubCategories"]);
        finding.first_seen = first_time({item["firstSeenAt"], item["createdAt"]});
        finding.last_seen = first_time({item["analyzedAt"], item["updatedAt"]});
    }

    /// A data finding by itself, as the API gives it: unlike its issue it names the store that holds the data.
    void read_data_finding(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        const auto classifier = item["dataClassifier"];
        identify(draft, first_text({item["id"]}), "data finding", link(first_text({item["url"]})));
        finding.title = first_text({item["name"], classifier["name"]});
        finding.description = first_text({classifier["description"]});
        finding.rule = {.id = first_text({classifier["id"]}), .name = first_text({classifier["name"]})};
        draft.severity = severity_in({item["severity"]});
        finding.status = status_in({item["status"]}).value_or(Status::open);
        draft.type = FindingType::sensitive_data;
        const auto store = item["graphEntity"];
        read_entity(finding, unfold.member(store, "properties"));
        auto& resource = finding.resource;
        if (resource.id.empty()) resource.id = first_text({store["id"]});
        if (const auto name = first_text({store["name"]}); !name.empty()) resource.name = name;
        if (resource.type.empty()) resource.type = first_text({store["type"]});
        read_subscription(resource, item["cloudAccount"]);
        if (item["isEntityPublic"].boolean().value_or(false)) finding.exposure = Exposure::public_;
        add_all(finding.data.identifiers, {first_text({classifier["name"], item["name"]})});
        add_class_of_label(finding.data.classes, first_text({classifier["category"]}), false);
        add_class_of_label(finding.data.classes, first_text({classifier["name"], item["name"]}), false);
        finding.data.volume = item["totalMatchCount"].integer();
        finding.first_seen = first_time({item.at("/details/firstSeenAt")});
        finding.last_seen = first_time({item.at("/details/lastSeenAt"), item.at("/details/resolvedAt")});
    }

    void read_vulnerability(JsonUnfolder& unfold, FindingDraft& draft, JsonView item) const {
        auto& finding = draft.finding;
        identify(draft, first_text({item["id"]}), "vulnerability finding",
                 link(first_text({item["portalUrl"], item["url"]})));
        finding.title = first_text({item["name"], item["detailedName"]});
        finding.description = first_text({item["description"], item["CVEDescription"]});
        finding.recommendation = first_text({item["remediation"]});
        finding.rule = {.id = first_text({item["name"]}), .name = first_text({item["name"]})};
        draft.severity =
            severity_in({item["severity"], item["vendorSeverity"], item["CVSSSeverity"], item["nvdSeverity"]});
        finding.status = status_in({item["status"]}).value_or(Status::open);
        draft.type = FindingType::vulnerability;
        const auto asset = unfold.member(item, "vulnerableAsset");
        read_entity(finding, asset);
        finding.resource.id =
            first_text({asset["providerUniqueId"], asset["externalId"], asset["providerId"], asset["id"]});
        read_projects(finding, item["projects"]);
        finding.first_seen = first_time({item["firstDetectedAt"], item["createdAt"]});
        finding.last_seen = first_time({item["lastDetectedAt"], item["resolvedAt"]});
        add_fact(finding, "cvss_score", first_text({item["score"]}));
        add_fact(finding, "package", first_text({item["detailedName"]}));
        add_fact(finding, "version", first_text({item["version"]}));
        add_fact(finding, "fixed_version", first_text({item["fixedVersion"]}));
        if (item["hasExploit"].boolean().value_or(false)) add_fact(finding, "exploit_known", "yes");
        if (item["hasCisaKevExploit"].boolean().value_or(false)) add_fact(finding, "cisa_kev", "yes");
    }
};

} // namespace

auto make_wiz_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<WizAdapter>(config);
}

} // namespace dossier::ingest
