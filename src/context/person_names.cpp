#include "person_names.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace dossier::context {

namespace {

/// Values of owner-like keys that name a tool or nobody at all.
constexpr std::array nobody{
    "terraform", "cloudformation", "pulumi", "helm", "ansible", "argocd", "crossplane", "none", "n/a",
    "na",        "unknown",        "tbd",    "todo", "-"};

constexpr std::size_t longest_person_name = 320; ///< an e-mail address has at most 254 bytes

auto is_email(std::string_view text) -> bool {
    const auto at = text.find('@');
    return at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find_first_of(" \t<>\"") == std::string_view::npos;
}

/// A GCP label has lower-case letters, digits, `-` and `_` only; tools write @ as `_at_` and the rest as `_`.
auto as_label(std::string_view email) -> std::string {
    std::string label;
    for (const unsigned char c : email) {
        if (c == '@')
            label += "_at_";
        else
            label.push_back(std::isalnum(c) != 0 || c == '-' ? static_cast<char>(std::tolower(c)) : '_');
    }
    return label;
}

auto is_label(std::string_view text) -> bool {
    return text.find("_at_") != std::string_view::npos && text.find_first_of("@. ") == std::string_view::npos;
}

/// E-mails that a label may have been: dots in the local part can't be told from underscores.
auto emails_behind(std::string_view label) -> std::vector<std::string> {
    const auto at = label.find("_at_");
    const std::string local(label.substr(0, at));
    const auto domain = "@" + replace_all(std::string(label.substr(at + 4)), "_", ".");
    std::vector<std::string> emails{local + domain};
    if (local.find('_') != std::string::npos) emails.push_back(replace_all(local, "_", ".") + domain);
    return emails;
}

/// Name of the IAM user, or of the session of an assumed role, which is the person for single sign-on.
auto name_in_arn(std::string_view arn) -> std::string_view {
    const bool has_person =
        arn.find(":user/") != std::string_view::npos || arn.find(":assumed-role/") != std::string_view::npos;
    return has_person ? arn.substr(arn.rfind('/') + 1) : arn;
}

auto handles_of(const Person& person) -> std::vector<std::string_view> {
    std::vector<std::string_view> handles;
    for (const auto* one : {&person.id, &person.email})
        if (!one->empty()) handles.emplace_back(*one);
    for (const auto& alias : person.aliases)
        if (!alias.empty()) handles.emplace_back(alias);
    return handles;
}

auto same_handle(std::string_view a, std::string_view b) -> bool {
    if (iequals(a, b)) return true;
    if (is_label(a) && is_email(b)) return iequals(a, as_label(b));
    return is_label(b) && is_email(a) && iequals(b, as_label(a));
}

void add_alias(Person& person, const std::string& name) {
    const auto same = [&](const std::string& other) { return iequals(other, name); };
    if (name.empty() || same(person.id) || same(person.email)) return;
    if (std::ranges::none_of(person.aliases, same)) person.aliases.push_back(name);
}

} // namespace

auto names_nobody(std::string_view value) -> bool {
    return trim(value).empty() || std::ranges::any_of(nobody, [&](auto word) { return iequals(trim(value), word); });
}

auto person_named(std::string_view value) -> Person {
    Person person;
    auto text = trim(value.substr(0, longest_person_name));
    if (text.starts_with("arn:")) text = name_in_arn(text);
    if (text.size() > 7 && iequals(text.substr(0, 7), "mailto:")) text.remove_prefix(7);
    const auto open = text.find('<');
    if (open != std::string_view::npos && text.ends_with('>')) {
        const auto inner = trim(text.substr(open + 1, text.size() - open - 2));
        if (is_email(inner)) {
            person.name = trim(text.substr(0, open));
            if (person.name.size() > 1 && person.name.front() == '"' && person.name.back() == '"')
                person.name = person.name.substr(1, person.name.size() - 2);
            person.email = inner;
            return person;
        }
    }
    (is_email(text) ? person.email : person.id) = text;
    return person;
}

auto people_named(std::string_view value) -> std::vector<Person> {
    std::vector<Person> people;
    const auto separated = replace_all(std::string(value.substr(0, longest_person_name)), ";", ",");
    for (const auto part : split(separated, ',')) {
        if (trim(part).empty()) continue;
        auto person = person_named(part);
        if (person.email.empty()) return {person_named(value)}; // a comma inside a name
        people.push_back(std::move(person));
    }
    if (people.empty()) people.push_back(person_named(value));
    return people;
}

auto spellings_of(const Person& person) -> std::vector<std::string> {
    std::vector<std::string> names;
    const auto add = [&](std::string name) {
        if (!name.empty() && std::ranges::none_of(names, [&](const auto& other) { return iequals(other, name); }))
            names.push_back(std::move(name));
    };
    add(person.email);
    if (is_label(person.id)) {
        for (auto& email : emails_behind(person.id)) add(std::move(email));
    } else {
        add(person.id);
    }
    if (names.empty()) add(person.name);
    return names;
}

auto same_person(const Person& a, const Person& b) -> bool {
    const auto mine = handles_of(a);
    const auto theirs = handles_of(b);
    for (const auto one : mine)
        for (const auto other : theirs)
            if (same_handle(one, other)) return true;
    const auto has = [](const std::vector<std::string_view>& handles, const std::string& name) {
        return !name.empty() && std::ranges::any_of(handles, [&](auto handle) { return iequals(handle, name); });
    };
    if (has(mine, b.name) || has(theirs, a.name)) return true; // a field that holds the full name
    // Two people may have one name: e-mails that differ tell them apart.
    const bool contradict = !a.email.empty() && !b.email.empty();
    return !contradict && !a.name.empty() && iequals(a.name, b.name);
}

auto belongs_to(const Person& person, const Person& team) -> bool {
    return std::ranges::any_of(person.groups, [&](const std::string& group) {
        return !group.empty() && (iequals(group, team.id) || iequals(group, team.name) || iequals(group, team.email));
    });
}

void add_knowledge(Person& person, const Person& further) {
    const auto take = [](std::string& mine, const std::string& theirs) {
        if (mine.empty()) mine = theirs;
    };
    take(person.id, further.id);
    take(person.email, further.email);
    take(person.name, further.name);
    take(person.department, further.department);
    if (person.manager.empty()) {
        person.manager = further.manager;
        person.manager_name = further.manager_name;
    }
    take(person.cost_center, further.cost_center);
    take(person.title, further.title);
    for (const auto& group : further.groups)
        if (std::ranges::find(person.groups, group) == person.groups.end()) person.groups.push_back(group);
    add_alias(person, further.id);
    add_alias(person, further.email);
    for (const auto& alias : further.aliases) add_alias(person, alias);
}

void complete(Person& person, const Person& known) {
    const auto said = std::pair(person.id, person.email);
    if (!known.id.empty()) person.id = known.id;
    if (!known.email.empty()) person.email = known.email;
    person.inactive = known.inactive;
    add_knowledge(person, known);
    add_alias(person, said.first);
    add_alias(person, said.second);
}

} // namespace dossier::context
