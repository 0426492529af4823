#pragma once
// JSON Schema validation of an answer (valijson, heavy: one unit only).

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// What is wrong with `answer` (JSON text) against `schema` (JSON Schema as text); empty = it fits.
[[nodiscard]] auto schema_violations(const std::string& answer, std::string_view schema) -> std::vector<std::string>;

} // namespace dossier::explain
