// What arrives: findings judged against what is known of them, and what could not be one.

#include "sqlite_rows.hpp"
#include "sqlite_store.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

/// An item with what can be computed before the writer's thread has it.
struct Arrival {
    IntakeItem item;
    std::string content_hash;
    std::int64_t identity = 0; ///< index key of (source, fingerprint), or of (source, raw)
};

auto prepare(IntakeItem item, const std::string& source) -> Arrival {
    Arrival arrival;
    if (item.finding && item.finding->fingerprint.empty()) { // nothing to recognise it by: kept, but as no finding
        item.finding.reset();
        item.quarantine_reason = "the finding has no identity";
    }
    if (item.finding) {
        arrival.content_hash = content_hash(*item.finding);
        arrival.identity = index_key(source, item.finding->fingerprint);
    } else {
        arrival.identity = index_key(source, item.raw);
    }
    arrival.item = std::move(item);
    return arrival;
}

/// The words that `FindingFilter::q` looks at.
auto search_text(const Finding& finding) -> std::string {
    return lower(fmt::format("{}\n{}\n{}\n{}\n{}", finding.title, finding.resource.name, finding.resource.id,
                             finding.rule.id, finding.rule.name));
}

struct Stored {
    std::int64_t seq = 0;
    std::string id;
    std::int64_t dossier = 0;
    std::string dossier_id;
    Stage stage = Stage::received;
    int version = 1;
    KnownFinding known;
};

constexpr int most_earlier_versions = 256; ///< a finding that flaps for ever must not make each delivery dearer

auto find_stored(Database& db, const std::string& source, const Arrival& arrival) -> std::optional<Stored> {
    Stored stored;
    {
        auto rows = db.query("SELECT f.seq, f.id, f.dossier, d.id, f.stage, f.version, f.status, f.content_hash, "
                             "f.last_seen FROM findings f JOIN dossiers d ON d.seq = f.dossier "
                             "WHERE f.identity=? AND f.source=? AND f.fingerprint=?",
                             arrival.identity, source, arrival.item.finding->fingerprint);
        if (!rows.next()) return std::nullopt;
        stored = {.seq = rows.integer(0),
                  .id = rows.text(1),
                  .dossier = rows.integer(2),
                  .dossier_id = rows.text(3),
                  .stage = stage_of(rows.text(4)),
                  .version = rows.number(5),
                  .known = {.status = status_of(rows.text(6)),
                            .content_hash = rows.text(7),
                            .last_seen = rows.optional_time(8),
                            .earlier_hashes = {}}};
    }
    auto rows =
        db.query("SELECT content_hash FROM payloads WHERE finding=? AND version<? ORDER BY version DESC LIMIT ?",
                 stored.seq, stored.version, most_earlier_versions);
    while (rows.next()) stored.known.earlier_hashes.push_back(rows.text(0));
    return stored;
}

void keep_payload(Database& db, std::int64_t finding, int version, const Arrival& arrival, Timestamp at) {
    db.run("INSERT INTO payloads(finding, version, content_hash, received_at, raw) VALUES(?,?,?,?,?)", finding, version,
           arrival.content_hash, at, arrival.item.raw);
}

struct OpenDossier {
    std::int64_t seq = 0;
    std::string id;
    std::int64_t work_seq = 0;
};

/// The dossier of the finding's exposure, opened where there is none; ready either way.
auto join_dossier(WriteSession& session, const Finding& finding, Timestamp at) -> OpenDossier {
    const auto& key = finding.exposure_key.empty() ? finding.fingerprint : finding.exposure_key;
    OpenDossier dossier;
    {
        auto rows = session.db.query("SELECT seq, id FROM dossiers WHERE exposure_key=?", key);
        if (rows.next()) dossier = {.seq = rows.integer(0), .id = rows.text(1)};
    }
    if (dossier.seq != 0) {
        session.db.run("UPDATE dossiers SET severity=max(severity, ?) WHERE seq=?", rank_of(finding.severity),
                       dossier.seq);
        dossier.work_seq = make_ready(session, dossier.seq, at);
        return dossier;
    }
    dossier.id = new_id("dos");
    dossier.work_seq = 1;
    session.db.run(
        "INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at, ready_at, work_seq) "
        "VALUES(?1,?2,?3,?4,?5,?5,?5,?6)",
        dossier.id, key, to_string(Stage::received), rank_of(finding.severity), at, dossier.work_seq);
    dossier.seq = session.db.last_insert_id();
    session.made_ready();
    return dossier;
}

auto create(WriteSession& session, const std::string& source, const Arrival& arrival, Timestamp at) -> IntakeResult {
    const auto& finding = *arrival.item.finding;
    const auto dossier = join_dossier(session, finding, at);
    const auto id = finding.id.empty() ? new_id("fnd") : finding.id;
    session.db.run(
        "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
        "status, stage, content_hash, received_at, updated_at, last_seen, work_seq) "
        "VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?13,?14,?15)",
        id, dossier.seq, arrival.identity, source, finding.fingerprint, finding.exposure_key, finding.title,
        search_text(finding), rank_of(finding.severity), to_string(finding.status), to_string(Stage::received),
        arrival.content_hash, at, finding.last_seen, dossier.work_seq);
    keep_payload(session.db, session.db.last_insert_id(), 1, arrival, at);
    session.finding_moved(false, true);
    return {.id = id, .fingerprint = finding.fingerprint, .dossier_id = dossier.id, .outcome = Outcome::created};
}

/// A new version of a known finding. It stays in its dossier even when its exposure changes: the dossier's ticket is
/// about it.
void update(WriteSession& session, const Stored& stored, const Arrival& arrival, Timestamp at) {
    const auto& finding = *arrival.item.finding;
    const auto work_seq = make_ready(session, stored.dossier, at);
    // make_ready may have revived a dead dossier with its findings, so the stage is read again.
    auto stage = stored.stage;
    {
        auto rows = session.db.query("SELECT stage FROM findings WHERE seq=?", stored.seq);
        if (rows.next()) stage = stage_of(rows.text(0));
    }
    session.db.run("UPDATE findings SET exposure_key=?, title=?, search=?, severity=?, status=?, stage=?, "
                   "version=version+1, content_hash=?, updated_at=?, last_seen=coalesce(?, last_seen), work_seq=?, "
                   "doc='' WHERE seq=?",
                   finding.exposure_key, finding.title, search_text(finding), rank_of(finding.severity),
                   to_string(finding.status), to_string(Stage::received), arrival.content_hash, at, finding.last_seen,
                   work_seq, stored.seq);
    session.finding_moved(is_unfinished(stage), true);
    session.db.run("UPDATE dossiers SET severity=(SELECT max(severity) FROM findings WHERE dossier=?1) WHERE seq=?1",
                   stored.dossier);
    keep_payload(session.db, stored.seq, stored.version + 1, arrival, at);
}

auto take_finding(WriteSession& session, const std::string& source, const Arrival& arrival, Timestamp at)
    -> IntakeResult {
    const auto& finding = *arrival.item.finding;
    const auto stored = find_stored(session.db, source, arrival);
    const auto outcome = outcome_of(stored ? &stored->known : nullptr, {.status = finding.status,
                                                                        .content_hash = arrival.content_hash,
                                                                        .last_seen = finding.last_seen,
                                                                        .is_first_report = finding.is_first_report});
    if (!stored) {
        auto result = create(session, source, arrival, at);
        result.outcome = outcome;
        return result;
    }
    if (outcome == Outcome::updated || outcome == Outcome::resolved || outcome == Outcome::created) {
        update(session, *stored, arrival, at);
    } else if (finding.last_seen && stored->known.content_hash == arrival.content_hash &&
               (!stored->known.last_seen || *stored->known.last_seen < *finding.last_seen)) {
        session.db.run("UPDATE findings SET last_seen=? WHERE seq=?", finding.last_seen, stored->seq);
    }
    return {.id = stored->id, .fingerprint = finding.fingerprint, .dossier_id = stored->dossier_id, .outcome = outcome};
}

auto quarantine(WriteSession& session, const Intake& intake, const Arrival& arrival) -> IntakeResult {
    IntakeResult result;
    result.outcome = Outcome::quarantined;
    std::int64_t known = 0;
    {
        auto rows =
            session.db.query("SELECT seq, id FROM quarantine WHERE identity=? AND source=? AND raw=CAST(? AS BLOB)",
                             arrival.identity, intake.source, arrival.item.raw);
        if (rows.next()) {
            known = rows.integer(0);
            result.id = rows.text(1);
        }
    }
    if (known != 0) {
        session.db.run("UPDATE quarantine SET deliveries=deliveries+1, reason=? WHERE seq=?",
                       arrival.item.quarantine_reason, known);
        return result;
    }
    result.id = new_id("qrn");
    session.db.run("INSERT INTO quarantine(id, identity, source, reason, request_id, received_at, raw) "
                   "VALUES(?,?,?,?,?,?,CAST(? AS BLOB))",
                   result.id, arrival.identity, intake.source, arrival.item.quarantine_reason, intake.request_id,
                   intake.at, arrival.item.raw);
    return result;
}

/// Whoever hands in one entry for each item can't know the ids yet; they are filled in here.
void name_findings(std::vector<AuditEntry>& audit, const std::vector<IntakeResult>& results) {
    if (audit.size() != results.size()) return;
    for (std::size_t i = 0; i < results.size(); ++i) {
        if (results[i].outcome == Outcome::quarantined || !audit[i].finding_id.empty()) continue;
        audit[i].finding_id = results[i].id;
        audit[i].dossier_id = results[i].dossier_id;
    }
}

constexpr std::string_view quarantine_columns =
    "SELECT seq, id, source, reason, raw, request_id, received_at, deliveries, finding_id FROM quarantine ";

auto quarantine_of(const Rows& rows) -> QuarantineRow {
    return {.id = rows.text(1),
            .source = rows.text(2),
            .reason = rows.text(3),
            .raw = rows.text(4),
            .request_id = rows.text(5),
            .received_at = rows.time(6),
            .deliveries = rows.number(7),
            .finding_id = rows.text(8)};
}

} // namespace

auto SqliteStore::commit_intake(Intake intake, std::vector<AuditEntry> audit)
    -> Task<Result<std::vector<IntakeResult>>> {
    std::vector<Arrival> arrivals;
    arrivals.reserve(intake.items.size());
    for (auto& item : intake.items) arrivals.push_back(prepare(std::move(item), intake.source));
    intake.items.clear();
    using Results = std::vector<IntakeResult>;
    return writer_.submit<Results>([intake = std::move(intake), arrivals = std::move(arrivals),
                                    audit = std::move(audit)](WriteSession& session) mutable -> Result<Results> {
        Results results;
        results.reserve(arrivals.size());
        for (const auto& arrival : arrivals) {
            results.push_back(arrival.item.finding ? take_finding(session, intake.source, arrival, intake.at)
                                                   : quarantine(session, intake, arrival));
        }
        name_findings(audit, results);
        session.seal(audit);
        return results;
    });
}

auto SqliteStore::list_quarantine(Page page) -> Task<Result<Listing<QuarantineRow>>> {
    using Quarantine = Listing<QuarantineRow>;
    return readers_.submit<Quarantine>([page = std::move(page)](Database& db) -> Result<Quarantine> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        static const auto sql = std::string(quarantine_columns) + "WHERE seq<? ORDER BY seq DESC LIMIT ?";
        return read_page<QuarantineRow>(db.query(sql, *below, page.limit + 1), page.limit, [](const Rows& rows) {
            return std::pair(rows.integer(0), quarantine_of(rows));
        });
    });
}

auto SqliteStore::get_quarantine(std::string id) -> Task<Result<QuarantineRow>> {
    return readers_.submit<QuarantineRow>([id = std::move(id)](Database& db) -> Result<QuarantineRow> {
        static const auto sql = std::string(quarantine_columns) + "WHERE id=?";
        auto rows = db.query(sql, id);
        if (!rows.next()) return fail(Errc::not_found, "nothing in quarantine has this id");
        return quarantine_of(rows);
    });
}

auto SqliteStore::accept_quarantined(std::string id, IntakeItem item, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<IntakeResult>> {
    return writer_.submit<IntakeResult>([id = std::move(id), item = std::move(item), at, audit = std::move(audit)](
                                            WriteSession& session) mutable -> Result<IntakeResult> {
        std::string source;
        {
            auto rows = session.db.query("SELECT source, finding_id FROM quarantine WHERE id=?", id);
            if (!rows.next()) return fail(Errc::not_found, "nothing in quarantine has this id");
            if (!rows.text(1).empty()) return fail(Errc::conflict, "it was taken in already, as " + rows.text(1));
            source = rows.text(0);
        }
        const auto arrival = prepare(std::move(item), source);
        if (!arrival.item.finding) return fail(Errc::invalid_argument, "the item is still no finding");
        std::vector results{take_finding(session, source, arrival, at)};
        session.db.run("UPDATE quarantine SET finding_id=? WHERE id=?", results.front().id, id);
        name_findings(audit, results);
        session.seal(audit);
        return results.front();
    });
}

} // namespace dossier::store
