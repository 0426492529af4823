// What people decide on: drafts, each decided once and bound to the content that was seen.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/finding/json.hpp"

#include <fmt/format.h>

namespace dossier::store {

namespace {

/// The draft, if it is still to be decided and still says what the caller saw.
auto pending_draft(Database& db, const std::string& id, const std::string& expected_hash) -> Result<StoredDraft> {
    auto rows = db.query("SELECT dossier, doc, unpacked_size FROM drafts WHERE id=?", id);
    if (!rows.next()) return fail(Errc::not_found, "no draft has this id");
    StoredDraft stored{.dossier = rows.integer(0), .draft = draft_of(rows, 1)};
    const auto& draft = stored.draft;
    if (draft.state != DraftState::pending) {
        return fail(Errc::conflict, draft.decided_by.empty()
                                        ? fmt::format("the draft is {} already", to_string(draft.state))
                                        : fmt::format("the draft is {} already, decided by {}", to_string(draft.state),
                                                      draft.decided_by));
    }
    if (!expected_hash.empty() && expected_hash != draft.content_hash) {
        return fail(Errc::conflict, "the draft's content has changed since you read it");
    }
    return stored;
}

} // namespace

auto replace_content(Database& db, const std::string& id, const std::string& expected_hash, const Draft& edited,
                     const DraftRevision& revision) -> Result<StoredDraft> {
    auto stored = pending_draft(db, id, expected_hash);
    if (!stored) return stored;
    auto& draft = stored->draft;
    draft.title = edited.title;
    draft.body = edited.body;
    draft.payload = edited.payload;
    draft.assignee = edited.assignee;
    draft.content_hash = content_hash(draft);
    const KeptText doc(to_text(draft), db.text_form());
    db.run("UPDATE drafts SET content_hash=?, edited=1, doc=?, unpacked_size=?, assignee=? WHERE id=?",
           draft.content_hash, doc, doc.unpacked_size(), draft.assignee, id);
    db.run("INSERT INTO draft_revisions(draft, number, by_whom, email, at, before_hash, after_hash, changes) "
           "SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7 FROM draft_revisions WHERE draft=?1",
           id, revision.by, revision.email, revision.at, revision.before_hash, draft.content_hash, revision.changes);
    return stored;
}

auto SqlStore::list_drafts(DraftFilter filter, Page page) -> Task<Result<Listing<Draft>>> {
    using Drafts = Listing<Draft>;
    return read<Drafts>([filter = std::move(filter), page = std::move(page)](Database& db) -> Result<Drafts> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        std::string sql = "SELECT seq, doc, unpacked_size FROM drafts WHERE seq < ?1";
        if (filter.state) sql += " AND state = ?2";
        if (!filter.dossier_id.empty()) sql += " AND dossier = (SELECT seq FROM dossiers WHERE id = ?3)";
        if (!filter.finding_id.empty()) {
            sql += " AND dossier = (SELECT dossier FROM findings WHERE id = ?4)"
                   " AND instr(finding_ids, '\n' || ?4 || '\n') > 0";
        }
        if (!filter.kind.empty()) sql += " AND kind = ?5";
        if (!filter.sink.empty()) sql += " AND sink = ?6";
        if (!filter.assignee.empty()) sql += " AND lower(assignee) = lower(?7)";
        if (!filter.owner.empty()) sql += " AND lower(owner) = lower(?8)";
        if (!filter.route.empty()) sql += " AND route = ?9";
        if (filter.severity) sql += " AND severity = ?10";
        if (filter.created_before) sql += " AND created_at < ?11";
        if (filter.created_after) sql += " AND created_at >= ?12";
        // The last parameter is always used, so all of them can always be bound.
        sql += fmt::format(" AND ?12 IS NOT NULL ORDER BY seq DESC LIMIT {}", page.limit + 1);
        const std::string_view state = filter.state ? to_string(*filter.state) : "";
        const std::string_view severity = filter.severity ? to_string(*filter.severity) : "";
        auto rows = db.query_once(sql, {sql_value(*below), sql_value(state), sql_value(filter.dossier_id),
                                        sql_value(filter.finding_id), sql_value(filter.kind), sql_value(filter.sink),
                                        sql_value(filter.assignee), sql_value(filter.owner), sql_value(filter.route),
                                        sql_value(severity), sql_value(filter.created_before.value_or(Timestamp{})),
                                        sql_value(filter.created_after.value_or(Timestamp{}))});
        return read_page<Draft>(std::move(rows), page.limit,
                                [](const Rows& row) { return std::pair(row.integer(0), draft_of(row, 1)); });
    });
}

auto SqlStore::get_draft(std::string id) -> Task<Result<Draft>> {
    return read<Draft>([id = std::move(id)](Database& db) -> Result<Draft> {
        auto rows = db.query("SELECT doc, unpacked_size FROM drafts WHERE id=?", id);
        if (!rows.next()) return fail(Errc::not_found, "no draft has this id");
        return draft_of(rows, 0);
    });
}

auto SqlStore::add_drafts(std::vector<Draft> drafts, bool opens_dossier, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<void>> {
    return write<void>([drafts = std::move(drafts), opens_dossier, at,
                        audit = std::move(audit)](WriteSession& session) -> Result<void> {
        if (drafts.empty()) return fail(Errc::invalid_argument, "there is no draft to add");
        const auto& id = drafts.front().dossier_id;
        if (opens_dossier) {
            // Nothing is to be done for it before a person decides, so it isn't ready.
            session.db.run("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at, work_seq) "
                           "VALUES(?1,?2,?3,?4,?5,?5,1)",
                           id, "drafts:" + id, to_string(Stage::awaiting_approval), rank_of(drafts.front().severity),
                           at);
        }
        std::int64_t dossier = 0;
        {
            auto rows = session.db.query("SELECT seq FROM dossiers WHERE id=? AND merged_into IS NULL", id);
            if (!rows.next()) return fail(Errc::not_found, "no dossier has this id");
            dossier = rows.integer(0);
        }
        for (const auto& draft : drafts) {
            if (draft.dossier_id != id) return fail(Errc::invalid_argument, "the drafts are of several dossiers");
            const KeptText doc(to_text(draft), session.db.text_form());
            if (auto saved = save_draft(session.db, dossier, draft, doc); !saved) return saved;
        }
        session.seal(audit);
        return {};
    });
}

auto SqlStore::edit_draft(std::string id, std::string expected_hash, Draft edited, DraftRevision revision,
                          std::vector<AuditEntry> audit) -> Task<Result<Draft>> {
    return write<Draft>([id = std::move(id), expected = std::move(expected_hash), edited = std::move(edited),
                         revision = std::move(revision),
                         audit = std::move(audit)](WriteSession& session) -> Result<Draft> {
        auto stored = replace_content(session.db, id, expected, edited, revision);
        if (!stored) return fail(std::move(stored.error()));
        session.seal(audit);
        return std::move(stored->draft);
    });
}

auto SqlStore::draft_revisions(std::string id) -> Task<Result<std::vector<DraftRevision>>> {
    using Revisions = std::vector<DraftRevision>;
    return read<Revisions>([id = std::move(id)](Database& db) -> Result<Revisions> {
        Revisions revisions;
        auto rows = db.query("SELECT number, by_whom, email, at, before_hash, after_hash, changes FROM draft_revisions "
                             "WHERE draft=? ORDER BY number LIMIT 1000",
                             id);
        while (rows.next()) {
            revisions.push_back({.number = rows.number(0),
                                 .by = rows.text(1),
                                 .email = rows.text(2),
                                 .at = rows.time(3),
                                 .before_hash = rows.text(4),
                                 .after_hash = rows.text(5),
                                 .changes = rows.text(6)});
        }
        return revisions;
    });
}

auto SqlStore::decide_draft(std::string id, std::string expected_hash, DraftState decision, std::string actor,
                            std::string comment, Timestamp at, std::vector<AuditEntry> audit) -> Task<Result<Draft>> {
    return write<Draft>([id = std::move(id), expected = std::move(expected_hash), decision, actor = std::move(actor),
                         comment = std::move(comment), at,
                         audit = std::move(audit)](WriteSession& session) -> Result<Draft> {
        if (decision == DraftState::pending || decision == DraftState::posted) {
            return fail(Errc::invalid_argument, "a draft is decided as approved, rejected or expired");
        }
        auto stored = pending_draft(session.db, id, expected);
        if (!stored) return fail(stored.error());
        auto& draft = stored->draft;
        draft.state = decision;
        draft.decided_by = actor;
        draft.decided_at = at;
        draft.comment = comment;
        if (decision == DraftState::approved) draft.approved_hash = draft.content_hash;
        rewrite_draft(session.db, draft);
        make_ready(session, stored->dossier, at);
        session.seal(audit);
        return draft;
    });
}

} // namespace dossier::store
