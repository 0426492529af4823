#include "packing.hpp"

#include <fmt/format.h>
#include <lz4.h>

#include <array>
#include <memory>

namespace dossier::store {

namespace {

/// Below it a row has no page of its own to save.
constexpr std::size_t least_packed = 512;
/// LZ4 makes at most 255 bytes of one: a size beyond that is none of ours, and not to be allocated.
constexpr std::int64_t most_of_one = 255;

/// Most texts are packed where the last one was: a room of each one's own would be many times what is used of it.
constexpr std::size_t usual_room = 32U << 10U;

/// A thread keeps LZ4's table of what it has seen: to clear it costs as much as to pack a payload.
/// @param room of `wanted` bytes
auto pack_into(char* room, std::size_t wanted, std::string_view raw) -> std::optional<Packed> {
    thread_local LZ4_stream_t stream;
    thread_local const auto* const begun = LZ4_initStream(&stream, sizeof stream);
    if (begun == nullptr) return std::nullopt;
    LZ4_resetStream_fast(&stream);
    const int size = LZ4_compress_fast_continue(&stream, raw.data(), room, static_cast<int>(raw.size()),
                                                static_cast<int>(wanted), 1);
    if (size <= 0) { // it takes more room than is wanted, and what the table says then is not to be relied on
        LZ4_initStream(&stream, sizeof stream);
        return std::nullopt;
    }
    return Packed{.bytes = std::string(room, static_cast<std::size_t>(size)),
                  .size = static_cast<std::int64_t>(raw.size())};
}

} // namespace

auto pack(std::string_view raw) -> std::optional<Packed> {
    if (raw.size() < least_packed || raw.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
    const auto wanted = raw.size() - raw.size() / 8;
    if (wanted > usual_room) {
        const std::unique_ptr<char[]> room(new char[wanted]); // NOLINT(*-avoid-c-arrays): not filled before it is used
        return pack_into(room.get(), wanted, raw);
    }
    thread_local std::array<char, usual_room> room;
    return pack_into(room.data(), wanted, raw);
}

auto unpack(std::string_view bytes, std::int64_t size) -> std::string {
    const auto packed_size = static_cast<std::int64_t>(bytes.size());
    if (size >= 0 && size <= LZ4_MAX_INPUT_SIZE && size / most_of_one <= packed_size && packed_size <= size) {
        std::string raw(static_cast<std::size_t>(size), '\0');
        const int unpacked =
            LZ4_decompress_safe(bytes.data(), raw.data(), static_cast<int>(packed_size), static_cast<int>(size));
        if (unpacked == size) return raw;
    }
    throw StoreFailure(fmt::format("store: a packed text of {} bytes doesn't unpack to {}", packed_size, size));
}

KeptText::KeptText(std::string text, TextForm form) : bytes_(std::move(text)) {
    if (form != TextForm::packed) return;
    auto packed = pack(bytes_);
    if (!packed) return;
    bytes_ = std::move(packed->bytes);
    unpacked_size_ = packed->size;
}

auto text_of(const Rows& rows, int column) -> std::string {
    auto bytes = rows.text(column);
    return rows.is_null(column + 1) ? bytes : unpack(bytes, rows.integer(column + 1));
}

} // namespace dossier::store
