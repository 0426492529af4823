#pragma once
// What a command reads: a file, or standard input for "-".

#include "dossier/base/error.hpp"

#include <string>

namespace dossier::app {

[[nodiscard]] auto read_input(const std::string& file) -> Result<std::string>;

} // namespace dossier::app
