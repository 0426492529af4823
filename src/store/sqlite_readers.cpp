#include "sqlite_readers.hpp"

#include "dossier/base/log.hpp"

#include <iterator>

namespace dossier::store {

namespace {

constexpr std::size_t most_in_snapshot = 16; ///< a list that takes long holds up those behind it

} // namespace

SqliteReaders::SqliteReaders(const std::string& path, JobQueue<Database>& queue, std::size_t threads) : queue_(queue) {
    for (std::size_t i = 0; i < threads; ++i) {
        connections_.push_back(std::make_unique<SqliteDatabase>(path, SqliteDatabase::Access::read_only));
    }
    for (auto& connection : connections_) threads_.emplace_back([this, db = connection.get()] { loop(*db); });
}

SqliteReaders::~SqliteReaders() { close(); }

void SqliteReaders::close() {
    queue_.close();
    for (auto& thread : threads_) {
        if (thread.joinable()) thread.join();
    }
}

/// Jobs that wait together share a snapshot: each sees what was committed before it was queued, and a snapshot costs
/// locks and the pages that were read before it.
void SqliteReaders::loop(SqliteDatabase& db) {
    const auto take = [&] { return queue_.take(most_in_snapshot, connections_.size()); };
    for (auto jobs = take(); !jobs.empty(); jobs = take()) {
        for (const auto& job : jobs) {
            try {
                if (!db.in_transaction()) db.run("BEGIN");
                job->run(db);
            } catch (const StoreFailure& failure) {
                job->fail(failure.to_error());
            }
        }
        try {
            if (db.in_transaction()) db.run("COMMIT"); // also after an error: there is nothing to undo
        } catch (const StoreFailure& failure) {
            log::error("store.read_not_ended", {{"error", failure.what()}});
        }
        std::vector<std::unique_ptr<Completion>> completions(std::make_move_iterator(jobs.begin()),
                                                             std::make_move_iterator(jobs.end()));
        post_completions(std::move(completions));
    }
}

} // namespace dossier::store
