#include "simulation_report.hpp"

#include "stage_timer.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <tuple>

namespace dossier::pipeline {
namespace {

constexpr double least_usd = 5e-7; // less is the rounding of sums

/// The group of the past that each group of the replay is: the one of most of its members.
class GroupNames {
public:
    void count(const std::string& simulated, const std::string& past) {
        if (!simulated.empty()) ++shares_[simulated][past];
    }

    void settle() {
        std::vector<std::tuple<std::size_t, std::string, std::string>> ranked; // members, replayed, past
        for (const auto& [simulated, pasts] : shares_)
            for (const auto& [past, members] : pasts)
                if (!past.empty()) ranked.emplace_back(members, simulated, past);
        std::ranges::sort(ranked, std::greater<>{});
        std::set<std::string> taken;
        for (const auto& [members, simulated, past] : ranked)
            if (!names_.contains(simulated) && taken.insert(past).second) names_.emplace(simulated, past);
        std::size_t number = 0;
        for (const auto& [simulated, pasts] : shares_)
            if (!names_.contains(simulated)) names_.emplace(simulated, "new-" + std::to_string(++number));
    }

    auto of(const std::string& simulated) const -> std::string {
        const auto name = names_.find(simulated);
        return name == names_.end() ? std::string() : name->second;
    }

private:
    std::map<std::string, std::map<std::string, std::size_t>> shares_;
    std::map<std::string, std::string> names_;
};

void take_terms(Deciders& deciders, const approve::ApprovalRules& rules, const Draft& draft) {
    auto terms = rules.terms_of(draft);
    std::ranges::sort(terms.roles);
    deciders.roles = std::move(terms.roles);
    deciders.owner = terms.owner;
    deciders.four_eyes = terms.four_eyes;
    deciders.wants_reason = terms.wants_reason;
    deciders.rule = terms.rule;
}

/// The facts of a draft that approval rules look at.
auto draft_for_rules(const RouteDecision& route, const std::string& owner, Severity severity) -> Draft {
    Draft draft;
    draft.kind = route.action == "classify" ? "tags" : "ticket";
    draft.sink = route.sink;
    draft.route = route.route;
    draft.owner = owner;
    draft.severity = severity;
    return draft;
}

struct ApprovalQuestion {
    const RouteDecision& route;
    Draft draft; ///< its own
    bool is_said_already = false;
    bool by_service = false; ///< what the route left to the service was done by it
    const Draft* group_draft = nullptr;
    std::string group_approval;
    const std::string& approval_of_tags; ///< "" = nothing was to be classified
};

auto deciders_of(const ApprovalQuestion& question, const approve::ApprovalRules& rules) -> Deciders {
    Deciders deciders{.when = {}, .roles = {}, .reasons = question.route.reasons};
    const auto& route = question.route;
    if (route.action == "digest" || question.is_said_already) return deciders;
    if (route.action == "classify" && question.approval_of_tags.empty()) return deciders;
    if (question.group_draft == nullptr && question.by_service) {
        deciders.by = "service";
        return deciders;
    }
    deciders.by = "person";
    deciders.when = question.group_draft != nullptr ? question.group_approval : route.approval;
    // What was left to the service and could not be done by it waits before anything is made.
    if (deciders.when == "none" || route.action == "classify") deciders.when = "before_create";
    take_terms(deciders, rules, question.group_draft != nullptr ? *question.group_draft : question.draft);
    return deciders;
}

class Comparison {
public:
    Comparison(const TriedConfig& config, const History& history, const std::vector<SimulatedDecision>& would,
               Timestamp since)
        : history_(history),
          would_(would),
          since_(since),
          rules_(config.approval),
          rules_before_(config.approval_before) {
        for (std::size_t i = 0; i < would.size(); ++i)
            if (history.decisions[i].is_standing) names_.count(would[i].route.group, history.decisions[i].route.group);
        names_.settle();
        for (std::size_t i = 0; i < would.size(); ++i) add_cost(i);
    }

    [[nodiscard]] auto was(const PastDecision& past) const -> Verdict {
        Verdict verdict = common(past.route);
        verdict.owner = past.owner_before;
        verdict.narrative = past.narrative.author == "llm" ? past.narrative.provider : "template";
        verdict.usd = usd_.at(past.dossier).first;
        const auto group = history_.groups.find(past.route.group);
        const bool is_grouped = group != history_.groups.end();
        verdict.approval = deciders_of({.route = past.route,
                                        .draft = draft_for_rules(past.route, past.owner_before, past.worst.severity),
                                        .is_said_already = past.was_said_already,
                                        .by_service = past.was_decided_by_service,
                                        .group_draft = is_grouped ? &group->second.draft : nullptr,
                                        .group_approval = is_grouped ? group->second.approval : std::string(),
                                        .approval_of_tags = past.approval_of_tags},
                                       rules_before_);
        return verdict;
    }

    [[nodiscard]] auto would(const PastDecision& past, const SimulatedDecision& decision) const -> Verdict {
        Verdict verdict = common(decision.route);
        verdict.group = names_.of(decision.route.group);
        verdict.owner = owner_column(past.context.owner);
        verdict.narrative = decision.narrative.by;
        verdict.usd = usd_.at(past.dossier).second;
        verdict.is_estimate = estimated_.contains(past.dossier);
        const auto& facts = decision.group_facts;
        Draft for_all;
        for_all.sink = facts.sink;
        for_all.route = facts.route;
        for_all.owner = facts.assignee;
        for_all.severity = facts.severity;
        // Whether there is something to classify is no matter of the configuration; a route that is new asks a person.
        const bool was_classified = past.route.action == "classify";
        const std::string tags = was_classified ? past.approval_of_tags : std::string("before_create");
        verdict.approval = deciders_of({.route = decision.route,
                                        .draft = draft_for_rules(decision.route, verdict.owner, past.worst.severity),
                                        .is_said_already = decision.is_said_already,
                                        .by_service = decision.has_acted,
                                        .group_draft = decision.route.group.empty() ? nullptr : &for_all,
                                        .group_approval = facts.approval,
                                        .approval_of_tags = tags},
                                       rules_);
        return verdict;
    }

private:
    static auto common(const RouteDecision& route) -> Verdict {
        Verdict verdict;
        verdict.route = route.route;
        verdict.action = route.action;
        verdict.sink = route.sink;
        verdict.group = route.group;
        return verdict;
    }

    /// Narratives since then, of all revisions.
    void add_cost(std::size_t index) {
        const auto& past = history_.decisions[index];
        auto& [was, would] = usd_[past.dossier];
        if (!past.told_at || past.decided_at < since_) return;
        was += past.narrative.cost.usd;
        would += would_[index].narrative.usd;
        if (would_[index].narrative.is_estimate) estimated_.insert(past.dossier);
    }

    const History& history_;
    const std::vector<SimulatedDecision>& would_;
    Timestamp since_;
    approve::ApprovalRules rules_;
    approve::ApprovalRules rules_before_;
    GroupNames names_;
    std::map<std::size_t, std::pair<double, double>> usd_; ///< by dossier: was, would
    std::set<std::size_t> estimated_;
};

auto differences(const Verdict& was, const Verdict& would) -> std::vector<std::string> {
    std::vector<std::string> fields;
    const auto hold = [&fields](const char* name, bool is_same) {
        if (!is_same) fields.emplace_back(name);
    };
    hold("route", was.route == would.route);
    hold("action", was.action == would.action);
    hold("sink", was.sink == would.sink);
    hold("group", was.group == would.group);
    hold("owner", was.owner == would.owner);
    hold("approval", same_deciders(was.approval, would.approval));
    hold("narrative", was.narrative == would.narrative);
    hold("cost", std::abs(was.usd - would.usd) < least_usd);
    return fields;
}

void add(SimulatedTotals& totals, const Verdict& verdict, std::set<std::string>& groups) {
    const bool is_ticket = verdict.action == "ticket";
    if (is_ticket && (verdict.group.empty() || groups.insert(verdict.group).second)) {
        ++totals.tickets;
        ++totals.sinks[verdict.sink];
    }
    if (is_ticket && !verdict.group.empty()) ++totals.grouped;
    if (verdict.action == "classify") ++totals.classify;
    if (verdict.action == "digest") ++totals.digests;
    if (verdict.approval.by == "person") ++totals.by_person;
    if (verdict.approval.by == "service") ++totals.by_service;
    if (verdict.owner.empty()) ++totals.without_owner;
    if (verdict.narrative != "template") ++totals.llm_narratives;
    totals.usd += verdict.usd;
    ++totals.routes[verdict.route];
    ++totals.owners[verdict.owner];
}

} // namespace

auto same_deciders(const Deciders& a, const Deciders& b) -> bool {
    return a.by == b.by && a.when == b.when && a.roles == b.roles && a.owner == b.owner && a.four_eyes == b.four_eyes &&
           a.wants_reason == b.wants_reason;
}

auto report_on(const TriedConfig& config, const History& history, const std::vector<SimulatedDecision>& would,
               Timestamp since, Timestamp until) -> Simulation {
    const Comparison comparison(config, history, would, since);
    Simulation simulation{
        .since = since, .until = until, .under_way = history.under_way, .dead = history.dead, .was = {}, .would = {}};
    std::set<std::string> groups_was;
    std::set<std::string> groups_would;
    for (std::size_t i = 0; i < would.size(); ++i) {
        const auto& past = history.decisions[i];
        if (!past.is_standing || past.decided_at < since) continue;
        const auto& dossier = history.dossiers[past.dossier];
        SimulatedChange change{.dossier_id = dossier.id,
                               .finding_id = past.worst.id,
                               .title = past.worst.title,
                               .severity = past.worst.severity,
                               .decided_at = past.decided_at,
                               .was = comparison.was(past),
                               .would = comparison.would(past, would[i]),
                               .fields = {}};
        ++simulation.compared;
        if (change.would.is_estimate) ++simulation.estimated;
        add(simulation.was, change.was, groups_was);
        add(simulation.would, change.would, groups_would);
        change.fields = differences(change.was, change.would);
        if (!change.fields.empty()) simulation.changes.push_back(std::move(change));
    }
    std::ranges::sort(simulation.changes, [](const auto& a, const auto& b) {
        return std::tie(b.decided_at, b.dossier_id) < std::tie(a.decided_at, a.dossier_id);
    });
    return simulation;
}

} // namespace dossier::pipeline
