#pragma once
// One SQLite connection with its cached statements, for one thread at a time. A step that fails throws SqliteFailure:
// within the room that keeps an operation of ten statements readable and makes "nothing of it happened" the default.
// It never leaves the room: the writer and the readers turn it into `storage` at the one place where they run an
// operation.

#include "dossier/base/error.hpp"
#include "dossier/base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <variant>
#include <vector>

struct sqlite3;
struct sqlite3_stmt;

namespace dossier::store {

class SqliteFailure : public std::runtime_error {
public:
    SqliteFailure(int code, const std::string& what) : std::runtime_error(what), code_(code) {}
    [[nodiscard]] auto code() const -> int { return code_; } ///< extended result code
    [[nodiscard]] auto to_error() const -> Error;

private:
    int code_;
};

/// A value to bind. Text is a view: it must live until the statement has been stepped, or be copied (`Rows`).
using SqlValue = std::variant<std::monostate, std::int64_t, std::string_view>;

[[nodiscard]] inline auto sql_value(std::string_view text) -> SqlValue { return text; }
[[nodiscard]] inline auto sql_value(const char* text) -> SqlValue { return std::string_view(text); }
[[nodiscard]] inline auto sql_value(std::nullopt_t) -> SqlValue { return std::monostate{}; }
[[nodiscard]] inline auto sql_value(Timestamp time) -> SqlValue {
    return static_cast<std::int64_t>(time.time_since_epoch().count());
}
template <class T>
    requires std::is_integral_v<T>
[[nodiscard]] auto sql_value(T number) -> SqlValue {
    return static_cast<std::int64_t>(number);
}
template <class T>
[[nodiscard]] auto sql_value(const std::optional<T>& value) -> SqlValue {
    return value ? sql_value(*value) : SqlValue{};
}

/// The rows of a query, read forward. Gives its statement back when it goes.
class Rows {
public:
    Rows(sqlite3* db, sqlite3_stmt* statement, bool owned) : db_(db), statement_(statement), owned_(owned) {}
    Rows(Rows&& other) noexcept;
    auto operator=(Rows&&) -> Rows& = delete;
    ~Rows();

    /// Steps to the next row; false at the end.
    auto next() -> bool;
    [[nodiscard]] auto is_null(int column) const -> bool;
    [[nodiscard]] auto integer(int column) const -> std::int64_t;
    [[nodiscard]] auto number(int column) const -> int { return static_cast<int>(integer(column)); }
    [[nodiscard]] auto text(int column) const -> std::string; ///< also blobs; NULL is ""
    [[nodiscard]] auto time(int column) const -> Timestamp { return Timestamp(Timestamp::duration(integer(column))); }
    [[nodiscard]] auto optional_time(int column) const -> std::optional<Timestamp>;

private:
    friend class Database;
    sqlite3* db_;
    sqlite3_stmt* statement_;
    bool owned_;
};

class Database {
public:
    enum class Access { read_write, read_only };
    /// Opens the file and sets the pragmas that make it durable (WAL, synchronous=FULL). Creates it with mode 0600, and
    /// its directory, when writing. Throws SqliteFailure.
    Database(const std::string& path, Access access);
    ~Database();
    Database(const Database&) = delete;
    auto operator=(const Database&) -> Database& = delete;

    /// Runs a cached statement to its end. @return rows changed
    template <class... Args>
    auto run(std::string_view sql, const Args&... args) -> std::int64_t {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return run_bound(sql, values + 1, sizeof...(args));
    }
    template <class... Args>
    auto query(std::string_view sql, const Args&... args) -> Rows {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return query_bound(sql, values + 1, sizeof...(args), true);
    }
    /// A query whose text differs from call to call; its statement isn't kept.
    auto query_once(std::string_view sql, const std::vector<SqlValue>& values) -> Rows;
    /// Several statements without parameters or rows.
    void script(const std::string& sql);

    [[nodiscard]] auto last_insert_id() const -> std::int64_t;
    [[nodiscard]] auto in_transaction() const -> bool;

private:
    auto run_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t;
    auto query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached) -> Rows;
    auto prepare(std::string_view sql, bool persistent) -> sqlite3_stmt*;
    void bind(sqlite3_stmt* statement, const SqlValue* values, std::size_t count, bool copy);

    sqlite3* db_ = nullptr;
    std::unordered_map<std::string_view, sqlite3_stmt*> statements_; ///< keys are string literals
};

} // namespace dossier::store
