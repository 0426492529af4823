#include "sqlite_writer.hpp"

#include "sqlite_migrations.hpp"
#include "sqlite_rows.hpp"

#include "dossier/base/log.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <iterator>

namespace dossier::store {

namespace {

constexpr std::size_t most_in_group = 512;

auto read_head(Database& db) -> AuditStore::Head {
    auto rows = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
    if (!rows.next()) return {};
    return {.seq = rows.integer(0), .hash = rows.text(1)};
}

} // namespace

void WriteSession::seal(const std::vector<AuditEntry>& entries) {
    for (const auto& entry : entries) {
        auto row = sealer_(entry, state_.head.seq + 1, state_.head.hash);
        db.run("INSERT INTO audit(seq, time, action, actor_id, finding_id, dossier_id, hash, record) "
               "VALUES(?,?,?,?,?,?,?,?)",
               row.seq, entry.time, row.action, row.actor_id, row.finding_id, row.dossier_id, row.hash, row.record);
        state_.head = {.seq = row.seq, .hash = std::move(row.hash)};
    }
}

void WriteSession::refresh() {
    auto rows = db.query("PRAGMA data_version");
    rows.next();
    const auto version = rows.integer(0);
    if (version == data_version_) return;
    state_.head = read_head(db);
    state_.backlog = count_unfinished(db);
    data_version_ = version;
}

SqliteWriter::SqliteWriter(const std::string& path, Sealer sealer, Database::Access access)
    : db_(path, access), session_(db_, std::move(sealer)) {
    if (access == Database::Access::read_write)
        migrate(db_, schema());
    else
        check_schema(db_, schema());
    session_.refresh();
    backlog_ = static_cast<std::size_t>(session_.state_.backlog);
    thread_ = std::thread([this] { loop(); });
}

SqliteWriter::~SqliteWriter() { close(); }

void SqliteWriter::close() {
    queue_.close();
    if (thread_.joinable()) thread_.join();
}

void SqliteWriter::on_ready(std::function<void()> wake) {
    const std::scoped_lock lock(wake_mutex_);
    wake_ = std::move(wake);
}

auto SqliteWriter::counters() const -> Counters { return {.groups = groups_, .operations = operations_}; }

void SqliteWriter::loop() {
    for (auto group = queue_.take(most_in_group); !group.empty(); group = queue_.take(most_in_group)) {
        run_group(std::move(group));
    }
}

void SqliteWriter::run_group(Jobs group) {
    const auto size = group.size();
    session_.state_.ready = false;
    const bool committed = commit_group(group);
    groups_ += 1;
    operations_ += size;
    if (committed) backlog_ = static_cast<std::size_t>(std::max<std::int64_t>(session_.state_.backlog, 0));
    const bool ready = committed && session_.state_.ready;

    std::vector<std::unique_ptr<Completion>> completions(std::make_move_iterator(group.begin()),
                                                         std::make_move_iterator(group.end()));
    post_completions(std::move(completions));
    if (ready) {
        const std::scoped_lock lock(wake_mutex_);
        if (wake_) wake_();
    }
}

auto SqliteWriter::commit_group(Jobs& group) -> bool {
    try {
        db_.run("BEGIN IMMEDIATE");
        session_.refresh();
        for (auto& job : group) run_one(*job);
        db_.run("COMMIT");
        return true;
    } catch (const SqliteFailure& failure) {
        give_up(group, failure.to_error());
    } catch (const std::exception& e) { // out of memory
        give_up(group, {.code = Errc::storage, .message = e.what(), .context = {}, .retry_after = {}});
    }
    return false;
}

void SqliteWriter::run_one(Job<WriteSession>& job) {
    const auto before = session_.state_;
    db_.run("SAVEPOINT operation");
    if (!job.run(session_)) {
        if (!db_.in_transaction()) { // SQLite itself ends it on a full disk or an I/O error
            throw SqliteFailure(SQLITE_ABORT, "store: the transaction was given up: full disk or I/O error");
        }
        db_.run("ROLLBACK TO operation");
        session_.state_ = before;
    }
    db_.run("RELEASE operation");
}

void SqliteWriter::give_up(Jobs& group, const Error& error) {
    session_.data_version_ = -1; // whatever the state says didn't happen
    try {
        if (db_.in_transaction()) db_.run("ROLLBACK");
    } catch (const SqliteFailure& failure) {
        log::error("store.rollback_failed", {{"error", failure.what()}});
    }
    for (auto& job : group) job->fail(error);
    log::error("store.commit_failed", {{"error", error.describe()}, {"operations", group.size()}});
}

} // namespace dossier::store
