#pragma once
// Values whose part the shape of a JSON document gives away, where no assignment stands before each of them: the items
// of
// `"owners": ["…", "…"]`, what goes with a column in {"column": "full_name", "values": ["…"]}, and all that stands
// below
// `"sampleRows"`. The text need not be JSON as a whole: documents are found inside prose and logs.

#include "fields.hpp"

#include <string_view>
#include <vector>

namespace dossier::redact {

[[nodiscard]] auto document_values(std::string_view text) -> std::vector<FieldValue>;

} // namespace dossier::redact
