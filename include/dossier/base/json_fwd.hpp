#pragma once
#include <nlohmann/json_fwd.hpp>

namespace dossier {
using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
} // namespace dossier
