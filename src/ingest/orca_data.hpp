#pragma once
// Orca's DSPM: stores whose sensitivity nobody knows, and what Orca classifies by. Detectors and policies are those of
// orcasecurity/terraform-provider-orcasecurity (`dspm_detector.go`, `dspm_policy.go`). No public client shows how the
// inventory marks an unscanned store: what has sensitive data is related to `SensitiveData` (public queries), so that a
// store counts as unknown where it says so itself, or has neither such a relation nor the time of a data scan.

#include "dossier/ingest/platform_api.hpp"

#include "orca_query.hpp"

namespace dossier::ingest {

/// The cursor is an index into the inventory's stores.
auto orca_backlog(RestClient& client, std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>>;
auto orca_policies(RestClient& client, std::string origin, Deadline deadline) -> Task<Result<std::vector<PolicyFact>>>;

} // namespace dossier::ingest
