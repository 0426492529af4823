#pragma once
// Whether the value of a field that holds an owner, a creator or a principal reads like a person.

#include <string_view>

namespace dossier::redact {

/// "Alice Ngo", "alice", "Ngo, Alice"; not "Claims Platform Team", "payments-core", "role/etl" or an address.
[[nodiscard]] auto reads_as_person(std::string_view value) -> bool;

} // namespace dossier::redact
