#include "postgres_leases.hpp"

#include "sql_claims.hpp"
#include "sql_rows.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;

constexpr auto count_interval = 1s;
constexpr Duration expiry_interval = 1s; ///< every lease is read for it

struct Claimed {
    Claim claim;
    std::string source;
    std::int64_t severity = 0;
    std::int64_t ready_at = 0;
};

/// All shares in one statement: `SELECT` of each, then one `UPDATE`. Numbers of rows stand in the text: with a
/// parameter for them the planner thinks of all rows. Sources are parameters from ?4 on.
auto claim_statement(const std::vector<Share>& shares) -> std::string {
    std::string selects;
    std::string all;
    for (std::size_t i = 0; i < shares.size(); ++i) {
        selects += fmt::format("share{0} AS (SELECT seq FROM dossiers WHERE source=?{1} AND severity={2} AND ready_at "
                               "IS NOT NULL AND ready_at<=?1 AND lease_owner='' ORDER BY ready_at LIMIT {3} "
                               "FOR UPDATE SKIP LOCKED), ",
                               i, i + 4, shares[i].flow->severity, shares[i].most);
        all += fmt::format("{}SELECT seq FROM share{}", i == 0 ? "" : " UNION ALL ", i);
    }
    return fmt::format("WITH {}taken AS ({}) UPDATE dossiers d SET lease_owner=?2, lease_until=?3, fence=d.fence+1 "
                       "FROM taken WHERE d.seq = taken.seq "
                       "RETURNING d.id, d.fence, d.work_seq, d.attempts, d.source, d.severity, d.ready_at",
                       selects, all);
}

auto take_shares(PostgresDatabase& db, const std::vector<Share>& shares, const std::string& owner, Timestamp now,
                 Timestamp until) -> std::vector<std::vector<Claim>> {
    std::vector<SqlValue> values = {sql_value(now), sql_value(owner), sql_value(until)};
    for (const auto& share : shares) values.push_back(sql_value(share.flow->source));
    std::vector<Claimed> claimed;
    {
        auto rows = db.query_once(claim_statement(shares), values);
        while (rows.next()) {
            claimed.push_back({.claim = {.dossier_id = rows.text(0),
                                         .fence = rows.integer(1),
                                         .work_seq = rows.integer(2),
                                         .attempts = rows.number(3)},
                               .source = rows.text(4),
                               .severity = rows.integer(5),
                               .ready_at = rows.integer(6)});
        }
    }
    std::ranges::sort(claimed, {}, &Claimed::ready_at);
    std::vector<std::vector<Claim>> taken(shares.size());
    for (auto& one : claimed) {
        const auto share = std::ranges::find_if(shares, [&](const Share& other) {
            return other.flow->source == one.source && other.flow->severity == one.severity;
        });
        if (share != shares.end()) taken[static_cast<std::size_t>(share - shares.begin())].push_back(one.claim);
    }
    return taken;
}

/// Leases that ran out. Rows that are being written to are left for the next time.
void free_expired(PostgresDatabase& db, Timestamp now) {
    db.run("UPDATE dossiers SET lease_owner='', lease_until=NULL WHERE seq IN (SELECT seq FROM dossiers WHERE "
           "lease_owner<>'' AND lease_until<=? FOR UPDATE SKIP LOCKED)",
           now);
}

} // namespace

PostgresLeases::PostgresLeases(const PostgresTarget& target, Backlog& backlog)
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
    backlog_.set(count_unfinished(db, Writers::many));
    counted_at_ = now;
}

auto PostgresLeases::claim(std::string owner, Timestamp now, Duration lease, std::size_t limit)
    -> Task<Result<std::vector<Claim>>> {
    using Claims = std::vector<Claim>;
    co_return co_await run_job<Claims, PostgresDatabase>(
        queue_, [this, owner = std::move(owner), now, lease, limit](PostgresDatabase& db) -> Result<Claims> {
            db.begin("BEGIN");
            if (now < looked_for_expired_ || now - looked_for_expired_ >= expiry_interval) {
                free_expired(db, now);
                looked_for_expired_ = now;
            }
            const auto take = [&](const std::vector<Share>& shares) {
                return take_shares(db, shares, owner, now, now + lease);
            };
            auto claims = take_in_turn<Claim>(order_, ready_flows(db, now), limit, take);
            count_backlog(db);
            db.commit();
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
