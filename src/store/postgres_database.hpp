#pragma once
// One PostgreSQL connection, driven in libpq's pipeline mode: a statement whose outcome nobody waits for is only
// queued, and travels with the next one that is waited for, so that a group of writes costs a few round trips and not
// one a statement. What will be asked can be asked ahead, all at once; the numbers of new rows are drawn in blocks. A
// statement that failed shows at the next wait; until the transaction is rolled back every further use of the
// connection throws that failure again. Values travel in binary form.
//
// For one thread, which may block here: no wait is longer than `most_waited`.

#include "database.hpp"
#include "postgres_target.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

struct pg_conn;
struct pg_result;

namespace dossier::store {

class PostgresFailure : public StoreFailure {
public:
    enum class Kind {
        statement, ///< the server refused a statement, and would again
        busy,      ///< a deadlock, a lock or a resource that was not to be had: worth another try
        lost,      ///< the connection, or a server that takes no writes (any more)
    };
    PostgresFailure(Kind kind, const std::string& sqlstate, const std::string& what)
        : StoreFailure(what, {sqlstate.empty() ? "" : "sqlstate", sqlstate}), kind_(kind) {}
    [[nodiscard]] auto kind() const -> Kind { return kind_; }
    [[nodiscard]] auto to_error() const -> Error override; ///< says when to come back, where that helps

private:
    Kind kind_;
};

/// What a SQLSTATE means for whoever ran the statement.
[[nodiscard]] auto kind_of(std::string_view sqlstate) -> PostgresFailure::Kind;

class PostgresDatabase final : public Database {
public:
    using Access = PostgresTarget::Access;
    /// Connects. Throws PostgresFailure.
    PostgresDatabase(const PostgresTarget& target, Access access);
    ~PostgresDatabase() override;

    void script(const std::string& sql) override;

    /// A transaction. `commit` returns once it is durable; `rollback` also ends one that failed.
    /// @param inserts how many rows `insert` will make in a table, as a guess
    void begin(std::string_view how, std::size_t inserts = 1);
    void commit();
    void rollback();
    /// Sends the COMMIT of a transaction that only read, and doesn't wait for it.
    void end_reading();
    /// The failure that spoiled the transaction, if one has shown.
    [[nodiscard]] auto failure() const -> const std::optional<PostgresFailure>& { return failure_; }

    /// Statements so far that may have written something.
    [[nodiscard]] auto writes() const -> std::uint64_t { return writes_; }
    /// What is written between `mark` and `keep` or `undo` can be undone alone. Costs nothing where nothing is written.
    void mark() { mark_ = Mark::wanted; }
    void keep();
    void undo();

    /// From here on the promise of `ask_rows_ahead` isn't kept any more: what is left of its answers is dropped.
    void forget_rows() { rows_.clear(); }

    void listen(const std::string& channel);
    /// Waits for a notification, or for `wake_fd` to become readable, or for the time to pass. Takes what came.
    /// @return whether one came from another connection than `own_backend`
    auto wait_for_notification(int wake_fd, std::chrono::milliseconds most, int own_backend) -> bool;
    [[nodiscard]] auto waits() const -> std::uint64_t { return waits_; } ///< round trips so far
    [[nodiscard]] auto backend() const -> int; ///< the process of the server that serves this connection

private:
    enum class Mark { none, wanted, set };
    enum class Form { plain, holding, numbered }; ///< as it stands, with FOR UPDATE, with a value for `seq`
    struct Sent {
        bool is_sync = false;
        std::string question;    ///< that was asked ahead
        bool keeps_rows = false; ///< its answer counts also where there are rows
    };
    struct Numbers {
        std::vector<std::int64_t> drawn; ///< the next one is the last
        std::size_t next_block = 1;
    };
    void ask_ahead_bound(std::string_view sql, const SqlValue* values, std::size_t count) override;
    void ask_rows_ahead_bound(std::string_view sql, const SqlValue* values, std::size_t count,
                              Holding holding) override;
    void run_bound(std::string_view sql, const SqlValue* values, std::size_t count) override;
    auto insert_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t override;
    auto change_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t override;
    auto query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached) -> Rows override;
    auto hold_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> Rows override;

    void send(std::string_view sql, Form form = Form::plain, const SqlValue* values = nullptr, std::size_t count = 0);
    void send_once(const std::string& sql, const SqlValue* values = nullptr, std::size_t count = 0); ///< not kept
    void send_mark(std::string_view sql);
    void make_room();
    void ask(std::string_view sql, Form form, const SqlValue* values, std::size_t count, bool keeps_rows);
    auto answer(std::string_view sql, Form form, const SqlValue* values, std::size_t count) -> Rows;
    void sent(int accepted);
    void send_sync();
    /// Waits for all that is queued. @return the result of the last statement
    auto collect() -> std::shared_ptr<pg_result>;
    /// The `seq` of the next row of a table. They are drawn within the transaction, so that they grow as commits do.
    auto draw_number(std::string_view table) -> std::int64_t;
    auto next_result() -> std::shared_ptr<pg_result>;
    void wait_for_server(std::chrono::steady_clock::time_point until);
    void take(const std::shared_ptr<pg_result>& result);
    /// Ends what is queued after a failure, so that the connection can be used again.
    void reject(PostgresFailure failure);
    [[noreturn]] void lose(const std::string& why);
    void check_usable() const;

    pg_conn* connection_ = nullptr;
    std::unordered_map<std::string, std::string> statements_; ///< names by the text of our SQL and what was added
    std::vector<std::string> unproven_;                       ///< keys of statements whose preparation is queued
    std::vector<Sent> sent_;                                  ///< what has no answer read yet, in order
    std::unordered_set<std::string> asked_;                   ///< ahead, in this transaction
    std::unordered_set<std::string> empty_;                   ///< of these, those without rows that nobody used yet
    std::unordered_map<std::string, std::shared_ptr<pg_result>> rows_; ///< answers of `ask_rows_ahead`, the same
    std::map<std::string, Numbers, std::less<>> numbers_;              ///< by table, in this transaction
    std::size_t inserts_ = 1;
    std::uint64_t names_ = 0;
    std::uint64_t waits_ = 0;
    std::uint64_t writes_ = 0;
    Mark mark_ = Mark::none;
    std::optional<PostgresFailure> failure_;
};

} // namespace dossier::store
