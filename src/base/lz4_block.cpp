#include "dossier/base/lz4_block.hpp"

#include <lz4.h>

#include <algorithm>
#include <limits>

namespace dossier {

static_assert(most_lz4_packs == LZ4_MAX_INPUT_SIZE);

/// A thread keeps LZ4's table of what it has seen: to clear it costs as much as to pack a payload.
auto pack_lz4(std::string_view text, std::span<char> room) -> std::size_t {
    thread_local LZ4_stream_t stream;
    thread_local const auto* const begun = LZ4_initStream(&stream, sizeof stream);
    if (begun == nullptr || text.size() > most_lz4_packs) return 0;
    constexpr std::size_t most = std::numeric_limits<int>::max();
    LZ4_resetStream_fast(&stream);
    const int size = LZ4_compress_fast_continue(&stream, text.data(), room.data(), static_cast<int>(text.size()),
                                                static_cast<int>(std::min(room.size(), most)), 1);
    if (size > 0) return static_cast<std::size_t>(size);
    LZ4_initStream(&stream, sizeof stream); // what the table says of a text that didn't fit is not to be relied on
    return 0;
}

auto unpack_lz4(std::string_view block, std::span<char> room) -> bool {
    if (block.size() > most_lz4_packs || room.size() > most_lz4_packs) return false;
    const int size =
        LZ4_decompress_safe(block.data(), room.data(), static_cast<int>(block.size()), static_cast<int>(room.size()));
    return size >= 0 && static_cast<std::size_t>(size) == room.size();
}

} // namespace dossier
