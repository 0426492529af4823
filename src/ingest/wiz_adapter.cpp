// Wiz (VENDORS §1): issue, detection and threat webhooks, and what its API returns for issues, detections,
// configuration and vulnerability findings. An issue webhook is a text that the customer edits: nothing in it is sure
// but `issue.id`.

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"
#include "sifted_object.hpp"
#include "store_content.hpp"

#include <utility>

namespace dossier::ingest {
namespace {

constexpr std::string_view wiz_console = "https://app.wiz.io";

auto severity_in(std::initializer_list<JsonView> places) -> std::optional<Severity> {
    for (const auto& place : places) {
        // string(), as text() reads Wiz's severity NONE as nothing.
        if (auto severity = severity_from_word(place.string().value_or(""))) return severity;
    }
    return std::nullopt;
}

auto status_in(std::initializer_list<JsonView> places) -> std::optional<Status> {
    for (const auto& place : places) {
        if (auto status = status_from_word(place.text_or(""))) return status;
    }
    return std::nullopt;
}

auto has(const SiftedObject& object, std::string_view name) -> bool { return !object[name].is_null(); }

enum class Shape { issue_webhook, detection, threat, issue, configuration, vulnerability, data_finding, unknown };

auto shape_of(JsonView view) -> Shape {
    const SiftedObject item(view);
    if (item["threat"].is_object()) return Shape::threat;
    if (item["issue"].is_object()) return Shape::issue_webhook;
    if (item["vulnerableAsset"].is_object() || has(item, "CVEDescription") || has(item, "detailedName")) {
        return Shape::vulnerability;
    }
    if (item["dataClassifier"].is_object() || (item["graphEntity"].is_object() && has(item, "totalMatchCount"))) {
        return Shape::data_finding;
    }
    if (has(item, "tdrId") || has(item, "threatId") || has(item, "threatURL") || has(item, "triggeringEvents") ||
        has(item, "triggeringEvent") || item["ruleMatch"].is_object() || has(item, "primaryResource")) {
        return Shape::detection;
    }
    if (has(item, "targetExternalId") || has(item, "result") ||
        (item["rule"].is_object() && item["resource"].is_object())) {
        return Shape::configuration;
    }
    if (has(item, "sourceRule") || has(item, "sourceRules") || has(item, "entitySnapshot") || has(item, "control")) {
        return Shape::issue;
    }
    // Thin templates: a bare id with a status or a severity. An asset has an id and a status of its own kind.
    const bool is_asset = has(item, "nativeType") || has(item, "providerId") || has(item, "providerUniqueId");
    const auto id = first_text({item["id"], item["issueId"], item["issue_id"], item["issue"]});
    if (id.empty() || is_asset) return Shape::unknown;
    const bool says_more = severity_in({item["severity"]}) || status_in({item["status"]});
    return says_more || (is_uuid(id) && view.size() <= 3) || item["trigger"].is_object() ? Shape::issue
                                                                                         : Shape::unknown;
}

/// Envelopes around a body: PagerDuty, Opsgenie, queues and GraphQL answers.
auto unwrap_wiz(JsonUnfolder& unfold, JsonView item) -> JsonView {
    for (int layer = 0; layer < 4 && item.is_object() && shape_of(item) == Shape::unknown; ++layer) {
        JsonView inner;
        for (const auto pointer : {"/payload/custom_details", "/custom_details", "/details", "/detail", "/data/issue",
                                   "/Message", "/message", "/body", "/payload", "/event", "/data"}) {
            inner = unfold(item.at(pointer));
            if (inner.is_object()) break;
        }
        if (!inner.is_object()) break;
        item = inner;
    }
    return item;
}

/// The rule in its many places: `control` (default template), `sourceRule`, `sourceRules[0]`, the issue's own copies.
struct RuleViews {
    JsonView first;
    JsonView second;
    JsonView third;
    [[nodiscard]] auto text(std::string_view name) const -> std::string {
        return first_text({first[name], second[name], third[name]});
    }
};

void read_rule(FindingDraft& draft, const RuleViews& rule) {
    auto& finding = draft.finding;
    finding.rule.id = rule.text("id");
    finding.rule.name = rule.text("name");
    finding.title = finding.rule.name;
    for (const auto name :
         {"controlDescription", "cloudEventRuleDescription", "cloudConfigurationRuleDescription", "description"}) {
        if (finding.description.empty()) finding.description = rule.text(name);
    }
    for (const auto name : {"resolutionRecommendation", "resolutionRecommendationPlainText", "remediationInstructions",
                            "recommendation"}) {
        if (finding.recommendation.empty()) finding.recommendation = rule.text(name);
    }
}

void read_compliance(Finding& finding, JsonView categories) {
    for (const auto& category : categories.elements()) {
        const auto framework = first_text({category.at("/category/framework/name")});
        const auto title = first_text({category["title"], category.at("/category/name")});
        if (!framework.empty()) add_all(finding.compliance, {title.empty() ? framework : framework + ": " + title});
        if (finding.compliance.size() >= 50) break;
    }
}

/// Frameworks speak of the data only where the finding is about data; everywhere else they list what a rule helps with.
void read_framework_classes(Finding& finding) {
    for (const auto& entry : finding.compliance) {
        const auto name = lower(entry);
        if (name.starts_with("gdpr") || name.starts_with("ccpa"))
            add_class_of_label(finding.data.classes, "pii", false);
        if (name.starts_with("hipaa")) add_class_of_label(finding.data.classes, "phi", false);
        if (name.starts_with("pci")) add_class_of_label(finding.data.classes, "pci", false);
    }
}

void read_projects(Finding& finding, JsonView projects) {
    add_all(finding.projects, words_in(projects));
    if (projects.is_object()) add_all(finding.projects, {first_text({projects["name"]})});
    for (const auto& project : projects.elements()) {
        for (const auto list : {"/projectOwners", "/securityChampions"}) {
            for (const auto& person : project.at(list).elements()) {
                add_all(finding.owner_hints, {first_text({person["email"], person["name"]})});
            }
        }
        for (const auto& type : words_in(project.at("/riskProfile/sensitiveDataTypes"))) {
            add_class_of_label(finding.data.classes, type, true);
        }
        if (const auto impact = first_text({project.at("/riskProfile/businessImpact")}); !impact.empty()) {
            add_fact(finding, "business_impact", impact + " (" + first_text({project["name"]}) + ")");
        }
        if (const auto unit = first_text({project["businessUnit"]}); !unit.empty()) {
            add_fact(finding, "business_unit", unit);
        }
    }
}

auto native_or_graph_type(JsonView resource) -> std::string {
    return first_text({resource["nativeType"], resource["type"]});
}

void read_subscription(Resource& resource, JsonView account) {
    const auto cloud = first_text({account["cloudPlatform"], account["cloudProvider"]});
    if (resource.cloud.empty()) resource.cloud = cloud_from_word(cloud);
    if (resource.account.empty()) resource.account = first_text({account["externalId"]});
    if (resource.account_name.empty()) resource.account_name = first_text({account["name"]});
}

/// `resource` of an issue webhook and `entitySnapshot` of an API issue name the same things differently.
void read_entity(Finding& finding, JsonView entity) {
    auto& resource = finding.resource;
    resource.id = first_text({entity["externalId"], entity["providerUniqueId"], entity["providerId"], entity["id"]});
    resource.name = first_text({entity["name"]});
    resource.type = native_or_graph_type(entity);
    resource.cloud = cloud_from_word(first_text({entity["cloudPlatform"], entity["cloudProvider"]}));
    resource.account = first_text({entity["subscriptionExternalId"], entity["subscriptionId"], entity["accountId"]});
    resource.account_name = first_text({entity["subscriptionName"]});
    resource.region = first_text({entity["region"], entity["regionLocation"]});
    resource.url = link(first_text({entity["cloudProviderURL"], entity["cloudProviderUrl"]}));
    resource.tags = read_tags(entity["tags"]);
    read_subscription(resource, entity["subscription"]);
    read_subscription(resource, entity["cloudAccount"]);
    add_fact(finding, "kubernetes_cluster", first_text({entity["kubernetesClusterName"]}));
    add_fact(finding, "kubernetes_namespace", first_text({entity["kubernetesNamespaceName"]}));
    add_fact(finding, "resource_status", first_text({entity["status"]}));
    if (entity["hasWideInternetExposure"].boolean().value_or(false)) finding.exposure = Exposure::public_;
    if (entity["hasLimitedInternetExposure"].boolean().value_or(false)) {
        add_fact(finding, "limited_internet_exposure", "yes");
    }
}

auto is_data_entity(JsonView entity) -> bool {
    const auto type = first_text({entity["type"], entity["nativeType"]});
    const auto id = first_text({entity["providerId"], entity["externalId"]});
    return iequals(type, "DATA_FINDING") || iequals(type, "dataFinding") || id.starts_with("data##");
}

/// `GDPR 2415`: the classifier that found something; the store that holds it is known to the graph only.
void read_data_entity(FindingDraft& draft, JsonView entity) {
    if (!is_data_entity(entity)) return;
    auto& data = draft.finding.data;
    draft.type = FindingType::sensitive_data;
    const auto name = first_text({entity["name"]});
    add_all(data.identifiers, {name});
    add_class_of_label(data.classes, name, false);
    read_framework_classes(draft.finding);
}

/// The store that holds what a data finding found, as our client asked the graph and added it to the issue.
void read_data_store(Finding& finding, JsonView store) {
    const auto properties = store["properties"];
    if (!properties.is_object() || first_text({store["id"]}).empty()) return;
    read_entity(finding, properties);
    auto& resource = finding.resource;
    if (resource.name.empty()) resource.name = first_text({store["name"]});
    if (resource.type.empty()) resource.type = first_text({store["type"]});
    if (resource.id.empty()) resource.id = first_text({store["id"]});
}

auto type_of_issue(JsonView issue) -> std::optional<FindingType> {
    const auto type = first_text({issue["type"], issue["issueType"]});
    if (iequals(type, "THREAT_DETECTION")) return FindingType::threat;
    if (iequals(type, "CLOUD_CONFIGURATION")) return FindingType::misconfiguration;
    return std::nullopt;
}

void settle_type(FindingDraft& draft) {
    auto& finding = draft.finding;
    if (draft.type) return;
    draft.type = finding_type_from_prose(finding.title);
    std::vector<std::string> classes; // what the project may hold says nothing about this finding
    add_classes_in_prose(classes, finding.title);
    if (!classes.empty() && draft.type != FindingType::threat) draft.type = FindingType::sensitive_data;
    if (finding.rule.id.starts_with("cer-")) draft.type = FindingType::threat; // cloud event rules detect, not inspect
}

/// A data finding names no store; what the API has been asked for carries `dataStore`, be it empty.
auto lacks_data_store(JsonView item) -> bool {
    const auto entity = first_object({item["resource"], item["entitySnapshot"], item.at("/issue/entitySnapshot")});
    return is_data_entity(entity) && item["dataStore"].is_null();
}

class WizAdapter final : public Adapter {
public:
    explicit WizAdapter(const SourceConfig& config) : config_(config) {
        console_ = std::string(without_slash(config.console_url.empty() ? wiz_console : config.console_url));
    }

    auto items(JsonView body) const -> std::vector<JsonView> override {
        if (body.is_object() && shape_of(body) == Shape::unknown) {
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
        const auto shape = shape_of(item);
        switch (shape) {
        case Shape::issue_webhook:
            read_issue_webhook(unfold, draft, item);
            break;
        case Shape::threat:
            read_threat(draft, unfold.member(item, "threat"), item["trigger"]);
            break;
        case Shape::detection:
            read_detection(unfold, draft, item);
            break;
        case Shape::issue:
            read_issue(unfold, draft, item);
            break;
        case Shape::configuration:
            read_configuration(unfold, draft, item);
            break;
        case Shape::vulnerability:
            read_vulnerability(unfold, draft, item);
            break;
        case Shape::data_finding:
            read_data_finding(unfold, draft, item);
            break;
        case Shape::unknown:
            return fail(Errc::malformed, "the item is no issue, detection, threat or finding of Wiz");
        }
        if (draft.finding.source_id.empty() && draft.finding.title.empty()) {
            return fail(Errc::malformed, "the item has neither an issue id nor a rule name");
        }
        read_store_content(unfold, item, draft.finding.data);
        const bool is_issue = shape == Shape::issue_webhook || shape == Shape::issue || shape == Shape::threat;
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
