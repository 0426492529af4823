// Entries come back as they went in, whatever their keys and rows, and a pool that was emptied gives its memory back.
#include "key_entries.hpp"

#include <gmock/gmock.h>

#include <limits>
#include <map>
#include <random>
#include <stdexcept>

namespace dossier::store {
namespace {

using testing::IsEmpty;
using testing::UnorderedElementsAre;
using testing::UnorderedElementsAreArray;

constexpr auto least = std::numeric_limits<std::int64_t>::min();
constexpr auto greatest = std::numeric_limits<std::int64_t>::max();

auto rows_of(const KeyEntries& entries, std::int64_t key) -> std::vector<std::int64_t> {
    std::vector<std::int64_t> rows;
    entries.rows_of(key, [&](std::int64_t row) { rows.push_back(row); });
    return rows;
}

TEST(KeyEntries, KeepsEachBitOfAKeyAndARow) {
    KeyEntries entries;
    std::map<std::int64_t, std::int64_t> all;
    for (int bit = 0; bit < 64; ++bit) {
        const auto key = static_cast<std::int64_t>(std::uint64_t{1} << static_cast<unsigned>(bit));
        const auto row = (std::int64_t{1} << (bit % 43)) * (bit % 2 == 0 ? 1 : -1);
        all[key] = row;
    }
    for (const auto key : {least + 1, std::int64_t{-1}, std::int64_t{0}, greatest}) all[key] = KeyEntries::last_row;
    for (const auto& [key, row] : all) entries.put({.key = key, .row = row});
    EXPECT_EQ(entries.size(), all.size());
    for (const auto& [key, row] : all) {
        EXPECT_THAT(rows_of(entries, key), UnorderedElementsAre(row)) << key;
        EXPECT_THAT(entries.in_bucket(KeyEntries::bucket_of(key)), testing::Contains(KeyEntry{.key = key, .row = row}));
    }
}

TEST(KeyEntries, RefusesARowThatItCouldNotTellFromAnother) {
    KeyEntries entries;
    EXPECT_THROW(entries.put({.key = 1, .row = KeyEntries::last_row + 1}), std::out_of_range);
    EXPECT_THROW(entries.put({.key = 1, .row = -KeyEntries::last_row - 1}), std::out_of_range);
    EXPECT_EQ(entries.size(), 0U);
}

TEST(KeyEntries, BucketsDivideKeysInTheirOrder) {
    EXPECT_EQ(KeyEntries::first_key(0), least);
    EXPECT_EQ(KeyEntries::last_key(KeyEntries::bucket_count - 1), greatest);
    for (std::size_t bucket = 0; bucket < KeyEntries::bucket_count; ++bucket) {
        EXPECT_EQ(KeyEntries::bucket_of(KeyEntries::first_key(bucket)), bucket);
        EXPECT_EQ(KeyEntries::bucket_of(KeyEntries::last_key(bucket)), bucket);
        if (bucket > 0) EXPECT_EQ(KeyEntries::last_key(bucket - 1) + 1, KeyEntries::first_key(bucket));
    }
}

TEST(KeyEntries, AKeyMayHaveManyRows) {
    KeyEntries entries;
    std::vector<std::int64_t> rows;
    for (std::int64_t row = 1; row <= 25; ++row) {
        rows.push_back(row % 3 == 0 ? -row : row);
        entries.put({.key = 77, .row = rows.back()});
        entries.put({.key = 78, .row = row});
    }
    EXPECT_THAT(rows_of(entries, 77), UnorderedElementsAreArray(rows));
    entries.clear(KeyEntries::bucket_of(77));
    EXPECT_THAT(rows_of(entries, 77), IsEmpty());
    EXPECT_THAT(entries.in_bucket(KeyEntries::bucket_of(78)), IsEmpty());
    EXPECT_EQ(entries.size(), 0U);
}

TEST(KeyEntries, HoldsWhatAMapWouldThroughRoundsOfClearing) {
    KeyEntries entries;
    std::multimap<std::int64_t, std::int64_t> model;
    std::mt19937_64 random(7); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    std::int64_t row = 0;
    for (std::size_t round = 0; round < 3 * KeyEntries::bucket_count; round += 64) {
        for (int i = 0; i < 3000; ++i) {
            const auto key = static_cast<std::int64_t>(random());
            model.emplace(key, ++row);
            entries.put({.key = key, .row = row});
        }
        for (std::size_t i = 0; i < 64; ++i) {
            const auto bucket = (round + i) % KeyEntries::bucket_count;
            entries.clear(bucket);
            model.erase(model.lower_bound(KeyEntries::first_key(bucket)),
                        model.upper_bound(KeyEntries::last_key(bucket)));
        }
        ASSERT_EQ(entries.size(), model.size());
    }
    for (const auto& [key, of_model] : model) EXPECT_THAT(rows_of(entries, key), UnorderedElementsAre(of_model));
    EXPECT_LT(entries.bytes(), entries.size() * 16) << "no less than entries in vectors that fit";
}

TEST(KeyEntries, APoolThatWasEmptiedGivesItsMemoryBackAndKeepsTheRest) {
    KeyEntries entries;
    std::mt19937_64 random(11); // NOLINT(cert-msc32-c,cert-msc51-cpp): the same each time
    for (std::int64_t row = 1; row <= 200'000; ++row)
        entries.put({.key = static_cast<std::int64_t>(random()), .row = row});
    const auto before = entries.bytes();
    const auto kept = entries.in_bucket(9);
    for (std::size_t bucket = 10; bucket < KeyEntries::bucket_count; ++bucket) entries.clear(bucket);
    EXPECT_LT(entries.bytes(), before / 20);
    EXPECT_THAT(entries.in_bucket(9), UnorderedElementsAreArray(kept));
    EXPECT_FALSE(kept.empty());
}

} // namespace
} // namespace dossier::store
