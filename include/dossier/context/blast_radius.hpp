#pragma once
// What a blast radius must be, whatever a platform's client delivers: bounded, one root, each node's hops the least
// number of edges from it, no edge without both its ends, the same order each time. Graphs of several platforms become
// one, joined where they speak of the same resource.

#include "dossier/finding/dossier.hpp"
#include "dossier/ingest/platform_api.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::context {

/// The graph of one platform, made valid. The root is the node that is the finding's resource, else the one that was
/// delivered at no hops, else the first; what no edge joins to it has no place in a radius and is left out. A node that
/// says not why it belongs here is told by the edge it hangs on.
/// @param raw as delivered; hops are computed anew, in either direction of an edge
/// @return nullopt without any node
[[nodiscard]] auto valid_radius(BlastRadius raw, const Resource& resource, ingest::GraphLimits limits)
    -> std::optional<BlastRadius>;

/// The union of valid graphs around the same resource. Nodes are the same when their canonical resource identity is;
/// origins are kept on each.
/// @param limits of the whole
[[nodiscard]] auto merged_radius(std::vector<BlastRadius> radii, ingest::GraphLimits limits)
    -> std::optional<BlastRadius>;

} // namespace dossier::context
