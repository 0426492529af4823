#include "x12_values.hpp"

#include "cells.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

namespace dossier::redact {

namespace {

using Meanings = std::span<const std::pair<std::string_view, KeyMeaning>>;

auto meaning_in(Meanings meanings, std::string_view qualifier) -> KeyMeaning {
    const auto found = std::ranges::find(meanings, qualifier, [](const auto& row) { return row.first; });
    return found == meanings.end() ? KeyMeaning::none : found->second;
}

/// NM108: what the number behind a person's name is.
constexpr std::array<std::pair<std::string_view, KeyMeaning>, 4> numbers_of_names{{
    {"MI", KeyMeaning::national_id},
    {"II", KeyMeaning::national_id},
    {"34", KeyMeaning::ssn},
    {"SY", KeyMeaning::ssn},
}};
/// REF01.
constexpr std::array<std::pair<std::string_view, KeyMeaning>, 4> references{{
    {"SY", KeyMeaning::ssn},
    {"EA", KeyMeaning::medical_record},
    {"0F", KeyMeaning::national_id}, // of the subscriber
    {"1W", KeyMeaning::national_id}, // of the member
}};
/// PER03, PER05 and PER07.
constexpr std::array<std::pair<std::string_view, KeyMeaning>, 5> ways_to_reach{{
    {"TE", KeyMeaning::phone},
    {"HP", KeyMeaning::phone},
    {"CP", KeyMeaning::phone},
    {"WP", KeyMeaning::phone},
    {"EM", KeyMeaning::email},
}};

/// Segments end with a tilde; where a file was written line by line, also with the line, however often that is escaped.
auto end_of_segment(std::string_view text, std::size_t at) -> std::size_t {
    constexpr std::string_view ends = "~\r\n\"\\";
    while (at < text.size() && !ends.contains(text[at]) && line_break_at(text, at) == 0) ++at;
    return at;
}

class Transaction {
public:
    explicit Transaction(std::string_view text) : text_(text) {}

    auto run() -> std::vector<FieldValue> {
        for (std::size_t begin = 0; begin < text_.size();) {
            const auto end = end_of_segment(text_, begin);
            elements_ = cells_of(text_, {begin, end}, "*");
            if (elements_.size() > 1) take();
            begin = end + std::max<std::size_t>(end < text_.size() ? line_break_at(text_, end) : 0, 1);
        }
        return std::move(found_);
    }

private:
    /// Of an element by its number, the segment's name being 0; "" where there is none.
    [[nodiscard]] auto element(std::size_t number) const -> std::string_view {
        if (number >= elements_.size()) return {};
        return text_.substr(elements_[number].begin, elements_[number].end - elements_[number].begin);
    }

    void add(std::size_t number, KeyMeaning meaning) {
        if (meaning == KeyMeaning::none || element(number).empty()) return;
        const auto& at = elements_[number];
        found_.push_back({.meaning = meaning, .begin = at.begin, .end = at.end, .is_delimited = true});
    }

    void take() {
        const auto name = element(0);
        if (name == "NM1") {
            names_person_ = element(2) == "1";       // 2 is an organisation
            for (const std::size_t part : {3, 4, 5}) // family, given and middle name
                if (names_person_) add(part, KeyMeaning::person);
            if (names_person_) add(9, meaning_in(numbers_of_names, element(8)));
        } else if (name == "N3" && names_person_) {
            add(1, KeyMeaning::address);
            add(2, KeyMeaning::address);
        } else if (name == "DMG" && element(1) == "D8") {
            add(2, KeyMeaning::birth_date);
        } else if (name == "REF") {
            add(2, meaning_in(references, element(1)));
        } else if (name == "PER") {
            add(2, KeyMeaning::person);
            for (const std::size_t way : {3, 5, 7}) add(way + 1, meaning_in(ways_to_reach, element(way)));
        }
    }

    std::string_view text_;
    std::vector<Cell> elements_; ///< of the segment that is read
    bool names_person_ = false;  ///< the last NM1 did: what follows is that person's
    std::vector<FieldValue> found_;
};

} // namespace

auto x12_values(std::string_view text) -> std::vector<FieldValue> {
    // Each transaction that speaks of people names one.
    if (!text.contains("NM1*") && !text.contains("DMG*")) return {};
    return Transaction(text).run();
}

} // namespace dossier::redact
