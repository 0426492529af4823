#include "adapters.hpp"
#include "content.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::ingest {
namespace {

struct Kind {
    std::string_view name;
    std::unique_ptr<Adapter> (*make)(const SourceConfig&);
};

constexpr std::array kinds = {
    Kind{"wiz", make_wiz_adapter},
    Kind{"prisma", make_prisma_adapter},
    Kind{"orca", make_orca_adapter},
    Kind{"aws", make_aws_adapter},
    Kind{"defender", make_defender_adapter},
    Kind{"scc", make_scc_adapter},
    Kind{"generic", make_generic_adapter},
    Kind{"eventbridge", make_content_adapter},
    Kind{"sns", make_content_adapter},
    Kind{"sqs", make_content_adapter},
    Kind{"event_grid", make_content_adapter},
    Kind{"service_bus", make_content_adapter},
    Kind{"cloudevents", make_content_adapter},
};

auto is_audit_record(const SiftedObject& item) -> bool {
    const bool has_request = !item["requestId"].is_null() || !item["actionParameters"].is_null() ||
                             !item["userAgent"].is_null() || !item["sourceIP"].is_null();
    return item["action"].is_string() && has_request && item["severity"].is_null() && item["policy"].is_null();
}

} // namespace

auto Adapter::items(JsonView body) const -> std::vector<JsonView> {
    if (body.is_array()) return body.elements();
    return {body};
}

auto make_adapter(const SourceConfig& config) -> std::unique_ptr<Adapter> {
    for (const auto& kind : kinds) {
        if (kind.name == config.kind) return kind.make(config);
    }
    return nullptr;
}

auto is_known_kind(std::string_view kind) -> bool {
    for (const auto& known : kinds) {
        if (known.name == kind) return true;
    }
    return false;
}

namespace {

auto marked_by(const SiftedObject& item) -> std::string_view {
    constexpr std::array natives = {"macie", "securityhub", "guardduty", "ocsf"};
    const auto* const content = content_of(item);
    if (content != nullptr && std::ranges::find(natives, content->kind) != natives.end()) return content->name;
    const auto has = [&](std::string_view pointer) { return !item.at(pointer).is_null(); };
    if (has("/state/alert_id") || has("/state/orca_score") || has("/type_string") || has("/asset_unique_id") ||
        has("/data/AlertId") || has("/data/OrcaScore") || has("/OrcaScore")) {
        return "Orca";
    }
    if (has("/alertInfo/subject") || has("/event_title")) return "Lacework";
    if (has("/sourceProperties") || has("/finding/sourceProperties")) return "Google Security Command Center";
    if (has("/alertId") || has("/policy/policyId") || has("/policyName") || has("/alertTime") || has("/resource/rrn")) {
        return "Prisma Cloud";
    }
    if (has("/entitySnapshot") || has("/sourceRule") || has("/issue/id") || has("/threat/id") || has("/threatId") ||
        has("/vulnerableAsset") || has("/targetExternalId")) {
        return "Wiz";
    }
    return {};
}

} // namespace

auto platform_marked_by(JsonView item) -> std::string_view { return marked_by(SiftedObject(item)); }

auto refuse_foreign(JsonView item, std::string_view expected) -> Result<void> {
    const SiftedObject sifted(item);
    if (is_audit_record(sifted)) return fail(Errc::malformed, "this is an audit-log entry, not a finding");
    const auto marked = marked_by(sifted);
    if (!marked.empty() && marked != expected) {
        return fail(Errc::malformed, "this looks like a finding of " + std::string(marked) +
                                         ", but the source expects " + std::string(expected));
    }
    return {};
}

} // namespace dossier::ingest
