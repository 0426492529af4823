#pragma once
// How a number, or a word in capitals, has to begin so that a shape is worth its pattern: how long the first run is,
// what comes behind it, and how many digits follow. Numbers are in every text and hold no word that an engine could
// look for: as heads, these shapes took two thirds of its time and most of its tables.

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace dossier::redact {

struct Lead {
    enum class Run : std::uint8_t { digits, capitals, hex };
    static constexpr std::uint8_t no_limit = std::numeric_limits<std::uint8_t>::max();

    Run run = Run::digits; ///< what a word begins with
    std::uint8_t least = 1;
    std::uint8_t most = no_limit;
    /// The bytes that may come behind the run: 'A' is any letter, '0' any digit; "" = anything. Behind hex digits: a
    /// dash or a colon, since many words begin with a to f.
    std::string_view next;
    std::uint8_t digits_least = 0; ///< that follow: from the run's end where a digit comes there, else behind that byte
    std::uint8_t digits_most = no_limit;
};

/// The leads of all rows, for one pass over a text.
class LeadSearch {
public:
    struct Place {
        std::size_t at = 0;
        std::size_t row = 0;
    };

    void add(const Lead& lead, std::size_t row);
    /// Appends each place at which a row may begin: in the order of places, and of rows at each.
    void find(std::string_view text, std::vector<Place>& found) const;

private:
    static constexpr std::size_t longest = 20; ///< longer runs count as this
    static constexpr std::size_t runs = 3;

    struct Entry {
        std::uint16_t next = 0; ///< a bit for each kind of byte
        std::uint8_t digits_least = 0;
        std::uint8_t digits_most = 0;
        std::size_t row = 0;
    };

    void find_at(std::string_view text, std::size_t at, Lead::Run run, std::vector<Place>& found) const;

    std::array<std::array<std::vector<Entry>, longest + 1>, runs> entries_; ///< by kind of run and its length
};

} // namespace dossier::redact
