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

/// A bit of each byte of a block for which a comparison holds, the first byte's the lowest.
/// @param compared what a comparison of a block gives: all bits of a byte or none
template <class Compared>
[[nodiscard]] inline auto block_bits(Compared compared) -> unsigned {
#if defined(__SSE2__)
    using Chars = char __attribute__((vector_size(16)));
    return static_cast<unsigned>(__builtin_ia32_pmovmskb128(std::bit_cast<Chars>(compared)));
#else
    constexpr std::uint64_t gather = 0x0002040810204081U; // brings the highest bit of each byte into the highest byte
    const auto marks = block_marks(compared);
    return static_cast<unsigned>(marks[0] * gather >> 56U | marks[1] * gather >> 56U << 8U);
#endif
}

/// @param visit gets the place of each bit, in order
template <class Visit>
inline void each_bit(unsigned bits, Visit visit) {
    for (; bits != 0; bits &= bits - 1) visit(static_cast<std::size_t>(std::countr_zero(bits)));
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
