#include "scim_user.hpp"

#include "directory_client.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::context {

namespace {

constexpr std::string_view enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
constexpr std::size_t most_scim_groups = 100;

/// The primary address, else the first of type work, else the first; servers with one e-mail may send it plain.
auto email_of(JsonView user) -> std::string {
    const auto emails = user["emails"];
    if (emails.is_string()) return line_of(emails);
    std::string first;
    std::string work;
    for (const auto email : emails.elements()) {
        const auto address = line_of(email.is_string() ? email : email["value"]);
        if (address.empty()) continue;
        if (email["primary"].boolean().value_or(false)) return address;
        if (work.empty() && iequals(email["type"].text_or(""), "work")) work = address;
        if (first.empty()) first = address;
    }
    if (!work.empty()) return work;
    if (!first.empty()) return first;
    const auto login = line_of(user["userName"]);
    return login.find('@') == std::string::npos ? std::string() : login;
}

auto name_of(JsonView user) -> std::string {
    if (auto name = line_of(user["displayName"]); !name.empty()) return name;
    const auto parts = user["name"];
    if (auto name = line_of(parts["formatted"]); !name.empty()) return name;
    const auto given = line_of(parts["givenName"]);
    const auto family = line_of(parts["familyName"]);
    return given.empty() || family.empty() ? given + family : given + " " + family;
}

/// An id, alone in older drafts and some servers, else in `value` or at the end of `$ref`.
void take_manager(Person& person, JsonView manager) {
    if (manager.is_string()) {
        person.manager = line_of(manager);
        return;
    }
    person.manager = line_of(manager["value"]);
    person.manager_name = line_of(manager["displayName"]);
    if (!person.manager.empty()) return;
    auto ref = line_of(manager["$ref"]);
    ref = ref.substr(0, ref.find_first_of("?#"));
    if (const auto id = ref.substr(ref.rfind('/') + 1); is_plain_id(id)) person.manager = id;
    if (person.manager.empty()) person.manager = person.manager_name;
}

} // namespace

auto person_of_scim(JsonView user, std::string_view source) -> Person {
    Person person;
    person.id = line_of(user["id"]);
    person.name = name_of(user);
    person.email = email_of(user);
    person.title = line_of(user["title"]);
    const auto add_alias = [&](const std::string& name) {
        const auto same = [&](const std::string& other) { return iequals(other, name); };
        if (!name.empty() && !same(person.id) && !same(person.email) && std::ranges::none_of(person.aliases, same))
            person.aliases.push_back(name);
    };
    add_alias(line_of(user["userName"]));
    add_alias(line_of(user["externalId"]));
    for (const auto email : user["emails"].elements()) add_alias(line_of(email["value"]));
    const auto extension = user[enterprise];
    for (const auto* field : {"department", "division", "organization"})
        if (person.department.empty()) person.department = line_of(extension[field]);
    person.cost_center = line_of(extension["costCenter"]);
    take_manager(person, extension["manager"]);
    for (const auto group : user["groups"].elements()) {
        if (person.groups.size() == most_scim_groups) break;
        auto name = line_of(group["display"]);
        if (name.empty()) name = line_of(group["value"]);
        if (!name.empty()) person.groups.push_back(std::move(name));
    }
    // Absent means that the server does not say, not that nobody works here.
    if (!user["active"].boolean().value_or(true)) person.inactive = "deactivated in " + std::string(source);
    return person;
}

auto scim_matches(JsonView resource, std::string_view attribute, std::string_view value) -> bool {
    if (attribute != "emails.value") return iequals(resource[attribute].text_or(""), value);
    const auto emails = resource["emails"];
    if (emails.is_string()) return iequals(emails.text_or(""), value);
    return std::ranges::any_of(emails.elements(), [&](JsonView email) {
        return iequals((email.is_string() ? email : email["value"]).text_or(""), value);
    });
}

} // namespace dossier::context
