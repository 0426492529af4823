#pragma once
// A database of its own for a PostgreSQL store.

#include "postgres_server.hpp"
#include "store_suite.hpp"

#include "postgres_store.hpp"

namespace dossier::store {

class PostgresPlace final : public Place {
public:
    explicit PostgresPlace(PostgresServer& server) : url_(server.new_database()) {}
    auto open() -> std::unique_ptr<Store> override { return open_postgres(); }
    auto open_postgres() const -> std::unique_ptr<PostgresStore> { return open_postgres(url_); }
    static auto open_postgres(const std::string& url) -> std::unique_ptr<PostgresStore> {
        return std::make_unique<PostgresStore>(PostgresTarget::parse(url, {}).value(), plain_seal);
    }
    [[nodiscard]] auto url() const -> std::string override { return url_; }
    [[nodiscard]] auto connect(PostgresTarget::Access access = PostgresTarget::Access::read_write) const
        -> std::unique_ptr<PostgresDatabase> {
        return std::make_unique<PostgresDatabase>(PostgresTarget::parse(url_, {}).value(), access);
    }
    void pretend_schema(int version) override {
        connect()->script("UPDATE dossier_schema SET version=" + std::to_string(version));
    }

private:
    std::string url_;
};

} // namespace dossier::store
