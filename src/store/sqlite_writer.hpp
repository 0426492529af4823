#pragma once
// The one thread that writes. It takes all operations that are waiting (up to 512), runs them in one transaction,
// commits, and wakes their coroutines; the next group forms while the disk syncs. What findings under way ask may wait
// three milliseconds more for others, where they come in groups; what a caller waits for never does. An operation
// that fails is undone alone: where it has written something, the group runs again with a savepoint each. A commit that
// fails fails its whole group with `storage`, and nothing of it happened. After an error the next group simply tries
// again.

#include "job.hpp"
#include "sqlite_database.hpp"
#include "sqlite_keys.hpp"
#include "write_session.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <thread>

namespace dossier::store {

/// When operations of findings under way wait for others. A commit costs about as much for one as for ten.
struct Gathering {
    std::size_t group_of_busy = 4; ///< after a group of so many the writer lets them gather
    std::size_t enough = 128;
    std::chrono::milliseconds most{3};
};

class SqliteWriter {
public:
    /// Opens and migrates; throws SqliteFailure. Queue, sealer and waker must outlive it.
    SqliteWriter(const std::string& path, JobQueue<WriteSession>& queue, const Sealer& sealer, Waker& waker,
                 Gathering gathering = {});
    ~SqliteWriter();
    SqliteWriter(const SqliteWriter&) = delete;
    auto operator=(const SqliteWriter&) -> SqliteWriter& = delete;

    void close(); ///< completes what is queued; idempotent
    [[nodiscard]] auto backlog() const -> const Backlog& { return backlog_; }

    struct Counters {
        std::uint64_t groups = 0; ///< transactions
        std::uint64_t operations = 0;
    };
    [[nodiscard]] auto counters() const -> Counters;

private:
    void begin();
    /// Reads head, backlog and keys from the database, where they aren't known or somebody else has written.
    void refresh();

    using Jobs = JobQueue<WriteSession>::Jobs;
    void loop();
    auto learn_keys() -> bool; ///< while there is nothing to do; false once all are known
    void run_group(Jobs group);
    auto commit_group(Jobs& group) -> bool;
    /// All in one go. False when one failed half-way: then the whole is to be rolled back and run once more, apart.
    auto run_together(Jobs& group) -> bool;
    void run_apart(Job<WriteSession>& job); ///< a failure undoes this operation alone
    void demand_transaction();
    void give_up(Jobs& group, const Error& error);

    Gathering gathering_;
    SqliteDatabase db_;
    SqliteKeys keys_;
    WriteSession session_;
    std::int64_t data_version_ = -1; ///< of the session's state; -1 = read it again
    JobQueue<WriteSession>& queue_;
    Waker& waker_;
    Backlog backlog_;
    std::atomic<std::uint64_t> groups_ = 0;
    std::atomic<std::uint64_t> operations_ = 0;
    std::thread thread_;
};

} // namespace dossier::store
