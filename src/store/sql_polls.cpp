// Who asks the platforms, and how far they are.

#include "packing.hpp"
#include "sql_rows.hpp"
#include "sql_store.hpp"

#include <fmt/format.h>

namespace dossier::store {

auto SqlStore::get_cursor(std::string name) -> Task<Result<std::optional<Cursor>>> {
    using Found = std::optional<Cursor>;
    return read<Found>([name = std::move(name)](Database& db) -> Result<Found> {
        auto rows = db.query("SELECT value, updated_at FROM cursors WHERE name=?", name);
        if (!rows.next()) return Found{};
        return Cursor{.value = rows.text(0), .updated_at = rows.time(1)};
    });
}

auto SqlStore::acquire_singleton(std::string name, std::string owner, Timestamp now, Duration lease)
    -> Task<Result<std::optional<Singleton>>> {
    using Held = std::optional<Singleton>;
    return write<Held>(
        [name = std::move(name), owner = std::move(owner), now, lease](WriteSession& session) -> Result<Held> {
            Singleton held{.name = name, .owner = owner, .fence = 1, .until = now + lease};
            {
                auto rows = session.db.query("SELECT owner, fence, until FROM singletons WHERE name=?", name);
                if (rows.next()) {
                    const bool is_mine = rows.text(0) == owner;
                    if (!is_mine && rows.time(2) > now) return Held{};
                    held.fence = rows.integer(1) + (is_mine ? 0 : 1);
                }
            }
            session.db.run("INSERT INTO singletons(name, owner, fence, until) VALUES(?,?,?,?) ON CONFLICT(name) "
                           "DO UPDATE SET owner=excluded.owner, fence=excluded.fence, until=excluded.until",
                           held.name, held.owner, held.fence, held.until);
            return held;
        });
}

auto SqlStore::renew_singleton(Singleton held, Timestamp until) -> Task<Result<void>> {
    return write<void>([held = std::move(held), until](WriteSession& session) -> Result<void> {
        const auto kept = session.db.change("UPDATE singletons SET until=? WHERE name=? AND owner=? AND fence=?", until,
                                            held.name, held.owner, held.fence);
        if (kept == 0) return fail(Errc::conflict, held.name + " is somebody else's now");
        return {};
    });
}

auto SqlStore::release_singletons(std::string owner) -> Task<Result<void>> {
    return write<void>([owner = std::move(owner)](WriteSession& session) -> Result<void> {
        session.db.run("UPDATE singletons SET owner='', until=0 WHERE ?1='' OR owner=?1", owner);
        return {};
    });
}

auto SqlStore::open_backlog(std::string source, std::string after, std::size_t limit)
    -> Task<Result<std::vector<FindingRow>>> {
    using Findings = std::vector<FindingRow>;
    return read<Findings>(
        [source = std::move(source), after = std::move(after), limit](Database& db) -> Result<Findings> {
            static const auto sql = fmt::format(
                "SELECT {}, p.raw, p.unpacked_size FROM findings f INDEXED BY findings_backlog "
                "JOIN dossiers d ON d.seq = f.dossier JOIN payloads p ON p.finding = f.seq AND p.version = f.version "
                "WHERE f.source=?1 AND f.is_backlog=1 AND f.status IN ('open','in_progress') "
                "AND f.seq > coalesce((SELECT seq FROM findings WHERE id=?2), 0) ORDER BY f.seq LIMIT ?3",
                finding_columns);
            auto rows = db.query(sql, source, after, limit);
            Findings found;
            while (rows.next()) {
                auto& row = found.emplace_back(finding_of(rows));
                row.raw = text_of(rows, finding_seq_column + 1);
                row.via = Via::backlog;
            }
            return found;
        });
}

} // namespace dossier::store
