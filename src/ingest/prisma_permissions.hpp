#pragma once
// Prisma Cloud's effective permissions (CIEM): who may do what to a resource, and through which policy, role or group
// (pan.dev "IAM": POST /api/v1/permission, PermissionDto).

#include "dossier/ingest/platform_api.hpp"

#include "radius_builder.hpp"
#include "rest_client.hpp"

#include <string>
#include <vector>

namespace dossier::ingest {

/// Everything one source may do to one destination.
struct Permission {
    GraphNode who;  ///< without hops and why
    GraphNode what; ///< the destination
    std::vector<std::string> actions;
    std::string policy_id;
    std::string policy_name;
    std::string through; ///< "role payments-etl", where the grant is not the source's own
    std::string last_used;
    bool is_public = false;
};

/// Who may do something to the resource of that name.
/// @param account where the name may exist more than once; "" = any
auto permissions_on(RestClient& client, std::string name, std::string account, Deadline deadline)
    -> Task<Result<std::vector<Permission>>>;
/// What the resource of that name may do something to.
auto permissions_of(RestClient& client, std::string name, std::string account, Deadline deadline)
    -> Task<Result<std::vector<Permission>>>;

void add_permissions(const std::vector<Permission>& permissions, RadiusBuilder& radius);
void add_reach(const std::vector<Permission>& permissions, RadiusBuilder& radius);
/// Principals with their level, the policies that let them in, and public access as a way in.
void describe_permissions(const std::vector<Permission>& permissions, const std::string& origin,
                          ResourceInsight& insight);

} // namespace dossier::ingest
