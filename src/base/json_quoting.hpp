#pragma once
// How members of objects begin, for those who write JSON here.

#include <string>
#include <string_view>

namespace dossier {

/// A member's name with its colon, and the comma before it unless it is the first; the name is UTF-8.
void append_member_name(std::string& out, std::string_view name, bool is_first);

} // namespace dossier
