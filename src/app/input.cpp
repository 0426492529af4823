#include "input.hpp"

#include <fstream>
#include <iostream>
#include <iterator>

namespace dossier::app {

auto read_input(const std::string& file) -> Result<std::string> {
    if (file == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
    std::ifstream in(file, std::ios::binary);
    if (!in) return fail(Errc::not_found, "can't read " + file);
    return std::string(std::istreambuf_iterator<char>(in), {});
}

} // namespace dossier::app
