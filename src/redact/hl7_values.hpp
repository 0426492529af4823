#pragma once
// Values of the segments of HL7 v2 messages that tell who a patient is: PID, NK1 (next of kin), GT1 (guarantor). HL7
// Version 2.5.1, chapters 2 (fields `|`, components `^`, repetitions `~`), 3.4.2, 3.4.5 and 6.5.5.

#include "fields.hpp"

#include <string_view>
#include <vector>

namespace dossier::redact {

[[nodiscard]] auto hl7_values(std::string_view text) -> std::vector<FieldValue>;

} // namespace dossier::redact
