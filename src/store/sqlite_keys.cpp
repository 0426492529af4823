#include "sqlite_keys.hpp"

#include "sql_rows.hpp"

#include <algorithm>

namespace dossier::store {

namespace {

constexpr std::int64_t rows_at_once = 65'536;
constexpr auto lowest = std::uint64_t{1} << 63U; ///< turns the order of signed keys into that of unsigned places
constexpr auto bucket_width = ~std::uint64_t{0} / SqliteKeys::bucket_count + 1;

} // namespace

auto exposure_index_key(std::string_view exposure_key) -> std::int64_t { return index_key("exposure", exposure_key); }

/// Buckets are in the order of keys, so that a bucket's entries stand side by side in the table.
auto SqliteKeys::bucket_of(std::int64_t key) -> std::size_t {
    return static_cast<std::size_t>((static_cast<std::uint64_t>(key) ^ lowest) / bucket_width);
}

void SqliteKeys::learn(std::size_t bucket) {
    if (filters_[bucket].is_filled() || words_ >= most_words) return;
    const auto first = bucket * bucket_width;
    const auto key_at = [](std::uint64_t place) { return static_cast<std::int64_t>(place ^ lowest); };
    keys_of_bucket_.clear();
    auto rows = db_.query("SELECT key FROM row_keys WHERE key>=? AND key<=?", key_at(first),
                          key_at(first + (bucket_width - 1)));
    while (rows.next()) keys_of_bucket_.push_back(rows.integer(0));
    filters_[bucket].fill(keys_of_bucket_);
    words_ += filters_[bucket].words();
}

auto SqliteKeys::learn_some() -> bool {
    constexpr std::size_t at_once = 32; // some milliseconds with a million findings: who comes meanwhile waits for it
    for (std::size_t read = 0; learned_ < bucket_count && words_ < most_words; ++learned_) {
        if (filters_[learned_].is_filled()) continue;
        if (read++ == at_once) return true;
        learn(learned_);
    }
    return false;
}

void SqliteKeys::add_to_filter(std::size_t bucket, std::int64_t key) {
    auto& filter = filters_[bucket];
    const auto before = filter.words();
    filter.add(key);
    words_ -= before - filter.words();
}

/// Others may have written.
void SqliteKeys::forget() {
    for (auto& filter : filters_) filter.clear();
    words_ = 0;
    learned_ = 0;
}

auto SqliteKeys::rows_of(Kind kind, std::int64_t key) -> std::vector<std::int64_t> {
    std::vector<std::int64_t> rows;
    const auto take = [&](std::int64_t row) {
        if ((row > 0) == (kind == Kind::finding)) rows.push_back(std::abs(row));
    };
    const auto bucket = bucket_of(key);
    for (const auto& entry : buckets_[bucket]) {
        if (entry.key == key) take(entry.row);
    }
    if (!filters_[bucket].may_hold(key)) return rows;
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
    add_to_filter(bucket_of(key), key);
}

void SqliteKeys::begin() {
    {
        auto rows = db_.query("SELECT finding, dossier FROM row_keys_merged");
        rows.next();
        seen_ = {.finding = rows.integer(0), .dossier = rows.integer(1)};
    }
    is_starting_ = true;
    while (read_more()) {
        while (count_ > most_) {
            merge();
            committed();
        }
    }
    is_starting_ = false;
    seen_and_certain_ = seen_;
}

void SqliteKeys::catch_up() {
    forget();
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
        for (const auto& [key, row] : bucket) {
            db_.run("INSERT OR IGNORE INTO row_keys(key, row) VALUES(?,?)", key, row);
            add_to_filter(next_ + merged_, key);
        }
        if (!is_starting_) learn(next_ + merged_); // its pages were read just now
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
