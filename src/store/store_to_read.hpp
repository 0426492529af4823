#pragma once
// A store that is only looked at: readers and nobody who writes, so that a service may work on the same database
// meanwhile. What would write is refused before it comes to a database, which would refuse it, too.

#include "sql_store.hpp"

namespace dossier::store {

/// @tparam Origin what its readers connect to: a path, a server
template <class Readers, class Origin>
class StoreToRead final : public SqlStore {
public:
    /// The database must have been found to be of this build's schema.
    /// @param backlog as it was then
    StoreToRead(Origin origin, Sealer sealer, Backlog::BySource backlog)
        : SqlStore(std::move(sealer)), origin_(std::move(origin)), readers_(origin_, reads_, 2) {
        backlog_.set(std::move(backlog));
        writes_.close("store: opened to be read only");
    }
    ~StoreToRead() override { readers_.close(); }

    [[nodiscard]] auto backlog() const -> std::size_t override { return backlog_.total(); }
    [[nodiscard]] auto backlog_by_source() const -> std::map<std::string, std::int64_t, std::less<>> override {
        return backlog_.by_source();
    }
    void close() override { readers_.close(); }

private:
    Origin origin_;
    Backlog backlog_;
    Readers readers_;
};

} // namespace dossier::store
