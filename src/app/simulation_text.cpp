#include "simulation_text.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>
#include <set>

namespace dossier::app {
namespace {

using pipeline::Deciders;
using pipeline::SimulatedChange;
using pipeline::SimulatedTotals;
using pipeline::Simulation;
using pipeline::Verdict;

constexpr std::size_t longest_title = 80;
constexpr std::size_t most_owners_shown = 10;

auto or_dash(const std::string& text) -> std::string { return text.empty() ? "-" : text; }

auto usd(double amount) -> std::string { return fmt::format("${:.4f}", amount); }

auto in_words(const Deciders& deciders) -> std::string {
    if (deciders.by == "nobody") return "nobody has to";
    if (deciders.by == "service") return "the service by itself";
    std::vector<std::string> who = deciders.roles;
    if (deciders.owner) who.emplace_back("the owner");
    std::string text =
        join(who, " or ") + (deciders.when == "before_assign" ? " before it is assigned" : " before it is made");
    if (deciders.four_eyes) text += ", four eyes";
    if (deciders.wants_reason) text += ", a rejection says why";
    if (deciders.rule > 0) text += fmt::format(" (rule {})", deciders.rule);
    if (!deciders.reasons.empty()) text += " [" + join(deciders.reasons, "; ") + "]";
    return text;
}

auto value_of_field(const Verdict& verdict, const std::string& field) -> std::string {
    if (field == "route") return verdict.route;
    if (field == "action") return verdict.action;
    if (field == "sink") return or_dash(verdict.sink);
    if (field == "group") return verdict.group.empty() ? "by itself" : verdict.group;
    if (field == "owner") return or_dash(verdict.owner);
    if (field == "approval") return in_words(verdict.approval);
    if (field == "narrative") return verdict.narrative;
    return usd(verdict.usd) + (verdict.is_estimate ? " (estimated)" : "");
}

void write_counts(const char* what, const std::map<std::string, std::size_t>& was,
                  const std::map<std::string, std::size_t>& would, std::size_t most, std::ostream& out) {
    std::set<std::string> names;
    for (const auto& [name, count] : was) names.insert(name);
    for (const auto& [name, count] : would) names.insert(name);
    std::size_t shown = 0;
    for (const auto& name : names) {
        const auto before = was.contains(name) ? was.at(name) : 0;
        const auto after = would.contains(name) ? would.at(name) : 0;
        if (before == after) continue;
        if (++shown > most) continue;
        out << fmt::format("  {:<28} {:>10} {:>10}\n", shorten(std::string(what) + " " + or_dash(name), 28), before,
                           after);
    }
    if (shown > most) out << fmt::format("  … and {} more whose {} differ\n", shown - most, what);
}

void write_summary(const Simulation& simulation, std::ostream& out) {
    const auto& was = simulation.was;
    const auto& would = simulation.would;
    out << fmt::format("  {:<28} {:>10} {:>10}\n", "", "was", "would be");
    const auto row = [&out](const char* what, std::size_t before, std::size_t after) {
        out << fmt::format("  {:<28} {:>10} {:>10}{}\n", what, before, after, before == after ? "" : "  *");
    };
    row("tickets", was.tickets, would.tickets);
    row("dossiers that share one", was.grouped, would.grouped);
    row("classifications", was.classify, would.classify);
    row("only in the digest", was.digests, would.digests);
    row("decided by a person", was.by_person, would.by_person);
    row("decided by the service", was.by_service, would.by_service);
    row("without an owner", was.without_owner, would.without_owner);
    row("narratives by an LLM", was.llm_narratives, would.llm_narratives);
    out << fmt::format("  {:<28} {:>10} {:>10}{}\n", "cost of narratives", usd(was.usd), usd(would.usd),
                       usd(was.usd) == usd(would.usd) ? "" : "  *");
    write_counts("sink", was.sinks, would.sinks, most_owners_shown, out);
    write_counts("route", was.routes, would.routes, most_owners_shown, out);
    write_counts("owner", was.owners, would.owners, most_owners_shown, out);
}

auto json_of(const Deciders& deciders) -> OrderedJson {
    return {{"by", deciders.by},
            {"when", deciders.when.empty() ? OrderedJson(nullptr) : OrderedJson(deciders.when)},
            {"roles", deciders.roles},
            {"owner", deciders.owner},
            {"four_eyes", deciders.four_eyes},
            {"wants_reason", deciders.wants_reason},
            {"rule", deciders.rule == 0 ? OrderedJson(nullptr) : OrderedJson(deciders.rule)},
            {"reasons", deciders.reasons}};
}

auto or_null(const std::string& text) -> OrderedJson { return text.empty() ? OrderedJson(nullptr) : OrderedJson(text); }

auto json_of(const Verdict& verdict) -> OrderedJson {
    return {{"route", verdict.route},
            {"action", verdict.action},
            {"sink", or_null(verdict.sink)},
            {"group", or_null(verdict.group)},
            {"owner", or_null(verdict.owner)},
            {"approval", json_of(verdict.approval)},
            {"narrative", verdict.narrative},
            {"usd", verdict.usd},
            {"is_estimate", verdict.is_estimate}};
}

auto json_of(const SimulatedTotals& totals) -> OrderedJson {
    OrderedJson owners = OrderedJson::object();
    for (const auto& [owner, count] : totals.owners)
        if (!owner.empty()) owners[owner] = count;
    return {{"tickets", totals.tickets},
            {"grouped", totals.grouped},
            {"classify", totals.classify},
            {"digest", totals.digests},
            {"by_person", totals.by_person},
            {"by_service", totals.by_service},
            {"without_owner", totals.without_owner},
            {"llm_narratives", totals.llm_narratives},
            {"usd", totals.usd},
            {"sinks", totals.sinks},
            {"routes", totals.routes},
            {"owners", owners}};
}

auto shown_of(const Simulation& simulation, std::size_t limit) -> std::size_t {
    return limit == 0 ? simulation.changes.size() : std::min(limit, simulation.changes.size());
}

/// Titles are a platform's words: what a terminal would obey is left out of them.
auto printable(const std::string& text) -> std::string {
    std::string plain;
    for (const char c : text)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) plain += c;
    return plain;
}

} // namespace

void write_text(const Simulation& simulation, std::size_t limit, std::ostream& out) {
    if (simulation.compared == 0)
        out << fmt::format("nothing was decided since {}: there is nothing to compare\n",
                           format_time(simulation.since));
    else
        out << fmt::format("{} dossiers decided on since {}; {} would be different\n", simulation.compared,
                           format_time(simulation.since), simulation.changes.size());
    if (simulation.under_way > 0) out << fmt::format("{} are not decided on yet and left out\n", simulation.under_way);
    if (simulation.dead > 0) out << fmt::format("{} are dead letters and left out\n", simulation.dead);
    if (simulation.compared == 0) return;
    write_summary(simulation, out);
    if (simulation.estimated > 0)
        out << fmt::format("  the cost of {} is estimated: no LLM was asked for them then\n", simulation.estimated);
    const auto shown = shown_of(simulation, limit);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& change = simulation.changes[i];
        out << fmt::format("\n{}  {}  {}\n", change.finding_id, to_string(change.severity),
                           printable(shorten(change.title, longest_title)));
        for (const auto& field : change.fields)
            out << fmt::format("  {:<10} {} → {}\n", field, printable(value_of_field(change.was, field)),
                               printable(value_of_field(change.would, field)));
    }
    if (shown < simulation.changes.size())
        out << fmt::format("\n… and {} more; --limit 0 shows all\n", simulation.changes.size() - shown);
}

void write_json(const Simulation& simulation, std::size_t limit, std::ostream& out) {
    OrderedJson changes = OrderedJson::array();
    const auto shown = shown_of(simulation, limit);
    for (std::size_t i = 0; i < shown; ++i) {
        const auto& change = simulation.changes[i];
        changes.push_back({{"dossier_id", change.dossier_id},
                           {"finding_id", change.finding_id},
                           {"title", change.title},
                           {"severity", to_string(change.severity)},
                           {"decided_at", format_time(change.decided_at)},
                           {"fields", change.fields},
                           {"was", json_of(change.was)},
                           {"would", json_of(change.would)}});
    }
    const OrderedJson answer{{"since", format_time(simulation.since)}, {"until", format_time(simulation.until)},
                             {"compared", simulation.compared},        {"changed", simulation.changes.size()},
                             {"under_way", simulation.under_way},      {"dead", simulation.dead},
                             {"estimated", simulation.estimated},      {"was", json_of(simulation.was)},
                             {"would", json_of(simulation.would)},     {"changes", changes}};
    out << answer.dump(2, ' ', false, OrderedJson::error_handler_t::replace) << '\n';
}

} // namespace dossier::app
