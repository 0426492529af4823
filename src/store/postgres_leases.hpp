#pragma once
// Claims and their leases, on a connection and a thread of their own: work is handed out and leases are prolonged
// however busy the writers are. Replicas claim beside each other (SKIP LOCKED), in blocks.
//
// No statement here waits for a row that somebody else holds, so nothing here can be part of a deadlock. A lease whose
// row is being written to is prolonged the next time.

#include "backlog.hpp"
#include "job.hpp"
#include "postgres_link.hpp"

#include "dossier/base/turn_order.hpp"
#include "dossier/store/records.hpp"

#include <thread>

namespace dossier::store {

class PostgresLeases {
public:
    /// Everything given must outlive it. @param backlog is counted anew now and then: other replicas work on it too
    PostgresLeases(const PostgresTarget& target, Backlog& backlog);
    ~PostgresLeases();
    PostgresLeases(const PostgresLeases&) = delete;
    auto operator=(const PostgresLeases&) -> PostgresLeases& = delete;

    auto claim(std::string owner, Timestamp now, Duration lease, std::size_t limit) -> Task<Result<std::vector<Claim>>>;
    auto renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>>;
    void close(); ///< completes what is queued; idempotent

private:
    void loop();
    void run(Job<PostgresDatabase>& job);
    void count_backlog(PostgresDatabase& db);

    Backlog& backlog_;
    TurnOrder order_;
    std::chrono::steady_clock::time_point counted_at_{};
    Timestamp looked_for_expired_{}; ///< leases that ran out
    std::atomic<bool> closing_ = false;
    PostgresLink link_;
    JobQueue<PostgresDatabase> queue_;
    std::thread thread_;
};

} // namespace dossier::store
