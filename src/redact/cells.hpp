#pragma once
// Where the lines of a text and their cells lie. Line breaks may be escaped, where a table stands inside a JSON string.

#include <cstddef>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct Cell {
    std::size_t begin = 0;
    std::size_t end = 0;
};

/// The size of the line break at `at`; 0 = there is none.
[[nodiscard]] auto line_break_at(std::string_view text, std::size_t at) -> std::size_t;
[[nodiscard]] auto lines_of(std::string_view text) -> std::vector<Cell>;
[[nodiscard]] auto cells_of(std::string_view text, Cell line, std::string_view separator) -> std::vector<Cell>;

} // namespace dossier::redact
