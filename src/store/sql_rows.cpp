#include "sql_rows.hpp"

#include "dossier/finding/json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>

namespace dossier::store {

namespace {

constexpr std::string_view payload_of_version =
    "SELECT raw, unpacked_size, via FROM payloads WHERE finding=? AND version=?";
constexpr std::string_view results_of_dossier = "SELECT stage, revision, at, body, unpacked_size FROM stage_results "
                                                "WHERE dossier=?1 AND (?2=1 OR revision=?3) ORDER BY revision, seq";
constexpr std::string_view drafts_of_dossier =
    "SELECT doc, unpacked_size FROM drafts WHERE dossier=? ORDER BY seq DESC";

auto findings_of_dossier() -> const std::string& {
    static const auto sql = fmt::format("SELECT {}, f.thin_raw FROM findings f JOIN dossiers d ON d.seq = f.dossier "
                                        "WHERE f.dossier=? ORDER BY f.seq",
                                        finding_columns);
    return sql;
}

void read_payloads(Database& db, const std::vector<std::int64_t>& findings, DossierRow& out) {
    for (std::size_t i = 0; i < findings.size(); ++i)
        db.ask_rows_ahead(payload_of_version, findings[i], out.findings[i].version);
    for (std::size_t i = 0; i < findings.size(); ++i) {
        auto& finding = out.findings[i];
        auto payload = db.query(payload_of_version, findings[i], finding.version);
        if (!payload.next()) continue;
        finding.raw = text_of(payload, 0);
        finding.via = parse_via(payload.text(2)).value_or(Via::webhook);
    }
}

void read_findings(Database& db, std::int64_t dossier, bool raw, DossierRow& out) {
    std::vector<std::int64_t> findings;
    {
        auto rows = db.query(findings_of_dossier(), dossier);
        while (rows.next()) {
            auto& finding = out.findings.emplace_back(finding_of(rows));
            if (raw) finding.thin_raw = rows.text(finding_seq_column + 1);
            findings.push_back(rows.integer(finding_seq_column));
        }
    }
    if (raw) read_payloads(db, findings, out);
}

void read_results(Database& db, std::int64_t dossier, bool all_revisions, DossierRow& out) {
    auto rows = db.query(results_of_dossier, dossier, all_revisions, out.revision);
    while (rows.next()) {
        out.results.push_back({.stage = stage_of(rows.text(0)),
                               .revision = rows.number(1),
                               .body = text_of(rows, 3),
                               .at = rows.time(2)});
    }
}

void read_drafts(Database& db, std::int64_t dossier, DossierRow& out) {
    auto rows = db.query(drafts_of_dossier, dossier);
    while (rows.next()) out.drafts.push_back(draft_of(rows, 0));
}

/// Where work on a dossier that died goes on: after the last stored result of its revision.
auto resume_stage(Database& db, std::int64_t dossier) -> Stage {
    auto rows = db.query("SELECT r.stage FROM stage_results r JOIN dossiers d ON d.seq = r.dossier "
                         "WHERE r.dossier=? AND r.revision = d.revision ORDER BY r.seq DESC LIMIT 1",
                         dossier);
    return rows.next() ? stage_of(rows.text(0)) : Stage::received;
}

void revive(WriteSession& session, std::int64_t dossier, Timestamp at) {
    const auto stage = resume_stage(session.db, dossier);
    session.db.run("UPDATE dossiers SET stage=? WHERE seq=?", to_string(stage), dossier);
    std::vector<StoredStage> dead;
    {
        auto rows = session.db.query("SELECT seq, source FROM findings WHERE dossier=? AND stage='dead'", dossier);
        while (rows.next()) dead.push_back({.finding = rows.integer(0), .source = rows.text(1), .stage = Stage::dead});
    }
    for (const auto& finding : dead) set_finding_stage(session, finding, stage, at);
}

/// The worker read the draft before a person decided on it or changed its text: their word stands. `conflict` where the
/// worker approves what it no longer is.
auto reconcile(Draft incoming, const Draft& stored, bool edited) -> Result<Draft> {
    if (incoming.state == DraftState::approved &&
        (stored.state == DraftState::rejected || stored.state == DraftState::expired ||
         stored.content_hash != incoming.content_hash))
        return fail(Errc::conflict, "somebody has decided on the draft or rewritten it");
    if (incoming.state == DraftState::expired && stored.state == DraftState::rejected) return stored;
    if (incoming.state == DraftState::expired && stored.state == DraftState::approved) {
        incoming.approved_hash = stored.approved_hash;
        incoming.decided_by = stored.decided_by;
        incoming.decided_at = stored.decided_at;
        return incoming;
    }
    if (incoming.state != DraftState::pending) return incoming;
    const bool decided = stored.state != DraftState::pending;
    const bool rewritten =
        edited && stored.revision == incoming.revision && stored.content_hash != incoming.content_hash;
    if (decided) {
        incoming.state = stored.state;
        incoming.approved_hash = stored.approved_hash;
        incoming.decided_by = stored.decided_by;
        incoming.decided_at = stored.decided_at;
        incoming.comment = stored.comment;
    }
    if (rewritten) {
        incoming.title = stored.title;
        incoming.body = stored.body;
        incoming.assignee = stored.assignee;
        incoming.payload = stored.payload;
        incoming.content_hash = stored.content_hash;
    }
    return incoming;
}

constexpr std::string_view draft_to_save = "SELECT edited, doc, unpacked_size FROM drafts WHERE id=?";

void write_draft(Database& db, std::int64_t dossier, const Draft& draft, const KeptText& doc) {
    std::string finding_ids = "\n";
    for (const auto& id : draft.finding_ids) finding_ids += id + "\n";
    db.run("INSERT INTO drafts(id, dossier, revision, state, content_hash, finding_ids, doc, kind, sink, assignee, "
           "owner, route, severity, created_at, unpacked_size) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
           "ON CONFLICT(id) DO UPDATE SET revision=excluded.revision, state=excluded.state, "
           "content_hash=excluded.content_hash, finding_ids=excluded.finding_ids, doc=excluded.doc, "
           "unpacked_size=excluded.unpacked_size, "
           "sink=excluded.sink, assignee=excluded.assignee, owner=excluded.owner, severity=excluded.severity",
           draft.id, dossier, draft.revision, to_string(draft.state), draft.content_hash, finding_ids, doc, draft.kind,
           draft.sink, draft.assignee, draft.owner, draft.route, to_string(draft.severity), draft.created_at,
           doc.unpacked_size());
}

} // namespace

auto is_unfinished(Stage stage) -> bool {
    switch (stage) {
    case Stage::received:
    case Stage::normalised:
    case Stage::enriched:
    case Stage::assessed:
    case Stage::explained:
    case Stage::drafted:
        return true;
    case Stage::awaiting_approval:
    case Stage::delivered:
    case Stage::closed:
    case Stage::digested:
    case Stage::dead:
        return false;
    }
    return false;
}

auto count_unfinished(Database& db, Writers writers) -> Backlog::BySource {
    Backlog::BySource counts;
    // Answered by the index findings_unfinished alone. A replica of the version before moves a finding on without a
    // word to the column, so where there may be one, each row is asked for its stage besides.
    constexpr std::string_view by_index =
        "SELECT source, count(*) FROM findings WHERE is_unfinished = 1 GROUP BY source";
    constexpr std::string_view by_stage =
        "SELECT source, count(*) FROM findings WHERE is_unfinished = 1 AND (stage = 'received' OR "
        "stage = 'normalised' OR stage = 'enriched' OR stage = 'assessed' OR stage = 'explained' OR "
        "stage = 'drafted') GROUP BY source";
    auto rows = db.query(writers == Writers::one ? by_index : by_stage);
    while (rows.next()) counts.emplace(rows.text(0), rows.integer(1));
    return counts;
}

auto stage_of(const std::string& word) -> Stage { return parse_word<Stage>(word).value_or(Stage::received); }
auto status_of(const std::string& word) -> Status { return parse_word<Status>(word).value_or(Status::open); }
auto severity_of(std::int64_t rank) -> Severity {
    constexpr auto worst = static_cast<std::int64_t>(Severity::critical);
    return static_cast<Severity>(std::clamp<std::int64_t>(rank, 0, worst));
}
auto rank_of(Severity severity) -> std::int64_t { return static_cast<std::int64_t>(severity); }

auto ticket_text(const std::optional<TicketRef>& ticket) -> std::optional<std::string> {
    if (!ticket) return std::nullopt;
    return to_text(*ticket);
}

auto ticket_of(const Rows& rows, int column) -> std::optional<TicketRef> {
    if (rows.is_null(column)) return std::nullopt;
    auto ticket = from_text<TicketRef>(rows.text(column));
    if (!ticket) throw StoreFailure("store: a stored ticket can't be read: " + ticket.error().message);
    return *std::move(ticket);
}

auto draft_of(const Rows& rows, int column) -> Draft {
    auto draft = from_text<Draft>(text_of(rows, column));
    if (!draft) throw StoreFailure("store: a stored draft can't be read: " + draft.error().message);
    return *std::move(draft);
}

auto finding_of(const Rows& rows) -> FindingRow {
    FindingRow row;
    row.id = rows.text(0);
    row.dossier_id = rows.text(1);
    row.source = rows.text(2);
    row.fingerprint = rows.text(3);
    row.exposure_key = rows.text(4);
    row.title = rows.text(5);
    row.owner = rows.text(6);
    row.severity = severity_of(rows.integer(7));
    row.status = status_of(rows.text(8));
    row.stage = stage_of(rows.text(9));
    row.version = rows.number(10);
    row.content_hash = rows.text(11);
    row.received_at = rows.time(12);
    row.updated_at = rows.time(13);
    row.doc = text_of(rows, 14);
    row.wants_fetch = rows.integer(16) != 0;
    return row;
}

auto read_dossier(Database& db, const std::string& id, DossierParts parts) -> std::optional<DossierRow> {
    auto rows = db.query("SELECT seq, id, exposure_key, stage, revision, inputs_hash, created_at, updated_at, ticket, "
                         "replay_from, attempts, last_error FROM dossiers WHERE id=?",
                         id);
    if (!rows.next()) return std::nullopt;
    DossierRow row;
    const auto seq = rows.integer(0);
    row.id = rows.text(1);
    row.exposure_key = rows.text(2);
    row.stage = stage_of(rows.text(3));
    row.revision = rows.number(4);
    row.inputs_hash = rows.text(5);
    row.created_at = rows.time(6);
    row.updated_at = rows.time(7);
    row.ticket = ticket_of(rows, 8);
    if (!rows.is_null(9)) row.replay_from = stage_of(rows.text(9));
    row.attempts = rows.number(10);
    row.last_error = rows.text(11);
    db.ask_rows_ahead(findings_of_dossier(), seq);
    db.ask_rows_ahead(results_of_dossier, seq, parts.all_revisions, row.revision);
    db.ask_rows_ahead(drafts_of_dossier, seq);
    read_findings(db, seq, parts.raw, row);
    read_results(db, seq, parts.all_revisions, row);
    read_drafts(db, seq, row);
    return row;
}

auto dossier_seq(Database& db, const std::string& id) -> std::optional<std::int64_t> {
    auto rows = db.query("SELECT seq FROM dossiers WHERE id=?", id);
    if (!rows.next()) return std::nullopt;
    return rows.integer(0);
}

void ask_draft_ahead(Database& db, const std::string& id) { db.ask_rows_ahead(draft_to_save, id); }

auto save_draft(Database& db, std::int64_t dossier, const Draft& draft, const KeptText& doc) -> Result<void> {
    std::optional<Draft> known;
    bool is_edited = false;
    {
        auto rows = db.query(draft_to_save, draft.id);
        if (rows.next()) {
            is_edited = rows.integer(0) != 0;
            known = draft_of(rows, 1);
        }
    }
    if (!known) {
        write_draft(db, dossier, draft, doc);
        return {};
    }
    const auto reconciled = reconcile(draft, *known, is_edited);
    if (!reconciled) return fail(reconciled.error());
    write_draft(db, dossier, *reconciled, KeptText(to_text(*reconciled), db.text_form()));
    return {};
}

void rewrite_draft(Database& db, const Draft& draft) {
    const KeptText doc(to_text(draft), db.text_form());
    db.run("UPDATE drafts SET state=?, doc=?, unpacked_size=? WHERE id=?", to_string(draft.state), doc,
           doc.unpacked_size(), draft.id);
}

auto count_automatic_actions(Database& db, Timestamp since) -> std::size_t {
    auto rows = db.query("SELECT count(*) FROM audit WHERE action IN "
                         "('draft.approved_automatically', 'writeback.done_automatically') AND time>=?",
                         since);
    rows.next();
    return static_cast<std::size_t>(rows.integer(0));
}

auto make_ready(WriteSession& session, std::int64_t dossier, Timestamp at) -> std::int64_t {
    std::int64_t work_seq = 0;
    bool is_dead = false;
    {
        auto rows = session.db.query("UPDATE dossiers SET ready_at=min(coalesce(ready_at, ?1), ?1), attempts=0, "
                                     "work_seq=work_seq+1, updated_at=?1 WHERE seq=?2 RETURNING work_seq, stage='dead'",
                                     at, dossier);
        while (rows.next()) { // to the end: only then has the statement done its work
            work_seq = rows.integer(0);
            is_dead = rows.integer(1) != 0;
        }
    }
    if (is_dead) revive(session, dossier, at);
    session.made_ready();
    return work_seq;
}

void set_finding_stage(WriteSession& session, const StoredStage& from, Stage to, Timestamp at) {
    const bool was_unfinished = is_unfinished(from.stage);
    const bool remains = is_unfinished(to);
    // A column that isn't named costs its index nothing.
    if (was_unfinished == remains) {
        session.db.run("UPDATE findings SET stage=?, updated_at=? WHERE seq=?", to_string(to), at, from.finding);
        return;
    }
    session.db.run("UPDATE findings SET stage=?, updated_at=?, is_unfinished=? WHERE seq=?", to_string(to), at,
                   remains ? 1 : 0, from.finding);
    session.finding_moved(from.source, was_unfinished, remains);
}

auto cursor_text(std::int64_t seq) -> std::string { return fmt::format("c{:x}", seq); }

auto cursor_seq(const std::string& cursor) -> Result<std::int64_t> {
    if (cursor.empty()) return std::numeric_limits<std::int64_t>::max();
    std::int64_t seq = 0;
    const char* end = cursor.data() + cursor.size();
    const auto [at, error] = std::from_chars(cursor.data() + 1, end, seq, 16);
    if (cursor.front() != 'c' || at != end || error != std::errc{} || seq < 0) {
        return fail(Errc::invalid_argument, "the cursor is not one that a list gave");
    }
    return seq;
}

auto index_key(std::string_view first, std::string_view second) -> std::int64_t {
    std::uint64_t hash = 14695981039346656037ULL; // FNV-1a
    const auto add = [&hash](std::string_view text) {
        for (const char byte : text) hash = (hash ^ static_cast<unsigned char>(byte)) * 1099511628211ULL;
    };
    add(first);
    add(std::string_view("\0", 1));
    add(second);
    return static_cast<std::int64_t>(hash);
}

} // namespace dossier::store
