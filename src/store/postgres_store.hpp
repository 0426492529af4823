#pragma once
// The store of several replicas: one PostgreSQL database. A process has one writing connection, four that read, one for
// claims and leases, and one that listens, each with a thread that may wait for the server; coroutines never do.

#include "postgres_leases.hpp"
#include "postgres_listener.hpp"
#include "postgres_readers.hpp"
#include "postgres_writer.hpp"
#include "sql_store.hpp"

namespace dossier::store {

class PostgresStore final : public SqlStore {
public:
    /// Throws PostgresFailure.
    PostgresStore(PostgresTarget target, Sealer sealer);
    ~PostgresStore() override { stop(); }

    [[nodiscard]] auto backlog() const -> std::size_t override { return backlog_.total(); }
    [[nodiscard]] auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override {
        return backlog_.by_source();
    }
    auto claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
        -> Task<Result<std::vector<Claim>>> override;
    auto renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> override;
    void close() override { stop(); }

    /// For tests: how well writes share commits, and a way to the writer's connection.
    [[nodiscard]] auto counters() const -> PostgresWriter::Counters { return writer_.counters(); }
    auto on_writer(std::function<void(Database&)> act) -> Task<Result<void>>;

private:
    void stop();

    PostgresTarget target_;
    Backlog backlog_;
    PostgresWriter writer_;
    PostgresReaders readers_;
    PostgresLeases leases_;
    PostgresListener listener_;
};

} // namespace dossier::store
