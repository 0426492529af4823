#pragma once
// Values of the segments of ASC X12 transactions (health care claims 837, eligibility 270 and 271, remittances 835)
// that tell who a person is: NM1 (name), N3 (street), DMG (demographics), REF (reference numbers), PER (contact).
// Segments end with `~`, elements with `*`; X12 005010X222A1, chapters 2010BA and 2010CA.

#include "fields.hpp"

#include <string_view>
#include <vector>

namespace dossier::redact {

[[nodiscard]] auto x12_values(std::string_view text) -> std::vector<FieldValue>;

} // namespace dossier::redact
