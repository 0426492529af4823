#pragma once
// Which fields an issue can be created with, as createmeta tells it for one project and issue type: ids, names, types,
// what is required and what a choice offers. Cloud and Data Center ≥ 8.4 answer pages of the same items under other
// names. The answer is somebody else's: whatever has another shape is passed over.

#include "dossier/base/error.hpp"
#include "dossier/base/json.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

struct JiraField {
    std::string id; ///< "customfield_10010", "priority"
    std::string name;
    std::string type;   ///< schema: string, number, date, datetime, option, user, array, …
    std::string items;  ///< type of the elements of an array
    std::string custom; ///< kind of a custom field: "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
    bool is_required = false;
    bool has_default = false;
    Json allowed = Json::array(); ///< what a choice offers; empty = anything, or it isn't told

    [[nodiscard]] auto is_rich_text() const -> bool;
};

struct JiraScreen {
    std::vector<JiraField> fields;

    /// By id, else by name whatever its case; nullptr where there is none.
    [[nodiscard]] auto find(std::string_view id_or_name) const -> const JiraField*;
    [[nodiscard]] auto find_custom(std::string_view kind) const -> const JiraField*;
};

/// What one page of createmeta says. @param names of the list in it: `issueTypes` or `fields` in Cloud, `values` in DC
[[nodiscard]] auto createmeta_items(const Json& page, const char* cloud_name) -> const Json&;
[[nodiscard]] auto field_from(const Json& item) -> JiraField;

inline constexpr std::string_view epic_link_kind = "com.pyxis.greenhopper.jira:gh-epic-link";

} // namespace dossier::ticket
