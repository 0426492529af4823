#pragma once
// A SCIM user resource as a Person (RFC 7643 §4.1, §4.3): display name, primary or work e-mail, enterprise extension,
// groups as far as they stand in it, and whether the account is active. Any part may be absent or of a wrong type.

#include "dossier/base/json_view.hpp"
#include "dossier/finding/dossier.hpp"

#include <string_view>

namespace dossier::context {

/// @param source for the reason of a departure: "identity:scim"
[[nodiscard]] auto person_of_scim(JsonView user, std::string_view source) -> Person;
/// Whether `attribute` (userName, externalId, displayName, emails.value) of a user, or displayName of a group, is that
/// value: servers that ignore a filter answer with everybody.
[[nodiscard]] auto scim_matches(JsonView resource, std::string_view attribute, std::string_view value) -> bool;

} // namespace dossier::context
