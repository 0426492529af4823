#pragma once
// Sixteen bytes of a text at a time, for what looks for the few bytes that have a meaning among many that have none. In
// the vector extensions of GCC and clang, so that it is the same source on every processor; little-endian ones.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace dossier {

using ByteBlock = unsigned char __attribute__((vector_size(16)));
/// The highest bit of each byte of a block for which a comparison holds.
using BlockMarks = std::array<std::uint64_t, 2>;

/// @param compared what a comparison of a block gives: all bits of a byte or none
template <class Compared>
[[nodiscard]] inline auto block_marks(Compared compared) -> BlockMarks {
    static_assert(std::endian::native == std::endian::little && sizeof compared == sizeof(BlockMarks));
    constexpr std::uint64_t high_bits = 0x8080808080808080U;
    const auto halves = std::bit_cast<BlockMarks>(compared);
    return {halves[0] & high_bits, halves[1] & high_bits};
}

/// @param visit gets the place of each mark, in order
template <class Visit>
inline void each_mark(const BlockMarks& marks, Visit visit) {
    for (std::size_t half = 0; half < marks.size(); ++half)
        for (auto left = marks[half]; left != 0; left &= left - 1)
            visit(half * sizeof left + static_cast<std::size_t>(std::countr_zero(left)) / 8);
}

[[nodiscard]] inline auto block_at(const char* bytes) -> ByteBlock {
    ByteBlock block;
    std::memcpy(&block, bytes, sizeof block);
    return block;
}

/// @param filler stands behind the text's end in its last block
/// @param visit gets each block and where it begins
template <class Visit>
inline void each_block(std::string_view text, char filler, Visit visit) {
    std::size_t at = 0;
    for (; text.size() - at >= sizeof(ByteBlock); at += sizeof(ByteBlock)) visit(block_at(text.data() + at), at);
    if (at == text.size()) return;
    std::array<char, sizeof(ByteBlock)> rest; // NOLINT: filled next
    rest.fill(filler);
    std::memcpy(rest.data(), text.data() + at, text.size() - at);
    visit(block_at(rest.data()), at);
}

} // namespace dossier
