#include "dossier/ticket/draft_renderer.hpp"

#include "draft_title.hpp"
#include "markdown_escape.hpp"
#include "markdown_tree.hpp"

#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/withheld.hpp"
#include "dossier/ticket/classification_draft.hpp"
#include "dossier/ticket/due.hpp"
#include "dossier/ticket/policy_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_rows = 60; ///< of a list that a hostile or huge payload could make endless

/// One paragraph or list after another, a blank line between.
class Body {
public:
    Body() { text_.reserve(usual_size); }
    void section(std::string_view title) {
        block("## ");
        text_ += title;
    }
    void block(std::string_view text) {
        if (!text_.empty()) text_ += "\n\n";
        text_ += text;
    }
    void table(std::initializer_list<std::string_view> head) {
        block("|");
        std::string rule = "|";
        for (const auto cell : head) {
            text_.append(" ").append(cell).append(" |");
            rule += " --- |";
        }
        text_.append("\n").append(rule);
    }
    void row(std::initializer_list<std::string> cells) {
        text_ += "\n|";
        for (const auto& cell : cells) text_.append(" ").append(cell).append(" |");
    }
    /// Of texts that are not escaped yet.
    void escaped_row(std::initializer_list<std::string_view> cells) {
        text_.append("\n|", 2);
        for (const auto cell : cells) {
            text_ += ' ';
            append_markdown(text_, cell);
            text_.append(" |", 2);
        }
    }
    [[nodiscard]] auto take() -> std::string { return std::move(text_.append("\n")); }

private:
    static constexpr std::size_t usual_size = 16U << 10U;
    std::string text_;
};

class List {
public:
    void item(std::string text) {
        if (!text.empty()) lines_.push_back(std::move(text.insert(0, "- ")));
    }
    void fact(std::string_view label, std::string_view value) {
        if (!value.empty()) lines_.push_back(concat({"- **", label, ":** ", value}));
    }
    void into(Body& body) const {
        if (!lines_.empty()) body.block(join(lines_, "\n"));
    }

private:
    std::vector<std::string> lines_;
};

auto percent(double share) -> std::string {
    return fmt::format("{} %", static_cast<int>(std::lround(std::clamp(share, 0.0, 1.0) * 100)));
}

auto escaped_words(const std::vector<std::string>& words) -> std::string {
    std::vector<std::string> out;
    for (const auto& word : words) out.push_back(escape_markdown(word));
    return join(out, ", ");
}

/// "\[E3\]"-like references, written so that they show as [E3]; only ids of our own form.
auto citations(const std::vector<std::string>& ids) -> std::string {
    std::string out;
    for (const auto& id : ids) {
        const bool is_ours =
            id.size() > 1 && id.size() <= 8 && id.front() == 'E' &&
            std::ranges::all_of(std::string_view(id).substr(1), [](char c) { return c >= '0' && c <= '9'; });
        if (is_ours) out.append(" [").append(id).append("]");
    }
    return out;
}

void what_is_exposed(Body& body, const DossierView& view) {
    body.section("What is exposed");
    const auto& finding = view.findings.front();
    const auto& resource = finding.resource;
    body.block(fmt::format("{}.", escape_markdown(headline(finding))));
    List list;
    list.fact("Resource", inline_code(resource.id.empty() ? resource.name : resource.id));
    std::vector<std::string> place{resource.cloud, resource.account, resource.account_name, resource.region};
    std::erase(place, "");
    list.fact("Where", escaped_words(place));
    list.fact(
        "Severity",
        fmt::format("{}; risk {} of 100{}", to_string(finding.severity), std::lround(view.assessment.risk),
                    view.assessment.level.empty() ? "" : fmt::format(" ({})", escape_markdown(view.assessment.level))));
    if (view.due) list.fact("Due", due_words(*view.due));
    list.fact("Exposure", to_string(finding.exposure));
    auto data = escaped_words(finding.data.classes);
    if (!finding.data.identifiers.empty()) data += fmt::format(" ({})", escaped_words(finding.data.identifiers));
    if (finding.data.volume) data += fmt::format(", about {} records", *finding.data.volume);
    list.fact("Data", data);
    list.fact("Environment", view.context.environment == Environment::unknown
                                 ? "unknown (treated as prod)"
                                 : std::string(to_string(view.context.environment)));
    if (const auto& asset = view.context.asset) {
        std::vector<std::string> business{asset->business_unit, asset->application};
        std::erase(business, "");
        list.fact("Business", escaped_words(business));
        if (asset->criticality != Criticality::unknown) {
            list.fact("Criticality", to_string(asset->criticality));
        }
    }
    for (const auto& one : view.findings) {
        list.fact("Reported by",
                  fmt::format("{}: {}", escape_markdown(platform_name(one)), escape_markdown(one.title)));
    }
    list.into(body);
}

void why_it_matters(Body& body, const DossierView& view) {
    body.section("Why it matters");
    const auto& narrative = view.narrative;
    if (!narrative.sentences.empty()) {
        std::string text;
        for (const auto& sentence : narrative.sentences) {
            if (!text.empty()) text += '\n';
            append_markdown(text, sentence.text);
            text += citations(sentence.evidence);
        }
        body.block(text);
    } else if (!narrative.summary.empty()) {
        body.block(escape_markdown(narrative.summary));
    }
    List factors;
    for (const auto& factor : view.assessment.factors) {
        factors.item(fmt::format("{}: {}{}", escape_markdown(factor.name), escape_markdown(factor.value),
                                 factor.reason.empty() ? "" : fmt::format(" – {}", escape_markdown(factor.reason))));
    }
    factors.into(body);
}

auto named(const std::string& name, const std::string& contact) -> std::string {
    if (name.empty() || contact.empty()) return name.empty() ? contact : name;
    return fmt::format("{} ({})", name, contact);
}

void who_owns_it(Body& body, const Context& context) {
    body.section("Who owns it");
    const auto& owner = context.owner;
    if (!owner.known()) {
        body.block("No source names an owner.");
    } else {
        List list;
        const auto name = owner.name.empty() ? owner.id : owner.name;
        list.fact("Owner", escape_markdown(name.empty() ? owner.email : name));
        list.fact("E-mail", escape_markdown(owner.email));
        list.fact("Department", escape_markdown(owner.department));
        list.fact("Title", escape_markdown(owner.title));
        list.fact("Cost center", escape_markdown(owner.cost_center));
        list.fact("Manager", escape_markdown(named(owner.manager_name, owner.manager)));
        list.fact("Team", escape_markdown(owner.team));
        list.fact("Confidence", percent(owner.confidence));
        list.fact("Rule", inline_code(owner.rule));
        list.into(body);
        if (!owner.inactive.empty())
            body.block(fmt::format("The owner has left (the account is {}).{}", escape_markdown(owner.inactive),
                                   owner.escalation.empty()
                                       ? " Nobody to ask instead is known."
                                       : fmt::format(" Ask {} instead.", escape_markdown(owner.escalation))));
    }
    const bool has_losers = std::ranges::any_of(
        owner.signals, [](const OwnerSignal& signal) { return !signal.agrees && !signal.person.inactive.empty(); });
    if (!owner.disputed && !has_losers) return;
    body.block(owner.disputed ? "The sources disagree; also named:" : "Also named:");
    List losers;
    for (const auto& signal : owner.signals) {
        const bool is_winner = !owner.email.empty() ? iequals(signal.person.email, owner.email)
                                                    : !owner.id.empty() && signal.person.id == owner.id;
        if (is_winner || signal.agrees) continue;
        const auto& person = signal.person;
        const auto& name = !person.name.empty() ? person.name : !person.email.empty() ? person.email : person.id;
        losers.item(fmt::format(
            "{} ({}, by {}{})", escape_markdown(name), percent(signal.confidence), escape_markdown(signal.origin),
            person.inactive.empty() ? std::string()
                                    : fmt::format(", the account is {}", escape_markdown(person.inactive))));
    }
    losers.into(body);
}

auto short_text(const std::string& text) -> std::string { return escape_markdown(shorten(one_line(text), 160)); }

void who_can_reach_it(Body& body, const DossierView& view) {
    body.section("Who can reach it");
    List list;
    for (const auto& line : view.assessment.reach) list.item(escape_markdown(line));
    std::size_t shown = 0;
    for (const auto& principal : view.context.access) {
        const bool said = std::ranges::any_of(view.assessment.reach, [&](const std::string& line) {
            return icontains(line, principal.kind == "anyone" ? "anyone" : principal.id);
        });
        if (said) continue;
        if (++shown > max_rows) continue;
        list.item(fmt::format("{} {}: {}", escape_markdown(principal.kind), inline_code(principal.id),
                              escape_markdown(principal.level)));
    }
    if (shown > max_rows) list.item(fmt::format("and {} more", shown - max_rows));
    if (!view.context.exposure_path.empty()) {
        std::vector<std::string> steps;
        for (const auto& step : view.context.exposure_path) steps.push_back(short_text(step));
        list.fact("The way in from outside", shorten(join(steps, " → "), 1'000));
    }
    if (view.assessment.reach.empty() && shown == 0) list.item("Not known: no source lists access to this resource.");
    list.into(body);
}

/// What is around the resource: how much of each kind, then the nearest. The whole graph is a picture of its own.
void blast_radius(Body& body, const std::optional<BlastRadius>& radius) {
    constexpr std::size_t nearest = 10;
    if (!radius || radius->nodes.size() < 2) return;
    body.section("Blast radius");
    std::vector<std::string> counts;
    for (const auto& [kind, count] : counts_by_kind(*radius))
        counts.push_back(fmt::format("{} {}", count, replace_all(kind, "_", " ")));
    body.block(
        fmt::format("{} within {} {} of the resource, according to {}.{}", join(counts, ", "), radius->hops,
                    radius->hops == 1 ? "hop" : "hops", escape_markdown(radius->origin),
                    radius->truncated ? fmt::format(" There is more: {}.", short_text(radius->truncated_by)) : ""));
    body.table({"Hops", "Kind", "What", "Why"});
    std::size_t shown = 0;
    for (const auto& node : radius->nodes) {
        if (node.hops == 0) continue;
        if (shown++ == nearest) break;
        const auto& called = node.name.empty() ? node.id : node.name;
        body.row({std::to_string(node.hops), replace_all(node.kind, "_", " "),
                  inline_code(shorten(one_line(called), 120)), short_text(node.why)});
    }
    if (radius->nodes.size() - 1 > nearest) body.block(fmt::format("And {} more.", radius->nodes.size() - 1 - nearest));
}

void recent_access(Body& body, const Context& context) {
    constexpr std::size_t latest = 5;
    if (context.access_log.empty()) return;
    body.section("Recent access");
    List list;
    for (std::size_t i = 0; i < context.access_log.size() && i < latest; ++i) {
        const auto& event = context.access_log[i];
        auto text = fmt::format("{}: {}", inline_code(event.principal), short_text(event.action));
        if (event.count) text += fmt::format(" × {}", *event.count);
        if (event.at) text += fmt::format(", last {}", format_time(*event.at));
        list.item(text);
    }
    if (context.access_log.size() > latest) list.item(fmt::format("and {} more", context.access_log.size() - latest));
    list.into(body);
}

void policies(Body& body, const std::vector<PolicyFact>& all) {
    constexpr std::size_t most = 8;
    if (all.empty()) return;
    body.section("Policies that apply");
    List list;
    for (std::size_t i = 0; i < all.size() && i < most; ++i) {
        const auto& policy = all[i];
        auto text = fmt::format("**{}** ({}, {})", escape_markdown(policy.name.empty() ? policy.id : policy.name),
                                escape_markdown(policy.kind), escape_markdown(policy.origin));
        if (!policy.statement.empty()) text += ": " + short_text(policy.statement);
        list.item(text);
    }
    if (all.size() > most) list.item(fmt::format("and {} more", all.size() - most));
    list.into(body);
}

void regulations(Body& body, const std::vector<RegulationRef>& all) {
    if (all.empty()) return;
    body.section("Regulations");
    body.table({"Framework", "Article", "Why"});
    constexpr std::size_t most_of_one = 3; ///< explained; the others of the framework by number
    std::map<std::string, std::size_t> shown;
    std::map<std::string, std::vector<std::string>> others;
    std::vector<std::string> frameworks;
    for (const auto& one : all) {
        if (shown[one.framework]++ == 0) frameworks.push_back(one.framework);
        if (shown[one.framework] > most_of_one) {
            others[one.framework].push_back(escape_markdown(one.citation));
            continue;
        }
        auto article = escape_markdown(one.citation);
        if (!one.title.empty()) append_markdown(article.append(" – "), one.title);
        body.row({escape_markdown(one.framework), article, escape_markdown(one.reason)});
    }
    for (const auto& framework : frameworks)
        if (const auto rest = others.find(framework); rest != others.end())
            body.row({escape_markdown(framework), join(rest->second, ", "), "touched as well"});
}

void what_to_do(Body& body, const Assessment& assessment) {
    body.section("What to do");
    std::vector<std::string> steps;
    for (const auto& step : assessment.remediation) {
        steps.push_back(fmt::format("{}. {}", steps.size() + 1, escape_markdown(step.text)));
    }
    body.block(steps.empty() ? "No step is on file for this kind of finding." : join(steps, "\n"));
    if (!assessment.snippet.empty()) {
        if (!assessment.snippet_title.empty()) body.block(escape_markdown(assessment.snippet_title) + ":");
        body.block(fenced_code(assessment.snippet, assessment.snippet_language));
    }
    if (const auto section = policy_section(assessment.policies); !section.empty()) body.block(section);
}

void where_to_look(Body& body, const std::vector<Finding>& findings) {
    List list;
    for (const auto& finding : findings) {
        if (is_web_link(finding.url)) {
            list.item(markdown_link(fmt::format("Finding in {}", platform_name(finding)), finding.url));
        }
    }
    for (const auto& finding : findings) {
        if (!is_web_link(finding.resource.url)) continue;
        list.item(markdown_link("Resource in the cloud console", finding.resource.url));
        break;
    }
    body.section("Where to look");
    const bool has_link = std::ranges::any_of(
        findings, [](const auto& one) { return is_web_link(one.url) || is_web_link(one.resource.url); });
    if (!has_link) list.item("The platforms sent no link.");
    list.into(body);
}

void missing_context(Body& body, const std::vector<ContextGap>& gaps) {
    if (gaps.empty()) return;
    body.section("Missing context");
    List list;
    for (const auto& gap : gaps) {
        list.item(fmt::format("{}: {}", escape_markdown(gap.source), escape_markdown(gap.reason)));
    }
    list.into(body);
}

void evidence(Body& body, const EvidenceList& all) {
    if (all.empty()) return;
    body.section("Evidence");
    body.table({"Id", "Statement", "Origin"});
    for (const auto& one : all) {
        body.escaped_row({one.id, one.statement, one.origin});
    }
}

void footer(Body& body, const DossierView& view) {
    const auto& narrative = view.narrative;
    std::string author = "the built-in template";
    if (narrative.author == "llm") {
        author =
            fmt::format("{} / {}, prompt {} {}", escape_markdown(narrative.provider), escape_markdown(narrative.model),
                        escape_markdown(narrative.prompt.id), escape_markdown(narrative.prompt.version));
    }
    auto text = fmt::format(
        "**{}** – written by {}; grounding score {}; sentences removed: {}. Dossier {}, revision {}.", ai_mark, author,
        percent(narrative.grounding_score), narrative.removed.size(), escape_markdown(view.dossier_id), view.revision);
    for (const auto& note : narrative.notes) text += fmt::format(" {}.", escape_markdown(note));
    if (!narrative.left_out.empty())
        text += fmt::format(" The model saw the weightiest evidence only; for lack of room it was not shown {}.",
                            escape_markdown(join(narrative.left_out, ", ")));
    for (const auto& reason : view.route.reasons) text += fmt::format(" {}.", escape_markdown(reason));
    body.block("---");
    body.block(text);
}

} // namespace

auto render_draft(const DossierView& whole) -> RenderedDraft {
    const auto orders = whole.orders == nullptr ? explain::orders_in(whole.findings, whole.context) : explain::Orders();
    const explain::Told told(whole.findings, whole.context, whole.orders == nullptr ? orders : *whole.orders);
    const DossierView view{.dossier_id = whole.dossier_id,
                           .findings = told.findings(),
                           .context = told.context(),
                           .assessment = whole.assessment,
                           .narrative = whole.narrative,
                           .route = whole.route,
                           .revision = whole.revision,
                           .due = whole.due};
    Body body;
    if (!view.findings.empty()) what_is_exposed(body, view);
    why_it_matters(body, view);
    if (const auto& known = view.assessment.classification) {
        body.section("Classification");
        body.block(classification_details(*known));
    }
    who_owns_it(body, view.context);
    who_can_reach_it(body, view);
    blast_radius(body, view.context.blast_radius);
    recent_access(body, view.context);
    policies(body, view.context.policies);
    regulations(body, view.assessment.regulations);
    what_to_do(body, view.assessment);
    where_to_look(body, view.findings);
    missing_context(body, view.context.gaps);
    evidence(body, view.narrative.evidence);
    footer(body, view);
    return {.title = draft_title(view), .body = body.take()};
}

} // namespace dossier::ticket
