#pragma once
// Orca's inventory around an alert's resource (VENDORS §3.3). The serving layer is asked hop by hop: each asset comes
// with its related objects (`additional_models[]`, `full_graph_fetch`, `max_tier`), and the assets among these are the
// next hop. Which of two acts and which is reached follows from what they are, so that an edge is the same from either
// end. Sources: the public clients named in orca_query.hpp.

#include "dossier/ingest/platform_api.hpp"

#include "orca_query.hpp"

namespace dossier::ingest {

/// Orca's `asset_unique_id` of the finding's resource: from the alert, else `resource.id` where it is one already.
auto orca_asset_id(RestClient& client, std::string source_id, std::string resource_id, Deadline deadline)
    -> Task<Result<std::string>>;

auto orca_neighbours(RestClient& client, Finding finding, GraphLimits limits, std::string origin, Deadline deadline)
    -> Task<Result<std::optional<BlastRadius>>>;

/// Exposure, who can reach it, observations and related policies. Orca keeps no log of who read the data.
auto orca_insight(RestClient& client, Finding finding, std::string origin, Deadline deadline)
    -> Task<Result<ResourceInsight>>;

} // namespace dossier::ingest
