// Microsoft Defender for Cloud alerts (VENDORS §4): the REST resource {id, name, properties{…}}, continuous export (the
// same members without `properties`, capitalised) and the SecurityAlert row of Log Analytics, which names them
// otherwise and keeps lists as JSON text.

#include "adapters.hpp"
#include "finding_draft.hpp"
#include "json_unfolder.hpp"
#include "payload_fields.hpp"
#include "payload_words.hpp"

#include "dossier/base/strings.hpp"

#include <initializer_list>
#include <utility>

namespace dossier::ingest {
namespace {

/// "/subscriptions/<id>/resourceGroups/…" → <id>.
auto subscription_in(std::string_view path) -> std::string {
    const auto segments = split(path, '/');
    for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
        if (iequals(segments[i], "subscriptions")) return std::string(segments[i + 1]);
    }
    return {};
}

/// "…/providers/Microsoft.Storage/storageAccounts/x" → "Microsoft.Storage/storageAccounts".
auto type_in(std::string_view path) -> std::string {
    const auto segments = split(path, '/');
    for (std::size_t i = 0; i + 2 < segments.size(); ++i) {
        if (iequals(segments[i], "providers")) return std::string(segments[i + 1]) + "/" + std::string(segments[i + 2]);
    }
    return {};
}

/// An alert wherever its members stand.
class AlertFields {
public:
    explicit AlertFields(JsonView item) : item_(item), properties_(item["properties"]) {}

    auto operator()(std::initializer_list<std::string_view> names) const -> std::string {
        for (const auto name : names) {
            if (auto text = first_text({member_like(properties_, name), member_like(item_, name)}); !text.empty())
                return text;
        }
        return {};
    }
    auto time(std::initializer_list<std::string_view> names) const -> std::optional<Timestamp> {
        for (const auto name : names) {
            if (auto found = first_time({member_like(properties_, name), member_like(item_, name)})) return found;
        }
        return std::nullopt;
    }
    [[nodiscard]] auto value(std::string_view name) const -> JsonView {
        const auto inner = member_like(properties_, name);
        return inner.is_null() ? member_like(item_, name) : inner;
    }

private:
    JsonView item_;
    JsonView properties_;
};

auto azure_resource_in(JsonUnfolder& unfold, const AlertFields& alert) -> std::string {
    for (const auto& identifier : unfold(alert.value("resourceIdentifiers")).elements()) {
        if (auto id = first_text({member_like(identifier, "azureResourceId")}); !id.empty()) return id;
    }
    if (auto id = alert({"associatedResource", "ResourceId", "AzureResourceId"}); id.starts_with('/')) return id;
    for (const auto& entity : unfold(alert.value("entities")).elements()) {
        if (auto id = first_text({entity["resourceId"], entity["ResourceId"]}); id.starts_with('/')) return id;
    }
    return {};
}

void read_resource(JsonUnfolder& unfold, Finding& finding, const AlertFields& alert, std::string_view alert_path) {
    auto& resource = finding.resource;
    resource.id = azure_resource_in(unfold, alert);
    resource.type = type_in(resource.id);
    resource.cloud = "azure";
    resource.account = subscription_in(resource.id);
    if (resource.account.empty()) resource.account = alert({"WorkspaceSubscriptionId", "subscriptionId"});
    if (resource.account.empty()) resource.account = subscription_in(alert_path);
    resource.name = alert({"compromisedEntity"});
    // The entity may be a whole path, or a database inside the resource.
    if (resource.name.contains('/')) resource.name = std::string(split(resource.name, '/').back());
    add_fact(finding, "compromised_entity", alert({"compromisedEntity"}));
}

void read_recommendation(JsonUnfolder& unfold, Finding& finding, const AlertFields& alert) {
    const auto steps = unfold(alert.value("remediationSteps"));
    std::string text;
    for (const auto& step : steps.elements()) {
        if (const auto line = first_text({step}); !line.empty()) text += (text.empty() ? "" : "\n") + line;
    }
    finding.recommendation = text.empty() ? first_text({steps}) : shorten(text, 16'384);
}

class DefenderAdapter final : public Adapter {
public:
    explicit DefenderAdapter(const SourceConfig& config) : config_(config) {}

    auto normalise(JsonView item) const -> Result<Finding> override {
        JsonUnfolder unfold;
        const AlertFields alert(item);
        auto draft = draft_for(config_);
        auto& finding = draft.finding;
        const auto path = first_text({item["id"], item["AzureResourceId"]});
        finding.source_id = first_text({alert.value("VendorOriginalId"), alert.value("systemAlertId"), item["name"]});
        if (finding.source_id.empty()) finding.source_id = path;
        finding.title = alert({"alertDisplayName", "DisplayName", "AlertName"});
        if (!finding.source_id.empty()) draft.title_if_none = "Defender for Cloud alert " + finding.source_id;
        finding.description = alert({"description"});
        finding.rule = {.id = alert({"alertType", "alertName"}), .name = finding.title};
        draft.severity = severity_from_word(alert({"severity", "AlertSeverity", "reportedSeverity"}));
        finding.status = status_from_word(alert({"status", "state"})).value_or(Status::open);
        finding.is_test = icontains(finding.title, "[sample alert]") || icontains(finding.title, "(not a threat)");
        finding.first_seen = alert.time({"startTimeUtc", "StartTime", "timeGeneratedUtc", "TimeGenerated"});
        finding.last_seen = alert.time({"endTimeUtc", "EndTime", "timeGeneratedUtc", "TimeGenerated"});
        finding.url = link(alert({"alertUri", "AlertLink"}));
        draft.type = FindingType::threat;
        read_resource(unfold, finding, alert, path);
        read_recommendation(unfold, finding, alert);
        add_fact(finding, "intent", alert({"intent", "Tactics"}));
        add_fact(finding, "product", alert({"productComponentName", "ProductComponentName", "ProductName"}));
        return complete(std::move(draft));
    }

private:
    SourceConfig config_;
};

} // namespace

auto make_defender_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    return std::make_unique<DefenderAdapter>(config);
}

} // namespace dossier::ingest
