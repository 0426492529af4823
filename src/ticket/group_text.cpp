#include "dossier/ticket/group_text.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ticket/draft_renderer.hpp"
#include "dossier/ticket/due.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::size_t longest_cell = 80;

auto group_cell(std::string_view text) -> std::string {
    const auto line = one_line(text);
    if (line.empty()) return "–";
    return replace_all(escape_markdown(shorten(line, longest_cell)), "|", "\\|");
}

auto member_row(const store::GroupMember& member) -> std::string {
    const auto title = shorten(one_line(member.title), longest_cell);
    // A link's address may hold what ends a cell.
    const bool is_linked = !member.url.empty() && member.url.find('|') == std::string::npos;
    return fmt::format("| {} | {} | {} | {} | {} | {} |\n", member.is_open ? "open" : "over",
                       to_string(member.severity), group_cell(member.resource),
                       is_linked ? replace_all(markdown_link(title, member.url), "|", "\\|") : group_cell(title),
                       group_cell(member.owner), group_cell(member.own_ticket));
}

auto text_list(const Json& json, const char* key) -> std::vector<std::string> {
    std::vector<std::string> texts;
    const auto list = json.find(key);
    if (list == json.end() || !list->is_array()) return texts;
    for (const auto& one : *list)
        if (one.is_string()) texts.push_back(one.get<std::string>());
    return texts;
}

} // namespace

auto to_text(const GroupFacts& facts) -> std::string {
    Json common = Json::array();
    for (const auto& [name, value] : facts.common) common.push_back(Json::array({name, value}));
    return dump_json({{"route", facts.route},
                      {"sink", facts.sink},
                      {"approval", facts.approval},
                      {"rule", facts.rule},
                      {"title", facts.title},
                      {"assignee", facts.assignee},
                      {"severity", to_string(facts.severity)},
                      {"common", std::move(common)},
                      {"remediation", facts.remediation},
                      {"regulations", facts.regulations}});
}

auto group_facts_from(const std::string& text) -> GroupFacts {
    GroupFacts facts;
    const auto json = parse_json(text);
    if (!json || !json->is_object()) return facts;
    facts.sink = text_at(*json, "sink");
    facts.approval = text_at(*json, "approval");
    facts.rule = text_at(*json, "rule");
    facts.title = text_at(*json, "title");
    facts.route = text_at(*json, "route");
    facts.assignee = text_at(*json, "assignee");
    facts.severity = parse_word<Severity>(text_at(*json, "severity")).value_or(Severity::medium);
    if (const auto common = json->find("common"); common != json->end() && common->is_array()) {
        for (const auto& one : *common)
            if (one.is_array() && one.size() == 2 && one[0].is_string() && one[1].is_string())
                facts.common.emplace_back(one[0].get<std::string>(), one[1].get<std::string>());
    }
    facts.remediation = text_list(*json, "remediation");
    facts.regulations = text_list(*json, "regulations");
    return facts;
}

auto group_text(const GroupFacts& facts, Timestamp begins_at, const std::optional<DueDate>& due) -> GroupText {
    GroupText text;
    std::string where;
    for (const auto& [name, value] : facts.common)
        if (name != "rule" && !value.empty()) where += fmt::format(", {} {}", name, value);
    text.title = shorten(one_line(fmt::format("Many findings: {}{}", facts.rule, where)), 200);
    auto& body = text.body;
    body +=
        fmt::format("**{}**: put together by dossier from facts alone, without a language model.\n\n", guidance_notice);
    body +=
        fmt::format("Like findings have been reported since {}, the first of them: {}. One ticket stands for all of "
                    "them; the table below follows them as they join and end.\n\n",
                    format_time(begins_at), escape_markdown(shorten(one_line(facts.title), 200)));
    body += "## What they have in common\n\n";
    for (const auto& [name, value] : facts.common)
        body += fmt::format("- **{}:** {}\n", name, value.empty() ? "not known" : escape_markdown(one_line(value)));
    body += fmt::format("- **severity of the first:** {}\n", to_string(facts.severity));
    if (due) body += fmt::format("- **due:** {}\n", due_words(*due));
    if (!facts.regulations.empty())
        body += fmt::format("- **regulations of the first:** {}\n", escape_markdown(join(facts.regulations, ", ")));
    if (!facts.remediation.empty()) {
        body += "\n## What to do\n\n";
        for (std::size_t i = 0; i < facts.remediation.size(); ++i)
            body += fmt::format("{}. {}\n", i + 1, escape_markdown(one_line(facts.remediation[i])));
    }
    return text;
}

auto group_table(const std::vector<store::GroupMember>& members, std::size_t total, std::size_t open) -> std::string {
    auto table = fmt::format("## Findings\n\n{} of {} {} open.\n\n", open, total, open == 1 ? "is" : "are");
    table += "| State | Severity | Resource | Finding | Owner | Own ticket |\n| --- | --- | --- | --- | --- | --- |\n";
    for (std::size_t i = 0; i < std::min(members.size(), most_group_rows); ++i) table += member_row(members[i]);
    if (total > std::min(members.size(), most_group_rows))
        table +=
            fmt::format("\nAnd {} more, which the dossier lists.\n", total - std::min(members.size(), most_group_rows));
    return table;
}

} // namespace dossier::ticket
