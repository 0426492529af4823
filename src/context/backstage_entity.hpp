#pragma once
// Reading an entity of Backstage's catalog: its reference, its relations, the little of metadata and spec that says
// something about ownership. Owners are taken from relations only: `spec.owner` is what somebody typed, the relation is
// what the catalog made of it. Source: Backstage, "Descriptor Format of Catalog Entities", "Well-known Relations".

#include "dossier/base/json.hpp"
#include "dossier/finding/vocabulary.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::context {

/// "resource:default/acme-phi", in lower case, as refs compare.
[[nodiscard]] auto ref_of(const Json& entity) -> std::string;
[[nodiscard]] auto kind_of(const Json& entity) -> std::string;
/// Targets of the relations of a type, in lower case: "group:default/payments".
[[nodiscard]] auto related(const Json& entity, std::string_view type) -> std::vector<std::string>;
/// `kind:namespace/name` with nothing that could be something else.
[[nodiscard]] auto is_ref(std::string_view text) -> bool;

/// What people call it: title, else display name, else name.
[[nodiscard]] auto title_of(const Json& entity) -> std::string;
/// `spec.profile.email` of a user or group.
[[nodiscard]] auto email_of(const Json& entity) -> std::string;
[[nodiscard]] auto annotation(const Json& entity, std::string_view key) -> std::string;
/// By labels and annotations that mean an environment, else `spec.lifecycle` where it says production.
[[nodiscard]] auto environment_of(const Json& entity) -> Environment;
/// By labels, annotations and tags that mean criticality or a tier.
[[nodiscard]] auto criticality_of(const Json& entity) -> Criticality;

} // namespace dossier::context
