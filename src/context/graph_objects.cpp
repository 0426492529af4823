#include "graph_objects.hpp"

#include "directory_client.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::context {

namespace {

constexpr std::size_t most_aliases = 20;
constexpr std::string_view type_prefix = "#microsoft.graph.";

} // namespace

auto odata_string(std::string_view value) -> std::string {
    return "'" + replace_all(std::string(value), "'", "''") + "'";
}

auto graph_user_query() -> std::string {
    return "$select=" +
           percent_encode("id,displayName,mail,userPrincipalName,mailNickname,proxyAddresses,jobTitle,department,"
                          "companyName,employeeOrgData,accountEnabled") +
           "&$expand=" + percent_encode("manager($select=id,displayName,mail,userPrincipalName)");
}

auto person_of_graph(JsonView user, std::string_view source) -> Person {
    Person person;
    person.id = line_of(user["id"]);
    person.name = line_of(user["displayName"]);
    const auto upn = line_of(user["userPrincipalName"]);
    person.email = line_of(user["mail"]);
    if (person.email.empty() && upn.find("#EXT#") == std::string::npos) person.email = upn;
    person.title = line_of(user["jobTitle"]);
    const auto unit = user["employeeOrgData"];
    for (const auto field : {user["department"], unit["division"], user["companyName"]})
        if (person.department.empty()) person.department = line_of(field);
    person.cost_center = line_of(unit["costCenter"]);
    const auto add_alias = [&](std::string name) {
        const auto same = [&](const std::string& other) { return iequals(other, name); };
        if (name.empty() || same(person.email) || person.aliases.size() == most_aliases) return;
        if (std::ranges::none_of(person.aliases, same)) person.aliases.push_back(std::move(name));
    };
    add_alias(upn);
    add_alias(line_of(user["mailNickname"]));
    for (const auto address : user["proxyAddresses"].elements())
        if (const auto text = line_of(address); iequals(text.substr(0, 5), "smtp:")) add_alias(text.substr(5));
    const auto manager = user["manager"];
    person.manager = line_of(manager["mail"]);
    if (person.manager.empty()) person.manager = line_of(manager["userPrincipalName"]);
    if (person.manager.empty()) person.manager = line_of(manager["id"]);
    person.manager_name = line_of(manager["displayName"]);
    if (manager.is_object() && is_hidden(manager)) person.unseen.emplace_back("manager: User.Read.All is missing");
    if (!user["accountEnabled"].boolean().value_or(true)) person.inactive = "disabled in " + std::string(source);
    return person;
}

auto graph_kind(JsonView object) -> std::string {
    const auto type = object["@odata.type"].text_or("");
    return type.starts_with(type_prefix) ? type.substr(type_prefix.size()) : std::string();
}

auto is_hidden(JsonView object) -> bool {
    const auto members = object.members();
    return std::ranges::all_of(members, [](const auto& member) {
        return member.first == "id" || member.first.starts_with("@odata.") || member.second.is_null();
    });
}

} // namespace dossier::context
