#pragma once
// One SQLite connection with its cached statements.

#include "database.hpp"

#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace dossier::store {

class SqliteFailure : public StoreFailure {
public:
    /// @param code extended result code
    SqliteFailure(int code, const std::string& what) : StoreFailure(what, {"sqlite", std::to_string(code)}) {}
};

class SqliteDatabase final : public Database {
public:
    enum class Access { read_write, read_only };
    /// Opens the file and sets the pragmas that make it durable (WAL, synchronous=FULL). Creates it with mode 0600, and
    /// its directory, when writing. Throws SqliteFailure.
    SqliteDatabase(const std::string& path, Access access);
    ~SqliteDatabase() override;

    [[nodiscard]] auto text_form() const -> TextForm override { return TextForm::packed; }
    void script(const std::string& sql) override;
    [[nodiscard]] auto changes_so_far() const -> std::int64_t; ///< rows inserted, updated and deleted, ever
    [[nodiscard]] auto in_transaction() const -> bool;

private:
    void run_bound(std::string_view sql, const SqlValue* values, std::size_t count) override;
    auto insert_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t override;
    auto change_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t override;
    auto query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached) -> Rows override;
    auto prepare(std::string_view sql, bool persistent) -> sqlite3_stmt*;
    void bind(sqlite3_stmt* statement, const SqlValue* values, std::size_t count, bool copy);

    sqlite3* db_ = nullptr;
    std::unordered_map<std::string_view, sqlite3_stmt*> statements_; ///< keys are string literals
};

} // namespace dossier::store
