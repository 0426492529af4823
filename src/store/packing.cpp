#include "packing.hpp"

#include <fmt/format.h>
#include <lz4.h>

#include <array>
#include <memory>

namespace dossier::store {

namespace {

/// Below it a row has no page of its own to save.
constexpr std::size_t least_packed = 512;
/// What is packed first lies on the stack: a text's room would be seven times what is used of it.
constexpr std::size_t most_on_stack = 32'768;
/// LZ4 makes at most 255 bytes of one: a size beyond that is none of ours, and not to be allocated.
constexpr std::int64_t most_of_one = 255;

} // namespace

auto pack(std::string_view raw) -> std::optional<Packed> {
    if (raw.size() < least_packed || raw.size() > LZ4_MAX_INPUT_SIZE) return std::nullopt;
    const auto wanted = raw.size() - raw.size() / 8;
    std::array<char, most_on_stack> on_stack; // NOLINT(*-member-init): written before it is read
    std::unique_ptr<char[]> on_heap;          // NOLINT(*-avoid-c-arrays)
    if (wanted > on_stack.size()) on_heap = std::make_unique_for_overwrite<char[]>(wanted); // NOLINT(*-avoid-c-arrays)
    char* const out = on_heap ? on_heap.get() : on_stack.data();
    const int size = LZ4_compress_default(raw.data(), out, static_cast<int>(raw.size()), static_cast<int>(wanted));
    if (size <= 0) return std::nullopt; // it takes more room than is wanted
    return Packed{.bytes = std::string(out, static_cast<std::size_t>(size)),
                  .size = static_cast<std::int64_t>(raw.size())};
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
