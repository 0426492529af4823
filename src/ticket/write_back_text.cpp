#include "dossier/ticket/write_back_text.hpp"

#include "markdown_tree.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

namespace dossier::ticket {
namespace {

constexpr std::size_t opening_limit = 1'400;
constexpr std::size_t comment_limit = 2'500;
constexpr std::size_t paragraphs = 2;

/// Blocks of a Markdown body: what stands between empty lines, fenced code in one piece.
auto blocks_of(std::string_view body) -> std::vector<std::string> {
    std::vector<std::string> blocks;
    std::string block;
    bool is_code = false;
    for (const auto line : split(body, '\n')) {
        if (line.starts_with("```")) is_code = !is_code;
        if (trim(line).empty() && !is_code) {
            if (!block.empty()) blocks.push_back(std::move(block));
            block.clear();
            continue;
        }
        if (!block.empty()) block += '\n';
        block += line;
    }
    if (!block.empty()) blocks.push_back(std::move(block));
    return blocks;
}

auto is_prose(std::string_view block) -> bool {
    static constexpr std::string_view openings[] = {"#", "|", "- ", "* ", "+ ", "```", "---", ">", "    ", "1."};
    return std::ranges::none_of(openings, [&](std::string_view opening) { return block.starts_with(opening); });
}

/// The first paragraphs of the approved body; of a body without any, its beginning.
auto opening_of(const std::string& body) -> std::string {
    std::string text;
    std::size_t taken = 0;
    for (const auto& block : blocks_of(body)) {
        if (!is_prose(block)) continue;
        text += (text.empty() ? "" : "\n\n") + block;
        if (++taken == paragraphs) break;
    }
    return std::string(trim(markdown_to_plain(text.empty() ? body : text, opening_limit)));
}

auto sections_of(const std::string& body) -> std::map<std::string, std::string> {
    std::map<std::string, std::string> sections;
    std::string current;
    for (const auto& block : blocks_of(body)) {
        if (block.starts_with("## "))
            current = trim(block.substr(3));
        else if (!block.starts_with("**AI-Generated Guidance**")) // the revision's number stands there
            sections[current] += block + "\n";
    }
    return sections;
}

/// Which sections say something else than before, in the order of their names.
auto changed_sections(const Draft& draft, const Draft& earlier) -> std::vector<std::string> {
    const auto now = sections_of(draft.body);
    const auto before = sections_of(earlier.body);
    std::vector<std::string> changed;
    for (const auto& [title, text] : now)
        if (const auto old = before.find(title); !title.empty() && (old == before.end() || old->second != text))
            changed.push_back(title);
    for (const auto& [title, text] : before)
        if (!title.empty() && !now.contains(title)) changed.push_back(title + " (gone)");
    return changed;
}

auto changes_between(const Draft& draft, const Draft& earlier) -> std::string {
    std::vector<std::string> changes;
    if (draft.severity != earlier.severity)
        changes.push_back(fmt::format("severity {} → {}", to_string(earlier.severity), to_string(draft.severity)));
    if (draft.assignee != earlier.assignee)
        changes.push_back(fmt::format("owner {} → {}", earlier.assignee.empty() ? "nobody" : earlier.assignee,
                                      draft.assignee.empty() ? "nobody" : draft.assignee));
    if (draft.title != earlier.title) changes.push_back("title");
    for (auto& section : changed_sections(draft, earlier)) changes.push_back(std::move(section));
    return changes.empty() ? "nothing that is shown" : join(changes, "; ");
}

} // namespace

auto author_line(const Narrative& narrative) -> std::string {
    if (narrative.author != "llm")
        return fmt::format("AI-Generated Guidance: written by the built-in template, grounding score {:.2f}",
                           narrative.grounding_score);
    return fmt::format("AI-Generated Guidance: written by {} / {}, prompt {} {}, grounding score {:.2f}",
                       narrative.provider, narrative.model, narrative.prompt.id, narrative.prompt.version,
                       narrative.grounding_score);
}

auto closed_ticket_comment(const TicketRef& ticket, const std::string& words) -> std::string {
    return fmt::format("Ticket {}{} was closed in its tracker{}, while this finding is still open. dossier leaves the "
                       "ticket as it is; please resolve, suppress or accept the finding here if that is meant.",
                       ticket.key, is_web_link(ticket.url) ? " " + ticket.url : "",
                       words.empty() ? "" : " as " + shorten(words, 200));
}

auto write_back_comment(const Draft& draft, const Draft* earlier, const Narrative& narrative, const TicketRef& ticket)
    -> std::string {
    std::string text;
    if (earlier != nullptr)
        text += fmt::format("The dossier was revised (revision {}). Changed: {}.\n\n", draft.revision,
                            changes_between(draft, *earlier));
    text += opening_of(draft.body) + "\n\n";
    text += fmt::format("Owner: {}\n", draft.assignee.empty() ? "nobody is known" : draft.assignee);
    text += fmt::format("Ticket: {}{}\n", ticket.key, is_web_link(ticket.url) ? " " + ticket.url : "");
    const auto last = fmt::format("{}; approved by {}.", author_line(narrative), draft.decided_by);
    return shorten(text, comment_limit - std::min(last.size(), comment_limit / 2)) + last;
}

} // namespace dossier::ticket
