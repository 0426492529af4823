#pragma once
// How a failed comparison shows a document. Without, each file that compares one finds out anew, at length, that no
// printer of GoogleTest's own fits.

#include <nlohmann/json_fwd.hpp>

#include <iosfwd>

namespace nlohmann {

void PrintTo(const json& value, std::ostream* out); // GoogleTest's name for it

} // namespace nlohmann
