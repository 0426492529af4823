#pragma once
// Two threads that read, each with its own read-only connection: a list of findings never waits for a commit, and a
// commit never for a list. Each read sees one snapshot, at least as new as every write that had completed before it.

#include "job.hpp"
#include "sqlite_database.hpp"

#include <thread>
#include <vector>

namespace dossier::store {

class SqliteReaders {
public:
    /// Throws SqliteFailure. The queue must outlive them.
    SqliteReaders(const std::string& path, JobQueue<Database>& queue, std::size_t threads);
    ~SqliteReaders();
    SqliteReaders(const SqliteReaders&) = delete;
    auto operator=(const SqliteReaders&) -> SqliteReaders& = delete;

    void close(); ///< completes what is queued; idempotent

private:
    void loop(SqliteDatabase& db);

    JobQueue<Database>& queue_;
    std::vector<std::unique_ptr<SqliteDatabase>> connections_;
    std::vector<std::thread> threads_;
};

} // namespace dossier::store
