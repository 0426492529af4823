// Words that hold for all replicas and outlive a restart.

#include "sql_store.hpp"

namespace dossier::store {

auto SqlStore::get_setting(std::string name) -> Task<Result<std::optional<Setting>>> {
    using Found = std::optional<Setting>;
    return read<Found>([name = std::move(name)](Database& db) -> Result<Found> {
        auto rows = db.query("SELECT value, by_whom, comment, at FROM settings WHERE name=?", name);
        if (!rows.next()) return Found{};
        return Setting{
            .name = name, .value = rows.text(0), .by = rows.text(1), .comment = rows.text(2), .at = rows.time(3)};
    });
}

auto SqlStore::put_setting(Setting setting, std::vector<AuditEntry> audit) -> Task<Result<void>> {
    return write<void>([setting = std::move(setting), audit = std::move(audit)](WriteSession& session) -> Result<void> {
        if (setting.value.empty()) {
            session.db.run("DELETE FROM settings WHERE name=?", setting.name);
        } else {
            session.db.run("INSERT INTO settings(name, value, by_whom, comment, at) VALUES(?,?,?,?,?) "
                           "ON CONFLICT(name) DO UPDATE SET value=excluded.value, by_whom=excluded.by_whom, "
                           "comment=excluded.comment, at=excluded.at",
                           setting.name, setting.value, setting.by, setting.comment, setting.at);
        }
        session.seal(audit);
        return {};
    });
}

} // namespace dossier::store
