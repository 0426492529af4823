#include "ldif_values.hpp"

#include "cells.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace dossier::redact {

namespace {

/// In lower case: attributes are known in any.
constexpr std::array<std::pair<std::string_view, KeyMeaning>, 22> attributes{{
    {"cn", KeyMeaning::person},
    {"commonname", KeyMeaning::person},
    {"sn", KeyMeaning::person},
    {"surname", KeyMeaning::person},
    {"gn", KeyMeaning::person},
    {"givenname", KeyMeaning::person},
    {"displayname", KeyMeaning::person},
    {"name", KeyMeaning::person},
    {"gecos", KeyMeaning::person},
    {"telephonenumber", KeyMeaning::phone},
    {"homephone", KeyMeaning::phone},
    {"mobile", KeyMeaning::phone},
    {"pager", KeyMeaning::phone},
    {"facsimiletelephonenumber", KeyMeaning::phone},
    {"mail", KeyMeaning::email},
    {"street", KeyMeaning::address},
    {"streetaddress", KeyMeaning::address},
    {"postaladdress", KeyMeaning::address},
    {"homepostaladdress", KeyMeaning::address},
    {"registeredaddress", KeyMeaning::address},
    {"userpassword", KeyMeaning::secret},
    {"employeenumber", KeyMeaning::national_id},
}};

constexpr std::array<std::string_view, 5> classes_of_people{"person", "organizationalperson", "inetorgperson",
                                                            "residentialperson", "user"};
constexpr std::array<std::string_view, 3> classes_of_machines{"computer", "device", "msds-groupmanagedserviceaccount"};

struct Line {
    std::string name; ///< in lower case, without options (`cn;lang-de`)
    Cell value;
    bool is_encoded = false; ///< `cn:: QWxpY2U=`
};

auto text_of(std::string_view text, Cell cell) -> std::string_view {
    return text.substr(cell.begin, cell.end - cell.begin);
}

auto line_of(std::string_view text, Cell line) -> Line {
    const auto whole = text_of(text, line);
    const auto colon = whole.find(':');
    constexpr std::size_t longest_name = 64;
    if (colon > longest_name) return {}; // or there is none
    const auto name = trim(whole.substr(0, std::min(colon, whole.find(';'))));
    const bool is_encoded = whole.substr(colon, 2) == "::";
    const auto begin = std::min(whole.find_first_not_of(' ', colon + (is_encoded ? 2 : 1)), whole.size());
    const auto stop = std::min(whole.find('"', begin), whole.size());  // of a string that holds the export
    const auto last = whole.substr(0, stop).find_last_not_of(" \r\\"); // an escape of the break may be left
    const auto end = last == std::string_view::npos ? begin : std::max(begin, last + 1);
    return {.name = lower(name), .value = {line.begin + begin, line.begin + end}, .is_encoded = is_encoded};
}

auto is_of_person(std::string_view text, const std::vector<Line>& entry) -> bool {
    bool is_person = false;
    for (const auto& line : entry) {
        if (line.name != "objectclass") continue;
        const auto value = lower(text_of(text, line.value));
        if (std::ranges::find(classes_of_machines, value) != classes_of_machines.end()) return false;
        is_person = is_person || std::ranges::find(classes_of_people, value) != classes_of_people.end();
    }
    return is_person;
}

/// The first part of a distinguished name, `cn=Alice Ngo,ou=people`: up to the comma that no backslash precedes.
auto own_name(std::string_view text, Cell name) -> Cell {
    const auto whole = text_of(text, name);
    if (!lower(whole.substr(0, 3)).starts_with("cn=")) return {};
    std::size_t end = 3;
    while (end < whole.size() && (whole[end] != ',' || whole[end - 1] == '\\')) ++end;
    return {name.begin + 3, name.begin + end};
}

void take_entry(std::string_view text, const std::vector<Line>& entry, std::vector<FieldValue>& found) {
    if (!is_of_person(text, entry)) return;
    const auto add = [&](Cell cell, KeyMeaning meaning) {
        if (cell.end > cell.begin)
            found.push_back({.meaning = meaning, .begin = cell.begin, .end = cell.end, .is_delimited = true});
    };
    for (const auto& line : entry) {
        const auto known = std::ranges::find(attributes, line.name, [](const auto& row) { return row.first; });
        if (known != attributes.end()) // what base64 hides is masked whole
            add(line.value, line.is_encoded ? KeyMeaning::sample : known->second);
        else if (line.name == "dn" && line.is_encoded)
            add(line.value, KeyMeaning::sample);
        else if (line.name == "dn" || line.name == "manager" || line.name == "secretary")
            add(own_name(text, line.value), KeyMeaning::person);
    }
}

} // namespace

auto ldif_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    if (!text.contains("dn:") || !text.contains("bject")) return found;
    std::vector<Line> entry;
    for (auto cell : lines_of(text)) {
        constexpr std::string_view first_of_string = "\"dn:";
        if (const auto at = text_of(text, cell).find(first_of_string); at != std::string_view::npos)
            cell.begin += at + 1;
        auto line = line_of(text, cell);
        // A blank line ends an entry; where none was kept, the next distinguished name does.
        if (line.name == "dn" || line.name.empty()) take_entry(text, std::exchange(entry, {}), found);
        if (!line.name.empty()) entry.push_back(std::move(line));
    }
    take_entry(text, entry, found);
    return found;
}

} // namespace dossier::redact
