#include "packing.hpp"

#include "dossier/base/lz4_block.hpp"

#include <fmt/format.h>

#include <memory>
#include <span>
#include <utility>

namespace dossier::store {

namespace {

/// Below it a row has no page of its own to save.
constexpr std::size_t least_packed = 512;
/// LZ4 makes at most 255 bytes of one: a size beyond that is none of ours, and not to be allocated.
constexpr std::int64_t most_of_one = 255;

/// Most texts are packed where the last one was: a room of each one's own would be many times what is used of it.
constexpr std::size_t usual_room = 32U << 10U;

/// @param room of what is wanted at most
auto pack_into(std::span<char> room, std::string_view raw) -> std::optional<Packed> {
    const auto size = pack_lz4(raw, room);
    if (size == 0) return std::nullopt; // it takes more room than is wanted
    return Packed{.bytes = std::string(room.data(), size), .size = static_cast<std::int64_t>(raw.size())};
}

} // namespace

auto pack(std::string_view raw) -> std::optional<Packed> {
    if (raw.size() < least_packed) return std::nullopt;
    const auto wanted = raw.size() - raw.size() / 8;
    if (wanted > usual_room) {
        const std::unique_ptr<char[]> room(new char[wanted]); // NOLINT(*-avoid-c-arrays): not filled before it is used
        return pack_into({room.get(), wanted}, raw);
    }
    // On the heap of threads that pack: static storage would be cleared, and so resident, in each that starts.
    thread_local const std::unique_ptr<char[]> room(new char[usual_room]); // NOLINT(*-avoid-c-arrays): as above
    return pack_into({room.get(), wanted}, raw);
}

auto unpack(std::string_view bytes, std::int64_t size) -> std::string {
    const auto packed_size = static_cast<std::int64_t>(bytes.size());
    if (size >= 0 && std::cmp_less_equal(size, most_lz4_packs) && size / most_of_one <= packed_size &&
        packed_size <= size) {
        std::string raw(static_cast<std::size_t>(size), '\0');
        if (unpack_lz4(bytes, raw)) return raw;
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
