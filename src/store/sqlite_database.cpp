#include "sqlite_database.hpp"

#include "sqlite_wal_runs.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

namespace dossier::store {

namespace {

[[noreturn]] void raise(sqlite3* db, std::string_view doing) {
    const auto code = sqlite3_extended_errcode(db);
    throw SqliteFailure(code, fmt::format("store: {} failed: {}", doing, sqlite3_errmsg(db)));
}

/// SQLite gives a new file the umask's mode; findings are nobody else's business. Journal files inherit the mode.
void create_private(const std::string& path) {
    std::error_code error;
    const auto directory = std::filesystem::path(path).parent_path();
    if (!directory.empty() && !std::filesystem::exists(directory, error)) {
        std::filesystem::create_directories(directory, error);
        if (error) {
            throw SqliteFailure(SQLITE_CANTOPEN, fmt::format("store: can't create the directory {}: {}",
                                                             directory.string(), error.message()));
        }
        std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
    }
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600); // NOLINT: the mode needs the vararg
    if (file >= 0) ::close(file); // failing is left to SQLite, whose message names the reason
}

/// Gives its statement back when it goes.
class SqliteRows final : public RowSource {
public:
    SqliteRows(sqlite3* db, sqlite3_stmt* statement, bool owned) : db_(db), statement_(statement), owned_(owned) {}
    SqliteRows(const SqliteRows&) = delete;
    auto operator=(const SqliteRows&) -> SqliteRows& = delete;
    ~SqliteRows() override {
        if (owned_) {
            sqlite3_finalize(statement_);
        } else {
            sqlite3_reset(statement_);
            sqlite3_clear_bindings(statement_);
        }
    }
    auto next() -> bool override {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        raise(db_, "reading");
    }
    [[nodiscard]] auto is_null(int column) const -> bool override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    [[nodiscard]] auto integer(int column) const -> std::int64_t override {
        return sqlite3_column_int64(statement_, column);
    }
    [[nodiscard]] auto text(int column) const -> std::string override {
        const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
        if (bytes == nullptr) return {};
        return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }

private:
    sqlite3* db_;
    sqlite3_stmt* statement_;
    bool owned_;
};

// 2,000 pages between checkpoints: fewer cost throughput, many more stall writers for 50–100 ms, and a checkpoint that
// only runs in the background lets the WAL grow without limit under load.
constexpr auto writer_pragmas = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                                "PRAGMA wal_autocheckpoint=2000; PRAGMA journal_size_limit=16777216;"
                                "PRAGMA cache_size=-1024; PRAGMA cache_spill=1024; PRAGMA temp_store=MEMORY;";
constexpr auto reader_pragmas = "PRAGMA cache_size=-1024; PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;";

constexpr int busy_timeout_ms = 5000;

/// Without its tally of memory, SQLite's allocations of all connections share no lock. Only before its first use can it
/// be told so; where somebody used it already, it goes on counting.
void count_no_memory() {
    static const int said = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    (void)said;
}

} // namespace

SqliteDatabase::SqliteDatabase(const std::string& path, Access access) {
    const bool writes = access == Access::read_write;
    if (writes) create_private(path);
    const int flags = SQLITE_OPEN_NOMUTEX | (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    count_no_memory();
    const int code = sqlite3_open_v2(path.c_str(), &db_, flags, writes ? wal_runs_vfs() : nullptr);
    try {
        if (code != SQLITE_OK) {
            throw SqliteFailure(code, fmt::format("store: can't open {}: {}", path,
                                                  db_ != nullptr ? sqlite3_errmsg(db_) : sqlite3_errstr(code)));
        }
        sqlite3_extended_result_codes(db_, 1);
        sqlite3_busy_timeout(db_, busy_timeout_ms);
        script(writes ? writer_pragmas : reader_pragmas);
    } catch (...) {
        sqlite3_close(db_);
        throw;
    }
}

SqliteDatabase::~SqliteDatabase() {
    for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
    sqlite3_close(db_);
}

auto SqliteDatabase::prepare(std::string_view sql, bool persistent) -> sqlite3_stmt* {
    sqlite3_stmt* statement = nullptr;
    const unsigned flags = persistent ? SQLITE_PREPARE_PERSISTENT : 0;
    if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), flags, &statement, nullptr) != SQLITE_OK) {
        raise(db_, "preparing a statement");
    }
    return statement;
}

void SqliteDatabase::bind(sqlite3_stmt* statement, const SqlValue* values, std::size_t count, bool copy) {
    for (std::size_t i = 0; i < count; ++i) {
        const int at = static_cast<int>(i) + 1;
        int code = SQLITE_OK;
        if (const auto* number = std::get_if<std::int64_t>(&values[i])) {
            code = sqlite3_bind_int64(statement, at, *number);
        } else if (const auto* blob = std::get_if<Blob>(&values[i])) {
            code = sqlite3_bind_blob64(statement, at, blob->bytes.empty() ? "" : blob->bytes.data(), blob->bytes.size(),
                                       copy ? SQLITE_TRANSIENT : SQLITE_STATIC);
        } else if (const auto* text = std::get_if<std::string_view>(&values[i])) {
            // An empty view may have no address, which SQLite would take for NULL.
            code = sqlite3_bind_text64(statement, at, text->empty() ? "" : text->data(), text->size(),
                                       copy ? SQLITE_TRANSIENT : SQLITE_STATIC, SQLITE_UTF8);
        } else {
            code = sqlite3_bind_null(statement, at);
        }
        if (code != SQLITE_OK) raise(db_, "binding a value");
    }
}

auto SqliteDatabase::query_bound(std::string_view sql, const SqlValue* values, std::size_t count, bool cached) -> Rows {
    if (!cached) {
        auto* once = prepare(sql, false);
        Rows rows(std::make_unique<SqliteRows>(db_, once, true));
        bind(once, values, count, true);
        return rows;
    }
    auto& kept = statements_[sql];
    if (kept == nullptr) kept = prepare(sql, true);
    const bool nested = sqlite3_stmt_busy(kept) != 0; // a query inside its own loop gets a statement of its own
    auto* statement = nested ? prepare(sql, false) : kept;
    Rows rows(std::make_unique<SqliteRows>(db_, statement, nested));
    bind(statement, values, count, true);
    return rows;
}

void SqliteDatabase::run_bound(std::string_view sql, const SqlValue* values, std::size_t count) {
    auto& kept = statements_[sql];
    if (kept == nullptr) kept = prepare(sql, true);
    SqliteRows rows(db_, kept, false);
    bind(kept, values, count, false);
    while (rows.next()) {
    }
}

auto SqliteDatabase::insert_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t {
    run_bound(sql, values, count);
    return sqlite3_last_insert_rowid(db_);
}

auto SqliteDatabase::change_bound(std::string_view sql, const SqlValue* values, std::size_t count) -> std::int64_t {
    run_bound(sql, values, count);
    return sqlite3_changes64(db_);
}

void SqliteDatabase::script(const std::string& sql) {
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) raise(db_, "running a script");
}

auto SqliteDatabase::changes_so_far() const -> std::int64_t { return sqlite3_total_changes64(db_); }

auto SqliteDatabase::in_transaction() const -> bool { return sqlite3_get_autocommit(db_) == 0; }

} // namespace dossier::store
