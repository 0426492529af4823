#include "text_diff.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace dossier::approve {
namespace {

constexpr std::size_t most_compared = 1'000'000; // cells of the table, 2 MB
constexpr std::size_t context_lines = 3;

struct Line {
    char mark; ///< ' ' both, '-' before, '+' after
    std::string_view text;
};

using Lines = std::vector<std::string_view>;

auto lines_of(std::string_view text) -> Lines {
    Lines lines;
    if (text.empty()) return lines;
    if (text.ends_with('\n')) text.remove_suffix(1);
    for (const auto line : split(text, '\n')) lines.push_back(line);
    return lines;
}

/// The changed middle, by the longest common subsequence.
void compare(const Lines& before, const Lines& after, std::size_t begin, std::size_t before_end, std::size_t after_end,
             std::vector<Line>& out) {
    const auto rows = before_end - begin;
    const auto columns = after_end - begin;
    std::vector<std::uint16_t> length;
    const auto at = [&](std::size_t i, std::size_t j) -> std::uint16_t& { return length[i * (columns + 1) + j]; };
    const bool is_compared = (rows + 1) * (columns + 1) <= most_compared && std::min(rows, columns) < 65'535;
    if (is_compared) {
        length.resize((rows + 1) * (columns + 1));
        for (std::size_t i = rows; i-- > 0;)
            for (std::size_t j = columns; j-- > 0;)
                at(i, j) = before[begin + i] == after[begin + j] ? static_cast<std::uint16_t>(at(i + 1, j + 1) + 1)
                                                                 : std::max(at(i + 1, j), at(i, j + 1));
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < rows || j < columns) {
        if (is_compared && i < rows && j < columns && before[begin + i] == after[begin + j]) {
            out.push_back({' ', before[begin + i]});
            ++i;
            ++j;
        } else if (i < rows && (!is_compared || j == columns || at(i + 1, j) >= at(i, j + 1))) {
            out.push_back({'-', before[begin + i++]});
        } else {
            out.push_back({'+', after[begin + j++]});
        }
    }
}

auto all_lines(const Lines& before, const Lines& after) -> std::vector<Line> {
    std::size_t begin = 0;
    const auto shorter = std::min(before.size(), after.size());
    while (begin < shorter && before[begin] == after[begin]) ++begin;
    std::size_t same_end = 0;
    while (same_end < shorter - begin && before[before.size() - 1 - same_end] == after[after.size() - 1 - same_end])
        ++same_end;
    std::vector<Line> out;
    for (std::size_t i = 0; i < begin; ++i) out.push_back({' ', before[i]});
    compare(before, after, begin, before.size() - same_end, after.size() - same_end, out);
    for (std::size_t i = before.size() - same_end; i < before.size(); ++i) out.push_back({' ', before[i]});
    return out;
}

/// "12,3", or the line before where there is none.
auto range_of(std::size_t first, std::size_t count) -> std::string {
    if (count == 0) return fmt::format("{},0", first - 1);
    return count == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, count);
}

} // namespace

auto unified_diff(std::string_view before, std::string_view after) -> std::string {
    if (before == after) return {};
    const auto old_lines = lines_of(before);
    const auto new_lines = lines_of(after);
    const auto lines = all_lines(old_lines, new_lines);
    std::string out;
    std::size_t old_at = 1;
    std::size_t new_at = 1;
    std::size_t i = 0;
    const auto is_change = [&](std::size_t n) { return lines[n].mark != ' '; };
    while (i < lines.size()) {
        // The next hunk begins some lines before the next change and ends where as many have followed the last one.
        std::size_t change = i;
        while (change < lines.size() && !is_change(change)) ++change;
        if (change == lines.size()) break;
        const auto begin = std::max(i, change - std::min(change, context_lines));
        old_at += begin - i;
        new_at += begin - i;
        std::size_t last = change;
        for (std::size_t n = change; n < lines.size() && n <= last + 2 * context_lines + 1; ++n)
            if (is_change(n)) last = n;
        const auto end = std::min(lines.size(), last + context_lines + 1);
        std::string hunk;
        std::size_t old_count = 0;
        std::size_t new_count = 0;
        for (std::size_t n = begin; n < end; ++n) {
            if (lines[n].mark != '+') ++old_count;
            if (lines[n].mark != '-') ++new_count;
            hunk += lines[n].mark;
            hunk += lines[n].text;
            hunk += '\n';
        }
        out += fmt::format("@@ -{} +{} @@\n{}", range_of(old_at, old_count), range_of(new_at, new_count), hunk);
        old_at += old_count;
        new_at += new_count;
        i = end;
    }
    // Nothing but the line feed at the end differs.
    if (out.empty()) out = before.size() < after.size() ? "+\\ line feed at the end\n" : "-\\ line feed at the end\n";
    return out;
}

} // namespace dossier::approve
