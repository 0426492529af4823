#pragma once
// What the raw configuration of a cloud resource, as Prisma Cloud keeps it in `resource.data`, says of its
// surroundings. The shape is each cloud's own and as deep as it likes, so known names are looked for at any depth
// within bounds.

#include "dossier/base/json_view.hpp"
#include "dossier/ingest/platform_api.hpp"

#include "radius_builder.hpp"

#include <string>
#include <vector>

namespace dossier::ingest {

/// Adds roles, networks, keys, disks, replicas, and whom policies and ACLs let in.
void add_relations_of(JsonView data, RadiusBuilder& radius);

/// Statements of a resource policy (AWS `policy.Statement`, GCP `bindings`) as facts of kind `attached`.
[[nodiscard]] auto attached_policies(JsonView data, const std::string& origin) -> std::vector<PolicyFact>;

/// How the configuration lets anybody in, one step a line: "ACL: everybody may read".
[[nodiscard]] auto public_ways(JsonView data) -> std::vector<std::string>;

} // namespace dossier::ingest
