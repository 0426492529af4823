#include "hl7_values.hpp"

#include "cells.hpp"

#include <algorithm>
#include <array>

namespace dossier::redact {

namespace {

/// Which field of a segment holds what.
struct Field {
    std::string_view segment;
    std::size_t number = 0; ///< from 1; the segment's name is 0
    KeyMeaning meaning = KeyMeaning::none;
};

constexpr std::array<Field, 19> fields{{
    {"PID", 2, KeyMeaning::medical_record}, {"PID", 3, KeyMeaning::medical_record},
    {"PID", 4, KeyMeaning::medical_record}, {"PID", 5, KeyMeaning::person},
    {"PID", 6, KeyMeaning::person},         {"PID", 7, KeyMeaning::birth_date},
    {"PID", 9, KeyMeaning::person},         {"PID", 11, KeyMeaning::address},
    {"PID", 13, KeyMeaning::phone},         {"PID", 14, KeyMeaning::phone},
    {"PID", 18, KeyMeaning::national_id},   {"PID", 19, KeyMeaning::ssn},
    {"PID", 20, KeyMeaning::national_id},   {"NK1", 2, KeyMeaning::person},
    {"NK1", 4, KeyMeaning::address},        {"NK1", 5, KeyMeaning::phone},
    {"GT1", 3, KeyMeaning::person},         {"GT1", 5, KeyMeaning::address},
    {"GT1", 12, KeyMeaning::ssn},
}};

/// Segments end with a carriage return, which may be escaped or have become a line break.
auto segment_end(std::string_view text, std::size_t at) -> std::size_t {
    while (at < text.size() && text[at] != '\r' && text.substr(at, 2) != "\\r" && line_break_at(text, at) == 0) ++at;
    return at;
}

auto begins_segment(std::string_view text, std::size_t at) -> bool {
    if (at == 0) return true;
    const char before = text[at - 1];
    const bool follows_escape = at >= 2 && text[at - 2] == '\\' && (before == 'r' || before == 'n');
    return before == '\r' || before == '\n' || before == '"' || before == '\v' || follows_escape;
}

void take_parts(std::string_view text, Cell cell, KeyMeaning meaning, std::vector<FieldValue>& found) {
    const auto add = [&](Cell part) {
        if (part.end > part.begin)
            found.push_back({.meaning = meaning, .begin = part.begin, .end = part.end, .is_delimited = true});
    };
    constexpr std::size_t date = 8; // a time may follow it
    for (const auto& repeated : cells_of(text, cell, "~")) {
        if (meaning == KeyMeaning::address) {
            add(repeated);
            continue;
        }
        const auto parts = cells_of(text, repeated, "^");
        add(meaning == KeyMeaning::birth_date ? Cell{parts[0].begin, std::min(parts[0].end, parts[0].begin + date)}
                                              : parts[0]);
        for (std::size_t i = 1; i < std::min<std::size_t>(parts.size(), 3) && meaning == KeyMeaning::person; ++i)
            add(parts[i]); // given and further names
    }
}

} // namespace

auto hl7_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    for (auto bar = text.find('|'); bar != std::string_view::npos; bar = text.find('|', bar + 1)) {
        if (bar < 3 || !begins_segment(text, bar - 3)) continue;
        const auto segment = text.substr(bar - 3, 3);
        if (std::ranges::find(fields, segment, &Field::segment) == fields.end()) continue;
        const auto end = segment_end(text, bar);
        const auto cells = cells_of(text, {bar - 3, end}, "|");
        for (const auto& field : fields)
            if (field.segment == segment && field.number < cells.size())
                take_parts(text, cells[field.number], field.meaning, found);
        bar = end - 1;
    }
    return found;
}

} // namespace dossier::redact
