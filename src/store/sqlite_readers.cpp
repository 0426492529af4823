#include "sqlite_readers.hpp"

#include "dossier/base/log.hpp"

namespace dossier::store {

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

void SqliteReaders::loop(SqliteDatabase& db) {
    for (auto jobs = queue_.take(1); !jobs.empty(); jobs = queue_.take(1)) {
        auto& job = *jobs.front();
        try {
            db.run("BEGIN"); // the snapshot
            job.run(db);
        } catch (const StoreFailure& failure) {
            job.fail(failure.to_error());
        }
        try {
            if (db.in_transaction()) db.run("COMMIT"); // also after an error: there is nothing to undo
        } catch (const StoreFailure& failure) {
            log::error("store.read_not_ended", {{"error", failure.what()}});
        }
        std::vector<std::unique_ptr<Completion>> completions;
        completions.push_back(std::move(jobs.front()));
        post_completions(std::move(completions));
    }
}

} // namespace dossier::store
