#include "dossier/finding/dossier.hpp"

#include <algorithm>
#include <map>
#include <tuple>

namespace dossier {

auto counts_by_kind(const BlastRadius& radius) -> std::vector<std::pair<std::string, int>> {
    std::vector<std::pair<std::string, int>> counts;
    for (const auto kind : graph_kinds) {
        const auto is_counted = [&](const GraphNode& node) { return node.hops > 0 && node.kind == kind; };
        if (const auto count = std::ranges::count_if(radius.nodes, is_counted); count > 0)
            counts.emplace_back(kind, static_cast<int>(count));
    }
    return counts;
}

auto way_to(const BlastRadius& radius, const std::string& node_id) -> std::vector<const GraphNode*> {
    std::map<std::string_view, const GraphNode*> nodes;
    for (const auto& node : radius.nodes) nodes.emplace(node.id, &node);
    const auto find = [&](const std::string& id) {
        const auto at = nodes.find(id);
        return at == nodes.end() ? nullptr : at->second;
    };
    std::vector<const GraphNode*> way;
    const auto* here = find(node_id);
    while (here != nullptr && here->hops > 1) {
        const GraphNode* nearer = nullptr;
        for (const auto& edge : radius.edges) {
            if (edge.from != here->id && edge.to != here->id) continue;
            const auto* other = find(edge.from == here->id ? edge.to : edge.from);
            if (other == nullptr || other->hops != here->hops - 1) continue;
            if (nearer == nullptr || other->id < nearer->id) nearer = other;
        }
        if (nearer != nullptr) way.push_back(nearer);
        here = nearer;
    }
    std::ranges::reverse(way);
    return way;
}

void newest_first(std::vector<AccessEvent>& events) {
    std::ranges::sort(events, [](const AccessEvent& a, const AccessEvent& b) {
        if (a.at != b.at) return a.at > b.at;
        return std::tie(a.principal, a.action, a.origin) < std::tie(b.principal, b.action, b.origin);
    });
}

} // namespace dossier
