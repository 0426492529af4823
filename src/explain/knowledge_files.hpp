#pragma once
// Where the assessor's knowledge comes from: YAML files of a directory, or their copies in the binary. Reading them is
// the same: a mistake is an error with file and line, since wrong knowledge is worse than none.

#include "dossier/base/error.hpp"
#include "dossier/finding/vocabulary.hpp"
#include "embedded.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace YAML {
class Node;
}

namespace dossier::explain {

/// The YAML files below `directory`/`part` in name order; with directory "" those of config/ in the working directory,
/// else the built-in ones.
[[nodiscard]] auto knowledge_files(const std::string& directory, const std::string& part)
    -> Result<std::vector<EmbeddedFile>>;

/// Thrown inside the readers and turned into `malformed` at their edge.
struct KnowledgeMistake {
    int line = 0;
    std::string message;
};

[[nodiscard]] auto words_at(const YAML::Node& node, const char* key) -> std::vector<std::string>;
[[nodiscard]] auto text_in(const YAML::Node& node, const char* key) -> std::string;
[[nodiscard]] auto families_at(const YAML::Node& node, const char* key) -> std::vector<ControlFamily>;
void only_keys(const YAML::Node& node, std::initializer_list<std::string_view> known);

/// Whether one of the globs takes the resource's type or id; no globs = every resource, known or not.
[[nodiscard]] auto takes_resource(const std::vector<std::string>& globs, std::string_view type, std::string_view id)
    -> bool;

} // namespace dossier::explain
