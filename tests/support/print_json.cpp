#include "print_json.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace nlohmann {

void PrintTo(const json& value, std::ostream* out) { *out << value.dump(2); }

} // namespace nlohmann
