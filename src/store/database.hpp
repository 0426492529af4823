#pragma once
// What an operation of the store says to its database: statements with values, and rows. SQLite and PostgreSQL stand
// behind it, so that each operation (sql_*.cpp) is written once, in the SQL that both understand; the few things that
// only one of them has are in sqlite_*.cpp and postgres_*.cpp. A connection serves one thread at a time.
//
// A step that fails throws StoreFailure: within the room that keeps an operation of ten statements readable and makes
// "nothing of it happened" the default. It never leaves the room: the writers and the readers turn it into `storage` at
// the one place where they run an operation.

#include "dossier/base/error.hpp"
#include "dossier/base/time.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace dossier::store {

class StoreFailure : public std::runtime_error {
public:
    /// @param code of the database, as (its name, the code); empty where the failure is ours
    explicit StoreFailure(const std::string& what, std::pair<std::string, std::string> code = {})
        : std::runtime_error(what), code_(std::move(code)) {}
    [[nodiscard]] virtual auto to_error() const -> Error;

private:
    std::pair<std::string, std::string> code_;
};

/// How long texts are kept: packing.hpp.
enum class TextForm { as_is, packed };

/// Bytes that are no text.
struct Blob {
    std::string_view bytes;
};

/// A value to bind. Text and bytes are views: they must live until the statement has been run.
using SqlValue = std::variant<std::monostate, std::int64_t, std::string_view, Blob>;

[[nodiscard]] inline auto sql_value(std::string_view text) -> SqlValue { return text; }
[[nodiscard]] inline auto sql_value(const char* text) -> SqlValue { return std::string_view(text); }
[[nodiscard]] inline auto sql_value(Blob blob) -> SqlValue { return blob; }
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

/// Where the rows of one query come from.
class RowSource {
public:
    virtual ~RowSource() = default;
    virtual auto next() -> bool = 0;
    [[nodiscard]] virtual auto is_null(int column) const -> bool = 0;
    [[nodiscard]] virtual auto integer(int column) const -> std::int64_t = 0;
    [[nodiscard]] virtual auto text(int column) const -> std::string = 0;
};

/// The rows of a query, read forward.
class Rows {
public:
    explicit Rows(std::unique_ptr<RowSource> source) : source_(std::move(source)) {}

    /// Steps to the next row; false at the end.
    auto next() -> bool { return source_->next(); }
    [[nodiscard]] auto is_null(int column) const -> bool { return source_->is_null(column); }
    [[nodiscard]] auto integer(int column) const -> std::int64_t { return source_->integer(column); } ///< NULL is 0
    [[nodiscard]] auto number(int column) const -> int { return static_cast<int>(integer(column)); }
    [[nodiscard]] auto text(int column) const -> std::string { return source_->text(column); } ///< NULL is ""
    [[nodiscard]] auto time(int column) const -> Timestamp { return Timestamp(Timestamp::duration(integer(column))); }
    [[nodiscard]] auto optional_time(int column) const -> std::optional<Timestamp> {
        if (is_null(column)) return std::nullopt;
        return time(column);
    }

private:
    std::unique_ptr<RowSource> source_;
};

/// Parameters are `?` (the next one) or `?3`. Statements are literals: they are prepared once and kept.
class Database {
public:
    Database() = default;
    virtual ~Database() = default;
    Database(const Database&) = delete;
    auto operator=(const Database&) -> Database& = delete;

    /// Runs a statement whose outcome nobody waits for: a failure may show at a later statement of the operation, or
    /// when the transaction is committed, but never later.
    template <class... Args>
    void run(std::string_view sql, const Args&... args) {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        run_bound(sql, values + 1, sizeof...(args));
    }
    /// Runs a statement to its end. @return rows changed
    template <class... Args>
    auto change(std::string_view sql, const Args&... args) -> std::int64_t {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return change_bound(sql, values + 1, sizeof...(args));
    }
    /// Inserts a row into a table that numbers its rows. @return its `seq`
    template <class... Args>
    auto insert(std::string_view sql, const Args&... args) -> std::int64_t {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return insert_bound(sql, values + 1, sizeof...(args));
    }
    template <class... Args>
    auto query(std::string_view sql, const Args&... args) -> Rows {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return query_bound(sql, values + 1, sizeof...(args), true);
    }
    /// Announces a query whose answer mostly is that there are no rows: where waiting for an answer is dear, it is
    /// asked with others, and if there are none, the first `query` of that transaction with the same text and values is
    /// told so without asking again. A promise goes with it: whoever makes such a row has asked this very question
    /// before.
    template <class... Args>
    void ask_ahead(std::string_view sql, const Args&... args) {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        ask_ahead_bound(sql, values + 1, sizeof...(args));
    }
    /// Announces a query whose answer mostly has rows, and holds them (`query_and_hold`) or not: the first one of that
    /// transaction with the same text and values is given the answer without asking again. The promise that goes with
    /// it is harder to keep: nothing that runs before it in the transaction changes these rows.
    template <class... Args>
    void ask_rows_ahead(std::string_view sql, const Args&... args) {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        ask_rows_ahead_bound(sql, values + 1, sizeof...(args), Holding::no);
    }
    template <class... Args>
    void ask_to_hold_ahead(std::string_view sql, const Args&... args) {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        ask_rows_ahead_bound(sql, values + 1, sizeof...(args), Holding::yes);
    }
    /// A query whose text differs from call to call; its statement isn't kept.
    auto query_once(std::string_view sql, const std::vector<SqlValue>& values) -> Rows {
        return query_bound(sql, values.data(), values.size(), false);
    }
    /// A query of one table whose rows nobody else changes until the transaction ends.
    template <class... Args>
    auto query_and_hold(std::string_view sql, const Args&... args) -> Rows {
        const SqlValue values[] = {SqlValue{}, sql_value(args)...};
        return hold_bound(sql, values + 1, sizeof...(args));
    }
    [[nodiscard]] virtual auto text_form() const -> TextForm { return TextForm::as_is; }
    /// Several statements without parameters or rows.
    virtual void script(const std::string& sql) = 0;

protected:
    enum class Holding { no, yes };

private:
    /// Where an answer costs no wait there is nothing to gain.
    virtual void ask_ahead_bound(std::string_view /*sql*/, const SqlValue* /*values*/, std::size_t /*count*/) {}
    virtual void ask_rows_ahead_bound(std::string_view /*sql*/, const SqlValue* /*values*/, std::size_t /*count*/,
                                      Holding /*holding*/) {}
    /// Where one connection writes and no other, every row is held.
    virtual auto hold_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> Rows {
        return query_bound(sql, values, count, true);
    }
    virtual void run_bound(std::string_view sql, const SqlValue* values, std::size_t count) = 0;
    virtual auto insert_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t = 0;
    virtual auto change_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t = 0;
    virtual auto query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached) -> Rows = 0;
};

} // namespace dossier::store
