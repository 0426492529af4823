#pragma once
// The one thread of this process that writes to PostgreSQL. It takes the operations that are waiting (up to 64) into
// one transaction and pipelines their statements; the next group forms while this one is made durable.
//
// Writers of all replicas take turns: a transaction holds an advisory lock from its beginning to its end. So an
// operation sees everything that was committed before, nobody writes between its reads and its writes, and the audit
// chain has one head, all as with the embedded store. What is outside of this: claims and leases (postgres_leases.hpp),
// which is why operations that depend on a claim hold its row.
//
// Operations run together first: a savepoint each would be two statements and a transaction number more. Where one
// fails that has written, the group rolls back and is run again with savepoints, so that it is undone alone. A
// statement that fails although nobody expected it spoils the transaction: each operation then has a transaction of its
// own. Where the connection is lost, nothing of an uncommitted transaction is left, and the group is run again on a new
// one. Where it is lost during COMMIT nobody told whether it happened; each transaction therefore also counts up this
// writer's row in `commits`, and that is read, under the lock, before anything is done again.

#include "job.hpp"
#include "postgres_link.hpp"
#include "write_session.hpp"

#include <span>
#include <thread>

namespace dossier::store {

class PostgresWriter {
public:
    /// Connects and migrates; throws PostgresFailure. Everything given must outlive it.
    /// @param backlog what this writer's commits change is added to it
    PostgresWriter(const PostgresTarget& target, JobQueue<WriteSession>& queue, const Sealer& sealer, Waker& waker,
                   Backlog& backlog);
    ~PostgresWriter();
    PostgresWriter(const PostgresWriter&) = delete;
    auto operator=(const PostgresWriter&) -> PostgresWriter& = delete;

    void close(); ///< completes what is queued; idempotent
    /// The server's process that serves it: its notifications are known here already. 0 = none.
    [[nodiscard]] auto backend() const -> int { return backend_; }

    struct Counters {
        std::uint64_t groups = 0; ///< transactions that were committed
        std::uint64_t operations = 0;
        std::uint64_t round_trips = 0; ///< to the server, of these transactions
    };
    [[nodiscard]] auto counters() const -> Counters {
        return {.groups = groups_, .operations = operations_, .round_trips = round_trips_};
    }

private:
    using Group = std::span<std::unique_ptr<Job<WriteSession>>>;
    void loop();
    void settle(Group group);
    enum class Undoing { together, apart };
    void commit(Group group);
    static auto put_in_order(Group group) -> std::size_t;
    /// False, and nothing is done, where an operation has to be undone alone and can't be.
    auto commit(Group group, Undoing undoing) -> bool;
    /// False where it failed after it had written.
    static auto run_together(WriteSession& session, Job<WriteSession>& job) -> bool;
    static void run_apart(WriteSession& session, Job<WriteSession>& job);
    void begin(PostgresDatabase& db, std::size_t operations);
    void committed(Group group, const WriteSession::State& state);
    /// What became of a COMMIT that nobody answered; nullopt where that can't be learned.
    auto was_committed() -> std::optional<bool>;
    static void fail_all(Group group, const Error& error);

    JobQueue<WriteSession>& queue_;
    const Sealer& sealer_;
    Waker& waker_;
    Backlog& backlog_;
    std::atomic<bool> closing_ = false;
    PostgresLink link_;
    std::string name_; ///< in `commits`
    std::int64_t sequence_ = 0;
    bool is_committing_ = false;
    WriteSession::State committing_; ///< what will be true once it is committed
    std::atomic<int> backend_ = 0;
    std::atomic<std::uint64_t> groups_ = 0;
    std::atomic<std::uint64_t> operations_ = 0;
    std::atomic<std::uint64_t> round_trips_ = 0;
    std::thread thread_;
};

} // namespace dossier::store
