#include "dossier/pipeline/simulation.hpp"

#include "delivery_stage.hpp"
#include "group_stage.hpp"
#include "simulated_history.hpp"
#include "simulated_narratives.hpp"
#include "simulated_windows.hpp"
#include "simulation_report.hpp"
#include "stage_timer.hpp"

#include "dossier/pipeline/router.hpp"
#include "dossier/ticket/group_text.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <set>
#include <tuple>
#include <unordered_map>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

/// Where the hour was full at the commit of an automatic decision, those that filled it had been decided on before.
constexpr auto beaten_by = 30s;

/// How far back decisions still bear on those that are reported.
auto longest_window(const TriedConfig& config) -> Duration {
    Duration longest = 24h; // budgets
    if (config.tickets.group.is_on()) longest = std::max(longest, config.tickets.group.window);
    for (const auto& route : config.pipeline.routes)
        if (route.narrative.who == NarrativeRule::Who::top) longest = std::max(longest, route.narrative.window);
    return longest;
}

class Replay {
public:
    Replay(const TriedConfig& config, const SimulationRooms& rooms, const History& history,
           context::ContextReplay& context, Timestamp from)
        : config_(config),
          history_(history),
          windows_(rooms.scratch),
          narratives_(config, rooms, history, windows_, context),
          from_(from),
          would_(history.decisions.size()),
          own_until_(history.dossiers.size()),
          group_of_(history.dossiers.size()) {
        const auto& sinks = config.tickets.sinks;
        default_sink_ = sinks.empty() ? "outbox" : sinks.front().name;
    }

    /// What would have been, a decision for each of the past. Groups are named by the dossiers of the scratch store.
    auto run() -> Task<Result<std::vector<SimulatedDecision>>> {
        for (const auto at : history_.orphaned_actions)
            if (auto done = co_await windows_.act(at); !done) co_return fail(std::move(done.error()));
        done_then_.assign(history_.orphaned_actions.begin(), history_.orphaned_actions.end());
        for (const auto& event : events()) {
            while (!done_then_.empty() && done_then_.front() <= event.at - 1h) done_then_.pop_front();
            auto& would = would_[event.decision];
            const auto& past = history_.decisions[event.decision];
            Result<void> done;
            if (event.what == What::tell)
                done = co_await tell(past, would);
            else if (event.what == What::decide)
                done = co_await decide(past, would, event.at);
            else
                done = co_await act(past, would, event.at);
            if (event.what == What::act && !past.actions.empty()) done_then_.push_back(event.at);
            if (!done) co_return fail(std::move(done.error()));
        }
        for (std::size_t i = 0; i < would_.size(); ++i) {
            const auto dossier = history_.decisions[i].dossier;
            would_[i].route.group = group_of_[dossier];
            if (const auto facts = group_facts_.find(group_of_[dossier]); facts != group_facts_.end())
                would_[i].group_facts = facts->second;
        }
        co_return std::move(would_);
    }

private:
    enum class What { tell, decide, act }; // at the same moment in this order
    struct Event {
        Timestamp at{};
        What what = What::tell;
        std::size_t decision = 0;
    };

    auto events() const -> std::vector<Event> {
        std::vector<Event> events;
        for (std::size_t i = 0; i < history_.decisions.size(); ++i) {
            const auto& past = history_.decisions[i];
            events.push_back({.at = std::min(past.told_at.value_or(past.decided_at), past.decided_at),
                              .what = What::tell,
                              .decision = i});
            events.push_back({.at = past.decided_at, .what = What::decide, .decision = i});
            for (const auto at : past.actions) events.push_back({.at = at, .what = What::act, .decision = i});
            if (!past.actions.empty()) continue;
            const bool was_beaten = past.route.approval == "none" && !past.was_decided_by_service;
            events.push_back({.at = past.decided_at + (was_beaten ? beaten_by : 0s), .what = What::act, .decision = i});
        }
        std::ranges::sort(events, {}, [](const Event& one) { return std::tuple(one.at, one.what, one.decision); });
        return events;
    }

    /// The configuration with the mode that the switch leaves of it.
    auto in_force(Mode switched) const -> PipelineConfig {
        auto config = config_.pipeline;
        config.mode = std::min(config.mode, switched);
        return config;
    }

    auto tell(const PastDecision& past, SimulatedDecision& would) -> Task<Result<void>> {
        const auto& dossier = history_.dossiers[past.dossier];
        if (!past.told_at) { // taken over from the revision before, with its cost
            would.narrative = {.by = past.narrative.author == "llm" ? past.narrative.provider : "template",
                               .grounding_score = past.narrative.grounding_score};
            if (const auto before = told_.find(past.dossier); before != told_.end()) would.narrative = before->second;
            would.narrative.usd = 0;
            co_return Result<void>{};
        }
        const auto* route = match_route(config_.pipeline, past.worst, past.context.environment);
        auto narrative = co_await narratives_.narrate(past, dossier.id, route);
        if (!narrative) co_return fail(std::move(narrative.error()));
        told_[past.dossier] = *narrative;
        would.narrative = std::move(*narrative);
        co_return Result<void>{};
    }

    auto decide(const PastDecision& past, SimulatedDecision& would, Timestamp at) -> Task<Result<void>> {
        auto actions = co_await windows_.actions_before(at);
        if (!actions) co_return fail(std::move(actions.error()));
        const auto count = actions_seen(past, *actions, at);
        const RoutingFacts facts{.worst = past.worst,
                                 .environment = past.context.environment,
                                 .owner_confidence = past.context.owner.confidence,
                                 .grounding_score = would.narrative.grounding_score,
                                 .automatic_actions_last_hour = count};
        would.route =
            decide_route(in_force(history_.switched_for(past)), facts, config_.tickets.approval, default_sink_);
        if (would.route.action != "ticket") {
            group_of_[past.dossier].clear();
            co_return Result<void>{};
        }
        if (past.generation == 1) {
            auto joined = co_await join(past, would.route, at);
            if (!joined) co_return joined;
        }
        if (group_of_[past.dossier].empty() && !stands_.contains(past.dossier)) settle_own(past, would.route, at);
        would.is_said_already = past.was_said_already && group_of_[past.dossier].empty() &&
                                would.route.sink == past.route.sink &&
                                owner_column(past.context.owner) == past.owner_before;
        co_return Result<void>{};
    }

    /// How much more was done by now, in the hour, than was done then.
    auto surplus(std::size_t actions) const -> std::int64_t {
        return static_cast<std::int64_t>(actions) - static_cast<std::int64_t>(done_then_.size());
    }

    /// Whether the limit of the hour met the past just as it would now, so that what it let pass then passes again: the
    /// instants of a store's commits don't tell who looked before whom.
    auto is_as_then(std::size_t actions, Timestamp at) const -> bool {
        return history_.hourly_limit == action_limit(config_.pipeline, at).most && surplus(actions) == 0;
    }

    auto actions_seen(const PastDecision& past, std::size_t actions, Timestamp at) const -> std::size_t {
        if (past.actions_seen)
            return static_cast<std::size_t>(
                std::max<std::int64_t>(0, static_cast<std::int64_t>(*past.actions_seen) + surplus(actions)));
        const auto most = action_limit(config_.pipeline, at).most;
        const bool passed = past.route.approval == "none" && is_as_then(actions, at);
        return passed && most > 0 ? std::min(actions, most - 1) : actions;
    }

    /// From when on a ticket of its own keeps the dossier out of a group that forms later.
    void settle_own(const PastDecision& past, const RouteDecision& route, Timestamp at) {
        auto& until = own_until_[past.dossier];
        const bool makes_ticket =
            route.approval == "none" || (route.approval == "before_assign" && !is_outbox(route.sink));
        std::optional<Timestamp> settled = makes_ticket ? std::optional(at) : past.settled_at;
        if (settled && (!until || *settled < *until)) until = settled;
    }

    auto is_outbox(const std::string& name) const -> bool {
        const auto& sinks = config_.tickets.sinks;
        const auto sink = std::ranges::find(sinks, name, &ticket::SinkConfig::name);
        return sink == sinks.end() ? name == "outbox" : sink->kind == "outbox";
    }

    auto has_own(std::size_t dossier, Timestamp at) const -> bool {
        return own_until_[dossier] && *own_until_[dossier] <= at;
    }

    auto join(const PastDecision& past, const RouteDecision& route, Timestamp at) -> Task<Result<void>> {
        if (group_of_[past.dossier].empty() && has_own(past.dossier, at)) co_return Result<void>{};
        auto wish = group_wish(config_.tickets.group, route,
                               {.worst = past.worst, .context = past.context, .assessment = past.assessment});
        if (!wish) {
            group_of_[past.dossier].clear();
            co_return Result<void>{};
        }
        const auto& window = history_.dossiers[past.dossier].window;
        const bool is_alike = window && window->key == wish->key;
        const bool is_same = is_alike && window->ends_at - window->begins_at == wish->window;
        // A window begins when its first one joined it, which the store remembers: it goes by that wherever it can, the
        // more so for one that was open before the replay begins.
        const bool is_known = is_same || (is_alike && window->begins_at < from_);
        auto group = co_await windows_.join(history_.dossiers[past.dossier].id, std::move(*wish),
                                            is_known ? window->begins_at : at);
        if (!group) co_return fail(std::move(group.error()));
        // Who had a ticket of its own by the time the group formed has it again, where the decision is the same.
        const bool stands = is_same && window->has_formed && route.approval == past.route.approval;
        if (stands) {
            group->facts = window->facts;
            const bool was_grouped = history_.dossiers[past.dossier].was_grouped;
            own_until_[past.dossier] = was_grouped ? std::nullopt : std::optional(at);
            stands_.insert(past.dossier);
        }
        auto& waiting = waiting_[{group->key, group->begins_at}];
        if (group->dossier_id.empty()) {
            waiting.push_back(past.dossier);
            co_return Result<void>{};
        }
        group_facts_.emplace(group->dossier_id, ticket::group_facts_from(group->facts));
        if (!has_own(past.dossier, at)) group_of_[past.dossier] = group->dossier_id;
        // Those that came before give up drafts of their own that nobody has decided on.
        for (const auto earlier : waiting)
            if (!has_own(earlier, at)) group_of_[earlier] = group->dossier_id;
        waiting.clear();
        co_return Result<void>{};
    }

    /// What the service does without a person, while the hour has room for it.
    auto act(const PastDecision& past, SimulatedDecision& would, Timestamp at) -> Task<Result<void>> {
        const bool is_asked = would.route.approval == "none" && group_of_[past.dossier].empty() && !would.was_beaten &&
                              !would.is_said_already;
        const bool has_tags = would.route.action != "classify" || past.approval_of_tags == "none";
        if (!is_asked || !has_tags) co_return Result<void>{};
        // Looked at once more before each: what was done then was allowed.
        const auto config = in_force(past.was_decided_by_service ? Mode::automate : history_.switched_at(at));
        auto actions = co_await windows_.actions_before(at);
        if (!actions) co_return fail(std::move(actions.error()));
        const bool is_full = is_as_then(*actions, at) && past.route.approval == "none"
                                 ? past.actions.empty()
                                 : *actions >= action_limit(config, at).most;
        if (!would.has_acted && (config.mode != Mode::automate || is_full)) {
            would.was_beaten = true;
            co_return Result<void>{};
        }
        would.has_acted = true;
        co_return co_await windows_.act(at);
    }

    const TriedConfig& config_;
    const History& history_;
    SimulatedWindows windows_;
    SimulatedNarratives narratives_;
    Timestamp from_;
    std::string default_sink_;
    std::vector<SimulatedDecision> would_;
    std::deque<Timestamp> done_then_;                 ///< without a person, within the hour up to now
    std::set<std::size_t> stands_;                    ///< dossiers that share a ticket, or don't, as they did then
    std::vector<std::optional<Timestamp>> own_until_; ///< by dossier, as the next
    std::vector<std::string> group_of_;
    std::unordered_map<std::size_t, SimulatedNarrative> told_;
    /// Members of windows without a group yet, by what they have in common and its beginning.
    std::map<std::pair<std::string, Timestamp>, std::vector<std::size_t>> waiting_;
    std::unordered_map<std::string, ticket::GroupFacts> group_facts_;
};

} // namespace

auto simulate(TriedConfig config, SimulationRooms rooms, Timestamp since, Timestamp until) -> Task<Result<Simulation>> {
    const auto from = since - longest_window(config);
    context::ContextReplay context(config.context, rooms.metrics);
    auto history = co_await read_history(config, rooms, context, {.from = from, .since = since, .until = until});
    if (!history) co_return fail(std::move(history.error()));
    Replay replay(config, rooms, *history, context, from);
    auto would = co_await replay.run();
    if (!would) co_return fail(std::move(would.error()));
    co_return report_on(config, *history, *would, since, until);
}

} // namespace dossier::pipeline
