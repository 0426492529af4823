#include "jira_field_value.hpp"

#include "markdown_escape.hpp"
#include "tracker_client.hpp"
#include "tracker_text.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_line = 255;

auto scalar_text(const Json& value) -> std::string {
    if (value.is_string()) return value.get<std::string>();
    return value.is_number() || value.is_boolean() ? value.dump() : "";
}

auto number_from(const std::string& text) -> FieldValue {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
        return {.value = {}, .problem = fmt::format("`{}` is no number", text)};
    const bool is_whole = std::floor(number) == number && std::abs(number) < 1e15;
    return {.value = is_whole ? Json(static_cast<std::int64_t>(number)) : Json(number), .problem = {}};
}

auto time_from(const std::string& text, bool is_date) -> FieldValue {
    const auto time = parse_time(text);
    if (!time) return {.value = {}, .problem = fmt::format("`{}` is no date", text)};
    const auto formatted = format_time(*time); // 2026-11-22T21:32:00.000Z
    return {.value = is_date ? formatted.substr(0, 10) : formatted.substr(0, 23) + "+0000", .problem = {}};
}

/// What the field offers under this word, in the site's own spelling.
auto choice_from(const JiraField& field, const std::string& text, const char* attribute) -> FieldValue {
    constexpr std::size_t most_named = 12;
    if (field.allowed.empty()) return {.value = Json{{attribute, text}}, .problem = {}};
    std::vector<std::string> offered;
    for (const auto& one : field.allowed) {
        auto word = text_in(one, {"value"});
        if (word.empty()) word = text_in(one, {"name"});
        if (iequals(word, text)) return {.value = Json{{attribute, word}}, .problem = {}};
        if (text_in(one, {"id"}) == text) return {.value = Json{{"id", text}}, .problem = {}};
        if (!word.empty() && offered.size() < most_named) offered.push_back(fmt::format("`{}`", one_line(word)));
    }
    return {.value = {}, .problem = fmt::format("`{}` is none of {}", text, join(offered, ", "))};
}

auto cascade_from(const std::string& text) -> FieldValue {
    const auto arrow = text.find('>');
    Json value{{"value", std::string(trim(text.substr(0, arrow)))}};
    if (arrow != std::string::npos) value["child"] = {{"value", std::string(trim(text.substr(arrow + 1)))}};
    return {.value = std::move(value), .problem = {}};
}

auto person_from(const std::string& email, const JiraDialect& dialect, const JiraPeople& people) -> FieldValue {
    const auto found = people.find(lower(email));
    // Nobody to name is no mistake of the configuration; whether the field may stay empty, the screen says.
    return {.value = found == people.end() ? Json{} : dialect.person(found->second), .problem = {}};
}

auto one_value(const JiraField& field, const std::string& type, const std::string& text, const JiraDialect& dialect,
               const JiraPeople& people) -> FieldValue {
    if (type == "number") return number_from(text);
    if (type == "date" || type == "datetime") return time_from(text, type == "date");
    if (type == "option") return choice_from(field, text, "value");
    if (type == "option-with-child") return cascade_from(text);
    if (type == "user") return person_from(text, dialect, people);
    if (type == "group") return {.value = Json{{"name", text}}, .problem = {}};
    if (type == "issuelink" || field.id == "parent") return {.value = Json{{"key", text}}, .problem = {}};
    for (const auto* named : {"priority", "component", "version", "securitylevel", "resolution"})
        if (type == named) return choice_from(field, text, "name");
    return {.value = shorten_text(one_line(text), max_line), .problem = {}};
}

auto escaped_facts(TicketFacts facts) -> TicketFacts {
    for (auto& [name, value] : facts) value = escape_markdown(value);
    return facts;
}

auto list_value(const JiraField& field, const Json& configured, const TicketFacts& facts, const JiraDialect& dialect,
                const JiraPeople& people) -> FieldValue {
    Json list = Json::array();
    if (configured.is_array())
        for (const auto& one : configured)
            if (one.is_object()) list.push_back(raw_value(one, facts));
    for (const auto& text : texts_of(configured, facts)) {
        auto one = one_value(field, field.items, text, dialect, people);
        if (!one.problem.empty()) return one;
        if (!one.value.is_null()) list.push_back(std::move(one.value));
    }
    return {.value = list.empty() ? Json{} : std::move(list), .problem = {}};
}

} // namespace

auto raw_value(const Json& configured, const TicketFacts& facts) -> Json {
    if (configured.is_string()) {
        auto text = fill_in(configured.get<std::string>(), facts);
        return trim(text).empty() ? Json{} : Json(std::move(text));
    }
    if (!configured.is_structured() || configured.empty()) return configured;
    Json filled = configured.is_array() ? Json::array() : Json::object();
    for (const auto& [key, value] : configured.items()) {
        auto one = raw_value(value, facts);
        if (one.is_null() && !value.is_null()) continue;
        if (configured.is_array()) {
            filled.push_back(std::move(one));
        } else {
            filled[key] = std::move(one);
        }
    }
    return filled.empty() ? Json{} : filled;
}

auto texts_of(const Json& configured, const TicketFacts& facts) -> std::vector<std::string> {
    std::vector<std::string> texts;
    if (configured.is_array()) {
        for (const auto& one : configured)
            if (!one.is_structured())
                for (auto& text : texts_of(one, facts)) texts.push_back(std::move(text));
        return texts;
    }
    for (const auto part : split(fill_in(scalar_text(configured), facts), ','))
        if (!trim(part).empty()) texts.emplace_back(trim(part));
    return texts;
}

auto field_value(const JiraField& field, const Json& configured, const TicketFacts& facts, const JiraDialect& dialect,
                 const JiraPeople& people) -> FieldValue {
    if (configured.is_object()) return {.value = raw_value(configured, facts), .problem = {}};
    if (field.type == "array") return list_value(field, configured, facts, dialect, people);
    if (configured.is_array())
        return {.value = {}, .problem = fmt::format("takes one value of type {}, not a list", field.type)};
    if (field.is_rich_text()) {
        const auto text = fill_in(scalar_text(configured), escaped_facts(facts));
        return {.value = trim(text).empty() ? Json{} : dialect.rich_text(text), .problem = {}};
    }
    const auto text = std::string(trim(fill_in(scalar_text(configured), facts)));
    if (text.empty()) return {};
    return one_value(field, field.type, text, dialect, people);
}

} // namespace dossier::ticket
