#pragma once
// Values of people's entries in an LDIF export of a directory (RFC 2849), by their attributes' names (RFC 4519 and
// inetOrgPerson, RFC 2798). What is not a person's entry stays: groups, computers and services have a `cn`, too.

#include "fields.hpp"

#include <string_view>
#include <vector>

namespace dossier::redact {

[[nodiscard]] auto ldif_values(std::string_view text) -> std::vector<FieldValue>;

} // namespace dossier::redact
