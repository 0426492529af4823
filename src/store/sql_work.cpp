// What is to be done: claims with leases and fences, stage results, and how claims end.

#include "sql_claims.hpp"
#include "sql_findings.hpp"
#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/base/fault_point.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

struct Claimed {
    std::int64_t seq = 0;
    bool work_arrived = false; ///< since it was claimed
    std::int64_t attempts = 0;
};

constexpr std::string_view claimed_dossier = "SELECT seq, fence, work_seq, attempts FROM dossiers WHERE id=?";
constexpr std::string_view finding_to_move = "SELECT seq, source, stage, work_seq, dossier FROM findings WHERE id=?";

/// The claim's dossier, if the claim still holds.
auto check_claim(Database& db, const Claim& claim) -> Result<Claimed> {
    auto rows = db.query_and_hold(claimed_dossier, claim.dossier_id);
    if (!rows.next()) return fail(Errc::not_found, "no dossier has this id");
    if (rows.integer(1) != claim.fence) {
        return fail(Error{.code = Errc::conflict,
                          .message = "somebody else has taken over the dossier",
                          .context = {{"dossier", claim.dossier_id}},
                          .retry_after = {}});
    }
    return Claimed{
        .seq = rows.integer(0), .work_arrived = rows.integer(2) != claim.work_seq, .attempts = rows.integer(3)};
}

/// A commit with its texts as they will be kept, which are made before the writer's thread has it.
struct PreparedCommit {
    StageCommit commit; ///< without these texts
    KeptText body;
    std::vector<KeptText> carried; ///< of `commit.carried`, in order; as the next two
    std::vector<KeptText> finding_docs;
    std::vector<KeptText> draft_docs;
};

auto prepare(StageCommit commit, TextForm form) -> PreparedCommit {
    PreparedCommit prepared;
    prepared.body = KeptText(std::move(commit.body), form);
    for (auto& result : commit.carried) prepared.carried.emplace_back(std::move(result.body), form);
    for (auto& change : commit.findings) prepared.finding_docs.emplace_back(std::move(change.doc), form);
    for (const auto& draft : commit.save_drafts) prepared.draft_docs.emplace_back(to_text(draft), form);
    prepared.commit = std::move(commit);
    return prepared;
}

void keep_result(Database& db, std::int64_t dossier, int revision, Stage stage, const KeptText& body, Timestamp at) {
    db.run("INSERT INTO stage_results(dossier, revision, stage, at, body, unpacked_size) VALUES(?,?,?,?,?,?) "
           "ON CONFLICT(dossier, revision, stage) DO UPDATE SET at=excluded.at, body=excluded.body, "
           "unpacked_size=excluded.unpacked_size",
           dossier, revision, to_string(stage), at, body, body.unpacked_size());
}

/// A finding that a delivery changed after the claim keeps what the delivery said: the worker saw an older version.
auto update_finding(WriteSession& session, const StageCommit& commit, const StageCommit::FindingUpdate& change,
                    const KeptText& doc, std::int64_t dossier) -> Result<void> {
    StoredStage stored;
    {
        auto rows = session.db.query(finding_to_move, change.id);
        if (!rows.next() || rows.integer(4) != dossier)
            return fail(Errc::not_found, "the dossier has no finding " + change.id);
        if (rows.integer(3) > commit.claim.work_seq) return {};
        stored = {.finding = rows.integer(0), .source = rows.text(1), .stage = stage_of(rows.text(2))};
    }
    std::optional<std::int64_t> severity;
    if (change.severity) severity = rank_of(*change.severity);
    std::optional<std::string> status;
    if (change.status) status = to_string(*change.status);
    // Most stages change nothing but the stage, and the entries of a named column's index are written anew in any case.
    const bool changes_columns =
        !doc.empty() || severity || status || !change.exposure_key.empty() || !commit.owner.empty();
    if (changes_columns)
        session.db.run("UPDATE findings SET doc=iif(?1='', doc, ?1), unpacked_size=iif(?1='', unpacked_size, ?7), "
                       "severity=coalesce(?2, severity), status=coalesce(?3, status), "
                       "exposure_key=iif(?4='', exposure_key, ?4), owner=iif(?5='', owner, ?5) WHERE seq=?6",
                       doc, severity, status, change.exposure_key, commit.owner, stored.finding, doc.unpacked_size());
    set_finding_stage(session, stored, change.stage.value_or(commit.stage), commit.at);
    return {};
}

auto commit(WriteSession& session, const PreparedCommit& prepared) -> Result<void> {
    const auto& commit = prepared.commit;
    auto& db = session.db;
    const auto claimed = check_claim(db, commit.claim);
    if (!claimed) return fail(claimed.error());
    if (commit.action_limit) {
        if (count_automatic_actions(db, commit.action_limit->since) >= commit.action_limit->most)
            return fail(Errc::quota_exhausted, "as many automatic actions as allowed were taken");
    }
    const auto dossier = claimed->seq;
    db.run("UPDATE dossiers SET stage=?, revision=?, inputs_hash=iif(?3='', inputs_hash, ?3), updated_at=?4, "
           "ticket=coalesce(?5, ticket), replay_from=CASE WHEN ?6=1 THEN NULL ELSE replay_from END, attempts=CASE WHEN "
           "?7=1 THEN 0 ELSE attempts END "
           "WHERE seq=?8",
           to_string(commit.stage), commit.revision, commit.inputs_hash, commit.at, ticket_text(commit.ticket),
           commit.replay_begun, commit.attempts_over, dossier);
    for (std::size_t i = 0; i < commit.carried.size(); ++i) {
        const auto& result = commit.carried[i];
        keep_result(db, dossier, commit.revision, result.stage, prepared.carried[i], result.at);
    }
    if (!prepared.body.empty()) keep_result(db, dossier, commit.revision, commit.stage, prepared.body, commit.at);
    bool severity_changed = false;
    for (std::size_t i = 0; i < commit.findings.size(); ++i) {
        const auto& change = commit.findings[i];
        auto updated = update_finding(session, commit, change, prepared.finding_docs[i], dossier);
        if (!updated) return updated;
        severity_changed = severity_changed || change.severity.has_value();
    }
    if (severity_changed) {
        db.run("UPDATE dossiers SET severity=(SELECT max(severity) FROM findings WHERE dossier=?1) WHERE seq=?1",
               dossier);
    }
    if (commit.opens_ticket) open_ticket(db, dossier, *commit.opens_ticket);
    for (std::size_t i = 0; i < commit.save_drafts.size(); ++i) {
        auto saved = save_draft(db, dossier, commit.save_drafts[i], prepared.draft_docs[i]);
        if (!saved) return saved;
    }
    session.seal(commit.audit);
    return {};
}

/// What `commit` will ask. Of a dossier under claim nobody else moves findings on or drafts.
void ask_ahead(Database& db, const StageCommit& commit) {
    db.ask_to_hold_ahead(claimed_dossier, commit.claim.dossier_id);
    for (const auto& change : commit.findings) db.ask_rows_ahead(finding_to_move, change.id);
    for (const auto& draft : commit.save_drafts) ask_draft_ahead(db, draft.id);
}

void give_back(WriteSession& session, std::int64_t dossier, std::optional<Timestamp> ready_at, std::int64_t attempts,
               const std::string& error) {
    session.db.run("UPDATE dossiers SET ready_at=?, attempts=?, last_error=?, lease_owner='', lease_until=NULL "
                   "WHERE seq=?",
                   ready_at, attempts, error, dossier);
    if (ready_at) session.made_ready();
}

/// The findings of a dead dossier that were not done die with it; the worst of them names the dead letter.
void bury(WriteSession& session, const Release& release, const Claimed& claimed) {
    std::vector<StoredStage> unfinished;
    std::string worst;
    {
        auto rows = session.db.query(
            "SELECT seq, source, stage, id FROM findings WHERE dossier=? ORDER BY severity DESC, seq", claimed.seq);
        while (rows.next()) {
            const StoredStage stored{
                .finding = rows.integer(0), .source = rows.text(1), .stage = stage_of(rows.text(2))};
            if (worst.empty() || (unfinished.empty() && is_unfinished(stored.stage))) worst = rows.text(3);
            if (is_unfinished(stored.stage)) unfinished.push_back(stored);
        }
    }
    for (const auto& victim : unfinished) set_finding_stage(session, victim, Stage::dead, release.at);
    session.db.run("UPDATE dossiers SET stage='dead', updated_at=? WHERE seq=?", release.at, claimed.seq);
    session.db.run("INSERT INTO dead_letters(id, finding_id, dossier, stage, error, attempts, at) "
                   "VALUES(?,?,?,?,?,?,?)",
                   new_id("dlt"), worst, claimed.seq, to_string(release.failed_stage), release.error,
                   claimed.attempts + 1, release.at); // the one that failed last counts, too
}

auto end_claim(WriteSession& session, const Release& release) -> Result<void> {
    const auto claimed = check_claim(session.db, release.claim);
    if (!claimed) return fail(claimed.error());
    const bool arrived = claimed->work_arrived;
    std::optional<Timestamp> ready_at;
    if (arrived) ready_at = release.at;
    switch (release.kind) {
    case Release::Kind::done:
        give_back(session, claimed->seq, ready_at, 0, "");
        break;
    case Release::Kind::wait:
        give_back(session, claimed->seq, arrived ? release.at : release.ready_at, claimed->attempts, release.error);
        break;
    case Release::Kind::retry:
        give_back(session, claimed->seq, arrived ? release.at : release.ready_at, claimed->attempts + 1, release.error);
        break;
    case Release::Kind::dead:
        // What failed is history where something new arrived meanwhile: that gets its own attempts before anything is
        // declared dead, and the entries that say "dead" would not be true.
        give_back(session, claimed->seq, ready_at, claimed->attempts, release.error);
        if (arrived) return {};
        bury(session, release, *claimed);
        break;
    }
    session.seal(release.audit);
    return {};
}

/// The oldest of a flow, for an owner of their own.
auto take_share(Database& db, const Share& share, const std::string& owner, Timestamp now, Timestamp until)
    -> std::vector<Claim> {
    std::vector<Claim> claims;
    std::vector<std::int64_t> dossiers;
    {
        auto rows = db.query("SELECT seq, id, fence + 1, work_seq, attempts FROM dossiers INDEXED BY dossiers_waiting "
                             "WHERE source=? AND severity=? AND ready_at IS NOT NULL AND ready_at<=? AND "
                             "lease_owner='' ORDER BY ready_at LIMIT ?",
                             share.flow->source, share.flow->severity, now, share.most);
        while (rows.next()) {
            dossiers.push_back(rows.integer(0));
            claims.push_back({.dossier_id = rows.text(1),
                              .fence = rows.integer(2),
                              .work_seq = rows.integer(3),
                              .attempts = rows.number(4)});
        }
    }
    for (const auto dossier : dossiers) {
        db.run("UPDATE dossiers SET lease_owner=?, lease_until=?, fence=fence+1 WHERE seq=?", owner, until, dossier);
    }
    return claims;
}

constexpr std::string_view dead_letter_columns =
    "SELECT l.seq, l.id, l.finding_id, d.id, l.stage, l.error, l.attempts, l.at, l.redriven_at, l.dossier "
    "FROM dead_letters l JOIN dossiers d ON d.seq = l.dossier ";

auto dead_letter_of(const Rows& rows) -> DeadLetter {
    return {.id = rows.text(1),
            .finding_id = rows.text(2),
            .dossier_id = rows.text(3),
            .stage = stage_of(rows.text(4)),
            .error = rows.text(5),
            .attempts = rows.number(6),
            .at = rows.time(7),
            .redriven_at = rows.optional_time(8)};
}

} // namespace

auto check_fence(Database& db, const Claim& claim) -> Result<std::int64_t> {
    auto claimed = check_claim(db, claim);
    if (!claimed) return fail(std::move(claimed.error()));
    return claimed->seq;
}

auto SqlStore::claim_ready(std::string owner, Timestamp now, Duration lease, std::size_t limit)
    -> Task<Result<std::vector<Claim>>> {
    using Claims = std::vector<Claim>;
    return write_with_others<Claims>([this, owner = std::move(owner), now, lease,
                                      limit](WriteSession& session) -> Result<Claims> {
        auto& db = session.db;
        db.run("UPDATE dossiers SET lease_owner='', lease_until=NULL WHERE lease_owner<>'' AND lease_until<=?", now);
        const auto take = [&](const std::vector<Share>& shares) {
            std::vector<Claims> taken;
            for (const auto& share : shares) taken.push_back(take_share(db, share, owner, now, now + lease));
            return taken;
        };
        return take_in_turn<Claim>(claim_order_, ready_flows(db, now), limit, take);
    });
}

auto SqlStore::renew(std::vector<Claim> claims, Timestamp until) -> Task<Result<void>> {
    return write<void>([claims = std::move(claims), until](WriteSession& session) -> Result<void> {
        for (const auto& claim : claims) { // one that was lost is left out: its next write hears of it
            session.db.run("UPDATE dossiers SET lease_until=? WHERE id=? AND fence=? AND lease_until IS NOT NULL",
                           until, claim.dossier_id, claim.fence);
        }
        return {};
    });
}

auto SqlStore::next_ready_at() -> Task<Result<std::optional<Timestamp>>> {
    using When = std::optional<Timestamp>;
    return read<When>([](Database& db) -> Result<When> {
        When next;
        {
            auto rows =
                db.query("SELECT min(lease_until) FROM dossiers WHERE lease_owner<>'' AND ready_at IS NOT NULL");
            if (rows.next()) next = rows.optional_time(0);
        }
        for (const auto& [flow, ready_at] : waiting_flows(db)) next = std::min(next.value_or(ready_at), ready_at);
        return next;
    });
}

auto SqlStore::reschedule(Timestamp now, Duration lease, bool is_certain) -> Task<Result<bool>> {
    return write<bool>([now, lease, is_certain](WriteSession& session) -> Result<bool> {
        constexpr Duration tolerance{2'000}; // between the clocks of two replicas
        auto& db = session.db;
        if (!is_certain) {
            auto rows = db.query("SELECT time FROM audit ORDER BY seq DESC LIMIT 1");
            if (!rows.next() || rows.time(0) <= now + tolerance) return false;
        }
        db.run("UPDATE dossiers SET ready_at=?1 WHERE ready_at>?1", now);
        db.run("UPDATE dossiers SET lease_until=?1 WHERE lease_until>?1", now + lease);
        db.run("UPDATE singletons SET until=?1 WHERE until>?1", now + lease);
        db.run("UPDATE intents SET next_at=?1 WHERE next_at>?1", now);
        session.made_ready();
        return true;
    });
}

auto SqlStore::load_work(std::string dossier_id) -> Task<Result<DossierRow>> {
    return read<DossierRow>([id = std::move(dossier_id)](Database& db) -> Result<DossierRow> {
        auto row = read_dossier(db, id, {.raw = true});
        if (!row) return fail(Errc::not_found, "no dossier has this id");
        return *std::move(row);
    });
}

auto SqlStore::commit_stage(StageCommit stage) -> Task<Result<void>> {
    const auto name = to_string(stage.stage);
    fault_point("stage.ready", name);
    const auto prepared = std::make_shared<const PreparedCommit>(prepare(std::move(stage), text_form_));
    auto committed = co_await write_with_others<void>(
        [prepared](WriteSession& session) -> Result<void> { return commit(session, *prepared); },
        {.questions = [prepared](WriteSession& session) { ask_ahead(session.db, prepared->commit); },
         .subject = prepared->commit.claim.dossier_id});
    fault_point("stage.stored", name);
    co_return committed;
}

auto SqlStore::complete_finding(FetchCommit completion) -> Task<Result<FetchOutcome>> {
    return write_with_others<FetchOutcome>(
        [completion = std::move(completion)](WriteSession& session) -> Result<FetchOutcome> {
            return store::complete_finding(session, completion);
        });
}

auto SqlStore::release(Release release) -> Task<Result<void>> {
    const auto ending = std::make_shared<const Release>(std::move(release));
    return write_with_others<void>(
        [ending](WriteSession& session) -> Result<void> { return end_claim(session, *ending); },
        {.questions =
             [ending](WriteSession& session) {
                 session.db.ask_to_hold_ahead(claimed_dossier, ending->claim.dossier_id);
             },
         .subject = ending->claim.dossier_id});
}

auto SqlStore::abandon_leases(std::string owner) -> Task<Result<void>> {
    return write<void>([owner = std::move(owner)](WriteSession& session) -> Result<void> {
        const auto freed = session.db.change("UPDATE dossiers SET lease_owner='', lease_until=NULL "
                                             "WHERE (?1='' OR lease_owner=?1) AND lease_owner<>''",
                                             owner);
        if (freed > 0) session.made_ready();
        return {};
    });
}

auto SqlStore::request_replay(std::string finding_id, Stage from, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<void>> {
    return write<void>(
        [id = std::move(finding_id), from, at, audit = std::move(audit)](WriteSession& session) -> Result<void> {
            std::int64_t dossier = 0;
            {
                auto rows = session.db.query("SELECT dossier FROM findings WHERE id=?", id);
                if (!rows.next()) return fail(Errc::not_found, "no finding has this id");
                dossier = rows.integer(0);
            }
            make_ready(session, dossier, at);
            session.db.run("UPDATE dossiers SET replay_from=? WHERE seq=?", to_string(from), dossier);
            session.seal(audit);
            return {};
        });
}

auto SqlStore::list_dead_letters(Page page) -> Task<Result<Listing<DeadLetter>>> {
    using Letters = Listing<DeadLetter>;
    return read<Letters>([page = std::move(page)](Database& db) -> Result<Letters> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        static const auto sql = std::string(dead_letter_columns) + "WHERE l.seq<? ORDER BY l.seq DESC LIMIT ?";
        return read_page<DeadLetter>(db.query(sql, *below, page.limit + 1), page.limit,
                                     [](const Rows& rows) { return std::pair(rows.integer(0), dead_letter_of(rows)); });
    });
}

auto SqlStore::redrive(std::string dead_letter_id, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<DeadLetter>> {
    return write<DeadLetter>(
        [id = std::move(dead_letter_id), at, audit = std::move(audit)](WriteSession& session) -> Result<DeadLetter> {
            DeadLetter letter;
            std::int64_t dossier = 0;
            {
                static const auto sql = std::string(dead_letter_columns) + "WHERE l.id=?";
                auto rows = session.db.query(sql, id);
                if (!rows.next()) return fail(Errc::not_found, "no dead letter has this id");
                letter = dead_letter_of(rows);
                dossier = rows.integer(9);
            }
            if (letter.redriven_at) {
                return fail(Errc::conflict, "redriven already, at " + format_time(*letter.redriven_at));
            }
            session.db.run("UPDATE dead_letters SET redriven_at=? WHERE id=?", at, id);
            letter.redriven_at = at;
            make_ready(session, dossier, at);
            session.seal(audit);
            return letter;
        });
}

} // namespace dossier::store
