#include "cmdb_config.hpp"

#include "dossier/base/strings.hpp"
#include "url_template.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace dossier::context {
namespace {

const std::vector<std::string_view> asset_fields = {"business_unit", "application", "environment",
                                                    "criticality",   "owner",       "support_group"};

void check_map_names(config::Section& section, const ProviderConfig& provider) {
    for (const auto& [field, where] : provider.map) {
        if (std::ranges::find(asset_fields, field) != asset_fields.end()) continue;
        const auto near = nearest(field, asset_fields);
        section.problem("map", near ? fmt::format("unknown name `{}`; did you mean `{}`?", field, *near)
                                    : fmt::format("unknown name `{}`; known: business_unit, application, environment, "
                                                  "criticality, owner, support_group",
                                                  field));
    }
}

void check_pair(config::Section& section, std::string_view one, bool has_one, std::string_view other, bool has_other) {
    if (has_one && !has_other) section.problem(one, fmt::format("needs `{}`", other));
    if (has_other && !has_one) section.problem(other, fmt::format("needs `{}`", one));
}

auto is_column(std::string_view text) -> bool {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
    });
}

void check_http(config::Section& section, const ProviderConfig& provider) {
    if (const auto fault = fault_in_template(provider.url); !fault.empty()) section.problem("url", fault);
    for (const auto& [field, pointer] : provider.map)
        if (!pointer.empty() && !pointer.starts_with('/'))
            section.problem("map", fmt::format("`{}`: a JSON pointer begins with `/`, as in `/item/{}`", field, field));
    if (!provider.token.empty() && !provider.user.empty())
        section.problem("token", "either `token` or `user` and `password`");
}

void check_servicenow(config::Section& section, const ProviderConfig& provider) {
    check_pair(section, "client_id", !provider.client_id.empty(), "client_secret", !provider.client_secret.empty());
    if (provider.user.empty() && provider.client_id.empty())
        section.problem("", "needs `user` and `password`, or `client_id` and `client_secret`");
    if (!provider.auth_url.empty() && provider.client_id.empty()) section.problem("auth_url", "needs `client_id`");
    if (!provider.table.empty() && (!is_column(provider.table) || provider.table.find('.') != std::string::npos))
        section.problem("table", "a table's name, such as cmdb_ci");
    for (const auto& [field, column] : provider.map)
        if (!is_column(column))
            section.problem("map", fmt::format("`{}`: a column's name, such as u_data_owner or company.name", field));
}

void check_backstage(config::Section& section, const ProviderConfig& provider) {
    for (const auto& annotation : provider.annotations)
        if (annotation.empty() || annotation.find_first_of(",= ") != std::string::npos)
            section.problem("annotations", fmt::format("`{}` is no key of an annotation", annotation));
}

} // namespace

void check_cmdb_entry(config::Section& section, const ProviderConfig& provider) {
    check_pair(section, "user", !provider.user.empty(), "password", !provider.password.empty());
    check_map_names(section, provider);
    if (provider.kind == "http") check_http(section, provider);
    if (provider.kind == "servicenow") check_servicenow(section, provider);
    if (provider.kind == "backstage") check_backstage(section, provider);
}

} // namespace dossier::context
