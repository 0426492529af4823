#pragma once
// What Prisma Cloud knows around an alert's resource. Four answers make the picture, each of which may be missing:
//   the alert's evidence graph  GET  /alert/v1/{id}/graph        (Darwin release; JSON Graph Format)
//   the resource itself         POST /resource {"rrn"}           where the alert came without `resource.data`
//   permissions                 POST /api/v1/permission(/page)   IAM query over `dest.cloud.resource.name`
//   the audit log               POST /search/event               `event from cloud.audit_logs`, the last seven days
// and the resource's configuration in `resource.data` names what it hangs on: roles, networks, keys, who its policy and
// its ACL let in. Sources: pan.dev "Alerts", "IAM", "Search" (OpenAPI of 2026), PrismaCloudV2 of demisto/content, the
// RQL reference. A network query (`config from network where …`) takes no bucket and no database as its destination,
// so that the way in from the internet is read from the evidence graph's network paths and the permissions.

#include "dossier/ingest/platform_api.hpp"

#include "rest_client.hpp"

namespace dossier::ingest {

/// nullopt where Prisma Cloud knows neither alert nor resource; the first error where nothing could be asked at all.
auto prisma_neighbours(RestClient& client, Finding finding, GraphLimits limits, std::string origin, Deadline deadline)
    -> Task<Result<std::optional<BlastRadius>>>;
auto prisma_insight(RestClient& client, Finding finding, std::string origin, Deadline deadline)
    -> Task<Result<ResourceInsight>>;

/// `text` may stand between single quotes in RQL, whose strings know no escape.
[[nodiscard]] auto is_quotable_in_rql(std::string_view text) -> bool;

} // namespace dossier::ingest
