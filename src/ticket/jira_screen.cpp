#include "jira_screen.hpp"

#include "tracker_client.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::ticket {
namespace {

auto is_true(const Json& object, const char* key) -> bool {
    const auto found = object.find(key);
    return found != object.end() && found->is_boolean() && found->get<bool>();
}

} // namespace

auto JiraField::is_rich_text() const -> bool {
    return id == "description" || id == "environment" || custom.ends_with(":textarea");
}

auto JiraScreen::find(std::string_view id_or_name) const -> const JiraField* {
    auto at = std::ranges::find(fields, id_or_name, &JiraField::id);
    if (at == fields.end())
        at = std::ranges::find_if(fields, [&](const JiraField& one) { return iequals(one.name, id_or_name); });
    return at == fields.end() ? nullptr : &*at;
}

auto JiraScreen::find_custom(std::string_view kind) const -> const JiraField* {
    const auto at = std::ranges::find(fields, kind, &JiraField::custom);
    return at == fields.end() ? nullptr : &*at;
}

auto createmeta_items(const Json& page, const char* cloud_name) -> const Json& {
    const auto& items = array_in(page, cloud_name);
    return items.empty() ? array_in(page, "values") : items;
}

auto field_from(const Json& item) -> JiraField {
    JiraField field;
    if (!item.is_object()) return field;
    field.id = text_in(item, {"fieldId"});
    if (field.id.empty()) field.id = text_in(item, {"key"});
    field.name = text_in(item, {"name"});
    field.type = text_in(item, {"schema", "type"});
    field.items = text_in(item, {"schema", "items"});
    field.custom = text_in(item, {"schema", "custom"});
    field.is_required = is_true(item, "required");
    field.has_default = is_true(item, "hasDefaultValue");
    field.allowed = array_in(item, "allowedValues");
    return field;
}

} // namespace dossier::ticket
