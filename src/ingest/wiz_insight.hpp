#pragma once
// What Wiz knows of a resource beyond its graph: the ways in from outside, who holds which rights on it, who used it
// lately (where the tenant has Wiz Defend), and the policies attached to it; and the classifiers that the tenant has.
// Each part may be missing without the others being so.

#include "dossier/ingest/platform_api.hpp"
#include "wiz_graph.hpp"

namespace dossier::ingest {

/// The parts that Wiz gave; an error only where it gave none.
auto wiz_insight(WizClient& client, WizEntity resource, Deadline deadline) -> Task<Result<ResourceInsight>>;
/// Enabled data classifiers, as policies of kind `classification`.
auto wiz_classification_policies(WizClient& client, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>>;

} // namespace dossier::ingest
