#include "dossier/ticket/ticket_facts.hpp"

#include "draft_title.hpp"
#include "markdown_escape.hpp"
#include "markdown_tree.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace dossier::ticket {
namespace {

constexpr std::size_t max_fact_bytes = 1'000;
constexpr std::string_view opening = "{{";
constexpr std::string_view closing = "}}";

struct Placeholder {
    std::string_view name;
    std::string_view instead;
};

auto placeholder(std::string_view inside) -> Placeholder {
    const auto bar = inside.find('|');
    if (bar == std::string_view::npos) return {.name = trim(inside), .instead = {}};
    return {.name = trim(inside.substr(0, bar)), .instead = trim(inside.substr(bar + 1))};
}

auto framework_names(const Assessment& assessment) -> std::vector<std::string> {
    std::vector<std::string> names;
    for (const auto& one : assessment.regulations)
        if (std::ranges::find(names, one.framework) == names.end()) names.push_back(one.framework);
    return names;
}

class Facts {
public:
    void add(std::string name, std::string_view value) {
        auto text = shorten(one_line(value), max_fact_bytes);
        if (!text.empty()) facts_.emplace_back(std::move(name), std::move(text));
    }
    [[nodiscard]] auto take() -> TicketFacts { return std::move(facts_); }

private:
    TicketFacts facts_;
};

void add_finding(Facts& facts, const Finding& finding) {
    facts.add("finding.id", finding.id);
    facts.add("finding.title", finding.title);
    facts.add("finding.severity", to_string(finding.severity));
    facts.add("finding.type", to_string(finding.finding_type));
    facts.add("finding.source", platform_name(finding));
    facts.add("finding.source_id", finding.source_id);
    facts.add("finding.rule", finding.rule.name.empty() ? finding.rule.id : finding.rule.name);
    facts.add("finding.url", is_web_link(finding.url) ? finding.url : std::string());
    facts.add("finding.exposure", to_string(finding.exposure));
    facts.add("finding.first_seen", finding.first_seen ? format_time(*finding.first_seen) : std::string());
    facts.add("resource.id", finding.resource.id);
    facts.add("resource.name", finding.resource.name);
    facts.add("resource.type", finding.resource.type);
    facts.add("resource.cloud", finding.resource.cloud);
    facts.add("resource.account", finding.resource.account);
    facts.add("resource.account_name", finding.resource.account_name);
    facts.add("resource.region", finding.resource.region);
    facts.add("data.classes", join(finding.data.classes, ", "));
    facts.add("data.identifiers", join(finding.data.identifiers, ", "));
}

void add_context(Facts& facts, const Context& context) {
    const auto& owner = context.owner;
    facts.add("owner.id", owner.id);
    facts.add("owner.name", owner.name);
    facts.add("owner.email", owner.email);
    facts.add("owner.department", owner.department);
    facts.add("owner.manager", owner.manager);
    facts.add("owner.team", owner.team);
    facts.add("owner.cost_center", owner.cost_center);
    facts.add("asset.environment", context.environment == Environment::unknown
                                       ? std::string()
                                       : std::string(to_string(context.environment)));
    if (!context.asset) return;
    facts.add("asset.business_unit", context.asset->business_unit);
    facts.add("asset.application", context.asset->application);
    facts.add("asset.support_group", context.asset->support_group);
    if (context.asset->criticality != Criticality::unknown)
        facts.add("asset.criticality", to_string(context.asset->criticality));
}

} // namespace

auto facts_of(const DossierView& view) -> TicketFacts {
    Facts facts;
    facts.add("dossier.id", view.dossier_id);
    facts.add("dossier.revision", std::to_string(view.revision));
    facts.add("dossier.route", view.route.route);
    if (view.due) facts.add("due.date", view.due->on);
    if (!view.findings.empty()) add_finding(facts, view.findings.front());
    add_context(facts, view.context);
    facts.add("risk.score", std::to_string(std::lround(view.assessment.risk)));
    facts.add("risk.level", view.assessment.level);
    facts.add("risk.regulations", join(framework_names(view.assessment), ", "));
    return facts.take();
}

auto links_of(const DossierView& view) -> std::vector<WebLink> {
    constexpr std::size_t max_title_bytes = 200;
    std::vector<WebLink> links;
    for (const auto& finding : view.findings) {
        if (!is_web_link(finding.url)) continue;
        const auto title = one_line(fmt::format("{}: {}", platform_name(finding), finding.title));
        links.push_back({.id = "dossier:" + finding.id, .url = finding.url, .title = shorten(title, max_title_bytes)});
    }
    return links;
}

auto fact_names() -> const std::vector<std::string_view>& {
    static const std::vector<std::string_view> names{
        "dossier.id",        "dossier.revision",    "dossier.route",     "due.date",
        "finding.id",        "finding.title",       "finding.severity",  "finding.type",
        "finding.source",    "finding.source_id",   "finding.rule",      "finding.url",
        "finding.exposure",  "finding.first_seen",  "resource.id",       "resource.name",
        "resource.type",     "resource.cloud",      "resource.account",  "resource.account_name",
        "resource.region",   "data.classes",        "data.identifiers",  "owner.id",
        "owner.name",        "owner.email",         "owner.department",  "owner.manager",
        "owner.team",        "owner.cost_center",   "asset.environment", "asset.business_unit",
        "asset.application", "asset.support_group", "asset.criticality", "risk.score",
        "risk.level",        "risk.regulations",
    };
    return names;
}

auto fill_in(std::string_view text, const TicketFacts& facts) -> std::string {
    std::string filled;
    for (;;) {
        const auto start = text.find(opening);
        const auto end = start == std::string_view::npos ? start : text.find(closing, start);
        if (end == std::string_view::npos) break;
        filled += text.substr(0, start);
        const auto wanted = placeholder(text.substr(start + opening.size(), end - start - opening.size()));
        const auto fact =
            std::ranges::find(facts, wanted.name, [](const auto& one) -> std::string_view { return one.first; });
        filled += fact != facts.end() ? std::string_view(fact->second) : wanted.instead;
        text.remove_prefix(end + closing.size());
    }
    filled += text;
    return filled;
}

auto placeholder_problem(std::string_view text) -> std::string {
    for (;;) {
        const auto start = text.find(opening);
        if (start == std::string_view::npos) return "";
        const auto end = text.find(closing, start);
        if (end == std::string_view::npos) return "`{{` is never closed by `}}`";
        const auto name = placeholder(text.substr(start + opening.size(), end - start - opening.size())).name;
        if (std::ranges::find(fact_names(), name) == fact_names().end()) {
            const auto near = nearest(name, fact_names());
            return fmt::format("unknown placeholder `{{{{{}}}}}`{}", name,
                               near ? fmt::format("; did you mean `{{{{{}}}}}`?", *near) : "");
        }
        text.remove_prefix(end + closing.size());
    }
}

} // namespace dossier::ticket
