#include "postgres_store.hpp"

namespace dossier::store {

namespace {

constexpr std::size_t reading_connections = 4;

} // namespace

PostgresStore::PostgresStore(PostgresTarget target, Sealer sealer)
    : SqlStore(std::move(sealer)),
      target_(std::move(target)),
      writer_(target_, writes_, sealer_, waker_, backlog_),
      readers_(target_, reads_, reading_connections),
      leases_(target_, backlog_),
      listener_(target_, waker_, [this] { return writer_.backend(); }) {}

void PostgresStore::stop() {
    listener_.close();
    leases_.close();
    writer_.close();
    readers_.close();
}

auto PostgresStore::claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
    -> Task<Result<std::vector<Claim>>> {
    return leases_.claim(std::move(owner), now, lease, limit);
}

auto PostgresStore::renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> {
    return leases_.renew(std::move(claims), until);
}

auto PostgresStore::on_writer(std::function<void(Database&)> act) -> Task<Result<void>> {
    return write<void>([act = std::move(act)](WriteSession& session) -> Result<void> {
        act(session.db);
        return {};
    });
}

} // namespace dossier::store
