#include "packing.hpp"

#include <fmt/format.h>
#include <lz4.h>

namespace dossier::store {

namespace {

/// Below it a row has no page of its own to save.
constexpr std::size_t least_packed = 512;
/// LZ4 makes at most 255 bytes of one: a size beyond that is none of ours, and not to be allocated.
constexpr std::int64_t most_of_one = 255;

} // namespace

auto pack(std::string_view raw) -> std::optional<Packed> {
    if (raw.size() < least_packed || raw.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
    const auto wanted = raw.size() - raw.size() / 8;
    Packed packed{.bytes = std::string(wanted, '\0'), .size = static_cast<std::int64_t>(raw.size())};
    const int size =
        LZ4_compress_default(raw.data(), packed.bytes.data(), static_cast<int>(raw.size()), static_cast<int>(wanted));
    if (size <= 0) return std::nullopt; // it takes more room than is wanted
    packed.bytes.resize(static_cast<std::size_t>(size));
    packed.bytes.shrink_to_fit(); // it may wait in the queue
    return packed;
}

auto unpack(std::string_view bytes, std::int64_t size) -> std::string {
    const auto packed_size = static_cast<std::int64_t>(bytes.size());
    if (size >= 0 && size <= LZ4_MAX_INPUT_SIZE && size / most_of_one <= packed_size && packed_size <= size) {
        std::string raw(static_cast<std::size_t>(size), '\0');
        const int unpacked =
            LZ4_decompress_safe(bytes.data(), raw.data(), static_cast<int>(packed_size), static_cast<int>(size));
        if (unpacked == size) return raw;
    }
    throw StoreFailure(fmt::format("store: a payload of {} bytes doesn't unpack to {}", packed_size, size));
}

auto raw_of(const Rows& rows, int column) -> std::string {
    auto bytes = rows.text(column);
    return rows.is_null(column + 1) ? bytes : unpack(bytes, rows.integer(column + 1));
}

} // namespace dossier::store
