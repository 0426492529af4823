#include "dossier/base/lz4_block.hpp"

#include <lz4.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace dossier {

static_assert(most_lz4_packs == LZ4_MAX_INPUT_SIZE);

namespace {

struct FreeStream {
    void operator()(LZ4_stream_t* stream) const { LZ4_freeStream(stream); }
};

} // namespace

/// A thread that packs keeps LZ4's table of what it has seen: to clear it costs as much as to pack a payload. It is no
/// member of the thread's static storage, which each thread that starts clears, also those that never pack.
auto pack_lz4(std::string_view text, std::span<char> room) -> std::size_t {
    thread_local const std::unique_ptr<LZ4_stream_t, FreeStream> stream{LZ4_createStream()};
    if (stream == nullptr || text.size() > most_lz4_packs) return 0;
    constexpr std::size_t most = std::numeric_limits<int>::max();
    LZ4_resetStream_fast(stream.get());
    const int size = LZ4_compress_fast_continue(stream.get(), text.data(), room.data(), static_cast<int>(text.size()),
                                                static_cast<int>(std::min(room.size(), most)), 1);
    if (size > 0) return static_cast<std::size_t>(size);
    // What the table says of a text that didn't fit is not to be relied on.
    LZ4_initStream(stream.get(), sizeof(LZ4_stream_t));
    return 0;
}

auto unpack_lz4(std::string_view block, std::span<char> room) -> bool {
    if (block.size() > most_lz4_packs || room.size() > most_lz4_packs) return false;
    const int size =
        LZ4_decompress_safe(block.data(), room.data(), static_cast<int>(block.size()), static_cast<int>(room.size()));
    return size >= 0 && static_cast<std::size_t>(size) == room.size();
}

} // namespace dossier
