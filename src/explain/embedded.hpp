#pragma once
// Copies of the files under config/ that ship inside the binary (made by src/embed, see cmake/Embed.cmake).

#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

struct EmbeddedFile {
    std::string name; ///< "config/prompts/narrative-1.0.0.md"
    std::string content;
    std::string_view flat = {}; ///< instead of `content`, of what is YAML: see knowledge_tree.hpp
};

[[nodiscard]] auto embedded_files() -> const std::vector<EmbeddedFile>&;

} // namespace dossier::explain
