#include "leads.hpp"

#include "byte_classes.hpp"
#include "characters.hpp"

#include <algorithm>
#include <stdexcept>

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

/// For each byte which runs it is part of.
constexpr auto of_run(Lead::Run run) -> unsigned { return 1U << static_cast<unsigned>(run); }
constexpr auto parts = [] {
    std::array<std::uint8_t, 256> table{};
    for (std::size_t byte = 0; byte < table.size(); ++byte) {
        const char c = static_cast<char>(byte);
        unsigned bits = 0;
        if (is_digit(c)) bits |= of_run(Lead::Run::digits);
        if (c >= 'A' && c <= 'Z') bits |= of_run(Lead::Run::capitals);
        if (is_hex(c)) bits |= of_run(Lead::Run::hex);
        table[byte] = static_cast<std::uint8_t>(bits);
    }
    return table;
}();

/// What \b takes for part of a word.
auto is_of_word(ByteBlock block) -> Compared {
    return is_letter_between(block, 'a', 'z') | is_between(block, '0', '9') | is_byte(block, '_');
}

/// Of a run of hex digits that is none of digits or capitals from its first byte on.
auto is_small_hex(ByteBlock block) -> Compared { return is_between(block, 'a', 'f'); }
auto is_digit_or_capital(ByteBlock block) -> Compared {
    return is_between(block, '0', '9') | is_between(block, 'A', 'Z');
}
auto is_hex_digit(ByteBlock block) -> Compared {
    return is_between(block, '0', '9') | is_letter_between(block, 'a', 'f');
}
constexpr std::string_view behind_hex = "-:";
auto is_behind_hex(ByteBlock block) -> Compared { return is_byte(block, '-') | is_byte(block, ':'); }

/// Of the words that begin with a small letter those that may begin with a run of hex digits and a byte behind it that
/// a lead wants: all or none, and nearly always none.
auto with_hex_run(std::string_view text, std::size_t block, std::uint64_t begins) -> std::uint64_t {
    begins &= bits_at<is_small_hex>(text, block);
    const auto hex = bits_at<is_hex_digit>(text, block);
    const auto ended = hex + begins; // runs that begin there carry into the bit behind them
    const bool goes_on = ended < hex;
    return goes_on || (ended & ~hex & bits_at<is_behind_hex>(text, block)) != 0 ? begins : 0;
}

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
    if (lead.run == Lead::Run::hex && (lead.next.empty() || lead.next.find_first_not_of(behind_hex) != lead.next.npos))
        throw std::logic_error("a lead of hex digits goes on with a dash or a colon");
    std::uint16_t next = 0;
    for (const char c : lead.next) next |= kind_of(c);
    if (lead.next.empty()) next = std::numeric_limits<std::uint16_t>::max();
    const Entry entry{.next = next, .digits_least = lead.digits_least, .digits_most = lead.digits_most, .row = row};
    auto& by_length = entries_[static_cast<std::size_t>(lead.run)];
    for (std::size_t length = lead.least; length <= std::min<std::size_t>(lead.most, longest); ++length)
        by_length[length].push_back(entry);
}

void LeadSearch::find(std::string_view text, std::vector<Place>& found) const {
    std::uint64_t before = 0; // whether a word goes on where the bits begin
    for (std::size_t block = 0; block < text.size(); block += bytes_of_bits) {
        const auto words = bits_at<is_of_word>(text, block);
        const auto all = words & ~(words << 1U | before);
        auto begins = (all & bits_at<is_digit_or_capital>(text, block)) | with_hex_run(text, block, all);
        before = words >> (bytes_of_bits - 1);
        for (; begins != 0; begins &= begins - 1) {
            const auto at = block + static_cast<std::size_t>(std::countr_zero(begins));
            const auto runs = parts_at(text, at);
            const auto first = static_cast<std::ptrdiff_t>(found.size());
            for (const auto run : {Lead::Run::digits, Lead::Run::capitals, Lead::Run::hex})
                if ((runs & of_run(run)) != 0) find_at(text, at, run, found);
            std::ranges::sort(found.begin() + first, found.end(), {}, &Place::row);
        }
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
