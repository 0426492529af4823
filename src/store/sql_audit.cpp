// The audit chain, as stored: appended with the operations it tells of, read for people, verification and export.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

constexpr std::string_view audit_columns =
    "SELECT seq, action, actor_id, finding_id, dossier_id, hash, record, unpacked_size FROM audit ";

/// The records that name a finding, and those of its dossier as a whole. What the indexes are limited to is said again:
/// SQLite doesn't conclude it.
constexpr std::string_view of_finding =
    "SELECT seq FROM audit WHERE finding_id = ?2 AND finding_id <> '' "
    "UNION ALL SELECT seq FROM audit WHERE finding_id = '' AND dossier_id <> '' AND dossier_id = "
    "(SELECT d.id FROM findings f JOIN dossiers d ON d.seq = f.dossier WHERE f.id = ?2)";
/// A record that names a finding is in the index by that alone. A dossier's records are of findings that it has, or
/// that moved from it into another as it ended.
constexpr std::string_view of_dossier =
    "SELECT seq FROM audit WHERE finding_id = '' AND dossier_id <> '' AND dossier_id = ?3 "
    "UNION ALL SELECT a.seq FROM findings f CROSS JOIN audit a ON a.finding_id = f.id AND a.finding_id <> '' "
    "WHERE a.dossier_id = ?3 AND f.dossier IN (SELECT seq FROM dossiers WHERE id = ?3 "
    "UNION ALL SELECT merged_into FROM dossiers WHERE id = ?3 AND merged_into IS NOT NULL)";

/// @param record what the row holds as such
auto audit_of(const Rows& rows, std::string record) -> AuditRow {
    return {.seq = rows.integer(0),
            .action = rows.text(1),
            .actor_id = rows.text(2),
            .finding_id = rows.text(3),
            .dossier_id = rows.text(4),
            .record = std::move(record),
            .hash = rows.text(5)};
}

constexpr int record_column = 6;

auto record_of(const Rows& rows) -> std::string {
    try {
        return text_of(rows, record_column);
    } catch (const StoreFailure& failure) {
        throw StoreFailure(fmt::format("store: audit record {} can't be read: {}", rows.integer(0), failure.what()));
    }
}

/// Whoever verifies the chain has to be told which record is broken, and gets one that can't be unpacked as it lies
/// there: packed bytes are no JSON.
auto record_to_judge(const Rows& rows) -> std::string {
    try {
        return text_of(rows, record_column);
    } catch (const StoreFailure&) {
        return rows.text(record_column);
    }
}

} // namespace

auto SqlStore::append_audit(std::vector<AuditEntry> entries) -> Task<Result<void>> {
    return write<void>([entries = std::move(entries)](WriteSession& session) -> Result<void> {
        session.seal(entries);
        return {};
    });
}

auto SqlStore::list_audit(AuditFilter filter, Page page) -> Task<Result<Listing<AuditRow>>> {
    using Records = Listing<AuditRow>;
    return read<Records>([filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Records> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        std::string sql(audit_columns);
        sql += "WHERE seq < ?1";
        if (!filter.finding_id.empty()) sql += fmt::format(" AND seq IN ({})", of_finding);
        if (!filter.dossier_id.empty()) sql += fmt::format(" AND seq IN ({})", of_dossier);
        if (!filter.actor.empty()) sql += " AND actor_id = ?4";
        if (!filter.action.empty()) sql += " AND action = ?5";
        // The last parameter is always used, so all six can always be bound.
        sql += fmt::format(" AND time >= ?6 ORDER BY seq DESC LIMIT {}", page.limit + 1);
        auto rows = db.query_once(sql, {sql_value(*below), sql_value(filter.finding_id), sql_value(filter.dossier_id),
                                        sql_value(filter.actor), sql_value(filter.action),
                                        sql_value(filter.since.value_or(Timestamp{}))});
        return read_page<AuditRow>(std::move(rows), page.limit, [](const Rows& row) {
            return std::pair(row.integer(0), audit_of(row, record_of(row)));
        });
    });
}

auto SqlStore::audit_after(std::int64_t after, std::size_t limit) -> Task<Result<std::vector<AuditRow>>> {
    using Records = std::vector<AuditRow>;
    return read<Records>([after, limit](Database& db) -> Result<Records> {
        static const auto sql = std::string(audit_columns) + "WHERE seq > ? ORDER BY seq LIMIT ?";
        auto rows = db.query(sql, after, limit);
        Records records;
        while (rows.next()) records.push_back(audit_of(rows, record_to_judge(rows)));
        return records;
    });
}

auto SqlStore::audit_head() -> Task<Result<Head>> {
    return read<Head>([](Database& db) -> Result<Head> {
        auto rows = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
        if (!rows.next()) return Head{};
        return Head{.seq = rows.integer(0), .hash = rows.text(1)};
    });
}

} // namespace dossier::store
