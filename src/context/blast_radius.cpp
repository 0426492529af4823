#include "dossier/context/blast_radius.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace dossier::context {
namespace {

constexpr std::size_t id_limit = 1'024;
constexpr std::size_t name_limit = 300;
constexpr std::size_t word_limit = 60;
constexpr std::size_t raw_limit = 20'000; ///< nodes and edges that are looked at, each
constexpr std::size_t edges_a_node = 8;   ///< on average, over the whole graph

auto relation_word(std::string_view text) -> std::string {
    std::string word;
    for (const char c : lower(text.substr(0, word_limit))) {
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (is_word)
            word += c;
        else if (!word.empty() && word.back() != '_')
            word += '_';
    }
    while (word.ends_with('_')) word.pop_back();
    return word.empty() ? "relates_to" : word;
}

auto known_kind(const std::string& kind) -> std::string {
    return std::ranges::find(graph_kinds, kind) == std::end(graph_kinds) ? "resource" : kind;
}

auto line(std::string_view text, std::size_t most) -> std::string { return shorten(to_valid_utf8(trim(text)), most); }

auto both_origins(const std::string& a, const std::string& b) -> std::string {
    std::set<std::string> all;
    for (const auto* list : {&a, &b})
        for (const auto one : split(*list, ','))
            if (!trim(one).empty()) all.emplace(trim(one));
    return join({all.begin(), all.end()}, ", ");
}

void fill_in(GraphNode& node, const GraphNode& other) {
    if (node.name.empty()) node.name = other.name;
    if (node.type.empty()) node.type = other.type;
    if (node.why.empty()) node.why = other.why;
    node.origin = both_origins(node.origin, other.origin);
}

/// A graph under repair: nodes by id, edges between them.
class Graph {
public:
    void add(GraphNode node) {
        node.id = to_valid_utf8(node.id);
        if (node.id.empty() || node.id.size() > id_limit) return;
        node.name = line(node.name, name_limit);
        node.type = line(node.type, name_limit);
        node.why = line(node.why, name_limit);
        node.kind = known_kind(node.kind);
        const auto [at, is_new] = places_.try_emplace(node.id, nodes_.size());
        if (is_new)
            nodes_.push_back(std::move(node));
        else
            fill_in(nodes_[at->second], node);
    }

    void add(GraphEdge edge) {
        const auto from = places_.find(to_valid_utf8(edge.from));
        const auto to = places_.find(to_valid_utf8(edge.to));
        if (from == places_.end() || to == places_.end() || from == to) return;
        edge.from = from->first;
        edge.to = to->first;
        edge.relation = relation_word(edge.relation);
        edge.why = line(edge.why, name_limit);
        auto key = std::tuple(edge.from, edge.to, edge.relation);
        const auto [at, is_new] = edges_.try_emplace(std::move(key), edge);
        if (is_new) return;
        if (at->second.why.empty()) at->second.why = edge.why;
        at->second.origin = both_origins(at->second.origin, edge.origin);
    }

    [[nodiscard]] auto nodes() const -> const std::vector<GraphNode>& { return nodes_; }

    /// Walks from the root; `into` gets what is within the limits, in order.
    void radius_around(const std::string& root, ingest::GraphLimits limits, BlastRadius& into) {
        measure(root);
        std::vector<GraphNode*> order;
        for (auto& node : nodes_)
            if (node.hops != unreached) order.push_back(&node);
        std::ranges::sort(order, [](const GraphNode* a, const GraphNode* b) {
            return std::tie(a->hops, a->id) < std::tie(b->hops, b->id);
        });
        const auto far =
            std::ranges::find_if(order, [&](const GraphNode* node) { return node->hops > limits.max_hops; });
        if (far != order.end()) cut(into, fmt::format("at most {} hops", limits.max_hops));
        order.erase(far, order.end());
        // Whoever a node hangs on is nearer and so comes before it: what is cut off leaves the rest in one piece.
        const auto most_nodes = std::max<std::size_t>(limits.max_nodes, 1);
        if (order.size() > most_nodes) {
            cut(into, fmt::format("at most {} nodes", most_nodes));
            order.resize(most_nodes);
        }
        std::set<std::string_view> kept;
        for (const auto* node : order) kept.insert(node->id);
        take_edges(kept, most_nodes * edges_a_node, into);
        for (auto* node : order) into.nodes.push_back(std::move(*node));
        into.hops = into.nodes.empty() ? 0 : into.nodes.back().hops;
    }

    static void cut(BlastRadius& radius, const std::string& bound) {
        radius.truncated = true;
        if (radius.truncated_by.find(bound) != std::string::npos) return;
        radius.truncated_by += radius.truncated_by.empty() ? bound : ", " + bound;
    }

private:
    static constexpr int unreached = std::numeric_limits<int>::max();
    using Edges = std::map<std::tuple<std::string, std::string, std::string>, GraphEdge>;

    /// Hops by breadth-first search; each node remembers the edge by which it was reached first.
    void measure(const std::string& root) {
        std::map<std::string_view, std::vector<const GraphEdge*>> touching;
        for (const auto& [key, edge] : edges_) {
            touching[edge.from].push_back(&edge);
            touching[edge.to].push_back(&edge);
        }
        for (auto& node : nodes_) node.hops = unreached;
        auto& first = nodes_[places_.at(root)];
        first.hops = 0;
        std::vector<GraphNode*> front{&first};
        while (!front.empty()) {
            std::vector<GraphNode*> next;
            for (const auto* node : front) {
                for (const auto* edge : touching[node->id]) {
                    auto& other = nodes_[places_.at(edge->from == node->id ? edge->to : edge->from)];
                    if (other.hops != unreached) continue;
                    other.hops = node->hops + 1;
                    holding_.insert(edge);
                    if (other.why.empty()) other.why = reason_of(*edge, other, *node);
                    next.push_back(&other);
                }
            }
            std::ranges::sort(next, {}, &GraphNode::id);
            front = std::move(next);
        }
    }

    static auto reason_of(const GraphEdge& edge, const GraphNode& node, const GraphNode& nearer) -> std::string {
        if (!edge.why.empty()) return edge.why;
        const auto& called = nearer.name.empty() ? nearer.id : nearer.name;
        const auto relation = replace_all(edge.relation, "_", " ");
        return line(edge.from == node.id ? fmt::format("{} {}", relation, called)
                                         : fmt::format("{} {} it", called, relation),
                    name_limit);
    }

    /// Edges that hold the graph together come before the others where not all have room.
    void take_edges(const std::set<std::string_view>& kept, std::size_t most, BlastRadius& into) {
        std::size_t room = most > kept.size() ? most - kept.size() : 0;
        for (auto& [key, edge] : edges_) {
            if (!kept.contains(edge.from) || !kept.contains(edge.to)) continue;
            if (!holding_.contains(&edge)) {
                if (room == 0) {
                    cut(into, fmt::format("at most {} edges", most));
                    continue;
                }
                --room;
            }
            into.edges.push_back(edge);
        }
    }

    std::vector<GraphNode> nodes_;
    std::map<std::string, std::size_t> places_;
    Edges edges_;
    std::set<const GraphEdge*> holding_;
};

/// The same thing under two platforms' names; "" = known to its own platform only.
auto identity_of(const std::string& id) -> std::string {
    const bool is_providers = id.starts_with("arn:") || lower(id).starts_with("/subscriptions/") ||
                              id.starts_with("//") || id.find(".googleapis.com/") != std::string::npos;
    if (!is_providers) return {};
    return resource_identity({.id = id, .cloud = id.starts_with("//") ? "gcp" : ""});
}

auto is_the_resource(const GraphNode& node, const Resource& resource) -> bool {
    if (!resource.id.empty() && node.id == resource.id) return true;
    const auto mine = identity_of(node.id);
    return !mine.empty() && mine == resource_identity(resource);
}

auto root_of(const std::vector<GraphNode>& nodes, const std::map<std::string, int>& delivered, const Resource& resource)
    -> std::string {
    for (const auto& node : nodes)
        if (is_the_resource(node, resource)) return node.id;
    for (const auto& node : nodes)
        if (delivered.at(node.id) == 0) return node.id;
    return nodes.front().id;
}

/// What joins two platforms' nodes: the resource, or the one internet that there is.
auto joint_of(const GraphNode& node) -> std::string {
    if (node.hops == 0) return "root";
    if (node.kind == "internet") return "internet:" + lower(node.name);
    const auto identity = identity_of(node.id);
    return identity.empty() ? "id:" + node.id : "identity:" + identity;
}

} // namespace

auto valid_radius(BlastRadius raw, const Resource& resource, ingest::GraphLimits limits) -> std::optional<BlastRadius> {
    BlastRadius radius{.truncated = raw.truncated,
                       .truncated_by = line(raw.truncated_by, name_limit),
                       .origin = line(raw.origin, name_limit)};
    if (raw.nodes.size() > raw_limit || raw.edges.size() > raw_limit)
        Graph::cut(radius, fmt::format("at most {} nodes and edges of an answer", raw_limit));
    raw.nodes.resize(std::min(raw.nodes.size(), raw_limit));
    raw.edges.resize(std::min(raw.edges.size(), raw_limit));
    Graph graph;
    std::map<std::string, int> delivered;
    for (auto& node : raw.nodes) {
        delivered.try_emplace(to_valid_utf8(node.id), node.hops);
        if (node.origin.empty()) node.origin = radius.origin;
        graph.add(std::move(node));
    }
    if (graph.nodes().empty()) return std::nullopt;
    for (auto& edge : raw.edges) {
        if (edge.origin.empty()) edge.origin = radius.origin;
        graph.add(std::move(edge));
    }
    graph.radius_around(root_of(graph.nodes(), delivered, resource), limits, radius);
    return radius;
}

auto merged_radius(std::vector<BlastRadius> radii, ingest::GraphLimits limits) -> std::optional<BlastRadius> {
    std::erase_if(radii, [](const BlastRadius& radius) { return radius.nodes.empty(); });
    if (radii.empty()) return std::nullopt;
    if (radii.size() == 1) return std::move(radii.front());
    BlastRadius whole;
    Graph graph;
    std::map<std::string, std::string> joints; // what a node is → the id under which it stands in the union
    for (auto& radius : radii) {
        whole.origin = both_origins(whole.origin, radius.origin);
        if (radius.truncated) Graph::cut(whole, radius.truncated_by);
        std::map<std::string, std::string> renamed;
        for (auto& node : radius.nodes) {
            const auto& id = renamed[node.id] = joints.try_emplace(joint_of(node), node.id).first->second;
            node.id = id;
            graph.add(std::move(node));
        }
        for (auto& edge : radius.edges) {
            edge.from = renamed[edge.from];
            edge.to = renamed[edge.to];
            graph.add(std::move(edge));
        }
    }
    graph.radius_around(joints.at("root"), limits, whole);
    return whole;
}

} // namespace dossier::context
