#include "cells.hpp"

#include <algorithm>

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
    constexpr std::string_view escaped_break = "\\n";
    std::vector<Cell> lines;
    std::size_t start = 0;
    // Each is searched for by itself: most bytes of a text are neither, and a search skips them many at a time.
    auto plain = text.find('\n');
    auto escaped = text.find(escaped_break);
    for (auto at = std::min(plain, escaped); at != std::string_view::npos; at = std::min(plain, escaped)) {
        lines.push_back({start, at});
        start = at + (at == plain ? 1 : escaped_break.size());
        if (plain < start) plain = text.find('\n', start);
        if (escaped < start) escaped = text.find(escaped_break, start);
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
