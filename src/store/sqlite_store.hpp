#pragma once
// The embedded store: one SQLite file, one writing thread, two reading threads.

#include "sql_store.hpp"
#include "sqlite_readers.hpp"
#include "sqlite_writer.hpp"

namespace dossier::store {

class SqliteStore final : public SqlStore {
public:
    /// Throws SqliteFailure.
    SqliteStore(const std::string& path, Sealer sealer)
        : SqlStore(std::move(sealer), TextForm::packed),
          writer_(path, writes_, sealer_, waker_),
          readers_(path, reads_, 2) {}
    ~SqliteStore() override { stop(); }

    [[nodiscard]] auto backlog() const -> std::size_t override { return writer_.backlog().total(); }
    [[nodiscard]] auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override {
        return writer_.backlog().by_source();
    }
    void close() override { stop(); }

    /// For tests: how well writes share commits, and a way to the writer's connection (to fill its disk).
    [[nodiscard]] auto counters() const -> SqliteWriter::Counters { return writer_.counters(); }
    auto on_writer(std::function<void(Database&)> act) -> Task<Result<void>> {
        return write<void>([act = std::move(act)](WriteSession& session) -> Result<void> {
            act(session.db);
            return {};
        });
    }

private:
    void stop() {
        writer_.close();
        readers_.close();
    }

    SqliteWriter writer_;
    SqliteReaders readers_;
};

} // namespace dossier::store
