#pragma once
// The entries of SqliteKeys that are in memory, by bucket: a key and the row that has it. They are some hundred
// thousand at most times, of which each bucket holds a hundred or none, so vectors that grow by doubling took twice
// what lies in them. Here a bucket is a chain of chunks of one pool, and an entry 12 bytes: what the bucket's number
// says of a key isn't kept, nor are bits that no row's number ever has.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace dossier::store {

/// As in the table `row_keys`: a finding's row, or a dossier's below zero.
struct KeyEntry {
    std::int64_t key = 0;
    std::int64_t row = 0;
    auto operator<=>(const KeyEntry&) const = default;
};

class KeyEntries {
public:
    static constexpr std::size_t bucket_bits = 12;
    static constexpr std::size_t bucket_count = std::size_t{1} << bucket_bits;
    /// No entry's row is farther from zero.
    static constexpr std::int64_t last_row = (std::int64_t{1} << 43U) - 1;

    KeyEntries() { first_.fill(none); }

    /// By the key's first bits, in the order of keys, so that a bucket's entries stand side by side in the table.
    [[nodiscard]] static auto bucket_of(std::int64_t key) -> std::size_t { return place_of(key) >> kept_bits; }
    /// The least key that belongs to a bucket, and the greatest.
    [[nodiscard]] static auto first_key(std::size_t bucket) -> std::int64_t;
    [[nodiscard]] static auto last_key(std::size_t bucket) -> std::int64_t;

    /// @throws std::out_of_range for a row beyond `last_row`
    void put(const KeyEntry& entry);
    /// Calls `take(row)` for each entry with this key.
    template <class Take>
    void rows_of(std::int64_t key, Take take) const {
        const auto wanted = pack(key, 0);
        for (auto at = first_[bucket_of(key)]; at != none; at = chunk(at).next) {
            for (std::uint32_t i = 0; i < chunk(at).used; ++i) {
                const auto& entry = chunk(at).entries[i];
                if (entry.key_low == wanted.key_low && (entry.mixed & key_mask) == wanted.mixed) take(row_of(entry));
            }
        }
    }
    /// In no order.
    [[nodiscard]] auto in_bucket(std::size_t bucket) const -> std::vector<KeyEntry>;
    /// Empties a bucket. The pool gets smaller where much of it has become free.
    void clear(std::size_t bucket);
    [[nodiscard]] auto size() const -> std::size_t { return size_; }
    /// Of the pool, those in use and free ones.
    [[nodiscard]] auto bytes() const -> std::size_t { return blocks_.size() * sizeof(Block); }

private:
    static constexpr std::size_t kept_bits = 64 - bucket_bits; ///< of a key
    static constexpr std::uint32_t key_mask = (1U << 20U) - 1; ///< those of them that are in `mixed`
    static constexpr std::uint32_t none = ~0U;

    struct Packed {
        std::uint32_t key_low = 0;
        std::uint32_t row_low = 0;
        std::uint32_t mixed = 0; ///< from the lowest: 20 bits of the key, 11 of the row, and whether it is below zero
    };
    struct Chunk { // two lines of memory
        std::array<Packed, 10> entries;
        std::uint32_t used = 0;
        std::uint32_t next = none;
    };
    static constexpr std::size_t in_block = 128; ///< chunks
    using Block = std::array<Chunk, in_block>;

    [[nodiscard]] static auto place_of(std::int64_t key) -> std::uint64_t {
        return static_cast<std::uint64_t>(key) ^ (std::uint64_t{1} << 63U); // the order of signed keys
    }
    [[nodiscard]] static auto pack(std::int64_t key, std::int64_t row) -> Packed;
    [[nodiscard]] static auto row_of(const Packed& entry) -> std::int64_t;
    [[nodiscard]] static auto key_of(const Packed& entry, std::size_t bucket) -> std::int64_t;

    [[nodiscard]] auto chunk(std::uint32_t at) -> Chunk& { return (*blocks_[at / in_block])[at % in_block]; }
    [[nodiscard]] auto chunk(std::uint32_t at) const -> const Chunk& {
        return (*blocks_[at / in_block])[at % in_block];
    }
    auto take_chunk() -> std::uint32_t;
    void pack_together();

    std::array<std::uint32_t, bucket_count> first_{}; ///< a bucket's chunk that may have room; full ones follow
    std::vector<std::unique_ptr<Block>> blocks_;
    std::uint32_t first_free_ = none;
    std::size_t free_ = 0; ///< chunks
    std::size_t size_ = 0; ///< entries
};

} // namespace dossier::store
