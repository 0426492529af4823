#pragma once
// Threads that read, each with a connection of its own. Each read sees one snapshot, at least as new as every write
// that had completed before it, alone or with a few others that waited beside it; then the snapshot is given up, since
// one that stays open keeps the server from clearing away what the queue leaves behind.

#include "job.hpp"
#include "postgres_link.hpp"

#include <thread>
#include <vector>

namespace dossier::store {

class PostgresReaders {
public:
    /// The queue and the target must outlive them.
    PostgresReaders(const PostgresTarget& target, JobQueue<Database>& queue, std::size_t threads);
    ~PostgresReaders();
    PostgresReaders(const PostgresReaders&) = delete;
    auto operator=(const PostgresReaders&) -> PostgresReaders& = delete;
    void close(); ///< completes what is queued; idempotent

private:
    void loop();
    static void run(PostgresLink& link, Job<Database>& job, bool& has_begun);
    static void end(PostgresLink& link);

    const PostgresTarget& target_;
    JobQueue<Database>& queue_;
    std::size_t most_threads_;
    std::atomic<bool> closing_ = false;
    std::vector<std::thread> threads_;
};

} // namespace dossier::store
