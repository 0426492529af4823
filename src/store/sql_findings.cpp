#include "sql_findings.hpp"

#include "sql_rows.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

/// The words that `FindingFilter::q` looks at.
auto search_text(const Finding& finding) -> std::string {
    return lower(fmt::format("{}\n{}\n{}\n{}\n{}", finding.title, finding.resource.name, finding.resource.id,
                             finding.rule.id, finding.rule.name));
}

auto key_of(const Finding& finding) -> const std::string& {
    return finding.exposure_key.empty() ? finding.fingerprint : finding.exposure_key;
}

struct Stored {
    std::int64_t seq = 0;
    std::string id;
    std::string source;
    std::string fingerprint;
    std::int64_t dossier = 0;
    std::string dossier_id;
    Stage stage = Stage::received;
    int version = 1;
    std::int64_t work_seq = 0;
    Status status = Status::open;
    KnownFinding known;
};

constexpr int most_earlier_versions = 256; ///< a finding that flaps for ever must not make each delivery dearer

/// Rows of a dossier before version 2 have no state: their document has it, or else their columns.
auto known_state(const std::string& state, const std::string& doc, Status status, Severity severity, std::string title)
    -> FindingState {
    if (auto read = parse_state(state)) return *std::move(read);
    FindingState known;
    if (const auto finding = from_text<Finding>(doc)) known = state_of(*finding);
    known.status = status;
    known.severity = severity;
    known.title = std::move(title);
    return known;
}

constexpr std::string_view stored_columns =
    "SELECT f.seq, f.id, f.source, f.fingerprint, f.dossier, d.id, f.stage, f.version, f.work_seq, f.status, "
    "f.severity, f.title, f.state, iif(f.state = '', f.doc, ''), iif(f.state = '', f.unpacked_size, NULL), f.form, "
    "f.content_hash, f.last_seen, coalesce(f.version_at, f.received_at), f.was_delivered FROM findings f JOIN dossiers "
    "d ON d.seq = f.dossier ";

auto stored_of(const Rows& rows) -> Stored {
    const auto status = status_of(rows.text(9));
    return {.seq = rows.integer(0),
            .id = rows.text(1),
            .source = rows.text(2),
            .fingerprint = rows.text(3),
            .dossier = rows.integer(4),
            .dossier_id = rows.text(5),
            .stage = stage_of(rows.text(6)),
            .version = rows.number(7),
            .work_seq = rows.integer(8),
            .status = status,
            .known = {.state = known_state(rows.text(12), text_of(rows, 13), status, severity_of(rows.integer(10)),
                                           rows.text(11)),
                      .form = rows.integer(15) == 0 ? Form::delivery : Form::api,
                      .content_hash = rows.text(16),
                      .twin_hash = {},
                      .last_seen = rows.optional_time(17),
                      .received_at = rows.time(18),
                      .earlier_hashes = {},
                      .was_delivered = rows.integer(19) != 0}};
}

void read_history(Database& db, Stored& stored) {
    if (stored.version > 1) {
        auto versions =
            db.query("SELECT content_hash FROM payloads WHERE finding=? AND version<? ORDER BY version DESC LIMIT ?",
                     stored.seq, stored.version, most_earlier_versions);
        while (versions.next()) stored.known.earlier_hashes.push_back(versions.text(0));
    }
    auto twins = db.query("SELECT version, content_hash FROM twins WHERE finding=? ORDER BY version DESC LIMIT ?",
                          stored.seq, most_earlier_versions);
    while (twins.next()) {
        if (twins.number(0) == stored.version)
            stored.known.twin_hash = twins.text(1);
        else
            stored.known.earlier_hashes.push_back(twins.text(1));
    }
}

auto stored_by_identity() -> const std::string& {
    static const auto sql = std::string(stored_columns) + "WHERE f.identity=? AND f.source=? AND f.fingerprint=?";
    return sql;
}

constexpr std::string_view dossier_by_exposure = "SELECT seq, id FROM dossiers WHERE exposure_key=?";

/// What `by_key` finds, or what `by_row` finds of the rows that have the key, where the database doesn't index it.
/// @param args compared by both, after the row's number
template <class T, class Read, class... Args>
auto find_by_key(WriteSession& session, RowKeys::Kind kind, std::int64_t key, Read read, std::string_view by_row,
                 const Args&... args) -> std::optional<T> {
    for (const auto row : session.keys->rows_of(kind, key)) {
        auto rows = session.db.query(by_row, row, args...);
        if (rows.next()) return read(rows);
    }
    return std::nullopt;
}

auto find_row_of_finding(WriteSession& session, const std::string& source, const std::string& fingerprint,
                         std::int64_t identity) -> std::optional<Stored> {
    if (session.keys != nullptr) {
        static const auto sql = std::string(stored_columns) + "WHERE f.seq=? AND f.source=? AND f.fingerprint=?";
        return find_by_key<Stored>(session, RowKeys::Kind::finding, identity, stored_of, sql, source, fingerprint);
    }
    auto rows = session.db.query(stored_by_identity(), identity, source, fingerprint);
    if (!rows.next()) return std::nullopt;
    return stored_of(rows);
}

auto find_stored(WriteSession& session, const std::string& source, const Arrival& arrival) -> std::optional<Stored> {
    auto stored = find_row_of_finding(session, source, arrival.item.finding->fingerprint, arrival.identity);
    if (stored) read_history(session.db, *stored);
    return stored;
}

auto find_by_id(Database& db, const std::string& id) -> std::optional<Stored> {
    std::optional<Stored> stored;
    {
        static const auto sql = std::string(stored_columns) + "WHERE f.id=?";
        auto rows = db.query(sql, id);
        if (!rows.next()) return std::nullopt;
        stored = stored_of(rows);
    }
    read_history(db, *stored);
    return stored;
}

auto incoming_of(const Arrival& arrival) -> IncomingFinding {
    const auto& finding = *arrival.item.finding;
    return {.state = state_of(finding),
            .form = form_of(arrival.via),
            .content_hash = arrival.content_hash,
            .last_seen = finding.last_seen,
            .is_first_report = finding.is_first_report};
}

void keep_payload(WriteSession& session, std::int64_t finding, int version, const Arrival& arrival, Timestamp at) {
    const auto& packed = arrival.packed;
    session.db.run("INSERT INTO payloads(finding, version, content_hash, received_at, raw, via, unpacked_size) "
                   "VALUES(?,?,?,?,?,?,?)",
                   finding, version, arrival.content_hash, at, Blob{packed ? packed->bytes : arrival.item.raw},
                   to_string(arrival.via), packed ? std::optional(packed->size) : std::nullopt);
}

void settle_severity(Database& db, std::int64_t dossier) {
    db.run("UPDATE dossiers SET severity=coalesce((SELECT max(severity) FROM findings WHERE dossier=?1), severity) "
           "WHERE seq=?1",
           dossier);
}

struct Home {
    std::int64_t seq = 0;
    std::string id;
    std::int64_t work_seq = 0;
    bool moved = false;
};

auto dossier_of_exposure(WriteSession& session, const std::string& exposure_key) -> std::optional<Home> {
    const auto home_of = [](const Rows& rows) { return Home{.seq = rows.integer(0), .id = rows.text(1)}; };
    if (session.keys != nullptr) {
        return find_by_key<Home>(session, RowKeys::Kind::dossier, exposure_index_key(exposure_key), home_of,
                                 "SELECT seq, id FROM dossiers WHERE seq=? AND exposure_key=?", exposure_key);
    }
    auto rows = session.db.query(dossier_by_exposure, exposure_key);
    if (!rows.next()) return std::nullopt;
    return home_of(rows);
}

/// The dossier of the finding's exposure, opened where there is none; ready either way.
/// Whose findings come in makes the work: the dossier waits in that source's turn.
auto join_dossier(WriteSession& session, const std::string& source, const Finding& finding, Timestamp at) -> Home {
    auto dossier = dossier_of_exposure(session, key_of(finding)).value_or(Home{});
    if (dossier.seq != 0) {
        session.db.run("UPDATE dossiers SET severity=max(severity, ?), source=? WHERE seq=?", rank_of(finding.severity),
                       source, dossier.seq);
        dossier.work_seq = make_ready(session, dossier.seq, at);
        return dossier;
    }
    dossier.id = new_id("dos");
    dossier.work_seq = 1;
    dossier.seq = session.db.insert(
        "INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at, ready_at, work_seq, source) "
        "VALUES(?1,?2,?3,?4,?5,?5,?5,?6,?7)",
        dossier.id, key_of(finding), to_string(Stage::received), rank_of(finding.severity), at, dossier.work_seq,
        source);
    if (session.keys != nullptr)
        session.keys->added(RowKeys::Kind::dossier, exposure_index_key(key_of(finding)), dossier.seq);
    session.made_ready();
    return dossier;
}

void expire_drafts(Database& db, std::int64_t dossier, const std::string& comment) {
    std::vector<Draft> open;
    {
        auto rows = db.query(
            "SELECT doc, unpacked_size FROM drafts WHERE dossier=? AND state IN ('pending','approved')", dossier);
        while (rows.next()) open.push_back(draft_of(rows, 0));
    }
    for (auto& draft : open) {
        draft.state = DraftState::expired;
        draft.comment = comment;
        rewrite_draft(db, draft);
    }
}

/// A finding whose resource was unknown has a dossier to itself, by its fingerprint. Once its exposure is known it
/// belongs to the dossier of that: its own takes the exposure where nobody has it yet, or else ends and hands over.
/// A dossier that has or may have a ticket stays: the ticket is about it.
auto settle_home(WriteSession& session, const Stored& stored, const Finding& finding, Timestamp at) -> Home {
    auto& db = session.db;
    const Home home{.seq = stored.dossier, .id = stored.dossier_id};
    {
        auto rows = db.query("SELECT exposure_key, ticket IS NOT NULL OR EXISTS(SELECT 1 FROM intents i WHERE "
                             "i.dossier_id = d.id) FROM dossiers d WHERE seq=?",
                             stored.dossier);
        if (!rows.next()) return home;
        const auto key = rows.text(0);
        const bool is_own = key == stored.fingerprint || key == "finding:" + stored.fingerprint;
        if (!is_own || key == key_of(finding)) return home;
        if (rows.integer(1) != 0) return home;
    }
    auto other = dossier_of_exposure(session, key_of(finding)).value_or(Home{});
    if (other.seq == 0) {
        db.run("UPDATE dossiers SET exposure_key=? WHERE seq=?", key_of(finding), home.seq);
        if (session.keys != nullptr)
            session.keys->changed(RowKeys::Kind::dossier, exposure_index_key(key_of(finding)), home.seq);
        return home;
    }
    other.moved = true;
    db.run("UPDATE findings SET dossier=? WHERE seq=?", other.seq, stored.seq);
    db.run("UPDATE dead_letters SET dossier=? WHERE dossier=?", other.seq, home.seq);
    expire_drafts(db, home.seq, "the finding has joined the dossier of its exposure, " + other.id);
    // The fence turns away whoever works on it: there is nothing left to work on.
    db.run("UPDATE dossiers SET merged_into=?, exposure_key='merged:' || id, stage='closed', ready_at=NULL, "
           "replay_from=NULL, lease_owner='', lease_until=NULL, fence=fence+1, updated_at=? WHERE seq=?",
           other.seq, at, home.seq);
    AuditEntry entry;
    entry.time = at;
    entry.action = "dossier.merged";
    entry.finding_id = stored.id;
    entry.dossier_id = other.id;
    entry.details = dump_json({{"from", home.id}});
    session.seal({entry});
    return other;
}

auto create(WriteSession& session, const std::string& source, const Arrival& arrival, Timestamp at) -> Taken {
    const auto& finding = *arrival.item.finding;
    const auto dossier = join_dossier(session, source, finding, at);
    const auto id = finding.id.empty() ? new_id("fnd") : finding.id;
    const auto form = form_of(arrival.via);
    const std::int64_t wish = finding.is_partial && arrival.item.completable ? dossier.work_seq : 0;
    const auto seq = session.db.insert(
        "INSERT INTO findings(id, dossier, identity, source, fingerprint, exposure_key, title, search, severity, "
        "status, stage, content_hash, received_at, updated_at, last_seen, work_seq, state, form, version_at, "
        "was_delivered, wants_fetch, is_backlog, is_unfinished) VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?13,"
        "?14,?15,?16,?17,?13,?18,?19,?20,1)",
        id, dossier.seq, arrival.identity, source, finding.fingerprint, finding.exposure_key, finding.title,
        search_text(finding), rank_of(finding.severity), to_string(finding.status), to_string(Stage::received),
        arrival.content_hash, at, finding.last_seen, dossier.work_seq, state_text(state_of(finding)),
        form == Form::api ? 1 : 0, form == Form::delivery ? 1 : 0, wish, arrival.via == Via::backlog ? 1 : 0);
    if (session.keys != nullptr) session.keys->added(RowKeys::Kind::finding, arrival.identity, seq);
    keep_payload(session, seq, 1, arrival, at);
    session.finding_moved(source, false, true);
    return {.result = {.id = id, .fingerprint = finding.fingerprint, .dossier_id = dossier.id}, .finding = seq};
}

/// A new version of a known finding. It stays in its dossier even when its exposure changes (the dossier's ticket is
/// about it), unless that dossier was only its own. A thin version says nothing but its status: what is known stays.
/// @param claimed the dossier is under work by whoever gives us this: no news for it
auto update(WriteSession& session, const Stored& stored, const Arrival& arrival, Timestamp at, bool claimed) -> Home {
    const auto& finding = *arrival.item.finding;
    const bool thin = finding.is_partial && !stored.known.state.is_partial;
    auto home = thin ? Home{.seq = stored.dossier, .id = stored.dossier_id} : settle_home(session, stored, finding, at);
    const auto work_seq = claimed && !home.moved ? stored.work_seq : make_ready(session, home.seq, at);
    // make_ready may have revived a dead dossier with its findings, so the stage is read again.
    auto stage = stored.stage;
    {
        auto rows = session.db.query("SELECT stage FROM findings WHERE seq=?", stored.seq);
        if (rows.next()) stage = stage_of(rows.text(0));
    }
    auto state = state_of(finding);
    if (thin) {
        state = stored.known.state;
        state.status = finding.status;
    }
    const auto form = form_of(arrival.via);
    session.db.run(
        "UPDATE findings SET status=?, stage=?, is_unfinished=1, version=version+1, content_hash=?, updated_at=?, "
        "version_at=?4, "
        "last_seen=coalesce(?5, last_seen), work_seq=?6, state=?7, form=?8, was_delivered=max(was_delivered, ?9) "
        "WHERE seq=?10",
        to_string(finding.status), to_string(Stage::received), arrival.content_hash, at, finding.last_seen, work_seq,
        state_text(state), form == Form::api ? 1 : 0, form == Form::delivery ? 1 : 0, stored.seq);
    if (!thin) {
        session.db.run("UPDATE findings SET exposure_key=?, title=?, search=?, severity=?, doc='', unpacked_size=NULL, "
                       "wants_fetch=0, thin_raw=NULL WHERE seq=?",
                       finding.exposure_key, finding.title, search_text(finding), rank_of(finding.severity),
                       stored.seq);
    }
    session.finding_moved(stored.source, is_unfinished(stage), true);
    settle_severity(session.db, home.seq);
    keep_payload(session, stored.seq, stored.version + 1, arrival, at);
    return home;
}

/// What a repeat tells all the same: that it was seen, in which form, and that work has begun.
void remember(Database& db, const Stored& stored, const Arrival& arrival) {
    const auto& finding = *arrival.item.finding;
    const auto& known = stored.known;
    const auto form = form_of(arrival.via);
    const bool is_new = arrival.content_hash != known.content_hash && arrival.content_hash != known.twin_hash;
    const bool is_current = !finding.last_seen || !known.last_seen || *finding.last_seen >= *known.last_seen;
    if (is_new && form != known.form && is_current) {
        db.run("INSERT INTO twins(finding, version, content_hash) VALUES(?,?,?) "
               "ON CONFLICT(finding, version) DO UPDATE SET content_hash=excluded.content_hash",
               stored.seq, stored.version, arrival.content_hash);
    }
    if (finding.last_seen && (!known.last_seen || *known.last_seen < *finding.last_seen)) {
        db.run("UPDATE findings SET last_seen=? WHERE seq=?", finding.last_seen, stored.seq);
    }
    if (form == Form::delivery && !known.was_delivered) {
        db.run("UPDATE findings SET was_delivered=1 WHERE seq=?", stored.seq);
    }
    if (form == Form::api && is_current && !is_over(finding.status) && !is_over(stored.status) &&
        finding.status != stored.status) {
        db.run("UPDATE findings SET status=? WHERE seq=?", to_string(finding.status), stored.seq);
    }
}

/// A thin delivery of a known finding says that something may have changed: the platform is to be asked.
void wish_to_fetch(WriteSession& session, const Stored& stored, const Arrival& arrival, Timestamp at) {
    const auto work_seq = make_ready(session, stored.dossier, at);
    const auto raw = arrival.packed ? unpack(arrival.packed->bytes, arrival.packed->size) : arrival.item.raw;
    session.db.run("UPDATE findings SET wants_fetch=?, thin_raw=?, "
                   "was_delivered=max(was_delivered, ?) WHERE seq=?",
                   work_seq, Blob{raw}, form_of(arrival.via) == Form::delivery ? 1 : 0, stored.seq);
}

auto is_change(Outcome outcome) -> bool {
    return outcome == Outcome::updated || outcome == Outcome::resolved || outcome == Outcome::created;
}

} // namespace

auto prepare(IntakeItem item, const std::string& source, Via via, TextForm form) -> Arrival {
    Arrival arrival;
    arrival.via = via;
    if (item.finding && item.finding->fingerprint.empty()) { // nothing to recognise it by: kept, but as no finding
        item.finding.reset();
        item.quarantine_reason = "the finding has no identity";
    }
    if (item.finding) {
        arrival.content_hash = content_hash(*item.finding, form_of(via));
        arrival.identity = index_key(source, item.finding->fingerprint);
        if (form == TextForm::packed) arrival.packed = pack(item.raw);
        if (arrival.packed) std::string().swap(item.raw); // assigned, an empty one leaves the room of what was there
    } else {
        arrival.identity = index_key(source, item.raw);
    }
    arrival.item = std::move(item);
    return arrival;
}

void ask_ahead(Database& db, const std::string& source, const Arrival& arrival) {
    if (!arrival.item.finding) return;
    db.ask_ahead(stored_by_identity(), arrival.identity, source, arrival.item.finding->fingerprint);
    db.ask_ahead(dossier_by_exposure, key_of(*arrival.item.finding));
}

auto finding_id_of(WriteSession& session, const std::string& source, const std::string& fingerprint)
    -> std::optional<std::string> {
    auto stored = find_row_of_finding(session, source, fingerprint, index_key(source, fingerprint));
    if (!stored) return std::nullopt;
    return std::move(stored->id);
}

auto take_finding(WriteSession& session, const std::string& source, const Arrival& arrival, Timestamp at) -> Taken {
    const auto& finding = *arrival.item.finding;
    const auto stored = find_stored(session, source, arrival);
    const auto outcome = outcome_of(stored ? &stored->known : nullptr, incoming_of(arrival));
    if (!stored) {
        auto taken = create(session, source, arrival, at);
        taken.result.outcome = outcome;
        return taken;
    }
    Taken taken{.result = {.id = stored->id,
                           .fingerprint = finding.fingerprint,
                           .dossier_id = stored->dossier_id,
                           .outcome = outcome},
                .finding = stored->seq};
    const bool ask = finding.is_partial && arrival.item.completable;
    if (ask && (form_of(arrival.via) == Form::delivery || is_change(outcome))) {
        wish_to_fetch(session, *stored, arrival, at);
    } else if (is_change(outcome)) {
        taken.result.dossier_id = update(session, *stored, arrival, at, false).id;
    } else {
        remember(session.db, *stored, arrival);
    }
    return taken;
}

auto complete_finding(WriteSession& session, const FetchCommit& completion) -> Result<FetchOutcome> {
    auto& db = session.db;
    {
        auto rows = db.query_and_hold("SELECT fence FROM dossiers WHERE id=?", completion.claim.dossier_id);
        if (!rows.next()) return fail(Errc::not_found, "no dossier has this id");
        if (rows.integer(0) != completion.claim.fence)
            return fail(Errc::conflict, "somebody else has taken over the dossier");
    }
    const auto stored = find_by_id(db, completion.finding_id);
    if (!stored || stored->dossier_id != completion.claim.dossier_id)
        return fail(Errc::not_found, "the dossier has no finding " + completion.finding_id);
    FetchOutcome completed{.outcome = Outcome::duplicate, .dossier_id = stored->dossier_id};
    if (stored->work_seq > completion.claim.work_seq) return completed;
    // A thin delivery that came after the claim is a wish of its own.
    db.run("UPDATE findings SET thin_raw=NULL, wants_fetch=0 WHERE seq=? AND wants_fetch<=?", stored->seq,
           completion.claim.work_seq);
    if (completion.item.finding) {
        if (completion.item.finding->fingerprint != stored->fingerprint)
            return fail(Errc::invalid_argument, "the platform gave another finding than the one asked for");
        const auto arrival = prepare(completion.item, stored->source, completion.via, db.text_form());
        completed.outcome = outcome_of(&stored->known, incoming_of(arrival));
        if (is_change(completed.outcome)) {
            const auto home = update(session, *stored, arrival, completion.at, true);
            completed.dossier_id = home.id;
            completed.moved = home.moved;
        } else {
            remember(db, *stored, arrival);
        }
    }
    session.seal(completion.audit);
    return completed;
}

} // namespace dossier::store
