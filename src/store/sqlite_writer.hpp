#pragma once
// The one thread that writes. It takes all operations that are waiting (up to 512), runs each in a savepoint of one
// transaction, commits, and wakes their coroutines; the next group forms while the disk syncs, so there is no timer. An
// operation that fails is undone alone; a commit that fails fails its whole group with `storage`, and nothing of it
// happened. After an error the next group simply tries again.

#include "job.hpp"

#include "dossier/store/store.hpp"

#include <atomic>
#include <thread>

namespace dossier::store {

/// What an operation works with. Everything it changes here is undone with its savepoint.
class WriteSession {
public:
    WriteSession(Database& database, Sealer sealer) : db(database), sealer_(std::move(sealer)) {}

    Database& db;
    /// Appends to the chain, in order.
    void seal(const std::vector<AuditEntry>& entries);
    /// A finding moved between "automatic stages to do" and not, for `backlog()`.
    void finding_moved(bool was_unfinished, bool is_unfinished) {
        state_.backlog += static_cast<std::int64_t>(is_unfinished) - static_cast<std::int64_t>(was_unfinished);
    }
    void made_ready() { state_.ready = true; }

private:
    friend class SqliteWriter;
    struct State {
        AuditStore::Head head;
        std::int64_t backlog = 0;
        bool ready = false;
    };
    /// Reads head and backlog from the database, where they aren't known or somebody else has written.
    void refresh();

    State state_;
    Sealer sealer_;
    std::int64_t data_version_ = -1; ///< of the state; -1 = read it again
};

class SqliteWriter {
public:
    /// Opens and migrates; read-only it takes the schema as it is, and each operation fails. Throws SqliteFailure.
    SqliteWriter(const std::string& path, Sealer sealer, Database::Access access);
    ~SqliteWriter();
    SqliteWriter(const SqliteWriter&) = delete;
    auto operator=(const SqliteWriter&) -> SqliteWriter& = delete;

    template <class T>
    auto submit(std::move_only_function<Result<T>(WriteSession&)> operation) -> Task<Result<T>> {
        return run_job<T>(queue_, std::move(operation));
    }
    void on_ready(std::function<void()> wake);
    void close(); ///< completes what is queued; idempotent
    [[nodiscard]] auto backlog() const -> std::size_t { return backlog_.load(std::memory_order_relaxed); }

    struct Counters {
        std::uint64_t groups = 0; ///< transactions
        std::uint64_t operations = 0;
    };
    [[nodiscard]] auto counters() const -> Counters;

private:
    using Jobs = JobQueue<WriteSession>::Jobs;
    void loop();
    void run_group(Jobs group);
    auto commit_group(Jobs& group) -> bool;
    void run_one(Job<WriteSession>& job);
    void give_up(Jobs& group, const Error& error);

    Database db_;
    WriteSession session_;
    JobQueue<WriteSession> queue_;
    std::atomic<std::size_t> backlog_ = 0;
    std::atomic<std::uint64_t> groups_ = 0;
    std::atomic<std::uint64_t> operations_ = 0;
    std::mutex wake_mutex_;
    std::function<void()> wake_;
    std::thread thread_;
};

} // namespace dossier::store
