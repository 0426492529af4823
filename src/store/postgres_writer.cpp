#include "postgres_writer.hpp"

#include "postgres_migrate.hpp"
#include "sql_rows.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/log.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_set>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;
using Kind = PostgresFailure::Kind;

constexpr std::size_t most_in_transaction = 64; ///< more hardly makes a statement cheaper, and others wait for the lock
constexpr auto most_uncertain = 10s;            ///< how long the outcome of a commit is looked for

constexpr std::string_view count_commit =
    "INSERT INTO commits(writer, sequence) VALUES(?,?) ON CONFLICT(writer) DO UPDATE SET sequence=excluded.sequence";

} // namespace

PostgresWriter::PostgresWriter(const PostgresTarget& target, JobQueue<WriteSession>& queue, const Sealer& sealer,
                               Waker& waker, Backlog& backlog)
    : queue_(queue),
      sealer_(sealer),
      waker_(waker),
      backlog_(backlog),
      link_("writer", target, PostgresTarget::Access::read_write, closing_),
      name_(new_id("wtr")) {
    auto& db = link_.get();
    migrate(db, schema());
    db.begin("BEGIN");
    db.run("DELETE FROM commits WHERE at < now() - interval '1 day' AND writer <> ?", name_);
    db.commit();
    backlog_.set(count_unfinished(db, Writers::many));
    thread_ = std::thread([this] { loop(); });
}

PostgresWriter::~PostgresWriter() { close(); }

void PostgresWriter::close() {
    closing_ = true;
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void PostgresWriter::loop() {
    for (auto jobs = queue_.take(most_in_transaction); !jobs.empty(); jobs = queue_.take(most_in_transaction)) {
        settle(jobs);
        post_completions({std::make_move_iterator(jobs.begin()), std::make_move_iterator(jobs.end())});
    }
}

/// Every job of the group ends with its result, whatever happens to the server meanwhile.
void PostgresWriter::settle(Group group) {
    for (bool again : {true, false}) {
        std::optional<PostgresFailure> failed;
        try {
            commit(group);
            return;
        } catch (const PostgresFailure& failure) {
            failed = failure;
        } catch (const std::exception& e) { // out of memory
            failed.emplace(Kind::lost, "", e.what());
        }
        if (failed->kind() == Kind::lost) link_.drop(*failed);
        if (std::exchange(is_committing_, false) && failed->kind() == Kind::lost) {
            const auto outcome = was_committed();
            if (outcome && *outcome) {
                committed(group, committing_);
                return;
            }
            if (!outcome) {
                auto error = failed->to_error();
                error.message =
                    "store: the connection was lost in a commit, and the server can't be asked what came of it";
                log::error("store.commit_uncertain", {{"error", failed->what()}, {"operations", group.size()}});
                fail_all(group, error);
                return;
            }
        }
        if (failed->kind() == Kind::statement && group.size() > 1) {
            for (std::size_t i = 0; i < group.size(); ++i) settle(group.subspan(i, 1));
            return;
        }
        if (again && failed->kind() != Kind::statement) continue;
        const auto error = failed->to_error();
        fail_all(group, error);
        // Of an outage the link tells, once.
        if (failed->kind() != Kind::lost)
            log::error("store.commit_failed", {{"error", error.describe()}, {"operations", group.size()}});
        return;
    }
}

void PostgresWriter::fail_all(Group group, const Error& error) {
    for (auto& job : group) job->fail(error);
}

void PostgresWriter::begin(PostgresDatabase& db, std::size_t operations) {
    db.begin("BEGIN", operations);
    db.run("SELECT pg_advisory_xact_lock(?)", static_cast<std::int64_t>(Lock::writing));
}

void PostgresWriter::commit(Group group) {
    if (!commit(group, Undoing::together)) commit(group, Undoing::apart);
}

/// Brings to the front what concerns one dossier alone, of each dossier the first: nothing that runs before such an
/// operation changes what it asks about, so that it can be asked beforehand. @return how many there are
auto PostgresWriter::put_in_order(Group group) -> std::size_t {
    std::unordered_set<std::string_view> subjects;
    auto front = group.begin();
    for (auto at = group.begin(); at != group.end(); ++at) {
        if ((*at)->subject().empty() || !subjects.insert((*at)->subject()).second) continue;
        std::rotate(front, at, std::next(at));
        ++front;
    }
    return static_cast<std::size_t>(front - group.begin());
}

auto PostgresWriter::commit(Group group, Undoing undoing) -> bool {
    const auto alone = put_in_order(group);
    auto& db = link_.get();
    backend_ = db.backend();
    try {
        WriteSession session(db, sealer_);
        const auto waits = db.waits();
        begin(db, group.size());
        db.run(count_commit, name_, ++sequence_);
        for (std::size_t i = 0; i < group.size(); ++i)
            if (i < alone || group[i]->subject().empty()) group[i]->ask_ahead(session);
        session.state.head = read_head(db);
        for (std::size_t i = 0; i < group.size(); ++i) {
            if (i == alone) db.forget_rows();
            if (undoing == Undoing::apart) {
                run_apart(session, *group[i]);
            } else if (!run_together(session, *group[i])) {
                db.rollback();
                return false;
            }
        }
        session.save_tallies();
        if (session.state.ready) db.run("SELECT pg_notify('dossier_ready', '')");
        committing_ = session.state;
        is_committing_ = true;
        fault_point("store.written");
        db.commit();
        fault_point("store.committed");
        is_committing_ = false;
        round_trips_ += db.waits() - waits;
    } catch (const PostgresFailure& failure) {
        if (failure.kind() != Kind::lost) {
            is_committing_ = false;
            db.rollback();
        }
        throw;
    }
    committed(group, committing_);
    return true;
}

auto PostgresWriter::run_together(WriteSession& session, Job<WriteSession>& job) -> bool {
    const auto& db = static_cast<PostgresDatabase&>(session.db);
    auto before = session.mark();
    const auto writes = db.writes();
    const bool is_good = job.run(session);
    if (db.failure()) throw PostgresFailure(*db.failure());
    if (is_good) return true;
    session.undo(std::move(before));
    return db.writes() == writes;
}

void PostgresWriter::run_apart(WriteSession& session, Job<WriteSession>& job) {
    auto& db = static_cast<PostgresDatabase&>(session.db);
    auto before = session.mark();
    db.mark();
    const bool is_good = job.run(session);
    if (db.failure()) throw PostgresFailure(*db.failure());
    if (is_good) {
        db.keep();
    } else {
        db.undo();
        session.undo(std::move(before));
    }
}

void PostgresWriter::committed(Group group, const WriteSession::State& state) {
    groups_ += 1;
    operations_ += group.size();
    backlog_.apply(state.moves);
    if (state.ready) waker_.wake();
}

auto PostgresWriter::was_committed() -> std::optional<bool> {
    try {
        auto& db = link_.get_within(most_uncertain);
        begin(db, 1); // whoever held the lock, perhaps still the lost transaction, has ended
        bool is_there = false;
        {
            auto rows = db.query("SELECT sequence FROM commits WHERE writer=?", name_);
            is_there = rows.next() && rows.integer(0) == sequence_;
        }
        db.rollback();
        log::warn("store.commit_looked_up", {{"was_committed", is_there}});
        return is_there;
    } catch (const PostgresFailure& failure) {
        link_.drop(failure);
        return std::nullopt;
    }
}

} // namespace dossier::store
