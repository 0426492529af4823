#pragma once
// What a function said of short texts that come again and again: the names of a table's fields stand in each of its
// rows. One for each thread; a text takes the place of one of two with the same hash.

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dossier::redact {

template <class Value>
class TextMemo {
public:
    /// @param compute what to say of a text that isn't known; the same of the same text at any time
    template <class Compute>
    auto get(std::string_view text, Compute compute) -> Value {
        if (text.empty() || text.size() > longest) return compute(text);
        const auto place = place_of(text);
        auto& slot = slots_[place];
        if (slot.text() == text) return slot.value;
        auto& other = slots_[place ^ 1U]; // two that share a place don't drive each other out
        if (other.text() == text) return other.value;
        other = slot;
        slot.value = compute(text);
        std::ranges::copy(text, slot.bytes.begin());
        slot.size = static_cast<std::uint8_t>(text.size());
        return slot.value;
    }

private:
    static constexpr std::size_t longest = 31;
    static constexpr std::size_t places = 128; ///< as many as seven bits tell; 6 KB a thread

    struct Slot {
        std::array<char, longest> bytes{};
        std::uint8_t size = 0;
        Value value{};

        [[nodiscard]] auto text() const -> std::string_view { return {bytes.data(), size}; }
    };

    /// By the first and the last bytes: what texts differ in stands at either end.
    static auto place_of(std::string_view text) -> std::size_t {
        const auto bytes_at = [&](std::size_t at, std::size_t count) {
            std::uint64_t value = 0;
            std::memcpy(&value, text.data() + at, count);
            return value;
        };
        constexpr std::uint64_t odd = 0x9E3779B97F4A7C15U; // 2^64 by the golden ratio
        const auto size = text.size();
        std::uint64_t hash = size;
        if (size >= 8)
            hash ^= bytes_at(0, 8) ^ std::rotl(bytes_at(size - 8, 8), 23);
        else if (size >= 4)
            hash ^= bytes_at(0, 4) << 32U ^ bytes_at(size - 4, 4) << 8U;
        else
            hash ^= bytes_at(0, 1) << 16U ^ bytes_at(size / 2, 1) << 8U ^ bytes_at(size - 1, 1) << 24U;
        return (hash * odd) >> 57U;
    }

    std::array<Slot, places> slots_{};
};

} // namespace dossier::redact
