#include "jira_fields.hpp"

#include "jira_field_value.hpp"
#include "markdown_escape.hpp"
#include "tracker_client.hpp"
#include "tracker_text.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_summary = 255;
constexpr std::size_t max_label_bytes = 255;

/// What dossier writes itself, or leaves to people and the workflow.
constexpr std::array<std::string_view, 8> own_fields{"project",     "issuetype", "issueType", "summary",
                                                     "description", "labels",    "assignee",  "status"};
/// Required on every screen, and filled by Jira where we don't.
constexpr std::array<std::string_view, 2> filled_by_jira{"reporter", "assignee"};

auto is_own(std::string_view name) -> bool { return std::ranges::find(own_fields, name) != own_fields.end(); }

/// A field that the configuration wants filled, and the key that says so.
struct Wish {
    std::string field; ///< id or name
    Json value;
    std::string key;
    bool is_optional = false; ///< left out where the screen hasn't got it
};

auto is_number(const std::string& text) -> bool {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

auto setting(const SinkConfig& config, std::string_view key) -> std::string {
    return fmt::format("tickets.sinks[{}].{}", config.name, key);
}

auto usual_priorities(Severity severity) -> std::vector<std::string_view> {
    switch (severity) {
    case Severity::critical:
        return {"Highest", "Critical", "Blocker", "P1"};
    case Severity::high:
        return {"High", "Major", "P2"};
    case Severity::medium:
        return {"Medium", "Normal", "P3"};
    case Severity::low:
        return {"Low", "Minor", "P4"};
    case Severity::informational:
        break;
    }
    return {"Lowest", "Trivial", "Low", "P5"};
}

/// The configured priority, else the usual name that the site has.
void wish_priority(std::vector<Wish>& wishes, const SinkConfig& config, Severity severity, const JiraScreen* screen) {
    if (const auto own = config.priority.find(severity); own != config.priority.end()) {
        wishes.push_back({"priority", own->second, setting(config, "priority")});
        return;
    }
    const auto* field = screen != nullptr ? screen->find("priority") : nullptr;
    if (field == nullptr) return;
    for (const auto name : usual_priorities(severity)) {
        for (const auto& allowed : field->allowed) {
            if (!iequals(text_in(allowed, {"name"}), name)) continue;
            wishes.push_back({"priority", std::string(name), setting(config, "priority"), true});
            return;
        }
    }
}

/// The date that code has counted, where the screen takes one and the configuration fills the field with nothing else.
void wish_due(std::vector<Wish>& wishes, const SinkConfig& config, const Draft& draft, const JiraScreen* screen) {
    const auto* field = screen != nullptr ? screen->find("duedate") : nullptr;
    if (field == nullptr || !draft.due) return;
    const bool is_configured = std::ranges::any_of(
        wishes, [&](const Wish& one) { return one.field == field->id || iequals(one.field, field->name); });
    if (!is_configured) wishes.push_back({field->id, draft.due->on, setting(config, "fields.duedate"), true});
}

void wish_epic(std::vector<Wish>& wishes, const SinkConfig& config, const JiraScreen* screen, bool is_cloud) {
    if (config.epic.empty()) return;
    const auto* link = screen != nullptr ? screen->find_custom(epic_link_kind) : nullptr;
    const bool by_parent = is_cloud && (screen == nullptr || screen->find("parent") != nullptr || link == nullptr);
    const auto field = by_parent ? std::string("parent") : link != nullptr ? link->id : std::string("Epic Link");
    wishes.push_back({field, config.epic, setting(config, "epic")});
}

auto wishes_of(const SinkConfig& config, Severity severity, const JiraScreen* screen, bool is_cloud)
    -> std::vector<Wish> {
    std::vector<Wish> wishes;
    if (!config.components.empty()) wishes.push_back({"components", config.components, setting(config, "components")});
    if (!config.security_level.empty())
        wishes.push_back({"security", config.security_level, setting(config, "security_level")});
    wish_epic(wishes, config, screen, is_cloud);
    const auto fields = extra_fields(config);
    if (!fields.contains("priority")) wish_priority(wishes, config, severity, screen);
    for (const auto& [name, value] : fields.items())
        if (!is_own(name)) wishes.push_back({name, value, setting(config, "fields." + name)});
    return wishes;
}

/// Without a screen the schema is guessed from the names that every Jira shares.
auto guessed_value(const Wish& wish, const TicketFacts& facts) -> Json {
    auto value = raw_value(wish.value, facts);
    if (wish.field == "components" && value.is_array()) {
        Json list = Json::array();
        for (const auto& one : value) list.push_back(one.is_string() ? Json{{"name", one}} : one);
        return list;
    }
    if (!value.is_string()) return value;
    if (wish.field == "priority" || wish.field == "security") return {{"name", value}};
    if (wish.field == "parent") return {{"key", value}};
    return value;
}

auto field_name(const JiraField& field) -> std::string {
    const auto name = one_line(field.name);
    return name.empty() || name == field.id ? fmt::format("'{}'", field.id) : fmt::format("'{}' ({})", name, field.id);
}

auto missing_words(const SinkConfig& config, const JiraField& field) -> std::string {
    return fmt::format("Jira requires the field {}: set `{}`", field_name(field),
                       field.id == "components" ? setting(config, "components")
                       : field.id == "priority" ? setting(config, "priority")
                                                : setting(config, "fields." + field.id));
}

auto value_words(const Wish& wish, const JiraField& field, const std::string& problem) -> std::string {
    return fmt::format("`{}` for {}: {}", wish.key, field_name(field), problem);
}

/// No fact of a finding goes into it: whether it fits shows without one.
auto is_constant(const Json& value) -> bool { return dump_json(value).find("{{") == std::string::npos; }

auto is_asked_of_us(const JiraField& field) -> bool {
    return field.is_required && !field.has_default && !is_own(field.id) &&
           std::ranges::find(filled_by_jira, field.id) == filled_by_jira.end();
}

auto not_on_screen(const SinkConfig& config, const Wish& wish, const JiraScreen& screen) -> std::string {
    std::vector<std::string_view> names;
    for (const auto& field : screen.fields) {
        names.push_back(field.id);
        names.push_back(field.name);
    }
    const auto near = nearest(wish.field, names);
    return fmt::format("`{}`: creating a {} in {} offers no field '{}'{}", wish.key, config.issue_type, config.project,
                       wish.field, near ? fmt::format("; did you mean '{}'?", one_line(*near)) : "");
}

} // namespace

auto jira_summary(const Draft& draft) -> std::string {
    auto summary = shorten_text(one_line(draft.title), max_summary);
    return summary.empty() ? "Finding without a title" : summary;
}

auto jira_labels(const SinkConfig& config, const Draft& draft, const std::string& key) -> std::vector<std::string> {
    std::vector<std::string> labels{key, "dossier", draft_label};
    const auto add = [&](std::string_view text) {
        auto label = one_line(text);
        std::ranges::replace(label, ' ', '-');
        if (label.empty() || label.size() > max_label_bytes) return;
        if (std::ranges::find(labels, label) == labels.end()) labels.push_back(std::move(label));
    };
    const auto fields = extra_fields(config);
    for (const auto& label : array_in(fields, "labels")) {
        if (label.is_string()) add(fill_in(label.get<std::string>(), draft.facts));
    }
    for (const auto& label : draft.labels) add(label);
    return labels;
}

auto addresses_in(const SinkConfig& config, const Draft& draft, const JiraScreen* screen) -> std::vector<std::string> {
    std::set<std::string> addresses;
    if (screen == nullptr) return {};
    for (const auto& [name, value] : extra_fields(config).items()) {
        const auto* field = screen->find(name);
        if (field == nullptr || (field->type != "user" && field->items != "user")) continue;
        for (const auto& text : texts_of(value, draft.facts)) addresses.insert(lower(text));
    }
    return {addresses.begin(), addresses.end()};
}

auto jira_fields(const SinkConfig& config, const Draft& draft, const JiraScreen* screen, const JiraDialect& dialect,
                 const JiraPeople& people, const std::vector<std::string>& labels) -> Result<Json> {
    Json fields = Json::object();
    std::vector<std::string> problems;
    auto wishes = wishes_of(config, draft.severity, screen, dialect.is_cloud());
    wish_due(wishes, config, draft, screen);
    for (const auto& wish : wishes) {
        if (screen == nullptr) {
            if (auto value = guessed_value(wish, draft.facts); !value.is_null()) fields[wish.field] = std::move(value);
            continue;
        }
        const auto* field = screen->find(wish.field);
        if (field == nullptr) {
            if (!wish.is_optional) problems.push_back(not_on_screen(config, wish, *screen));
            continue;
        }
        auto made = field_value(*field, wish.value, draft.facts, dialect, people);
        if (!made.problem.empty()) problems.push_back(value_words(wish, *field, made.problem));
        if (!made.value.is_null()) fields[field->id] = std::move(made.value);
    }
    const bool takes_labels = screen == nullptr || screen->find("labels") != nullptr;
    if (takes_labels) fields["labels"] = labels;
    fields["project"] = {{"key", config.project}};
    fields["issuetype"] = {{is_number(config.issue_type) ? "id" : "name", config.issue_type}};
    fields["summary"] = jira_summary(draft);
    fields["description"] = dialect.rich_text(draft.body);
    if (screen != nullptr)
        for (const auto& field : screen->fields)
            if (is_asked_of_us(field) && !fields.contains(field.id)) problems.push_back(missing_words(config, field));
    if (!problems.empty()) return fail(Errc::rejected, shorten(join(problems, "; "), 2'000));
    return fields;
}

auto screen_problems(const SinkConfig& config, const JiraScreen& screen, const JiraDialect& dialect)
    -> std::vector<std::string> {
    std::set<std::string> filled;
    std::vector<std::string> problems;
    for (const auto& wish : wishes_of(config, Severity::medium, &screen, dialect.is_cloud())) {
        const auto* field = screen.find(wish.field);
        if (field == nullptr) {
            if (!wish.is_optional) problems.push_back(not_on_screen(config, wish, screen));
            continue;
        }
        filled.insert(field->id);
        if (!is_constant(wish.value)) continue;
        if (const auto made = field_value(*field, wish.value, {}, dialect, {}); !made.problem.empty())
            problems.push_back(value_words(wish, *field, made.problem));
    }
    for (const auto& field : screen.fields)
        if (is_asked_of_us(field) && !filled.contains(field.id)) problems.push_back(missing_words(config, field));
    return problems;
}

auto hint_at_fields(const SinkConfig& config, const JiraScreen& screen, const std::string& refusal) -> std::string {
    std::vector<std::string> hints;
    for (const auto& field : screen.fields) {
        if (is_own(field.id) || refusal.find(field.id) == std::string::npos) continue;
        hints.push_back(fmt::format("{} is set by `{}`", field_name(field), setting(config, "fields." + field.id)));
    }
    return join(hints, "; ");
}

} // namespace dossier::ticket
