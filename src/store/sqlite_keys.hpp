#pragma once
// The index of keys in no order, for SQLite. In a B-tree alone every new finding would change two pages somewhere in
// the whole of it: most of what an acknowledgement writes, and more with each finding that is stored. So the keys of
// the latest rows are in memory only, in buckets by the key's first bits, and buckets are merged into the table
// `row_keys` one after the other, round and round: what goes to one page goes there at once.
//
// Most that is asked for isn't there: every new finding asks for two keys that nobody has. Each would be looked for in
// a page that no cache holds, so a bucket that was read says what it surely doesn't hold (KeyFilter). Buckets are read
// as they are merged, and while there is nothing to do.
//
// The rows themselves say their keys, so nothing is lost with the memory. But there may be two rounds of them that no
// start can read soon enough, so every few thousand entries are also written to `row_keys_journal`, in the order in
// which they came, with the buckets that were merged meanwhile. A start does in memory what the journal says and is
// where the last process was; only rows after the last block are read themselves. `row_keys_merged` holds up to which
// rows all keys are in the table: blocks of earlier rows say nothing any more, and new ones take their place. An entry
// too many does no harm, since whoever asks compares; none may be missing.

#include "key_entries.hpp"
#include "key_filter.hpp"
#include "row_keys.hpp"

#include <array>
#include <cstddef>

namespace dossier::store {

class SqliteKeys final : public RowKeys {
public:
    static constexpr std::size_t usual_most = 196'608;
    static constexpr std::size_t bucket_count = KeyEntries::bucket_count;
    static constexpr std::size_t usual_block = 2048;

    /// @param most entries that stay in memory; the more, the fewer pages are written for each
    /// @param block entries of which a block of the journal is made; a start reads as many from their rows
    explicit SqliteKeys(Database& db, std::size_t most = usual_most, std::size_t block = usual_block)
        : db_(db), most_(most), block_(block) {}

    auto rows_of(Kind kind, std::int64_t key) -> std::vector<std::int64_t> override;
    void added(Kind kind, std::int64_t key, std::int64_t row) override;
    void changed(Kind kind, std::int64_t key, std::int64_t row) override;

    /// At the start, in a transaction of its own: reads what is in no table yet, however much it is.
    void begin();
    /// Within a transaction, before anything else: reads the keys of rows that others have committed.
    void catch_up();
    /// Within a transaction, as its last deed: moves buckets into the table where too many entries are in memory, and
    /// writes to the journal what is due.
    void merge();
    void committed(); ///< what `merge` wrote is forgotten here
    void rolled_back();
    /// Outside of a transaction, when there is nothing to do: reads some of the buckets that nothing is known of.
    /// False once there are none.
    auto learn_some() -> bool;
    [[nodiscard]] auto in_memory() const -> std::size_t { return entries_.size(); }

private:
    static constexpr std::size_t most_words = 512U << 10U; ///< of all filters: 4 MiB, good for two million findings

    /// The last row of each kind.
    struct LastRows {
        std::int64_t finding = 0;
        std::int64_t dossier = 0;
    };

    void read_journal();
    auto read_more() -> bool;
    void write_block();
    void learn(std::size_t bucket);
    void add_to_filter(std::size_t bucket, std::int64_t key);
    void forget();

    Database& db_;
    std::size_t most_;
    std::size_t block_;
    KeyEntries entries_;                          ///< that the table doesn't hold
    std::array<KeyFilter, bucket_count> filters_; ///< of what the table holds
    std::size_t words_ = 0;                       ///< of all of them
    std::size_t learned_ = 0;                     ///< buckets up to which `learn_some` has come
    bool is_starting_ = false;                    ///< nobody waits for a filter yet, but all for the start
    std::vector<std::int64_t> keys_of_bucket_;    ///< kept for its memory
    LastRows seen_;                               ///< keys of rows up to these are in memory or in the table
    LastRows seen_and_certain_;                   ///< without those of the transaction under way
    LastRows seen_last_round_;           ///< when the round began: once it ends, keys up to these are in the table
    std::size_t next_ = 0;               ///< the bucket to be merged next
    std::size_t merged_ = 0;             ///< buckets from there on that the transaction under way has merged
    std::vector<KeyEntry> unwritten_;    ///< that no block of the journal holds
    std::size_t first_since_block_ = 0;  ///< the buckets that were merged since the last block begin with this one
    std::size_t merged_since_block_ = 0; ///< and are so many
    bool has_written_block_ = false;     ///< the transaction under way has
};

} // namespace dossier::store
