#include "wiz_operations.hpp"

namespace dossier::ingest::wiz {
namespace {

// The three kinds of rules describe themselves under one name with different nullability, which GraphQL refuses to
// merge: hence the aliases inside the rule (the same ones that other clients use, so that stored items look alike).
const std::string rule_fields =
    "{ __typename"
    " ... on Control { id name controlDescription: description resolutionRecommendation"
    " securitySubCategories { title category { name framework { name } } } }"
    " ... on CloudEventRule { id name cloudEventRuleDescription: description"
    " securitySubCategories { title category { name framework { name } } } }"
    " ... on CloudConfigurationRule { id name cloudConfigurationRuleDescription: description"
    " remediationInstructions securitySubCategories { title category { name framework { name } } } } }";

const std::string issue_fields =
    "id type status severity createdAt updatedAt dueAt resolvedAt statusChangedAt resolutionReason url"
    " sourceRules " +
    rule_fields +
    " projects { id name slug businessUnit riskProfile { businessImpact }"
    " projectOwners { email name } securityChampions { email name } }"
    " entitySnapshot { id type nativeType name status cloudPlatform cloudProviderURL providerId externalId region"
    " resourceGroupExternalId subscriptionExternalId subscriptionName subscriptionTags tags createdAt"
    " kubernetesClusterName kubernetesNamespaceName }"
    " serviceTickets { externalId name url }"
    " notes { id createdAt updatedAt text user { name email } serviceAccount { name } }";

const std::string page_fields = "pageInfo { hasNextPage endCursor }";

const std::string issues_head = "($filterBy: IssueFilters, $first: Int, $after: String, $orderBy: IssueOrder) {"
                                " issuesV2(filterBy: $filterBy, first: $first, after: $after, orderBy: $orderBy) {";

const std::string entity_fields = "{ id name type properties }";

constexpr std::string_view read_issues = "read:issues";
constexpr std::string_view read_resources = "read:resources";

} // namespace

auto issues() -> WizOperation {
    return {.name = "issuesV2",
            .scope = read_issues,
            .document =
                "query DossierIssues" + issues_head + " nodes { " + issue_fields + " } " + page_fields + " } }"};
}

auto issue_times() -> WizOperation {
    return {.name = "issuesV2",
            .scope = read_issues,
            .document = "query DossierIssueTimes" + issues_head + " nodes { id updatedAt statusChangedAt } " +
                        page_fields + " } }"};
}

auto issue_marks() -> WizOperation {
    return {.name = "issuesV2",
            .scope = read_issues,
            .document = "query DossierIssueMarks($filterBy: IssueFilters, $first: Int) {"
                        " issuesV2(filterBy: $filterBy, first: $first) { nodes { id type status"
                        " entitySnapshot { id type } serviceTickets { id externalId name url }"
                        " notes { id text createdAt } } } }"};
}

auto issue() -> WizOperation {
    return {.name = "issue",
            .scope = read_issues,
            .document = "query DossierIssue($id: ID!) { issue(id: $id) { " + issue_fields + " } }"};
}

auto configuration_findings() -> WizOperation {
    return {
        .name = "configurationFindings",
        .scope = "read:cloud_configuration",
        .document =
            "query DossierConfigurationFindings($filterBy: ConfigurationFindingFilters, $first: Int) {"
            " configurationFindings(filterBy: $filterBy, first: $first) { nodes {"
            " id name targetExternalId targetObjectProviderUniqueId deleted result status severity remediation"
            " analyzedAt firstSeenAt updatedAt"
            " rule { id graphId name description remediationInstructions functionAsControl }"
            " resource { id providerId name nativeType type region status tags { key value }"
            " subscription { id name externalId cloudProvider } projects { id name riskProfile { businessImpact } } }"
            " securitySubCategories { id title category { id name framework { id name } } } } } }"};
}

auto vulnerability_findings() -> WizOperation {
    return {.name = "vulnerabilityFindings",
            .scope = "read:vulnerabilities",
            .document =
                "query DossierVulnerabilityFindings($filterBy: VulnerabilityFindingFilters, $first: Int) {"
                " vulnerabilityFindings(filterBy: $filterBy, first: $first) { nodes {"
                " id portalUrl name CVEDescription CVSSSeverity score severity vendorSeverity status hasExploit"
                " hasCisaKevExploit firstDetectedAt lastDetectedAt resolvedAt description remediation detailedName"
                " version fixedVersion projects { id name }"
                " vulnerableAsset { __typename ... on VulnerableAssetBase { id type name region providerUniqueId"
                " cloudPlatform status subscriptionName subscriptionExternalId tags } } } } }"};
}

auto detection() -> WizOperation {
    return {.name = "detection",
            .scope = "read:cloud_events",
            .document = "query DossierDetection($id: ID!) { detection(id: $id) {"
                        " id severity description createdAt updatedAt startedAt endedAt origins"
                        " issue { id } projects { id name }"
                        " ruleMatch { rule { id name builtin securitySubCategories"
                        " { title category { name framework { name } } } } }"
                        " cloudAccounts { id name externalId cloudProvider }"
                        " primaryActor { id name externalId providerUniqueId type nativeType }"
                        " primaryResource { id name externalId providerUniqueId type nativeType region }"
                        " triggeringEvents(first: 1) { nodes { __typename ... on CloudEvent { id name timestamp"
                        " actorIP actorIPMeta { country reputation } } } } } }"};
}

auto data_finding() -> WizOperation {
    return {.name = "dataFinding",
            .scope = read_resources,
            .document = "query DossierDataFinding($id: ID!) { dataFinding(id: $id) {"
                        " id name severity status totalMatchCount uniqueMatchCount isEntityPublic"
                        " dataClassifier { id name category subCategory description }"
                        " graphEntity " +
                        entity_fields +
                        " cloudAccount { id name externalId cloudProvider }"
                        " details { firstSeenAt lastSeenAt resolvedAt } } }"};
}

auto graph_search() -> WizOperation {
    return {.name = "graphSearch",
            .scope = read_resources,
            .document = "query DossierGraphSearch($query: GraphEntityQueryInput, $projectId: String!, $first: Int,"
                        " $after: String, $quick: Boolean) { graphSearch(query: $query, projectId: $projectId,"
                        " first: $first, after: $after, quick: $quick) { totalCount maxCountReached " +
                        page_fields + " nodes { entities " + entity_fields + " } } }"};
}

auto network_exposures() -> WizOperation {
    return {.name = "networkExposures",
            .scope = read_resources,
            .document = "query DossierNetworkExposures($filterBy: NetworkExposureFilters, $first: Int) {"
                        " networkExposures(filterBy: $filterBy, first: $first) { nodes { id type sourceIpRange"
                        " destinationIpRange portRange networkProtocols accessibleFrom " +
                        entity_fields + " path " + entity_fields + " exposedEntity " + entity_fields + " } } }"};
}

auto effective_access() -> WizOperation {
    return {.name = "entityEffectiveAccessEntries",
            .scope = read_resources,
            .document = "query DossierEffectiveAccess($filterBy: EntityEffectiveAccessFilters, $first: Int,"
                        " $after: String) { entityEffectiveAccessEntries(filterBy: $filterBy, first: $first,"
                        " after: $after) { nodes { accessTypes grantedEntity " +
                        entity_fields + " } " + page_fields + " } }"};
}

auto excessive_access() -> WizOperation {
    return {.name = "excessiveAccessFindings",
            .scope = read_resources,
            .document = "query DossierExcessiveAccess($filterBy: ExcessiveAccessFindingFilters, $first: Int) {"
                        " excessiveAccessFindings(filterBy: $filterBy, first: $first) { nodes { id name severity"
                        " status description principal { graphEntity " +
                        entity_fields + " } } } }"};
}

auto cloud_events() -> WizOperation {
    return {.name = "cloudEvents",
            .scope = "read:cloud_events",
            .document = "query DossierCloudEvents($filterBy: CloudEventFilters, $first: Int,"
                        " $orderDirection: OrderDirection) { cloudEvents(filterBy: $filterBy, first: $first,"
                        " orderDirection: $orderDirection) { nodes { __typename ... on CloudEvent { id name category"
                        " externalName timestamp actor { id name externalId email type } } } } }"};
}

auto data_classifiers() -> WizOperation {
    return {.name = "dataClassifiers",
            .scope = read_resources,
            .document = "query DossierDataClassifiers($filterBy: DataClassifierFilters, $first: Int, $after: String) {"
                        " dataClassifiers(filterBy: $filterBy, first: $first, after: $after) { nodes { id name"
                        " description category subCategory severity enabled labels countryCodes minUniqueMatches"
                        " isTenantSpecific securitySubCategories { title category { name framework { name } } } }"
                        " " +
                        page_fields + " } }"};
}

auto automation_rules() -> WizOperation {
    return {.name = "automationRules",
            .scope = "read:automation_rules",
            .document = "query DossierAutomationRules($first: Int, $after: String) { automationRules(first: $first,"
                        " after: $after) { nodes { id name enabled triggerSource triggerType filters"
                        " actions { actionTemplateType } } " +
                        page_fields + " } }"};
}

auto create_note() -> WizOperation {
    return {.name = "createIssueNote",
            .scope = "update:issues",
            .document = "mutation DossierCreateIssueNote($input: CreateIssueNoteInput!) {"
                        " createIssueNote(input: $input) { issueNote { id text createdAt } } }",
            .writes = true};
}

auto associate_ticket() -> WizOperation {
    return {.name = "associateServiceTicket",
            .scope = "create:service_tickets",
            .document = "mutation DossierAssociateServiceTicket($input: AssociateServiceTicketInput!) {"
                        " associateServiceTicket(input: $input) { serviceTicket { id externalId name url } } }",
            .writes = true};
}

auto update_issue() -> WizOperation {
    return {.name = "updateIssue",
            .scope = "update:issues",
            .document = "mutation DossierUpdateIssue($input: UpdateIssueInput!) {"
                        " updateIssue(input: $input) { issue { id status resolutionReason } } }",
            .writes = true};
}

} // namespace dossier::ingest::wiz
