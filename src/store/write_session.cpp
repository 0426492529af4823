#include "write_session.hpp"

#include "packing.hpp"

#include <map>

namespace dossier::store {

void WriteSession::seal(const std::vector<AuditEntry>& entries) {
    for (const auto& entry : entries) {
        auto row = sealer_(entry, state.head.seq + 1, state.head.hash);
        const KeptText record(std::move(row.record), db.text_form());
        db.run("INSERT INTO audit(seq, time, action, actor_id, finding_id, dossier_id, hash, record, unpacked_size) "
               "VALUES(?,?,?,?,?,?,?,?,?)",
               row.seq, entry.time, row.action, row.actor_id, row.finding_id, row.dossier_id, row.hash, record,
               record.unpacked_size());
        state.head = {.seq = row.seq, .hash = std::move(row.hash)};
    }
}

void WriteSession::save_tallies() {
    std::map<std::pair<std::string_view, std::int64_t>, Tally> by_day;
    for (const auto& tally : state.tallies) {
        auto& sum = by_day[{tally.source, tally.day}];
        sum.webhook += tally.webhook;
        sum.event += tally.event;
        sum.duplicates += tally.duplicates;
        sum.quarantined += tally.quarantined;
    }
    for (const auto& [key, sum] : by_day) {
        db.run("INSERT INTO delivery_days(source, day, webhook, event, duplicates, quarantined) VALUES(?,?,?,?,?,?) "
               "ON CONFLICT(day, source) DO UPDATE SET webhook=delivery_days.webhook+excluded.webhook, "
               "event=delivery_days.event+excluded.event, duplicates=delivery_days.duplicates+excluded.duplicates, "
               "quarantined=delivery_days.quarantined+excluded.quarantined",
               key.first, key.second, sum.webhook, sum.event, sum.duplicates, sum.quarantined);
    }
    state.tallies.clear();
}

auto read_head(Database& db) -> AuditStore::Head {
    auto rows = db.query("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1");
    if (!rows.next()) return {};
    return {.seq = rows.integer(0), .hash = rows.text(1)};
}

} // namespace dossier::store
