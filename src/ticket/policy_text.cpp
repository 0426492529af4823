#include "dossier/ticket/policy_text.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

constexpr std::size_t most_reach_rows = 14;
constexpr std::size_t longest_policy_text = std::size_t{12} << 10U;

void append_reach_cell(std::string& out, std::string_view text) { append_cell(out, text, 160); }

auto proof_of(const PolicyProposal& policy) -> std::string {
    if (policy.proof != "proven") return "**Unproven**: no evaluator computed this table.";
    return fmt::format("**Proven** by {}{}.", escape_markdown(policy.evaluator),
                       policy.assumptions.empty() ? "" : ", under the assumptions below");
}

auto reach_table(const PolicyProposal& policy) -> std::string {
    std::string text = "| Who | What | Before | After | Why |\n| --- | --- | --- | --- | --- |";
    for (std::size_t i = 0; i < policy.reach.size() && i < most_reach_rows; ++i) {
        const auto& row = policy.reach[i];
        append_reach_cell(text.append("\n| "), row.who);
        if (row.is_owner) text += " (keeps)";
        for (const auto* cell : {&row.deed, &row.before, &row.after, &row.why})
            append_reach_cell(text.append(" | "), *cell);
        text += " |";
    }
    if (policy.reach.size() > most_reach_rows)
        text += fmt::format("\n\nAnd {} more rows in the dossier.", policy.reach.size() - most_reach_rows);
    return text;
}

/// @param texts how many of the forms are shown; the others are named
auto policy_block(const PolicyProposal& policy, std::size_t texts) -> std::string {
    auto text = escape_markdown(policy.explanation);
    if (!text.empty()) text += "\n\n";
    if (!policy.reach.empty()) text += reach_table(policy) + "\n\n" + proof_of(policy) + " ";
    text += escape_markdown(policy.verdict);
    for (std::size_t i = 0; i < policy.assumptions.size(); ++i)
        append_markdown(text.append(i == 0 ? "\n\n- Assumed: " : "\n- Assumed: "), policy.assumptions[i]);
    if (!policy.controls.empty()) {
        std::vector<std::string> controls;
        for (const auto& one : policy.controls) controls.push_back(escape_markdown(one));
        text += "\n\nControls: " + join(controls, ", ") + ".";
    }
    std::vector<std::string> named;
    for (std::size_t i = 0; i < policy.texts.size(); ++i) {
        const auto& form = policy.texts[i];
        if (i >= texts || form.text.size() > longest_policy_text) {
            named.push_back(escape_markdown(form.title));
            continue;
        }
        append_markdown(text.append("\n\n"), form.title);
        text.append(":\n\n").append(fenced_code(form.text, form.language));
    }
    if (!named.empty()) text += fmt::format("\n\nThe dossier has it also as: {}.", join(named, ", "));
    return text;
}

} // namespace

auto policy_section(const std::vector<PolicyProposal>& policies) -> std::string {
    if (policies.empty()) return {};
    const auto& first = policies.front();
    auto text = concat({"### Policy draft: ", escape_markdown(first.title),
                        "\n\nFor review; nothing is changed by this service.\n\n", policy_block(first, 1)});
    if (policies.size() == 1) return text;
    text += "\n\nFurther drafts in the dossier:\n";
    for (std::size_t i = 1; i < policies.size(); ++i)
        text += fmt::format("\n- {} ({}, {})", escape_markdown(policies[i].title), escape_markdown(policies[i].effect),
                            escape_markdown(policies[i].proof));
    return text;
}

auto render_policy(const PolicyProposal& policy, const std::string& subject) -> RenderedPolicy {
    return {.title = shorten(
                fmt::format("Policy draft for {}: {}", shorten(one_line(subject), 120), one_line(policy.title)), 250),
            .body =
                fmt::format("## {}\n\nFor {}. A draft for review: this service changes nothing in any cloud; whoever "
                            "owns the store applies it after review.\n\n{}\n\nTemplate {} {}. The text was filled in "
                            "by code from reported names and facts.\n",
                            escape_markdown(policy.title), inline_code(shorten(one_line(subject), 400)),
                            policy_block(policy, policy.texts.size()), escape_markdown(policy.id),
                            escape_markdown(policy.version))};
}

auto store_table(const std::vector<std::vector<std::string>>& rows) -> std::string {
    std::string text = "| Store | Where | Environment | Owner |\n| --- | --- | --- | --- |\n";
    for (const auto& row : rows) {
        text += "|";
        for (const auto& one : row) {
            append_reach_cell(text.append(" "), one.empty() ? std::string_view("–") : one);
            text += " |";
        }
        text += "\n";
    }
    return text;
}

} // namespace dossier::ticket
