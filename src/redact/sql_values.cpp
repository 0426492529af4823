#include "sql_values.hpp"

#include "cells.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>
#include <array>

namespace dossier::redact {

namespace {

constexpr std::size_t longest_list = 2'000; ///< bytes of column names
constexpr std::string_view blanks = " \t\r\n";

/// Line breaks and tabs may be escaped, where the statement stands inside a JSON string.
auto after_blanks(std::string_view text, std::size_t at) -> std::size_t {
    for (;;) {
        at = std::min(text.find_first_not_of(blanks, at), text.size());
        const auto escape = text.substr(at, 2);
        if (escape != "\\n" && escape != "\\r" && escape != "\\t") return at;
        at += 2;
    }
}

auto starts_with_word(std::string_view text, std::size_t at, std::string_view word) -> bool {
    return iequals(text.substr(at, word.size()), word);
}

/// What the names mean in the list that ends before `close`; empty where none means anything.
auto columns_before(std::string_view text, std::size_t close) -> std::vector<KeyMeaning> {
    const auto from = close > longest_list ? close - longest_list : 0;
    const auto list = text.substr(from, close - from);
    const auto open = list.rfind('(');
    if (open == std::string_view::npos || list.find(')', open) != std::string_view::npos) return {};
    std::vector<KeyMeaning> columns;
    std::vector<std::string_view> names;
    for (auto name : split(list.substr(open + 1), ',')) {
        constexpr std::string_view around = " \t\r\n\"`[]\\";
        const auto begin = name.find_first_not_of(around);
        name = begin == std::string_view::npos ? std::string_view() : name.substr(begin);
        name = name.substr(0, name.find_last_not_of(around) + 1);
        names.push_back(name);
        columns.push_back(meaning_of_key(name));
    }
    const auto meant = std::ranges::count_if(columns, [](auto meaning) { return meaning != KeyMeaning::none; });
    if (meant == 0) return {};
    // `name` is a person in a table of people; elsewhere it is a resource.
    for (std::size_t i = 0; i < names.size() && meant >= 2; ++i)
        if (iequals(names[i], "name")) columns[i] = KeyMeaning::person;
    return columns;
}

/// Takes the rows `('…', 7, NULL), (…)` in.
class Rows {
public:
    Rows(std::string_view text, const std::vector<KeyMeaning>& columns, std::vector<FieldValue>& found)
        : text_(text), columns_(columns), found_(found) {}

    /// @return where they end
    auto read(std::size_t at) -> std::size_t {
        for (at = after_blanks(text_, at); at < text_.size() && text_[at] == '(';) {
            at = row(at + 1);
            const auto next = after_blanks(text_, at);
            if (next >= text_.size() || text_[next] != ',') return at;
            at = after_blanks(text_, next + 1);
        }
        return at;
    }

private:
    auto row(std::size_t at) -> std::size_t {
        for (std::size_t column = 0; at < text_.size(); ++column) {
            at = value(after_blanks(text_, at), column < columns_.size() ? columns_[column] : KeyMeaning::none);
            if (at >= text_.size()) return at;
            if (text_[at++] == ')') return at;
        }
        return at;
    }

    /// @return at the comma or bracket behind it
    auto value(std::size_t at, KeyMeaning meaning) -> std::size_t {
        if (at + 1 < text_.size() && text_[at + 1] == '\'' && std::string_view("NEne").contains(text_[at])) ++at;
        Cell cell{at, at};
        if (at < text_.size() && text_[at] == '\'') {
            cell = {at + 1, end_of_string(at + 1)};
            at = std::min(cell.end + 1, text_.size());
        } else {
            cell.end = std::min(text_.find_first_of(",)", at), text_.size());
        }
        if (meaning != KeyMeaning::none && cell.end > cell.begin && !iequals(trim(cell_text(cell)), "null"))
            found_.push_back({.meaning = meaning, .begin = cell.begin, .end = cell.end, .is_delimited = true});
        return std::min(text_.find_first_of(",)", at), text_.size());
    }

    /// A quote inside is written twice, or behind a backslash.
    [[nodiscard]] auto end_of_string(std::size_t at) const -> std::size_t {
        while (at < text_.size()) {
            if (text_[at] == '\'' && text_.substr(at, 2) != "''") return at;
            at += text_[at] == '\'' || text_[at] == '\\' ? 2 : 1;
        }
        return text_.size();
    }

    [[nodiscard]] auto cell_text(Cell cell) const -> std::string_view {
        return text_.substr(cell.begin, cell.end - cell.begin);
    }

    std::string_view text_;
    const std::vector<KeyMeaning>& columns_;
    std::vector<FieldValue>& found_;
};

/// The lines of tabs up to `\.`. @return where they end
auto take_copied(std::string_view text, std::size_t begin, const std::vector<KeyMeaning>& columns,
                 std::vector<FieldValue>& found) -> std::size_t {
    while (begin < text.size()) {
        auto end = begin;
        while (end < text.size() && line_break_at(text, end) == 0) ++end;
        if (text.substr(begin, end - begin).starts_with("\\.")) return end;
        const bool is_escaped = !text.substr(begin, end - begin).contains('\t');
        const auto cells = cells_of(text, {begin, end}, is_escaped ? "\\t" : "\t");
        if (cells.size() != columns.size()) return begin;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            const auto& [from, to] = cells[i];
            if (columns[i] == KeyMeaning::none || to == from || text.substr(from, to - from) == "\\N") continue;
            found.push_back({.meaning = columns[i], .begin = from, .end = to, .is_delimited = true});
        }
        begin = end < text.size() ? end + line_break_at(text, end) : end;
    }
    return begin;
}

} // namespace

auto sql_values(std::string_view text) -> std::vector<FieldValue> {
    std::vector<FieldValue> found;
    constexpr std::string_view rows_follow = "values";
    constexpr std::string_view lines_follow = "from stdin;";
    for (auto close = text.find(')'); close != std::string_view::npos; close = text.find(')', close)) {
        const auto list_end = close++;
        const auto at = after_blanks(text, close);
        const bool has_rows = starts_with_word(text, at, rows_follow);
        if (!has_rows && !starts_with_word(text, at, lines_follow)) continue;
        const auto columns = columns_before(text, list_end);
        if (columns.empty()) continue;
        if (has_rows) {
            close = Rows(text, columns, found).read(at + rows_follow.size());
        } else {
            const auto line_end = at + lines_follow.size();
            const auto size = line_end < text.size() ? line_break_at(text, line_end) : 0;
            close = size > 0 ? take_copied(text, line_end + size, columns, found) : line_end;
        }
    }
    return found;
}

} // namespace dossier::redact
