#include "leads.hpp"

#include "characters.hpp"

#include <algorithm>

namespace dossier::redact {

namespace {

constexpr std::string_view separators = "-+ ./:";
constexpr unsigned letter_bit = separators.size();
constexpr unsigned digit_bit = letter_bit + 1;
constexpr unsigned other_bit = digit_bit + 1; ///< the end of a text, too

constexpr auto bit(unsigned number) -> std::uint16_t { return static_cast<std::uint16_t>(1U << number); }

constexpr auto kind_of(char c) -> std::uint16_t {
    if (is_letter(c)) return bit(letter_bit);
    if (is_digit(c)) return bit(digit_bit);
    const auto at = separators.find(c);
    return at == std::string_view::npos ? bit(other_bit) : bit(static_cast<unsigned>(at));
}

constexpr auto kinds = [] {
    std::array<std::uint16_t, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte) table[byte] = kind_of(static_cast<char>(byte));
    return table;
}();

/// For each byte whether words hold it, and which runs it is part of.
constexpr unsigned in_word = 1;
constexpr auto of_run(Lead::Run run) -> unsigned { return 2U << static_cast<unsigned>(run); }
constexpr auto parts = [] {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte) {
        const char c = static_cast<char>(byte);
        unsigned bits = is_word_byte(c) ? in_word : 0;
        if (is_digit(c)) bits |= of_run(Lead::Run::digits);
        if (c >= 'A' && c <= 'Z') bits |= of_run(Lead::Run::capitals);
        if (is_hex(c)) bits |= of_run(Lead::Run::hex);
        table[byte] = static_cast<std::uint8_t>(bits);
    }
    return table;
}();

auto parts_at(std::string_view text, std::size_t at) -> unsigned { return parts[static_cast<unsigned char>(text[at])]; }

auto kind_at(std::string_view text, std::size_t at) -> std::uint16_t {
    return at < text.size() ? kinds[static_cast<unsigned char>(text[at])] : bit(other_bit);
}

auto run_end(std::string_view text, std::size_t at, Lead::Run run) -> std::size_t {
    while (at < text.size() && (parts_at(text, at) & of_run(run)) != 0) ++at;
    return at;
}

/// From there on where a digit is there, else behind that byte.
auto digits_from(std::string_view text, std::size_t at) -> std::size_t {
    if (at < text.size() && !is_digit(text[at])) ++at;
    return run_end(text, at, Lead::Run::digits) - at;
}

} // namespace

void LeadSearch::add(const Lead& lead, std::size_t row) {
    std::uint16_t next = 0;
    for (const char c : lead.next) next |= kind_of(c);
    if (lead.next.empty()) next = std::numeric_limits<std::uint16_t>::max();
    const Entry entry{.next = next, .digits_least = lead.digits_least, .digits_most = lead.digits_most, .row = row};
    auto& by_length = entries_[static_cast<std::size_t>(lead.run)];
    for (std::size_t length = lead.least; length <= std::min<std::size_t>(lead.most, longest); ++length)
        by_length[length].push_back(entry);
}

void LeadSearch::find(std::string_view text, std::vector<Place>& found) const {
    constexpr std::array all_runs{Lead::Run::digits, Lead::Run::capitals, Lead::Run::hex};
    const auto is_in_word = [&](std::size_t at) { return (parts_at(text, at) & in_word) != 0; };
    for (std::size_t at = 0;;) {
        while (at < text.size() && !is_in_word(at)) ++at;
        if (at == text.size()) return;
        const auto begins = parts_at(text, at);
        for (const auto run : all_runs)
            if ((begins & of_run(run)) != 0) find_at(text, at, run, found);
        while (at < text.size() && is_in_word(at)) ++at;
    }
}

void LeadSearch::find_at(std::string_view text, std::size_t at, Lead::Run run, std::vector<Place>& found) const {
    const auto end = run_end(text, at + 1, run);
    const auto next = kind_at(text, end);
    for (const auto& entry : entries_[static_cast<std::size_t>(run)][std::min(end - at, longest)]) {
        if ((entry.next & next) == 0) continue;
        const auto digits = digits_from(text, end);
        if (digits >= entry.digits_least && digits <= entry.digits_most) found.push_back({.at = at, .row = entry.row});
    }
}

} // namespace dossier::redact
