#include "postgres_leases.hpp"

#include "sql_rows.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;

constexpr auto count_interval = 1s;

struct Ready {
    Claim claim;
    std::int64_t severity = 0;
    std::int64_t ready_at = 0;
};

/// The number of rows stands in the text: with a parameter for it the planner thinks of all of them.
auto claim_statement(std::size_t limit) -> std::string {
    return fmt::format("WITH ready AS (SELECT seq FROM dossiers WHERE ready_at IS NOT NULL AND ready_at <= ?1 "
                       "AND (lease_until IS NULL OR lease_until <= ?1) ORDER BY severity DESC, ready_at LIMIT {} "
                       "FOR UPDATE SKIP LOCKED) "
                       "UPDATE dossiers d SET lease_owner=?2, lease_until=?3, fence=d.fence+1 FROM ready "
                       "WHERE d.seq = ready.seq "
                       "RETURNING d.id, d.fence, d.work_seq, d.attempts, d.severity, d.ready_at",
                       limit);
}

} // namespace

PostgresLeases::PostgresLeases(const PostgresTarget& target, std::atomic<std::int64_t>& backlog)
    : backlog_(backlog),
      link_("leases", target, PostgresTarget::Access::read_write, closing_),
      thread_([this] { loop(); }) {}

PostgresLeases::~PostgresLeases() { close(); }

void PostgresLeases::close() {
    closing_ = true;
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void PostgresLeases::loop() {
    for (auto jobs = queue_.take(1); !jobs.empty(); jobs = queue_.take(1)) {
        run(*jobs.front());
        std::vector<std::unique_ptr<Completion>> completions;
        completions.push_back(std::move(jobs.front()));
        post_completions(std::move(completions));
    }
}

/// Both operations may be done twice: a claim whose commit nobody answered is a lease that runs out.
void PostgresLeases::run(Job<PostgresDatabase>& job) {
    for (bool again : {true, false}) {
        std::optional<PostgresFailure> failed;
        try {
            auto& db = link_.get();
            job.run(db);
            if (!db.failure()) return;
            failed = db.failure();
            if (failed->kind() != PostgresFailure::Kind::lost) db.rollback();
        } catch (const PostgresFailure& failure) {
            failed = failure;
        }
        if (failed->kind() == PostgresFailure::Kind::lost) link_.drop(*failed);
        if (failed->kind() == PostgresFailure::Kind::statement) return; // the job has it as its result
        if (!again) job.fail(failed->to_error());
    }
}

void PostgresLeases::count_backlog(PostgresDatabase& db) {
    const auto now = std::chrono::steady_clock::now();
    if (now - counted_at_ < count_interval) return;
    backlog_ = count_unfinished(db);
    counted_at_ = now;
}

auto PostgresLeases::claim(std::string owner, Timestamp now, Duration lease, std::size_t limit)
    -> Task<Result<std::vector<Claim>>> {
    using Claims = std::vector<Claim>;
    co_return co_await run_job<Claims, PostgresDatabase>(
        queue_,
        [this, owner = std::move(owner), now, lease,
         sql = claim_statement(limit)](PostgresDatabase& db) -> Result<Claims> {
            db.begin("BEGIN");
            std::vector<Ready> ready;
            auto rows = db.query_once(sql, {sql_value(now), sql_value(owner), sql_value(now + lease)});
            while (rows.next()) {
                ready.push_back({.claim = {.dossier_id = rows.text(0),
                                           .fence = rows.integer(1),
                                           .work_seq = rows.integer(2),
                                           .attempts = rows.number(3)},
                                 .severity = rows.integer(4),
                                 .ready_at = rows.integer(5)});
            }
            count_backlog(db);
            db.commit();
            std::ranges::sort(ready, {}, [](const Ready& one) { return std::tuple(-one.severity, one.ready_at); });
            Claims claims;
            claims.reserve(ready.size());
            for (auto& one : ready) claims.push_back(std::move(one.claim));
            return claims;
        });
}

auto PostgresLeases::renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> {
    co_return co_await run_job<void, PostgresDatabase>(
        queue_, [claims = std::move(claims), until](PostgresDatabase& db) -> Result<void> {
            db.begin("BEGIN");
            for (const auto& claim : claims) { // one that was lost is left out: its next write hears of it
                db.run("UPDATE dossiers SET lease_until=? WHERE seq = (SELECT seq FROM dossiers WHERE id=? AND fence=? "
                       "AND lease_until IS NOT NULL FOR UPDATE SKIP LOCKED)",
                       until, claim.dossier_id, claim.fence);
            }
            db.commit();
            return {};
        });
}

} // namespace dossier::store
