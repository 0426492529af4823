#include "write_session.hpp"

namespace dossier::store {

void WriteSession::seal(const std::vector<AuditEntry>& entries) {
    for (const auto& entry : entries) {
        auto row = sealer_(entry, state.head.seq + 1, state.head.hash);
        db.run("INSERT INTO audit(seq, time, action, actor_id, finding_id, dossier_id, hash, record) "
               "VALUES(?,?,?,?,?,?,?,?)",
               row.seq, entry.time, row.action, row.actor_id, row.finding_id, row.dossier_id, row.hash, row.record);
        state.head = {.seq = row.seq, .hash = std::move(row.hash)};
    }
}

auto read_head(Database& db) -> AuditStore::Head {
    auto rows = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
    if (!rows.next()) return {};
    return {.seq = rows.integer(0), .hash = rows.text(1)};
}

} // namespace dossier::store
