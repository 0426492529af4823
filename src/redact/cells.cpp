#include "cells.hpp"

namespace dossier::redact {

namespace {

auto separator_size(std::string_view text, std::size_t at, std::string_view separator) -> std::size_t {
    return text.substr(at, separator.size()) == separator ? separator.size() : 0;
}

} // namespace

auto line_break_at(std::string_view text, std::size_t at) -> std::size_t {
    if (text[at] == '\n') return 1;
    return text.substr(at, 2) == "\\n" ? 2 : 0;
}

auto lines_of(std::string_view text) -> std::vector<Cell> {
    std::vector<Cell> lines;
    std::size_t start = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto size = line_break_at(text, at);
        if (size > 0) lines.push_back({start, at});
        at += size > 0 ? size : 1;
        if (size > 0) start = at;
    }
    lines.push_back({start, text.size()});
    return lines;
}

auto cells_of(std::string_view text, Cell line, std::string_view separator) -> std::vector<Cell> {
    std::vector<Cell> cells;
    auto start = line.begin;
    for (auto at = line.begin; at < line.end;) {
        const auto size = separator_size(text, at, separator);
        if (size > 0) cells.push_back({start, at});
        at += size > 0 ? size : 1;
        if (size > 0) start = at;
    }
    cells.push_back({start, line.end});
    return cells;
}

} // namespace dossier::redact
