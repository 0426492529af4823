// Puts files into the binary, as C++ to be compiled: embed OUTPUT ROOM ROOT FILE… (cmake/Embed.cmake). YAML goes there
// as the tree that it is (explain/knowledge_tree.hpp), anything else as it stands. A file that is no YAML ends the
// build.

#include "knowledge_tree.hpp"

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

namespace fs = std::filesystem;

auto content_of(const fs::path& file) -> std::string {
    std::ifstream in(file, std::ios::binary);
    if (!in) throw std::runtime_error(file.string() + " can't be read");
    return {std::istreambuf_iterator<char>(in), {}};
}

/// As a literal; compilers bound the length of one, and join several.
auto literal_of(std::string_view bytes) -> std::string {
    constexpr std::size_t a_line = 100;
    std::string text = "\"";
    std::size_t in_line = 0;
    for (const char c : bytes) {
        if (++in_line > a_line) {
            text += "\"\n\"";
            in_line = 1;
        }
        if (c >= ' ' && c <= '~' && c != '"' && c != '\\' && c != '?') {
            text += c;
            continue;
        }
        const auto number = static_cast<unsigned char>(c);
        text += '\\';
        for (const unsigned shift : {6U, 3U, 0U}) text += static_cast<char>('0' + (number >> shift & 7U));
    }
    return text + "\"";
}

auto entry_of(const fs::path& root, const fs::path& file) -> std::string {
    const auto name = fs::relative(file, root).generic_string();
    const auto content = content_of(file);
    std::string text = "        {.name = \"" + name + "\",\n         ";
    if (file.extension() != ".yaml")
        return text + ".content = std::string(" + literal_of(content) + ", " + std::to_string(content.size()) +
               "),\n         .flat = {}},\n";
    try {
        const auto flat = dossier::explain::flat_knowledge(content);
        return text + ".content = {},\n         .flat = std::string_view(" + literal_of(flat) + ", " +
               std::to_string(flat.size()) + ")},\n";
    } catch (const dossier::explain::KnowledgeMistake& mistake) {
        throw std::runtime_error(file.string() + ":" + std::to_string(mistake.line) + ": " + mistake.message);
    }
}

void embed(const fs::path& output, const std::string& room, const fs::path& root, std::span<char*> files) {
    std::string text = "#include \"embedded.hpp\"\n\nnamespace dossier::" + room +
                       " {\n\nauto embedded_files() -> const std::vector<EmbeddedFile>& {\n"
                       "    static const std::vector<EmbeddedFile> files = {\n";
    for (const char* file : files) text += entry_of(root, file);
    text += "    };\n    return files;\n}\n\n} // namespace dossier::" + room + "\n";
    std::ofstream out(output, std::ios::binary);
    out << text;
    if (!out.flush()) throw std::runtime_error(output.string() + " can't be written");
}

} // namespace

auto main(int argc, char** argv) -> int {
    constexpr int before_files = 4;
    const std::span words(argv, static_cast<std::size_t>(argc));
    if (argc < before_files) {
        std::cerr << "embed OUTPUT ROOM ROOT FILE…\n";
        return 2;
    }
    try {
        embed(words[1], words[2], words[3], words.subspan(before_files));
    } catch (const std::exception& error) {
        std::cerr << error.what() << '\n';
        return 1;
    }
    return 0;
}
