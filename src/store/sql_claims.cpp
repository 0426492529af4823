#include "sql_claims.hpp"

namespace dossier::store {

namespace {

/// Steps from source to source instead of reading all that waits; severities are five.
constexpr std::string_view flows_that_wait =
    "WITH RECURSIVE sources(source) AS ("
    "SELECT min(source) FROM dossiers INDEXED BY dossiers_waiting WHERE ready_at IS NOT NULL AND lease_owner='' "
    "UNION ALL "
    "SELECT (SELECT min(d.source) FROM dossiers d INDEXED BY dossiers_waiting WHERE d.ready_at IS NOT NULL AND "
    "d.lease_owner='' AND d.source > s.source) FROM sources s WHERE s.source IS NOT NULL), "
    "severities(severity) AS (SELECT 4 UNION ALL SELECT 3 UNION ALL SELECT 2 UNION ALL SELECT 1 UNION ALL SELECT 0) "
    "SELECT s.source, v.severity, (SELECT min(d.ready_at) FROM dossiers d INDEXED BY dossiers_waiting WHERE "
    "d.ready_at IS NOT NULL AND d.lease_owner='' AND d.source = s.source AND d.severity = v.severity) "
    "FROM sources s, severities v WHERE s.source IS NOT NULL";

} // namespace

auto waiting_flows(Database& db) -> std::vector<std::pair<Flow, Timestamp>> {
    std::vector<std::pair<Flow, Timestamp>> flows;
    auto rows = db.query(flows_that_wait);
    while (rows.next()) {
        if (rows.is_null(2)) continue;
        flows.emplace_back(Flow{.source = rows.text(0), .severity = rows.integer(1)}, rows.time(2));
    }
    return flows;
}

auto ready_flows(Database& db, Timestamp now) -> std::vector<Flow> {
    std::vector<Flow> flows;
    for (auto& [flow, ready_at] : waiting_flows(db)) {
        if (ready_at <= now) flows.push_back(std::move(flow));
    }
    return flows;
}

} // namespace dossier::store
