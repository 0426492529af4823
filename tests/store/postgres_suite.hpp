#pragma once
// The fixture of tests that know that the store is PostgreSQL: a database of its own, and connections beside the store.

#include "postgres_migrate.hpp"
#include "postgres_place.hpp"

#include <string>

namespace dossier::store {

class PostgresSuite : public testing::Test {
protected:
    void SetUp() override {
        if (server() == nullptr) GTEST_SKIP() << "no PostgreSQL server is installed (scripts/setup installs one)";
        place_ = std::make_unique<PostgresPlace>(*server());
    }
    static auto server() -> PostgresServer* { return PostgresServer::shared(); }
    auto url() const -> std::string { return place_->url(); }
    auto url_by(int port) const -> std::string { return server()->url_of(url().substr(url().rfind('/') + 1), port); }
    auto open() const -> std::unique_ptr<PostgresStore> { return place_->open_postgres(); }
    /// A connection beside the store's.
    auto connect() const -> std::unique_ptr<PostgresDatabase> { return place_->connect(); }
    auto number(const std::string& sql) const -> std::int64_t {
        const auto db = connect();
        auto rows = db->query(sql);
        return rows.next() ? rows.integer(0) : -1;
    }

private:
    std::unique_ptr<PostgresPlace> place_;
};

/// Runs tasks side by side to their ends.
template <class T>
auto side_by_side(std::vector<Task<Result<T>>> tasks) -> std::vector<Result<T>> {
    static asio::io_context loop;
    loop.restart();
    std::vector<Result<T>> results(tasks.size(), fail(Errc::cancelled, "did not end"));
    for (std::size_t i = 0; i < tasks.size(); ++i)
        asio::co_spawn(loop, std::move(tasks[i]),
                       [&results, i](std::exception_ptr, Result<T> result) { results[i] = std::move(result); });
    loop.run();
    return results;
}

inline void expect_whole_chain(Store& store, std::size_t records) {
    const auto rows = value_of(store.audit_after(0, 10'000));
    ASSERT_EQ(rows.size(), records);
    std::string prev;
    for (const auto& row : rows) {
        ASSERT_TRUE(row.record.starts_with(std::to_string(row.seq) + "|" + prev + "|")) << row.record;
        prev = row.hash;
    }
}

} // namespace dossier::store
