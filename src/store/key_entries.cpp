#include "key_entries.hpp"

#include <stdexcept>
#include <utility>

namespace dossier::store {

auto KeyEntries::first_key(std::size_t bucket) -> std::int64_t {
    return static_cast<std::int64_t>((std::uint64_t{bucket} << kept_bits) ^ (std::uint64_t{1} << 63U));
}

auto KeyEntries::last_key(std::size_t bucket) -> std::int64_t {
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(first_key(bucket)) |
                                     ((std::uint64_t{1} << kept_bits) - 1));
}

auto KeyEntries::pack(std::int64_t key, std::int64_t row) -> Packed {
    const auto place = place_of(key);
    const auto distance = static_cast<std::uint64_t>(row < 0 ? -row : row);
    const auto mixed = (static_cast<std::uint32_t>(place >> 32U) & key_mask) |
                       static_cast<std::uint32_t>(distance >> 32U) << 20U | (row < 0 ? 1U << 31U : 0U);
    return {
        .key_low = static_cast<std::uint32_t>(place), .row_low = static_cast<std::uint32_t>(distance), .mixed = mixed};
}

auto KeyEntries::row_of(const Packed& entry) -> std::int64_t {
    const auto distance = std::uint64_t{(entry.mixed >> 20U) & 0x7FFU} << 32U | entry.row_low;
    const auto row = static_cast<std::int64_t>(distance);
    return entry.mixed >> 31U == 0 ? row : -row;
}

auto KeyEntries::key_of(const Packed& entry, std::size_t bucket) -> std::int64_t {
    const auto kept = std::uint64_t{entry.mixed & key_mask} << 32U | entry.key_low;
    return static_cast<std::int64_t>(static_cast<std::uint64_t>(first_key(bucket)) | kept);
}

void KeyEntries::put(const KeyEntry& entry) {
    if (entry.row > last_row || entry.row < -last_row) throw std::out_of_range("store: a row's number is too large");
    auto& first = first_[bucket_of(entry.key)];
    if (first == none || chunk(first).used == chunk(first).entries.size()) {
        const auto fresh = take_chunk();
        chunk(fresh).next = first;
        first = fresh;
    }
    auto& into = chunk(first);
    into.entries[into.used++] = pack(entry.key, entry.row);
    ++size_;
}

auto KeyEntries::in_bucket(std::size_t bucket) const -> std::vector<KeyEntry> {
    std::vector<KeyEntry> entries;
    for (auto at = first_[bucket]; at != none; at = chunk(at).next) {
        for (std::uint32_t i = 0; i < chunk(at).used; ++i) {
            const auto& entry = chunk(at).entries[i];
            entries.push_back({.key = key_of(entry, bucket), .row = row_of(entry)});
        }
    }
    return entries;
}

void KeyEntries::clear(std::size_t bucket) {
    auto at = std::exchange(first_[bucket], none);
    while (at != none) {
        auto& over = chunk(at);
        size_ -= std::exchange(over.used, 0);
        const auto next = std::exchange(over.next, first_free_);
        first_free_ = std::exchange(at, next);
        ++free_;
    }
    // After what was read at a start or from other writers; a round of merging frees no more than comes.
    if (const auto all = blocks_.size() * in_block; free_ > all / 3 + 2 * in_block) pack_together();
}

auto KeyEntries::take_chunk() -> std::uint32_t {
    if (first_free_ == none) {
        const auto begin = static_cast<std::uint32_t>(blocks_.size() * in_block);
        blocks_.push_back(std::make_unique<Block>());
        for (std::uint32_t i = 0; i < in_block; ++i) chunk(begin + i).next = i == 0 ? none : begin + i - 1;
        first_free_ = begin + std::uint32_t{in_block} - 1;
        free_ += in_block;
    }
    const auto taken = first_free_;
    first_free_ = std::exchange(chunk(taken).next, none);
    --free_;
    return taken;
}

/// Free chunks lie between others, so the blocks that hold them can't go: all that is kept moves to a new pool.
void KeyEntries::pack_together() {
    KeyEntries fresh;
    for (std::size_t bucket = 0; bucket < bucket_count; ++bucket) {
        for (const auto& entry : in_bucket(bucket)) fresh.put(entry);
    }
    *this = std::move(fresh);
}

} // namespace dossier::store
