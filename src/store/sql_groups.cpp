// Like findings that share one ticket: who belongs together, and when there are enough of them.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/json_view.hpp"

namespace dossier::store {

namespace {

struct StoredGroup {
    std::int64_t seq = 0;
    GroupView view;
};

constexpr std::string_view group_columns =
    "SELECT g.seq, coalesce(d.id, ''), g.facts, g.begins_at, coalesce(d.stage, 'received'), d.ticket, "
    "(SELECT count(*) FROM group_members m WHERE m.grp=g.seq), "
    "(SELECT count(*) FROM group_members m WHERE m.grp=g.seq AND EXISTS(SELECT 1 FROM findings f "
    "WHERE f.dossier=m.dossier AND f.status IN ('open','in_progress'))), g.ends_at, g.group_key "
    "FROM ticket_groups g LEFT JOIN dossiers d ON d.seq=g.dossier ";

auto group_of_row(const Rows& rows) -> StoredGroup {
    return {.seq = rows.integer(0),
            .view = {.dossier_id = rows.text(1),
                     .facts = rows.text(2),
                     .begins_at = rows.time(3),
                     .ends_at = rows.time(8),
                     .key = rows.text(9),
                     .stage = stage_of(rows.text(4)),
                     .ticket = ticket_of(rows, 5),
                     .members = static_cast<std::size_t>(rows.integer(6)),
                     .open = static_cast<std::size_t>(rows.integer(7))}};
}

auto read_group(Database& db, std::int64_t seq) -> StoredGroup {
    static const auto sql = std::string(group_columns) + "WHERE g.seq=?";
    auto rows = db.query(sql, seq);
    rows.next();
    return group_of_row(rows);
}

/// The group that takes in what comes now, opened where there is none.
auto current_group(Database& db, const GroupWish& wish, Timestamp at) -> std::int64_t {
    {
        auto rows = db.query("SELECT seq FROM ticket_groups WHERE group_key=? AND ends_at>? ORDER BY seq DESC LIMIT 1",
                             wish.key, at);
        if (rows.next()) return rows.integer(0);
    }
    return db.insert("INSERT INTO ticket_groups(group_key, begins_at, ends_at, facts) VALUES(?,?,?,?)", wish.key, at,
                     at + wish.window, wish.facts);
}

/// The group's own dossier: no finding is in it, and its draft is made by whoever claims it.
void form(WriteSession& session, std::int64_t group, Timestamp at) {
    auto& db = session.db;
    const auto id = new_id("dos");
    const auto seq =
        db.insert("INSERT INTO dossiers(id, exposure_key, stage, severity, created_at, updated_at, work_seq) "
                  "VALUES(?1,?2,?3,(SELECT max(d.severity) FROM group_members m JOIN dossiers d ON d.seq=m.dossier "
                  "WHERE m.grp=?4),?5,?5,0)",
                  id, std::string(group_exposure) + id, to_string(Stage::assessed), group, at);
    db.run("UPDATE ticket_groups SET dossier=? WHERE seq=?", seq, group);
    std::vector<std::int64_t> earlier;
    {
        auto rows = db.query("SELECT dossier FROM group_members WHERE grp=?", group);
        while (rows.next()) earlier.push_back(rows.integer(0));
    }
    for (const auto dossier : earlier) make_ready(session, dossier, at); // to give up drafts of their own
}

auto group_dossier(Database& db, std::int64_t group) -> std::optional<std::int64_t> {
    auto rows = db.query("SELECT dossier FROM ticket_groups WHERE seq=? AND dossier IS NOT NULL", group);
    if (!rows.next()) return std::nullopt;
    return rows.integer(0);
}

} // namespace

auto SqlStore::join_group(Claim claim, GroupWish wish, Timestamp at) -> Task<Result<GroupView>> {
    return write<GroupView>(
        [claim = std::move(claim), wish = std::move(wish), at](WriteSession& session) -> Result<GroupView> {
            auto& db = session.db;
            const auto dossier = check_fence(db, claim);
            if (!dossier) return fail(dossier.error());
            std::int64_t group = 0;
            {
                auto rows = db.query("SELECT grp FROM group_members WHERE dossier=?", *dossier);
                if (rows.next()) group = rows.integer(0);
            }
            if (group == 0) {
                group = current_group(db, wish, at);
                db.run("INSERT INTO group_members(dossier, grp, joined_at) VALUES(?,?,?)", *dossier, group, at);
            }
            auto known = group_dossier(db, group);
            std::int64_t members = 0;
            {
                auto rows = db.query("SELECT count(*) FROM group_members WHERE grp=?", group);
                rows.next();
                members = rows.integer(0);
            }
            if (!known && members >= static_cast<std::int64_t>(wish.min)) {
                form(session, group, at);
                known = group_dossier(db, group);
            }
            if (known) make_ready(session, *known, at);
            return read_group(db, group).view;
        });
}

auto SqlStore::group_of(std::string dossier_id) -> Task<Result<std::optional<GroupView>>> {
    using View = std::optional<GroupView>;
    return read<View>([id = std::move(dossier_id)](Database& db) -> Result<View> {
        static const auto sql = std::string(group_columns) +
                                "WHERE g.dossier=(SELECT seq FROM dossiers WHERE id=?1) OR g.seq=(SELECT m.grp FROM "
                                "group_members m JOIN dossiers o ON o.seq=m.dossier WHERE o.id=?1) LIMIT 1";
        auto rows = db.query(sql, id);
        if (!rows.next()) return View{};
        return View{group_of_row(rows).view};
    });
}

auto SqlStore::group_members(std::string group_dossier_id, std::size_t limit)
    -> Task<Result<std::vector<GroupMember>>> {
    using Members = std::vector<GroupMember>;
    return read<Members>([id = std::move(group_dossier_id), limit](Database& db) -> Result<Members> {
        auto rows = db.query(
            "SELECT d.id, f.id, f.title, f.owner, "
            "f.severity, EXISTS(SELECT 1 FROM findings o WHERE o.dossier=d.seq AND o.status IN "
            "('open','in_progress')) AS is_open, (SELECT t.ticket_key FROM tickets t WHERE t.dossier=d.seq ORDER BY "
            "t.generation DESC LIMIT 1), f.doc, f.unpacked_size "
            "FROM group_members m JOIN dossiers d ON d.seq=m.dossier "
            "JOIN findings f ON f.seq=(SELECT w.seq FROM findings w WHERE w.dossier=d.seq ORDER BY w.severity DESC, "
            "w.seq LIMIT 1) WHERE m.grp=(SELECT g.seq FROM ticket_groups g JOIN dossiers gd ON gd.seq=g.dossier WHERE "
            "gd.id=?1) ORDER BY is_open DESC, f.severity DESC, m.joined_at, m.dossier LIMIT ?2",
            id, limit);
        Members members;
        while (rows.next()) {
            const auto finding = JsonDocument::parse(text_of(rows, 7)); // none before it is normalised
            const auto word = [&](std::string_view pointer) {
                return finding ? std::string(finding->root().at(pointer).string().value_or("")) : std::string();
            };
            members.push_back({.dossier_id = rows.text(0),
                               .finding_id = rows.text(1),
                               .title = rows.text(2),
                               .resource = word("/resource/name"),
                               .owner = rows.text(3),
                               .severity = severity_of(rows.integer(4)),
                               .is_open = rows.integer(5) != 0,
                               .own_ticket = rows.text(6),
                               .url = word("/url")});
        }
        return members;
    });
}

auto SqlStore::tell_group(std::string dossier_id, Timestamp at) -> Task<Result<void>> {
    return write<void>([id = std::move(dossier_id), at](WriteSession& session) -> Result<void> {
        std::optional<std::int64_t> group;
        {
            auto rows = session.db.query("SELECT g.dossier FROM ticket_groups g JOIN group_members m ON m.grp=g.seq "
                                         "JOIN dossiers d ON d.seq=m.dossier WHERE d.id=? AND g.dossier IS NOT NULL",
                                         id);
            if (rows.next()) group = rows.integer(0);
        }
        if (group) make_ready(session, *group, at);
        return {};
    });
}

auto SqlStore::settle_members(Claim claim, Stage stage, std::optional<TicketRef> ticket, Timestamp at)
    -> Task<Result<void>> {
    return write<void>(
        [claim = std::move(claim), stage, ticket = std::move(ticket), at](WriteSession& session) -> Result<void> {
            auto& db = session.db;
            const auto dossier = check_fence(db, claim);
            if (!dossier) return fail(dossier.error());
            // Those that wait for this decision, and those that came back to a ticket that had been over. None of them
            // is unfinished, so that no count changes.
            constexpr std::string_view concerned =
                " IN (SELECT m.dossier FROM group_members m JOIN ticket_groups g ON g.seq=m.grp JOIN dossiers d ON "
                "d.seq=m.dossier WHERE g.dossier=?1 AND (d.stage='awaiting_approval' OR (?2='delivered' AND "
                "d.stage='closed' AND EXISTS(SELECT 1 FROM findings o WHERE o.dossier=d.seq AND o.status IN "
                "('open','in_progress')))) AND NOT EXISTS(SELECT 1 FROM drafts r WHERE r.dossier=d.seq AND r.state IN "
                "('pending','approved')))";
            static const auto findings =
                "UPDATE findings SET stage=?2, updated_at=?3 WHERE (stage='awaiting_approval' OR (?2='delivered' AND "
                "stage='closed' AND status IN ('open','in_progress'))) AND dossier" +
                std::string(concerned);
            static const auto dossiers =
                "UPDATE dossiers SET stage=?2, updated_at=?3, ticket=coalesce(?4, ticket) WHERE seq" +
                std::string(concerned);
            db.run(findings, *dossier, to_string(stage), at);
            db.run(dossiers, *dossier, to_string(stage), at, ticket_text(ticket));
            return {};
        });
}

} // namespace dossier::store
