#include "graph_words.hpp"

#include "dossier/base/strings.hpp"
#include "untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::explain {
namespace {

struct KindWords {
    std::string_view kind;
    std::string_view one;
    std::string_view many;
};

constexpr std::array kind_words{
    KindWords{"resource", "other resource", "other resources"},
    KindWords{"data_store", "data store", "data stores"},
    KindWords{"data", "data set", "data sets"},
    KindWords{"identity", "identity", "identities"},
    KindWords{"internet", "internet endpoint", "internet endpoints"},
    KindWords{"network", "network", "networks"},
    KindWords{"compute", "compute workload", "compute workloads"},
    KindWords{"secret", "secret", "secrets"},
    KindWords{"finding", "finding", "findings"},
};

auto counted(const std::string& kind, int count) -> std::string {
    const auto* words = std::ranges::find(kind_words, kind, &KindWords::kind);
    if (words == kind_words.end()) return fmt::format("{} {}", count, kind);
    return fmt::format("{} {}", count, count == 1 ? words->one : words->many);
}

} // namespace

auto hops_text(int hops) -> std::string { return fmt::format("{} {}", hops, hops == 1 ? "hop" : "hops"); }

auto radius_sentence(const BlastRadius& radius) -> std::string {
    std::vector<std::string> counts;
    int all = 0;
    for (const auto& [kind, count] : counts_by_kind(radius)) {
        counts.push_back(counted(kind, count));
        all += count;
    }
    if (all == 0) return {};
    return fmt::format("Within {} of the resource {} knows {} {}: {}{}.", hops_text(radius.hops),
                       radius.origin.empty() ? "the platform" : clean_text(radius.origin, 200), all,
                       all == 1 ? "thing" : "things", join(counts, ", "),
                       radius.truncated ? "; there is more that was not followed" : "");
}

auto telling_nodes(const BlastRadius& radius, std::size_t each) -> std::vector<const GraphNode*> {
    std::vector<const GraphNode*> telling;
    for (const std::string_view kind : {"internet", "identity", "data", "secret", "data_store"}) {
        std::size_t taken = 0;
        for (const auto& node : radius.nodes) { // in order of their hops
            if (node.kind != kind || node.hops == 0) continue;
            if (taken++ == each) break;
            telling.push_back(&node);
        }
    }
    return telling;
}

auto nearest_of(const BlastRadius& radius, std::string_view kind) -> const GraphNode* {
    const auto found =
        std::ranges::find_if(radius.nodes, [&](const GraphNode& node) { return node.hops > 0 && node.kind == kind; });
    return found == radius.nodes.end() ? nullptr : &*found;
}

} // namespace dossier::explain
