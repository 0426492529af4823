#pragma once
// Where the assessor's knowledge comes from: YAML files of a directory, or what the binary holds of them. Reading them
// is the same: a mistake is an error with file and line, since wrong knowledge is worse than none.

#include "dossier/base/error.hpp"
#include "dossier/finding/vocabulary.hpp"
#include "embedded.hpp"
#include "knowledge_tree.hpp"

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// The YAML files below `directory`/`part` in name order; with directory "" those of config/ in the working directory,
/// else the built-in ones.
[[nodiscard]] auto knowledge_files(const std::string& directory, const std::string& part)
    -> Result<std::vector<EmbeddedFile>>;

/// Has `read` read what the file says. A KnowledgeMistake that it throws becomes `malformed`, with the file's name.
[[nodiscard]] auto read_knowledge(const EmbeddedFile& file, const std::function<void(const KnowledgeNode&)>& read)
    -> Result<void>;

[[nodiscard]] auto words_at(const KnowledgeNode& node, std::string_view key) -> std::vector<std::string>;
[[nodiscard]] auto text_in(const KnowledgeNode& node, std::string_view key) -> std::string;
[[nodiscard]] auto families_at(const KnowledgeNode& node, std::string_view key) -> std::vector<ControlFamily>;
void only_keys(const KnowledgeNode& node, std::initializer_list<std::string_view> known);

/// Whether one of the globs takes the resource's type or id; no globs = every resource, known or not.
[[nodiscard]] auto takes_resource(const std::vector<std::string>& globs, std::string_view type, std::string_view id)
    -> bool;

} // namespace dossier::explain
