#include "knowledge_files.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace dossier::explain {

namespace fs = std::filesystem;

namespace {

auto read_directory(const fs::path& path) -> Result<std::vector<EmbeddedFile>> {
    std::vector<EmbeddedFile> files;
    std::error_code error;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().extension() != ".yaml") continue;
        std::ifstream in(entry->path(), std::ios::binary);
        if (!in) return fail(Errc::unavailable, entry->path().string() + " can't be read");
        files.push_back(
            {.name = entry->path().string(), .content = std::string(std::istreambuf_iterator<char>(in), {})});
    }
    if (error) return fail(Errc::unavailable, path.string() + " can't be read: " + error.message());
    if (files.empty()) return fail(Errc::not_found, path.string() + " holds no YAML file");
    std::ranges::sort(files, {}, &EmbeddedFile::name);
    return files;
}

[[noreturn]] void refuse(const KnowledgeNode& node, std::string message) {
    throw KnowledgeMistake{.line = node.line(), .message = std::move(message)};
}

} // namespace

auto knowledge_files(const std::string& directory, const std::string& part) -> Result<std::vector<EmbeddedFile>> {
    if (!directory.empty()) return read_directory(fs::path(directory) / part);
    std::error_code error;
    if (fs::is_directory(fs::path("config") / part, error)) return read_directory(fs::path("config") / part);
    std::vector<EmbeddedFile> files;
    const auto prefix = "config/" + part + "/";
    for (const auto& file : embedded_files())
        if (file.name.starts_with(prefix) && file.name.find('/', prefix.size()) == std::string::npos)
            files.push_back(file);
    return files;
}

auto read_knowledge(const EmbeddedFile& file, const std::function<void(const KnowledgeNode&)>& read) -> Result<void> {
    try {
        if (!file.flat.empty()) {
            read(KnowledgeNode::root(file.flat));
        } else {
            const auto flat = flat_knowledge(file.content);
            read(KnowledgeNode::root(flat));
        }
        return {};
    } catch (const KnowledgeMistake& mistake) {
        return fail(Errc::malformed, file.name + ":" + std::to_string(mistake.line) + ": " + mistake.message);
    }
}

auto words_at(const KnowledgeNode& node, std::string_view key) -> std::vector<std::string> {
    std::vector<std::string> words;
    const auto value = node[key];
    if (!value) return words;
    if (!value.is_list()) refuse(value, std::string(key) + " is a list");
    for (const auto& item : value) words.push_back(item.as_text());
    return words;
}

auto text_in(const KnowledgeNode& node, std::string_view key) -> std::string {
    const auto value = node[key];
    if (value.text().empty()) refuse(node, std::string(key) + " is missing");
    return std::string(value.text());
}

auto families_at(const KnowledgeNode& node, std::string_view key) -> std::vector<ControlFamily> {
    std::vector<ControlFamily> families;
    for (const auto& word : words_at(node, key)) {
        const auto family = parse_word<ControlFamily>(word);
        if (!family) refuse(node[key], "'" + word + "' is no control family");
        families.push_back(*family);
    }
    return families;
}

void only_keys(const KnowledgeNode& node, std::initializer_list<std::string_view> known) {
    if (!node.is_map()) refuse(node, "a mapping is expected");
    for (const auto& [key, value] : node.members())
        if (std::ranges::find(known, key.text()) == known.end())
            refuse(key, "unknown key '" + std::string(key.text()) + "'");
}

auto takes_resource(const std::vector<std::string>& globs, std::string_view type, std::string_view id) -> bool {
    return globs.empty() || std::ranges::any_of(globs, [&](const std::string& glob) {
               return (!type.empty() && glob_match(glob, lower(type))) || (!id.empty() && glob_match(glob, lower(id)));
           });
}

} // namespace dossier::explain
