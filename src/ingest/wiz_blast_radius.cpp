// The breadth-first walk through Wiz's graph. Two walks start at the resource: inward along everything that leads to
// it, and outward along everything that it reaches or holds; they never turn round, because what a role of the
// resource's neighbour can reach elsewhere is not this resource's radius. All questions of one step go out side by
// side.

#include "dossier/base/concurrent.hpp"
#include "dossier/base/json.hpp"

#include "payload_fields.hpp"
#include "wiz_graph.hpp"
#include "wiz_graph_words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace dossier::ingest {
namespace {

constexpr std::size_t ids_in_a_question = 100;
constexpr std::size_t rows_of_a_question = 5'000;

enum class Walk { inward, outward };

/// One question of a step, and what came back.
struct Question {
    Walk walk = Walk::inward;
    std::vector<std::size_t> relations; ///< indices into wiz_relations()
    std::vector<std::string> from;
    std::vector<std::string> from_types;
    std::size_t limit = rows_of_a_question;
    std::optional<Result<WizRows>> answer;
};

/// Wiz's arrow is followed backwards where a walk goes towards its tail.
auto is_reverse(const WizRelation& relation, Walk walk) -> bool {
    return (walk == Walk::inward) != relation.points_at_actor;
}

auto leads(const WizRelation& relation, Walk walk) -> bool {
    return walk == Walk::inward ? relation.leads_in : relation.leads_out;
}

auto ask(WizClient& client, Question& question, Deadline deadline) -> Task<void> {
    const auto relations = wiz_relations();
    const auto& first = relations[question.relations.front()];
    const bool is_narrow = question.walk == Walk::inward && first.narrow_inward;
    WizWay way{.relations = {},
               .reverse = is_reverse(first, question.walk),
               .to_types = is_narrow ? wiz_container_types() : wiz_types()};
    for (const auto index : question.relations) way.relations.emplace_back(relations[index].name);
    question.answer =
        co_await wiz_search(client, wiz_query(question.from, question.from_types, way), question.limit, deadline);
}

auto ask_all(WizClient& client, std::vector<Question>& questions, Deadline deadline) -> Task<void> {
    std::vector<Task<void>> tasks;
    tasks.reserve(questions.size());
    for (auto& question : questions) tasks.push_back(ask(client, question, deadline));
    co_await all_of(std::move(tasks));
}

class Radius {
public:
    Radius(WizEntity start, GraphLimits limits) : limits_(limits) {
        radius_.origin = "wiz";
        start_ = start.id;
        for (auto* frontier : {&inward_, &outward_}) {
            frontier->seen.insert(start.id);
            frontier->now.push_back(start.id);
        }
        add(std::move(start), 0, "the resource of the finding");
    }

    auto grow(WizClient& client, Deadline deadline) -> Task<Result<BlastRadius>>;

private:
    struct Frontier {
        std::set<std::string> seen; ///< by Wiz's id
        std::vector<std::string> now;
    };
    /// One edge found in a step, between Wiz's ids.
    struct Found {
        std::size_t relation;
        Walk walk;
        std::string near;
        WizEntity far;
    };

    void add(WizEntity entity, int hops, std::string why);
    [[nodiscard]] auto frontier(Walk walk) -> Frontier& { return walk == Walk::inward ? inward_ : outward_; }
    [[nodiscard]] auto batches(Walk walk) -> std::vector<Question>;
    [[nodiscard]] auto probes() -> std::vector<Question>;
    [[nodiscard]] auto questions(const std::vector<Question>& probed) -> std::vector<Question>;
    void take(std::vector<Question> asked, int hop);
    void cut(std::string by);
    [[nodiscard]] auto is_unknown(const Question& question) const -> bool;
    [[nodiscard]] auto finish() -> BlastRadius;

    GraphLimits limits_;
    BlastRadius radius_;
    std::string start_;
    Frontier inward_;
    Frontier outward_;
    std::map<std::string, GraphNode> nodes_; ///< by Wiz's id
    std::map<std::string, std::string> types_;
    std::set<std::string> node_ids_;                                    ///< as shown
    std::set<std::tuple<std::string, std::string, std::size_t>> edges_; ///< actor, acted on (Wiz's ids), relation
};

void Radius::add(WizEntity entity, int hops, std::string why) {
    GraphNode node{.id = entity.resource.id,
                   .name = entity.name,
                   .kind = std::string(kind_of_wiz_type(entity.type)),
                   .type = entity.type,
                   .hops = hops,
                   .why = std::move(why)};
    // A store and its inventory may carry one provider's id.
    if (node.id.empty() || node_ids_.contains(node.id)) node.id = entity.id;
    node_ids_.insert(node.id);
    types_[entity.id] = entity.type;
    nodes_.emplace(std::move(entity.id), std::move(node));
}

void Radius::cut(std::string by) {
    radius_.truncated = true;
    if (radius_.truncated_by.empty()) radius_.truncated_by = std::move(by);
}

/// The frontier of a walk in questions of bounded size, without their relations.
auto Radius::batches(Walk walk) -> std::vector<Question> {
    std::vector<Question> parts;
    const auto& ids = frontier(walk).now;
    for (std::size_t at = 0; at < ids.size(); at += ids_in_a_question) {
        auto& part = parts.emplace_back();
        part.walk = walk;
        std::set<std::string> types;
        for (std::size_t i = at; i < std::min(ids.size(), at + ids_in_a_question); ++i) {
            part.from.push_back(ids[i]);
            types.insert(types_[ids[i]]);
        }
        part.from_types.assign(types.begin(), types.end());
    }
    return parts;
}

/// Whether there is anything at all, all relations of one direction at once: most things at the rim lead nowhere.
auto Radius::probes() -> std::vector<Question> {
    std::vector<Question> all;
    const auto relations = wiz_relations();
    for (const auto walk : {Walk::inward, Walk::outward}) {
        for (const auto& part : batches(walk)) {
            std::map<std::pair<bool, bool>, Question> groups; // by reverse and narrow
            for (std::size_t i = 0; i < relations.size(); ++i) {
                if (!leads(relations[i], walk)) continue;
                const bool is_narrow = walk == Walk::inward && relations[i].narrow_inward;
                auto& group = groups.try_emplace({is_reverse(relations[i], walk), is_narrow}, part).first->second;
                group.relations.push_back(i);
            }
            for (auto& [key, group] : groups) all.push_back(std::move(group));
        }
    }
    return all;
}

/// One question a relation, where a probe saw something or there was none.
auto Radius::questions(const std::vector<Question>& probed) -> std::vector<Question> {
    std::vector<Question> all;
    for (const auto& probe : probed) {
        const bool saw_nothing = probe.answer && *probe.answer && (**probe.answer).rows.empty();
        if (saw_nothing) continue;
        for (const auto relation : probe.relations) {
            auto one = probe;
            one.answer.reset();
            one.limit = rows_of_a_question;
            one.relations = {relation};
            all.push_back(std::move(one));
        }
    }
    return all;
}

/// The first failure that ends the walk. A relation that this tenant's Wiz doesn't know is one question less, no end.
auto failure_in(const std::vector<Question>& asked) -> std::optional<Error> {
    for (const auto& question : asked) {
        const bool failed = question.answer && !*question.answer;
        if (failed && question.answer->error().code != Errc::rejected) return question.answer->error();
    }
    return std::nullopt;
}

void Radius::take(std::vector<Question> asked, int hop) {
    std::vector<Found> found;
    for (auto& question : asked) {
        if (!question.answer || !*question.answer) continue;
        auto& rows = **question.answer;
        if (rows.is_cut) cut(fmt::format("{} rows of one relation", rows.rows.size()));
        if (!rows.gaps.empty()) cut(rows.gaps.front());
        for (auto& row : rows.rows) {
            if (row.size() < 2 || !row[0] || !row[1]) continue;
            const bool is_ours = std::ranges::find(question.from, row[0]->id) != question.from.end();
            if (!is_ours || row[0]->id == row[1]->id) continue;
            found.push_back({.relation = question.relations.front(),
                             .walk = question.walk,
                             .near = row[0]->id,
                             .far = std::move(*row[1])});
        }
    }
    std::ranges::sort(found, {}, [](const Found& one) {
        return std::tuple(std::string_view(one.far.id), one.relation, one.walk, std::string_view(one.near));
    });
    for (auto* part : {&inward_, &outward_}) part->now.clear();
    const auto relations = wiz_relations();
    for (auto& one : found) {
        const auto far = one.far.id;
        if (!nodes_.contains(far)) {
            if (nodes_.size() >= limits_.max_nodes) {
                cut(fmt::format("{} nodes", limits_.max_nodes));
                continue;
            }
            const auto& near = nodes_.at(one.near).name;
            const auto& verb = relations[one.relation].verb;
            auto why =
                one.walk == Walk::inward ? fmt::format("{} {}", verb, near) : fmt::format("{} {} it", near, verb);
            add(std::move(one.far), hop, std::move(why));
        }
        if (one.walk == Walk::inward) {
            edges_.emplace(far, one.near, one.relation);
        } else {
            edges_.emplace(one.near, far, one.relation);
        }
        auto& part = frontier(one.walk);
        if (part.seen.insert(far).second) part.now.push_back(far);
    }
}

/// Whether a question at the rim found something that is not in the graph.
auto Radius::is_unknown(const Question& question) const -> bool {
    if (!question.answer || !*question.answer) return false;
    const auto& rows = (**question.answer).rows;
    return std::ranges::any_of(
        rows, [&](const auto& row) { return row.size() >= 2 && row[1] && !nodes_.contains(row[1]->id); });
}

auto Radius::finish() -> BlastRadius {
    for (auto& [id, node] : nodes_) {
        radius_.hops = std::max(radius_.hops, node.hops);
        radius_.nodes.push_back(node);
    }
    std::ranges::sort(radius_.nodes, {},
                      [](const GraphNode& node) { return std::tuple(node.hops, std::string_view(node.id)); });
    const auto relations = wiz_relations();
    for (const auto& [actor, acted_on, relation] : edges_) {
        radius_.edges.push_back({.from = nodes_.at(actor).id,
                                 .to = nodes_.at(acted_on).id,
                                 .relation = std::string(relations[relation].relation),
                                 .why = std::string(relations[relation].name)});
    }
    std::ranges::sort(radius_.edges, {},
                      [](const GraphEdge& edge) { return std::tie(edge.from, edge.to, edge.relation, edge.why); });
    return std::move(radius_);
}

auto Radius::grow(WizClient& client, Deadline deadline) -> Task<Result<BlastRadius>> {
    for (int hop = 1; hop <= limits_.max_hops; ++hop) {
        auto probed = probes();
        if (hop > 1) { // the first step nearly always leads somewhere
            for (auto& probe : probed) probe.limit = 1;
            co_await ask_all(client, probed, deadline);
        }
        auto asked = questions(probed);
        co_await ask_all(client, asked, deadline);
        auto failure = failure_in(asked);
        if (!failure) failure = failure_in(probed);
        take(std::move(asked), hop);
        if (!failure) continue;
        if (nodes_.size() == 1) co_return fail(std::move(*failure));
        cut("Wiz gave no further answer: " + failure->message);
        co_return finish();
    }
    if (!radius_.truncated) {
        auto rim = probes();
        for (auto& probe : rim) probe.limit = limits_.max_nodes;
        co_await ask_all(client, rim, deadline);
        for (const auto& question : rim)
            if (is_unknown(question)) cut(fmt::format("{} hops", limits_.max_hops));
    }
    co_return finish();
}

} // namespace

auto wiz_blast_radius(WizClient& client, WizEntity start, GraphLimits limits, Deadline deadline)
    -> Task<Result<BlastRadius>> {
    limits.max_nodes = std::max<std::size_t>(1, limits.max_nodes);
    Radius radius(std::move(start), limits);
    co_return co_await radius.grow(client, deadline);
}

} // namespace dossier::ingest
