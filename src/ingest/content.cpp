#include "content.hpp"

#include "dossier/base/strings.hpp"

#include "adapters.hpp"
#include "json_unfolder.hpp"

#include <algorithm>
#include <array>

namespace dossier::ingest {
namespace {

auto has(const SiftedObject& item, std::string_view pointer) -> bool { return !item.at(pointer).is_null(); }

auto has_any(const SiftedObject& item, std::initializer_list<std::string_view> pointers) -> bool {
    return std::ranges::any_of(pointers, [&](auto pointer) { return has(item, pointer); });
}

auto is_macie(const SiftedObject& item) -> bool {
    return item["resourcesAffected"].is_object() &&
           (item["type"].is_string() || has_any(item, {"/classificationDetails", "/policyDetails"}));
}

/// The service writes camelCase, its command line PascalCase.
auto is_guardduty(const SiftedObject& item) -> bool {
    const auto service = member_like(item.view(), "service");
    if (member_like(service, "serviceName").text_or("") == "guardduty") return true;
    return service.is_object() && member_like(item.view(), "arn").text_or("").contains(":guardduty:");
}

auto is_security_hub(const SiftedObject& item) -> bool {
    return item["ProductArn"].is_string() && (item["AwsAccountId"].is_string() || item["GeneratorId"].is_string());
}

/// REST, continuous export, and the SecurityAlert row of Log Analytics.
auto is_defender(const SiftedObject& item) -> bool {
    if (has_any(item, {"/properties/alertDisplayName", "/properties/alertType", "/properties/alertName"})) return true;
    const bool has_name = has_any(item, {"/AlertName", "/AlertDisplayName", "/DisplayName", "/alertDisplayName"});
    return has_name && has_any(item, {"/SystemAlertId", "/AlertSeverity", "/systemAlertId", "/VendorOriginalId",
                                      "/CompromisedEntity", "/compromisedEntity"});
}

auto is_scc(const SiftedObject& item) -> bool {
    const auto wrapped = item["finding"];
    const auto finding = wrapped.is_object() ? wrapped : item.view();
    const auto name = finding["name"].text_or("");
    const bool is_named = name.contains("/sources/") && name.contains("/findings/");
    return is_named || finding["sourceProperties"].is_object();
}

auto is_ocsf(const SiftedObject& item) -> bool {
    const auto category = item["class_uid"].integer().value_or(0) / 1'000;
    return category == 2 && item["finding_info"].is_object();
}

auto is_lacework(const SiftedObject& item) -> bool {
    return has(item, "/alertInfo/subject") || (has(item, "/alertId") && has(item, "/alertName")) ||
           (has(item, "/event_title") && has_any(item, {"/event_id", "/event_severity", "/lacework_account"}));
}

auto is_orca(const SiftedObject& item) -> bool {
    if (has_any(item, {"/state/alert_id", "/state/orca_score", "/alert_id", "/type_string", "/asset_unique_id",
                       "/data/AlertId", "/data/OrcaScore", "/OrcaScore"}))
        return true;
    return item["Title"].is_string() && item["CloudAccount"].is_string() && !item["RiskLevel"].is_null();
}

auto is_prisma(const SiftedObject& item) -> bool {
    if (has_any(item, {"/policy/policyId", "/policy/name", "/policyName", "/policyId", "/alertRuleName",
                       "/resource/rrn", "/alertTime", "/metadata/bucketRrn"}))
        return true;
    const auto id = item["alertId"].text_or("").empty() ? item["id"].text_or("") : item["alertId"].text_or("");
    return is_prisma_alert_id(id) || is_prisma_compute_audit(item.view());
}

auto is_wiz(const SiftedObject& item) -> bool {
    if (has_any(item, {"/entitySnapshot", "/sourceRule", "/sourceRules", "/issue/id", "/threat/id", "/threatId",
                       "/tdrId", "/vulnerableAsset", "/targetExternalId", "/control/resolutionRecommendation",
                       "/triggeringEvent", "/triggeringEvents", "/ruleMatch/rule", "/primaryResource"}))
        return true;
    const bool is_issue = has(item, "/issueId") || has(item, "/issue_id");
    return is_issue || (item["trigger"].is_object() && item["issue"].is_object());
}

// Narrow marks before wide ones: Security Hub carries others' findings, Prisma shares `alertId` with Lacework.
constexpr std::array content_kinds = {
    ContentKind{"macie", "Amazon Macie", is_macie, make_macie_adapter},
    ContentKind{"securityhub", "AWS Security Hub", is_security_hub, make_security_hub_adapter},
    ContentKind{"guardduty", "Amazon GuardDuty", is_guardduty, make_guardduty_adapter},
    ContentKind{"ocsf", "OCSF", is_ocsf, make_ocsf_adapter},
    ContentKind{"scc", "Google Security Command Center", is_scc, make_scc_adapter},
    ContentKind{"orca", "Orca", is_orca, make_orca_adapter},
    ContentKind{"wiz", "Wiz", is_wiz, make_wiz_adapter},
    ContentKind{"defender", "Microsoft Defender for Cloud", is_defender, make_defender_adapter},
    ContentKind{"lacework", "Lacework", is_lacework, make_lacework_adapter},
    ContentKind{"prisma", "Prisma Cloud", is_prisma, make_prisma_adapter},
};

} // namespace

auto content_of(const SiftedObject& item) -> const ContentKind* {
    if (!item.view().is_object()) return nullptr;
    const auto* const found = std::ranges::find_if(content_kinds, [&](const auto& kind) { return kind.marks(item); });
    return found == content_kinds.end() ? nullptr : found;
}

auto content_of(JsonView item) -> const ContentKind* { return content_of(SiftedObject(item)); }

auto content_items(JsonView body) -> std::vector<JsonView> {
    if (body.is_array()) return body.elements();
    if (body.is_object() && content_of(body) == nullptr) {
        for (const auto list : {"/listFindingsResults", "/findings", "/Findings", "/value", "/items", "/alerts",
                                "/data", "/data/issues/nodes", "/data/issuesV2/nodes", "/nodes", "/issues"}) {
            if (const auto found = body.at(list); found.is_array()) return found.elements();
        }
    }
    return {body};
}

} // namespace dossier::ingest
