#include "sqlite_keys.hpp"

#include "sql_rows.hpp"

#include <algorithm>

namespace dossier::store {

namespace {

constexpr std::int64_t rows_at_once = 65'536;

/// Bytes of an entry in the journal: its key, and how far its row lies before the block's last of its kind, doubled,
/// odd for a dossier's. Rows that were rolled back may lie behind.
constexpr std::size_t key_size = 8;
constexpr std::size_t distance_size = 4;

void append_number(std::string& bytes, std::uint64_t number, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) bytes += static_cast<char>(number >> (8 * i));
}

auto number_at(std::string_view bytes, std::size_t at, std::size_t size) -> std::uint64_t {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < size; ++i)
        number |= std::uint64_t{static_cast<unsigned char>(bytes[at + i])} << (8 * i);
    return number;
}

} // namespace

auto exposure_index_key(std::string_view exposure_key) -> std::int64_t { return index_key("exposure", exposure_key); }

void SqliteKeys::learn(std::size_t bucket) {
    if (filters_[bucket].is_filled() || words_ >= most_words) return;
    keys_of_bucket_.clear();
    auto rows = db_.query("SELECT key FROM row_keys WHERE key>=? AND key<=?", KeyEntries::first_key(bucket),
                          KeyEntries::last_key(bucket));
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
    entries_.rows_of(key, take);
    if (!filters_[KeyEntries::bucket_of(key)].may_hold(key)) return rows;
    auto merged = db_.query("SELECT row FROM row_keys WHERE key=?", key);
    while (merged.next()) take(merged.integer(0));
    return rows;
}

void SqliteKeys::added(Kind kind, std::int64_t key, std::int64_t row) {
    const bool is_finding = kind == Kind::finding;
    const KeyEntry entry{.key = key, .row = is_finding ? row : -row};
    unwritten_.push_back(entry);
    entries_.put(entry);
    auto& last = is_finding ? seen_.finding : seen_.dossier;
    last = std::max(last, row);
}

/// Straight into the table: the row may be one that no start reads again.
void SqliteKeys::changed(Kind kind, std::int64_t key, std::int64_t row) {
    db_.run("INSERT OR IGNORE INTO row_keys(key, row) VALUES(?,?)", key, kind == Kind::finding ? row : -row);
    add_to_filter(KeyEntries::bucket_of(key), key);
}

void SqliteKeys::begin() {
    {
        auto rows = db_.query("SELECT finding, dossier FROM row_keys_merged");
        rows.next();
        seen_ = {.finding = rows.integer(0), .dossier = rows.integer(1)};
    }
    is_starting_ = true;
    read_journal();
    while (read_more()) {
        do {
            merge();
            committed();
        } while (entries_.size() > most_);
    }
    is_starting_ = false;
    seen_and_certain_ = seen_;
}

/// Whoever wrote a block merged its buckets since their last block, and what they didn't know by then is in this one:
/// of what earlier blocks hold, all that goes to these buckets is in the table.
void SqliteKeys::read_journal() {
    auto blocks = db_.query("SELECT finding, dossier, first_bucket, merged_buckets, round_finding, round_dossier, "
                            "entries FROM row_keys_journal WHERE finding>? OR dossier>? ORDER BY seq",
                            seen_.finding, seen_.dossier);
    while (blocks.next()) {
        const auto first = static_cast<std::size_t>(blocks.integer(2));
        const auto merged = static_cast<std::size_t>(blocks.integer(3));
        for (std::size_t i = 0; i < std::min(merged, bucket_count); ++i) entries_.clear((first + i) % bucket_count);
        next_ = (first + merged) % bucket_count;
        seen_last_round_ = {.finding = blocks.integer(4), .dossier = blocks.integer(5)};

        const LastRows last{.finding = blocks.integer(0), .dossier = blocks.integer(1)};
        const auto bytes = blocks.text(6);
        if (bytes.size() % (key_size + distance_size) != 0)
            throw StoreFailure("store: row_keys_journal is damaged; emptied, the next start reads the rows instead");
        for (std::size_t at = 0; at < bytes.size(); at += key_size + distance_size) {
            const auto code = static_cast<std::int32_t>(number_at(bytes, at + key_size, distance_size));
            entries_.put({.key = static_cast<std::int64_t>(number_at(bytes, at, key_size)),
                          .row = (code & 1) == 0 ? last.finding - code / 2 : -(last.dossier - (code - 1) / 2)});
        }
        seen_.finding = std::max(seen_.finding, last.finding);
        seen_.dossier = std::max(seen_.dossier, last.dossier);
    }
    first_since_block_ = next_;
}

void SqliteKeys::catch_up() {
    forget();
    while (read_more()) {
    }
    seen_and_certain_ = seen_;
}

auto SqliteKeys::read_more() -> bool {
    const auto before = entries_.size();
    auto findings =
        db_.query("SELECT seq, identity FROM findings WHERE seq>? ORDER BY seq LIMIT ?", seen_.finding, rows_at_once);
    while (findings.next()) added(Kind::finding, findings.integer(1), findings.integer(0));
    auto dossiers = db_.query("SELECT seq, exposure_key FROM dossiers WHERE seq>? ORDER BY seq LIMIT ?", seen_.dossier,
                              rows_at_once);
    while (dossiers.next()) added(Kind::dossier, exposure_index_key(dossiers.text(1)), dossiers.integer(0));
    return entries_.size() > before;
}

/// Stops where a round ends, so that a round begins and ends with what is certain.
void SqliteKeys::merge() {
    for (auto left = entries_.size(); left > most_ && next_ + merged_ < bucket_count; ++merged_) {
        if (next_ + merged_ == 0) seen_last_round_ = seen_;
        auto bucket = entries_.in_bucket(next_ + merged_);
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
    if (unwritten_.size() >= block_) write_block();
}

/// In the place of the oldest, where that says nothing any more. All such blocks at once would be many pages, and pages
/// that become free are written, too.
void SqliteKeys::write_block() {
    db_.run("DELETE FROM row_keys_journal WHERE seq=(SELECT min(seq) FROM row_keys_journal) "
            "AND finding<=(SELECT finding FROM row_keys_merged) AND dossier<=(SELECT dossier FROM row_keys_merged)");
    std::string bytes;
    bytes.reserve(unwritten_.size() * (key_size + distance_size));
    for (const auto& [key, row] : unwritten_) {
        append_number(bytes, static_cast<std::uint64_t>(key), key_size);
        const auto code = row > 0 ? (seen_.finding - row) * 2 : (seen_.dossier + row) * 2 + 1;
        append_number(bytes, static_cast<std::uint64_t>(code), distance_size);
    }
    db_.run("INSERT INTO row_keys_journal(finding, dossier, first_bucket, merged_buckets, round_finding, "
            "round_dossier, entries) VALUES(?,?,?,?,?,?,?)",
            seen_.finding, seen_.dossier, first_since_block_, merged_since_block_ + merged_, seen_last_round_.finding,
            seen_last_round_.dossier, Blob{bytes});
    has_written_block_ = true;
}

void SqliteKeys::committed() {
    merged_since_block_ += merged_;
    for (; merged_ > 0; --merged_) {
        entries_.clear(next_);
        next_ = (next_ + 1) % bucket_count;
    }
    if (has_written_block_) {
        unwritten_ = {};
        first_since_block_ = next_;
        merged_since_block_ = 0;
        has_written_block_ = false;
    }
    seen_and_certain_ = seen_;
}

void SqliteKeys::rolled_back() {
    merged_ = 0;
    has_written_block_ = false;
    seen_ = seen_and_certain_;
}

} // namespace dossier::store
