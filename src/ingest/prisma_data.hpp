#pragma once
// Prisma Cloud Data Security: buckets that it has not scanned, and what it classifies by. Paths and fields are those of
// the published OpenAPI (pan.dev "Data Security Inventory", "Data Security Settings", 2026); whether a tenant has the
// module shows by the answer. Data Security gives names of objects but neither fields nor rows of what it has not
// scanned: only matches of its own patterns come with a snippet.

#include "dossier/ingest/platform_api.hpp"

#include "rest_client.hpp"

namespace dossier::ingest {

/// Buckets whose `scanStatus` is false, in the order of their names. The list comes whole; the cursor is the last name.
auto prisma_backlog(RestClient& client, std::string cursor, Deadline deadline) -> Task<Result<BacklogPage>>;
/// Data profiles, data patterns and policies of type `data`.
auto prisma_policies(RestClient& client, std::string origin, Deadline deadline)
    -> Task<Result<std::vector<PolicyFact>>>;

} // namespace dossier::ingest
