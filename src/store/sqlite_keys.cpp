#include "sqlite_keys.hpp"

#include "sql_rows.hpp"

#include <algorithm>

namespace dossier::store {

namespace {

constexpr std::int64_t rows_at_once = 65'536;

} // namespace

auto exposure_index_key(std::string_view exposure_key) -> std::int64_t { return index_key("exposure", exposure_key); }

/// Buckets are in the order of keys, so that a bucket's entries stand side by side in the table.
auto SqliteKeys::bucket_of(std::int64_t key) -> std::size_t {
    constexpr auto lowest = std::uint64_t{1} << 63U;
    constexpr auto width = ~std::uint64_t{0} / bucket_count + 1;
    return static_cast<std::size_t>((static_cast<std::uint64_t>(key) ^ lowest) / width);
}

auto SqliteKeys::rows_of(Kind kind, std::int64_t key) -> std::vector<std::int64_t> {
    std::vector<std::int64_t> rows;
    const auto take = [&](std::int64_t row) {
        if ((row > 0) == (kind == Kind::finding)) rows.push_back(std::abs(row));
    };
    for (const auto& entry : buckets_[bucket_of(key)]) {
        if (entry.key == key) take(entry.row);
    }
    auto merged = db_.query("SELECT row FROM row_keys WHERE key=?", key);
    while (merged.next()) take(merged.integer(0));
    return rows;
}

void SqliteKeys::added(Kind kind, std::int64_t key, std::int64_t row) {
    const bool is_finding = kind == Kind::finding;
    buckets_[bucket_of(key)].push_back({.key = key, .row = is_finding ? row : -row});
    ++count_;
    auto& last = is_finding ? seen_.finding : seen_.dossier;
    last = std::max(last, row);
}

/// Straight into the table: the row may be one that no start reads again.
void SqliteKeys::changed(Kind kind, std::int64_t key, std::int64_t row) {
    db_.run("INSERT OR IGNORE INTO row_keys(key, row) VALUES(?,?)", key, kind == Kind::finding ? row : -row);
}

void SqliteKeys::begin() {
    {
        auto rows = db_.query("SELECT finding, dossier FROM row_keys_merged");
        rows.next();
        seen_ = {.finding = rows.integer(0), .dossier = rows.integer(1)};
    }
    while (read_more()) {
        while (count_ > most_) {
            merge();
            committed();
        }
    }
    seen_and_certain_ = seen_;
}

void SqliteKeys::catch_up() {
    while (read_more()) {
    }
    seen_and_certain_ = seen_;
}

auto SqliteKeys::read_more() -> bool {
    const auto before = count_;
    auto findings =
        db_.query("SELECT seq, identity FROM findings WHERE seq>? ORDER BY seq LIMIT ?", seen_.finding, rows_at_once);
    while (findings.next()) added(Kind::finding, findings.integer(1), findings.integer(0));
    auto dossiers = db_.query("SELECT seq, exposure_key FROM dossiers WHERE seq>? ORDER BY seq LIMIT ?", seen_.dossier,
                              rows_at_once);
    while (dossiers.next()) added(Kind::dossier, exposure_index_key(dossiers.text(1)), dossiers.integer(0));
    return count_ > before;
}

/// Stops where a round ends, so that a round begins and ends with what is certain.
void SqliteKeys::merge() {
    for (auto left = count_; left > most_ && next_ + merged_ < bucket_count; ++merged_) {
        if (next_ + merged_ == 0) seen_last_round_ = seen_;
        auto& bucket = buckets_[next_ + merged_];
        std::ranges::sort(bucket);
        for (const auto& [key, row] : bucket) db_.run("INSERT OR IGNORE INTO row_keys(key, row) VALUES(?,?)", key, row);
        left -= bucket.size();
    }
    if (merged_ > 0 && next_ + merged_ == bucket_count) {
        db_.run("UPDATE row_keys_merged SET finding=max(finding, ?), dossier=max(dossier, ?)", seen_last_round_.finding,
                seen_last_round_.dossier);
    }
}

void SqliteKeys::committed() {
    for (; merged_ > 0; --merged_) {
        auto& bucket = buckets_[next_];
        count_ -= bucket.size();
        bucket = {};
        next_ = (next_ + 1) % bucket_count;
    }
    seen_and_certain_ = seen_;
}

void SqliteKeys::rolled_back() {
    merged_ = 0;
    seen_ = seen_and_certain_;
}

} // namespace dossier::store
