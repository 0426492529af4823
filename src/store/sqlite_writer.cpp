#include "sqlite_writer.hpp"

#include "sql_rows.hpp"
#include "sqlite_migrate.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/log.hpp"

#include <sqlite3.h>

#include <iterator>

namespace dossier::store {

namespace {

constexpr std::size_t most_in_group = 512;

} // namespace

SqliteWriter::SqliteWriter(const std::string& path, JobQueue<WriteSession>& queue, const Sealer& sealer, Waker& waker,
                           Gathering gathering)
    : gathering_(gathering),
      db_(path, SqliteDatabase::Access::read_write),
      keys_(db_),
      session_(db_, sealer, &keys_),
      queue_(queue),
      waker_(waker) {
    migrate(db_, schema());
    begin();
    thread_ = std::thread([this] { loop(); });
}

void SqliteWriter::begin() {
    db_.run("BEGIN IMMEDIATE");
    keys_.begin();
    refresh();
    db_.run("COMMIT");
}

void SqliteWriter::refresh() {
    auto rows = db_.query("PRAGMA data_version");
    rows.next();
    const auto version = rows.integer(0);
    if (version == data_version_) return;
    keys_.catch_up();
    session_.state.head = read_head(db_);
    backlog_.set(count_unfinished(db_, Writers::one));
    data_version_ = version;
}

SqliteWriter::~SqliteWriter() { close(); }

void SqliteWriter::close() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

auto SqliteWriter::counters() const -> Counters { return {.groups = groups_, .operations = operations_}; }

void SqliteWriter::loop() {
    const auto take = [this] { return queue_.take(most_in_group, 1, [this] { return learn_keys(); }); };
    for (auto group = take(); !group.empty(); group = take()) {
        const bool is_busy = group.size() >= gathering_.group_of_busy;
        run_group(std::move(group));
        if (is_busy) queue_.gather(gathering_.enough, gathering_.most);
    }
}

/// Whatever goes wrong with it, the next group meets as well, and says so.
auto SqliteWriter::learn_keys() -> bool {
    try {
        return keys_.learn_some();
    } catch (const std::exception& e) {
        log::warn("store.keys_unread", {{"error", e.what()}});
        return false;
    }
}

void SqliteWriter::run_group(Jobs group) {
    const auto size = group.size();
    session_.state.ready = false;
    session_.state.moves.clear();
    session_.state.tallies.clear();
    const bool committed = commit_group(group);
    groups_ += 1;
    operations_ += size;
    if (committed) backlog_.apply(session_.state.moves);
    const bool ready = committed && session_.state.ready;

    std::vector<std::unique_ptr<Completion>> completions(std::make_move_iterator(group.begin()),
                                                         std::make_move_iterator(group.end()));
    post_completions(std::move(completions));
    if (ready) waker_.wake();
}

auto SqliteWriter::commit_group(Jobs& group) -> bool {
    try {
        db_.run("BEGIN IMMEDIATE");
        refresh();
        if (!run_together(group)) {
            db_.run("ROLLBACK");
            keys_.rolled_back();
            db_.run("BEGIN IMMEDIATE");
            refresh();
            for (auto& job : group) run_apart(*job);
        }
        session_.save_tallies();
        keys_.merge();
        fault_point("store.written");
        db_.run("COMMIT");
        keys_.committed();
        fault_point("store.committed");
        return true;
    } catch (const StoreFailure& failure) {
        give_up(group, failure.to_error());
    } catch (const std::exception& e) { // out of memory
        give_up(group, {.code = Errc::storage, .message = e.what(), .context = {}, .retry_after = {}});
    }
    return false;
}

/// A savepoint an operation would copy each page that the operation touches, only to throw the copy away: most
/// operations succeed, and most that don't have written nothing by then.
auto SqliteWriter::run_together(Jobs& group) -> bool {
    auto beginning = session_.mark();
    for (auto& job : group) {
        auto before = session_.mark();
        const auto changes = db_.changes_so_far();
        if (job->run(session_)) continue;
        demand_transaction();
        session_.undo(std::move(before));
        if (db_.changes_so_far() == changes) continue;
        session_.undo(std::move(beginning));
        return false;
    }
    return true;
}

void SqliteWriter::run_apart(Job<WriteSession>& job) {
    auto before = session_.mark();
    db_.run("SAVEPOINT operation");
    if (!job.run(session_)) {
        demand_transaction();
        db_.run("ROLLBACK TO operation");
        keys_.rolled_back();
        session_.undo(std::move(before));
    }
    db_.run("RELEASE operation");
}

void SqliteWriter::demand_transaction() {
    if (db_.in_transaction()) return;
    throw SqliteFailure(SQLITE_ABORT, "store: the transaction was given up: full disk or I/O error");
}

void SqliteWriter::give_up(Jobs& group, const Error& error) {
    data_version_ = -1; // whatever the state says didn't happen
    keys_.rolled_back();
    try {
        if (db_.in_transaction()) db_.run("ROLLBACK");
    } catch (const StoreFailure& failure) {
        log::error("store.rollback_failed", {{"error", failure.what()}});
    }
    for (auto& job : group) job->fail(error);
    log::error("store.commit_failed", {{"error", error.describe()}, {"operations", group.size()}});
}

} // namespace dossier::store
