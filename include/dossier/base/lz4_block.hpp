#pragma once
// LZ4's block format: a block doesn't say how long its text is, so whoever keeps one keeps that beside it.

#include <cstddef>
#include <span>
#include <string_view>

namespace dossier {

inline constexpr std::size_t most_lz4_packs = 0x7E000000; ///< bytes of one text

/// @param room gets the block
/// @return its size; 0 where it would take more room than there is, or the text is longer than `most_lz4_packs`
[[nodiscard]] auto pack_lz4(std::string_view text, std::span<char> room) -> std::size_t;
/// @param room as long as the text; only where the answer is true it holds it
/// @return whether the block is one of a text of just this length
[[nodiscard]] auto unpack_lz4(std::string_view block, std::span<char> room) -> bool;

} // namespace dossier
