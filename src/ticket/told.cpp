#include "dossier/ticket/told.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/finding/redelivery.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::size_t longest_value = 2'000;      // kept of a field
constexpr std::size_t longest_shown = 300;        // of one value in a comment
constexpr std::size_t most_changes = 20;          // told of one finding at once
constexpr std::size_t most_findings_spelled = 20; // told of in one comment

auto listed(std::vector<std::string> values) -> std::string {
    std::ranges::sort(values);
    return join(values, ", ");
}

auto pairs_listed(const std::vector<std::pair<std::string, std::string>>& pairs) -> std::string {
    std::vector<std::string> parts;
    for (const auto& [key, value] : pairs) parts.push_back(value.empty() ? key : key + "=" + value);
    return listed(std::move(parts));
}

auto value_in(const FieldSheet& sheet, std::string_view label) -> std::string {
    const auto found = std::ranges::find(sheet, label, &std::pair<std::string, std::string>::first);
    return found == sheet.end() ? std::string() : found->second;
}

/// Whose parts are told one by one.
auto is_list(std::string_view label) -> bool {
    static constexpr std::string_view lists[] = {"Data classes", "Identifiers", "Tags",
                                                 "Projects",     "Compliance",  "Owners by the platform"};
    return std::ranges::find(lists, label) != std::end(lists);
}

auto shown(std::string_view value) -> std::string {
    return value.empty() ? std::string("nothing") : escape_markdown(shorten(one_line(value), longest_shown));
}

auto parts_without(const std::string& list, const std::string& other) -> std::vector<std::string> {
    std::vector<std::string> parts;
    const auto known = split(other, ',');
    for (const auto part : split(list, ',')) {
        const auto word = trim(part);
        const bool is_known = std::ranges::any_of(known, [&](std::string_view one) { return trim(one) == word; });
        if (!word.empty() && !is_known) parts.emplace_back(word);
    }
    return parts;
}

/// "Severity: high → critical", "Data classes: now also pci; no longer phi".
auto change_line(const std::string& label, const std::string& before, const std::string& after) -> std::string {
    if (is_list(label)) {
        const auto added = parts_without(after, before);
        const auto gone = parts_without(before, after);
        std::vector<std::string> words;
        if (!added.empty()) words.push_back("now also " + shown(join(added, ", ")));
        if (!gone.empty()) words.push_back("no longer " + shown(join(gone, ", ")));
        if (!words.empty()) return fmt::format("- **{}:** {}\n", label, join(words, "; "));
    }
    return fmt::format("- **{}:** {} → {}\n", label, shown(before), shown(after));
}

auto changes_of(const FieldSheet& before, const FieldSheet& after) -> std::string {
    std::vector<std::string> labels;
    for (const auto& [label, value] : after) labels.push_back(label);
    for (const auto& [label, value] : before)
        if (std::ranges::find(labels, label) == labels.end()) labels.push_back(label);
    std::string lines;
    std::size_t told = 0;
    std::size_t left = 0;
    for (const auto& label : labels) {
        const auto was = value_in(before, label);
        const auto is = value_in(after, label);
        if (was == is) continue;
        if (told++ < most_changes)
            lines += change_line(label, was, is);
        else
            ++left;
    }
    if (left > 0) lines += fmt::format("- and {} more\n", left);
    return lines;
}

/// "wiz · S3 bucket is public", with a way to it where there is one.
auto finding_name(const Finding& finding) -> std::string {
    const auto title = shorten(one_line(finding.title), 200);
    const auto label = title.empty() ? finding.id : title;
    return fmt::format("{} · {}", escape_markdown(finding.source),
                       finding.url.empty() ? escape_markdown(label) : markdown_link(label, finding.url));
}

auto bullet_lines(const std::vector<std::string>& names) -> std::string {
    std::string lines;
    for (std::size_t i = 0; i < std::min(names.size(), most_findings_spelled); ++i) lines += "- " + names[i] + "\n";
    if (names.size() > most_findings_spelled)
        lines += fmt::format("- and {} more\n", names.size() - most_findings_spelled);
    return lines;
}

/// What happened to the findings of one dossier, sorted by what a reader is told of it.
struct Happenings {
    std::vector<std::string> joined;
    std::vector<std::string> ended;
    std::vector<std::string> returned;
    std::string changes;

    [[nodiscard]] auto is_empty() const -> bool {
        return joined.empty() && ended.empty() && returned.empty() && changes.empty();
    }
};

/// Takes one finding into what the ticket knows.
void take(Told& told, const Finding& finding, Happenings& happenings) {
    auto sheet = sheet_of(finding);
    const auto known = std::ranges::find(told.findings, finding.id, &ToldFinding::id);
    if (known == told.findings.end()) {
        if (!is_over(finding.status)) happenings.joined.push_back(finding_name(finding));
        told.findings.push_back(
            {.id = finding.id, .source = finding.source, .status = finding.status, .sheet = std::move(sheet)});
        return;
    }
    const bool was_over = is_over(known->status);
    if (!was_over && is_over(finding.status))
        happenings.ended.push_back(fmt::format("{} ({})", finding_name(finding), to_string(finding.status)));
    if (was_over && !is_over(finding.status)) happenings.returned.push_back(finding_name(finding));
    // The last words of a finding that ends are about its end; what differs otherwise is how its source puts that.
    if (!is_over(finding.status)) {
        if (auto lines = changes_of(known->sheet, sheet); !lines.empty())
            happenings.changes += fmt::format("{}\n\n{}\n", finding_name(finding), lines);
        known->sheet = std::move(sheet);
    }
    known->status = finding.status;
}

auto count_of(std::size_t n, std::string_view noun) -> std::string {
    return fmt::format("{} {}{}", n, noun, n == 1 ? "" : "s");
}

auto comment_on(const Happenings& what, const Told& told, bool ends, bool comes_back) -> std::string {
    std::string text;
    if (ends) {
        text += fmt::format("**Resolved.** {} of this ticket is over:\n\n",
                            told.findings.size() == 1 ? "The finding" : "Every finding");
        text += bullet_lines(what.ended);
        return text;
    }
    if (comes_back)
        text += "**Reopened.** What was resolved is reported as open again:\n\n" + bullet_lines(what.returned) + "\n";
    else if (!what.returned.empty())
        text += "**Open again:**\n\n" + bullet_lines(what.returned) + "\n";
    if (!what.joined.empty())
        text += "**Also reported, for the same exposure:**\n\n" + bullet_lines(what.joined) + "\n";
    if (!what.ended.empty()) {
        const auto open =
            std::ranges::count_if(told.findings, [](const ToldFinding& one) { return !is_over(one.status); });
        text += fmt::format("**Resolved in part.** {} still open. Over now:\n\n",
                            count_of(static_cast<std::size_t>(open), "finding") + (open == 1 ? " is" : " are"));
        text += bullet_lines(what.ended) + "\n";
    }
    if (!what.changes.empty()) text += "**The finding was updated.** What changed:\n\n" + what.changes;
    return std::string(trim(text));
}

auto move_for(bool ends, bool comes_back, const LifecycleConfig& rules) -> Move {
    if (ends && rules.on_resolve == OnResolve::transition) return Move::resolve;
    if (comes_back && rules.on_reopen == OnReopen::reopen) return Move::reopen;
    return Move::none;
}

auto is_told(bool ends, bool comes_back, const LifecycleConfig& rules) -> bool {
    if (ends) return rules.on_resolve != OnResolve::none;
    return comes_back || rules.on_update == OnUpdate::comment;
}

} // namespace

auto sheet_of(const Finding& finding) -> FieldSheet {
    FieldSheet sheet;
    const auto add = [&](std::string_view label, std::string value) {
        if (!value.empty()) sheet.emplace_back(label, shorten(value, longest_value));
    };
    const auto& resource = finding.resource;
    add("Severity", std::string(to_string(finding.severity)));
    add("Title", finding.title);
    add("Exposure", std::string(to_string(finding.exposure)));
    add("Type", std::string(to_string(finding.finding_type)));
    add("Rule", finding.rule.name.empty() ? finding.rule.id : finding.rule.name);
    add("Data classes", listed(finding.data.classes));
    add("Identifiers", listed(finding.data.identifiers));
    if (finding.data.volume) add("Records or objects", std::to_string(*finding.data.volume));
    add("Resource", resource.name.empty() ? resource.id : resource.name);
    add("Resource id", resource.id);
    add("Account", resource.account);
    add("Region", resource.region);
    add("Tags", pairs_listed(resource.tags));
    add("Owners by the platform", listed(finding.owner_hints));
    add("Projects", listed(finding.projects));
    add("Compliance", listed(finding.compliance));
    add("Description", one_line(finding.description));
    add("Recommendation", one_line(finding.recommendation));
    return sheet;
}

auto to_text(const Told& told) -> std::string {
    Json findings = Json::array();
    for (const auto& one : told.findings) {
        Json sheet = Json::array();
        for (const auto& [label, value] : one.sheet) sheet.push_back(Json::array({label, value}));
        findings.push_back(
            {{"id", one.id}, {"source", one.source}, {"status", to_string(one.status)}, {"sheet", std::move(sheet)}});
    }
    Json due = nullptr;
    if (told.due) due = {{"date", told.due->date}, {"is_breached", told.due->is_breached}};
    return dump_json({{"findings", std::move(findings)},
                      {"due", std::move(due)},
                      {"number", told.number},
                      {"is_over", told.is_over},
                      {"is_linked", told.is_linked},
                      {"needs_next", told.needs_next},
                      {"closing", told.closing},
                      {"actions", told.actions},
                      {"closing_words", told.closing_words}});
}

auto told_from(const std::string& text) -> Told {
    Told told;
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return told;
    const auto number = [&](const char* key) {
        const auto at = json->find(key);
        return at != json->end() && at->is_number_integer() ? at->get<int>() : 0;
    };
    const auto flag = [&](const char* key) {
        const auto at = json->find(key);
        return at != json->end() && at->is_boolean() && at->get<bool>();
    };
    told.number = number("number");
    told.is_over = flag("is_over");
    told.is_linked = flag("is_linked");
    told.needs_next = flag("needs_next");
    told.closing = number("closing");
    told.closing_words = text_at(*json, "closing_words");
    if (const auto due = json->find("due"); due != json->end() && due->is_object() && due->contains("date")) {
        const auto breached = due->find("is_breached");
        told.due = ToldDue{.date = from_text<DueDate>(dump_json((*due)["date"])).value_or(DueDate{}),
                           .is_breached = breached != due->end() && *breached == Json(true)};
        if (told.due->date.on.empty()) told.due.reset();
    }
    if (const auto actions = json->find("actions"); actions != json->end() && actions->is_array())
        for (const auto& one : *actions)
            if (one.is_string()) told.actions.push_back(one.get<std::string>());
    const auto findings = json->find("findings");
    if (findings == json->end() || !findings->is_array()) return told;
    for (const auto& one : *findings) {
        if (!one.is_object()) continue;
        ToldFinding known{.id = text_at(one, "id"), .source = text_at(one, "source")};
        known.status = parse_word<Status>(text_at(one, "status")).value_or(Status::open);
        if (const auto sheet = one.find("sheet"); sheet != one.end() && sheet->is_array()) {
            for (const auto& field : *sheet)
                if (field.is_array() && field.size() == 2 && field[0].is_string() && field[1].is_string())
                    known.sheet.emplace_back(field[0].get<std::string>(), field[1].get<std::string>());
        }
        told.findings.push_back(std::move(known));
    }
    return told;
}

auto told_at_birth(const std::vector<Finding>& findings, std::optional<DueDate> due) -> Told {
    Told told;
    if (due) told.due = ToldDue{.date = std::move(*due)};
    for (const auto& finding : findings)
        told.findings.push_back(
            {.id = finding.id, .source = finding.source, .status = finding.status, .sheet = sheet_of(finding)});
    return told;
}

auto news_for(const Told& told, const std::vector<Finding>& now, const LifecycleConfig& rules) -> std::optional<News> {
    News news{.told = told};
    Happenings happenings;
    for (const auto& finding : now) take(news.told, finding, happenings);
    const bool is_all_over =
        std::ranges::all_of(news.told.findings, [](const ToldFinding& one) { return is_over(one.status); });
    const bool ends = is_all_over && !told.is_over && !news.told.findings.empty();
    news.comes_back = told.is_over && !is_all_over;
    news.told.is_over = is_all_over && !news.told.findings.empty();
    const bool is_changed = to_text(news.told) != to_text(told);
    if (!is_changed) return std::nullopt;
    if (ends) news.told.needs_next = false;
    news.move = move_for(ends, news.comes_back, rules);
    if ((!happenings.is_empty() || ends) && is_told(ends, news.comes_back, rules))
        news.comment = comment_on(happenings, news.told, ends, news.comes_back);
    return news;
}

} // namespace dossier::ticket
