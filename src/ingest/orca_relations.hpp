#pragma once
// The objects that an asset of Orca's serving layer is related to, and what each relation means in a blast radius.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/dossier.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ingest {

/// One related object.
struct OrcaRelative {
    JsonView object;
    std::string relation; ///< Orca's name for it: "SecurityGroups"
};

/// Related objects of `asset`, in document order.
/// @param has_more set where Orca says that it left some out
[[nodiscard]] auto orca_relatives(JsonView asset, bool& has_more) -> std::vector<OrcaRelative>;

/// `asset_unique_id` of an object, else its id.
[[nodiscard]] auto orca_key_of(JsonView object) -> std::string;
/// The object as a node; its id is the cloud's own where Orca tells it.
[[nodiscard]] auto orca_node(JsonView object) -> GraphNode;

struct DirectedRelation {
    std::string from;
    std::string to;
    std::string relation;
};
/// The same from either end.
[[nodiscard]] auto orca_relation(const GraphNode& one, const GraphNode& other) -> DirectedRelation;

/// Reachable by anybody, by `Exposure`, `IsInternetFacing` or a label.
[[nodiscard]] auto is_exposed(JsonView asset) -> bool;

} // namespace dossier::ingest
