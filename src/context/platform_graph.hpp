#pragma once
// A platform's API as a source of context for its own findings: the graph around the resource, the way to it from
// outside, who used it lately, which policies are attached.

#include "dossier/context/sources.hpp"
#include "dossier/ingest/platform_api.hpp"

namespace dossier::context {

/// Graph and insight are asked at once; one that fails is a gap beside what the other said, both are an error.
/// @param limits `max_hops` 0 = no graph is wanted
[[nodiscard]] auto make_platform_graph(std::shared_ptr<ingest::PlatformApi> api, ingest::GraphLimits limits)
    -> std::unique_ptr<GraphSource>;

} // namespace dossier::context
