#pragma once
// What may be kept of a sample value: its kind where a detector knows it, else its shape and length. None of the
// value's own text is ever in the answer, also where no detector fires.

#include "dossier/redact/redactor.hpp"

#include <string>
#include <string_view>

namespace dossier::redact {

/// "<EMAIL>", "<DIGITS 9>", "<DATE>", "<TEXT 40 with EMAIL>". @param field name of the column, as context
[[nodiscard]] auto mask_sample(const Redactor& redactor, std::string_view field, std::string_view value) -> std::string;

} // namespace dossier::redact
