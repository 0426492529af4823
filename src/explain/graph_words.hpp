#pragma once
// A blast radius in words: how much of what there is, and which of it tells most.

#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// "Within 3 hops of the resource wiz knows 7 things: 2 identities, 1 secret." "" for a radius of nothing.
[[nodiscard]] auto radius_sentence(const BlastRadius& radius) -> std::string;
/// "2 hops", "1 hop".
[[nodiscard]] auto hops_text(int hops) -> std::string;
/// The nodes that say most about the danger, at most `each` of a kind: the internet, identities, data, secrets, other
/// stores; the nearest first.
[[nodiscard]] auto telling_nodes(const BlastRadius& radius, std::size_t each) -> std::vector<const GraphNode*>;
/// The nearest node of a kind; nullptr = none.
[[nodiscard]] auto nearest_of(const BlastRadius& radius, std::string_view kind) -> const GraphNode*;

} // namespace dossier::explain
