#pragma once
// What a function said of short texts that come again and again: the names of a table's fields stand in each of its
// rows. One for each thread; a text takes the place of another with the same hash.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dossier::redact {

template <class Value>
class TextMemo {
public:
    /// @param compute what to say of a text that isn't known; the same of the same text at any time
    template <class Compute>
    auto get(std::string_view text, Compute compute) -> Value {
        if (text.empty() || text.size() > longest) return compute(text);
        auto& slot = slots_[place_of(text)];
        if (std::string_view(slot.bytes.data(), slot.size) != text) {
            slot.value = compute(text);
            std::ranges::copy(text, slot.bytes.begin());
            slot.size = static_cast<std::uint8_t>(text.size());
        }
        return slot.value;
    }

private:
    static constexpr std::size_t longest = 31;
    static constexpr std::size_t places = 128; ///< 6 KB a thread

    struct Slot {
        std::array<char, longest> bytes{};
        std::uint8_t size = 0;
        Value value{};
    };

    static auto place_of(std::string_view text) -> std::size_t {
        std::uint32_t hash = 0;
        for (const char c : text) hash = hash * 31 + static_cast<unsigned char>(c);
        return (hash ^ (hash >> 7U)) % places;
    }

    std::array<Slot, places> slots_{};
};

} // namespace dossier::redact
