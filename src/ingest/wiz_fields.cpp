#include "wiz_fields.hpp"

#include "dossier/base/strings.hpp"

#include "payload_fields.hpp"
#include "payload_words.hpp"

namespace dossier::ingest {
namespace {

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

auto is_data_entity(JsonView entity) -> bool {
    const auto type = first_text({entity["type"], entity["nativeType"]});
    const auto id = first_text({entity["providerId"], entity["externalId"]});
    return iequals(type, "DATA_FINDING") || iequals(type, "dataFinding") || id.starts_with("data##");
}

} // namespace

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

auto RuleViews::text(std::string_view name) const -> std::string {
    return first_text({first[name], second[name], third[name]});
}

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

void read_data_entity(FindingDraft& draft, JsonView entity) {
    if (!is_data_entity(entity)) return;
    auto& data = draft.finding.data;
    draft.type = FindingType::sensitive_data;
    const auto name = first_text({entity["name"]});
    add_all(data.identifiers, {name});
    add_class_of_label(data.classes, name, false);
    read_framework_classes(draft.finding);
}

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

auto lacks_data_store(JsonView item) -> bool {
    const auto entity = first_object({item["resource"], item["entitySnapshot"], item.at("/issue/entitySnapshot")});
    return is_data_entity(entity) && item["dataStore"].is_null();
}

} // namespace dossier::ingest
