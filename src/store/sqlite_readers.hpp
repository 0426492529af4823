#pragma once
// Two threads that read, each with its own read-only connection: a list of findings never waits for a commit, and a
// commit never for a list. Each read sees one snapshot, at least as new as every write that had completed before it.

#include "job.hpp"

#include <thread>
#include <vector>

namespace dossier::store {

class SqliteReaders {
public:
    SqliteReaders(const std::string& path, std::size_t threads); ///< throws SqliteFailure
    ~SqliteReaders();
    SqliteReaders(const SqliteReaders&) = delete;
    auto operator=(const SqliteReaders&) -> SqliteReaders& = delete;

    template <class T>
    auto submit(std::move_only_function<Result<T>(Database&)> operation) -> Task<Result<T>> {
        return run_job<T>(queue_, std::move(operation));
    }
    void close(); ///< completes what is queued; idempotent

private:
    void loop(Database& db);

    JobQueue<Database> queue_;
    std::vector<std::unique_ptr<Database>> connections_;
    std::vector<std::thread> threads_;
};

} // namespace dossier::store
