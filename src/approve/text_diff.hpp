#pragma once
// What an edit changed, line by line, as a unified diff (GNU diffutils, "Detailed Description of Unified Format").

#include <string>
#include <string_view>

namespace dossier::approve {

/// Empty where both are equal. Texts that differ in more lines than are worth comparing come out as one replacement.
[[nodiscard]] auto unified_diff(std::string_view before, std::string_view after) -> std::string;

} // namespace dossier::approve
