#include "wiz_shape.hpp"

#include "payload_fields.hpp"
#include "sifted_object.hpp"
#include "wiz_fields.hpp"

namespace dossier::ingest {
namespace {

auto carries(const SiftedObject& object, std::string_view name) -> bool { return !object[name].is_null(); }

} // namespace

auto wiz_shape_of(JsonView view) -> WizShape {
    const SiftedObject item(view);
    if (item["threat"].is_object()) return WizShape::threat;
    if (item["issue"].is_object()) return WizShape::issue_webhook;
    if (item["vulnerableAsset"].is_object() || carries(item, "CVEDescription") || carries(item, "detailedName")) {
        return WizShape::vulnerability;
    }
    if (item["dataClassifier"].is_object() || (item["graphEntity"].is_object() && carries(item, "totalMatchCount"))) {
        return WizShape::data_finding;
    }
    if (carries(item, "tdrId") || carries(item, "threatId") || carries(item, "threatURL") ||
        carries(item, "triggeringEvents") || carries(item, "triggeringEvent") || item["ruleMatch"].is_object() ||
        carries(item, "primaryResource")) {
        return WizShape::detection;
    }
    if (carries(item, "targetExternalId") || carries(item, "result") ||
        (item["rule"].is_object() && item["resource"].is_object())) {
        return WizShape::configuration;
    }
    if (carries(item, "sourceRule") || carries(item, "sourceRules") || carries(item, "entitySnapshot") ||
        carries(item, "control")) {
        return WizShape::issue;
    }
    // Thin templates: a bare id with a status or a severity. An asset has an id and a status of its own kind.
    const bool is_asset =
        carries(item, "nativeType") || carries(item, "providerId") || carries(item, "providerUniqueId");
    const auto id = first_text({item["id"], item["issueId"], item["issue_id"], item["issue"]});
    if (id.empty() || is_asset) return WizShape::unknown;
    const bool says_more = severity_in({item["severity"]}) || status_in({item["status"]});
    return says_more || (is_uuid(id) && view.size() <= 3) || item["trigger"].is_object() ? WizShape::issue
                                                                                         : WizShape::unknown;
}

auto unwrap_wiz(JsonUnfolder& unfold, JsonView item) -> JsonView {
    for (int layer = 0; layer < 4 && item.is_object() && wiz_shape_of(item) == WizShape::unknown; ++layer) {
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

} // namespace dossier::ingest
