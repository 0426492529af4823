#pragma once
// What an operation that writes works with, whatever the database: its connection, the audit chain, and what has to be
// known after the commit. Everything that an operation changes here is undone where it fails.

#include "backlog.hpp"
#include "database.hpp"
#include "row_keys.hpp"

#include "dossier/store/store.hpp"

#include <mutex>

namespace dossier::store {

class WriteSession {
public:
    WriteSession(Database& database, const Sealer& sealer, RowKeys* row_keys = nullptr)
        : db(database), keys(row_keys), sealer_(sealer) {}

    Database& db;
    RowKeys* keys; ///< null where the database has indexes of these keys, since others write there, too
    /// Appends to the chain, in order.
    void seal(const std::vector<AuditEntry>& entries);
    /// A finding moved between "automatic stages to do" and not, for `backlog()`.
    void finding_moved(const std::string& source, bool was_unfinished, bool is_unfinished) {
        if (was_unfinished != is_unfinished) state.moves.push_back({source, is_unfinished ? 1 : -1});
    }
    void made_ready() { state.ready = true; }
    /// What one intake brought, for `delivery_days`.
    struct Tally {
        std::string source;
        std::int64_t day = 0;
        std::int64_t webhook = 0;
        std::int64_t event = 0;
        std::int64_t duplicates = 0;
        std::int64_t quarantined = 0;
    };
    void tally(Tally of_intake) { state.tallies.push_back(std::move(of_intake)); }

    /// For whoever runs operations; these themselves use the functions above.
    struct State {
        AuditStore::Head head;
        std::vector<Backlog::Move> moves; ///< what the group did to the backlog
        std::vector<Tally> tallies;       ///< not in the database yet
        bool ready = false;               ///< a dossier was made ready
    };
    State state;
    /// The group's last deed before its commit: a row a source and day, however many intakes were in it.
    void save_tallies();

    /// Where an operation began, to undo what it did to the state.
    struct Mark {
        AuditStore::Head head;
        std::size_t moves = 0;
        std::size_t tallies = 0;
        bool ready = false;
    };
    [[nodiscard]] auto mark() const -> Mark {
        return {.head = state.head, .moves = state.moves.size(), .tallies = state.tallies.size(), .ready = state.ready};
    }
    void undo(Mark mark) {
        state.head = std::move(mark.head);
        state.moves.resize(mark.moves);
        state.tallies.resize(mark.tallies);
        state.ready = mark.ready;
    }

private:
    const Sealer& sealer_;
};

/// The end of the chain as the transaction sees it.
[[nodiscard]] auto read_head(Database& db) -> AuditStore::Head;

/// Whom to tell that a dossier is ready; may be told from several threads.
class Waker {
public:
    /// Once this returns the former one isn't called any more.
    void set(std::function<void()> wake) {
        const std::scoped_lock lock(mutex_);
        wake_ = std::move(wake);
    }
    void wake() {
        const std::scoped_lock lock(mutex_);
        if (wake_) wake_();
    }

private:
    std::mutex mutex_;
    std::function<void()> wake_;
};

} // namespace dossier::store
