#include "policy_files.hpp"

#include "markdown_escape.hpp"
#include "markdown_tree.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/ticket_facts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dossier::ticket {
namespace {

constexpr std::size_t most_files = 20;
constexpr std::size_t longest_part = 80;
constexpr std::size_t longest_request = 60'000; ///< GitHub's limit for a body is 65,536 characters

/// A fact as one part of a path: no separator, no dot at its begin, nothing that means something anywhere.
auto path_part(std::string_view text) -> std::string {
    std::string part;
    for (const char c : text) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                              c == '_' || c == '-';
        if (part.size() == longest_part) break;
        if (is_plain && !(part.empty() && (c == '.' || c == '-')))
            part += c;
        else if (!is_plain && !part.empty() && part.back() != '-')
            part += '-';
    }
    while (!part.empty() && (part.back() == '.' || part.back() == '-')) part.pop_back();
    return part;
}

auto folder_of(const Draft& draft, const std::string& pattern) -> std::string {
    TicketFacts facts{{"draft.id", path_part(draft.id)}};
    for (const auto& [name, value] : draft.facts)
        if (auto part = path_part(value); !part.empty()) facts.emplace_back(name, std::move(part));
    std::vector<std::string> parts;
    for (const auto one : split(fill_in(pattern, facts), '/')) {
        auto part = path_part(one);
        parts.push_back(part.empty() ? "unnamed" : std::move(part));
    }
    return join(parts, "/");
}

auto extension_of(const std::string& language) -> std::string {
    static const std::map<std::string, std::string, std::less<>> known{
        {"hcl", "tf"}, {"json", "json"}, {"bash", "sh"}, {"sql", "sql"}, {"yaml", "yaml"}};
    const auto found = known.find(language);
    return found == known.end() ? "txt" : found->second;
}

void collect_code(const MarkdownNode& node, std::vector<const MarkdownNode*>& blocks) {
    if (node.kind == MarkdownNode::Kind::code_block) blocks.push_back(&node);
    for (const auto& child : node.children) collect_code(child, blocks);
}

} // namespace

auto policy_files(const Draft& draft, const std::string& folder) -> std::vector<PolicyFile> {
    const auto root = folder_of(draft, folder);
    const auto document = parse_markdown(draft.body);
    std::vector<const MarkdownNode*> blocks;
    collect_code(document, blocks);
    std::vector<PolicyFile> files{{.path = root + "/README.md", .content = "# " + draft.title + "\n\n" + draft.body}};
    std::map<std::string, int> seen;
    for (const auto* block : blocks) {
        if (files.size() == most_files) break;
        const auto extension = extension_of(block->language);
        const int number = ++seen[extension];
        files.push_back(
            {.path = fmt::format("{}/policy{}.{}", root, number == 1 ? "" : fmt::format("-{}", number), extension),
             .content = block->text.ends_with('\n') ? block->text : block->text + "\n"});
    }
    return files;
}

auto request_title(const Draft& draft) -> std::string { return shorten(one_line(draft.title), 200); }

auto request_text(const Action& action) -> std::string {
    const auto& draft = action.draft;
    auto text = draft.body;
    if (text.size() > longest_request) text = shorten(text, longest_request) + "\n\nThe whole text is in README.md.";
    text += "\n\n---\n\n### Where this comes from\n";
    for (const auto& link : draft.links) text += "\n- Evidence: " + markdown_link(link.title, link.url);
    text += fmt::format("\n- Dossier {}, draft {}", inline_code(draft.dossier_id), inline_code(draft.id));
    if (!draft.finding_ids.empty()) text += ", findings " + inline_code(join(draft.finding_ids, " "));
    text +=
        fmt::format("\n- Approved by {}{}, content {}", escape_markdown(draft.decided_by),
                    draft.decided_at ? " at " + format_time(*draft.decided_at) : "", inline_code(draft.approved_hash));
    if (!draft.comment.empty()) text += ": " + escape_markdown(shorten(one_line(draft.comment), 500));
    // A draft that no template filled in whole says so itself: the mark is part of what was approved.
    text += draft.body.find(ai_mark) == std::string::npos
                ? "\n- Written by code from templates and reported facts; no LLM wrote any of it."
                : fmt::format("\n- {}: parts of this text were written by an LLM.", ai_mark);
    text += "\n\nThis service merges nothing and applies nothing.\n";
    return text;
}

} // namespace dossier::ticket
