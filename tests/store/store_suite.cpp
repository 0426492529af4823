#include "store_suite.hpp"

#include "postgres_place.hpp"
#include "sqlite_place.hpp"

#include "dossier/base/crypto.hpp"

namespace dossier::store {

auto store_kinds() -> std::vector<StoreKind> {
    return {{.name = "sqlite", .make_place = [] { return std::make_unique<SqlitePlace>(); }},
            {.name = "postgres", .make_place = []() -> std::unique_ptr<Place> {
                 auto* server = PostgresServer::shared();
                 if (server == nullptr) return nullptr;
                 return std::make_unique<PostgresPlace>(*server);
             }}};
}

auto minute(int n) -> Timestamp {
    return Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 22)) + std::chrono::minutes(n);
}

auto plain_seal(const AuditEntry& entry, std::int64_t seq, const std::string& prev) -> AuditRow {
    AuditRow row;
    row.seq = seq;
    row.action = entry.action;
    row.actor_id = entry.actor_id;
    row.finding_id = entry.finding_id;
    row.dossier_id = entry.dossier_id;
    row.record =
        std::to_string(seq) + "|" + prev + "|" + entry.action + "|" + entry.finding_id + "|" + entry.dossier_id;
    row.hash = sha256_hex(row.record).substr(0, 12);
    return row;
}

auto entry(std::string action) -> AuditEntry {
    AuditEntry made;
    made.time = minute(0);
    made.action = std::move(action);
    return made;
}

auto finding(const Sample& sample) -> Finding {
    Finding made;
    made.source = sample.source;
    made.source_id = sample.id;
    made.fingerprint = "fp-" + sample.id;
    made.exposure_key = sample.exposure.empty() ? "exp-" + sample.id : sample.exposure;
    made.title = sample.title;
    made.severity = sample.severity;
    made.status = sample.status;
    made.last_seen = sample.last_seen;
    made.resource.name = "payments-" + sample.id;
    made.rule.id = "rule_7";
    return made;
}

auto delivery(const std::vector<Sample>& samples, Timestamp at) -> Intake {
    Intake intake;
    intake.source = samples.empty() ? "wiz" : samples.front().source;
    intake.request_id = "req-1";
    intake.at = at;
    for (const auto& sample : samples) {
        IntakeItem item;
        item.finding = finding(sample);
        item.raw = "{\"title\":\"" + sample.title + "\"}";
        intake.items.push_back(std::move(item));
    }
    return intake;
}

} // namespace dossier::store
