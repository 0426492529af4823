// Tickets after their creation: what they were told, and who says that they have changed.

#include "sql_rows.hpp"
#include "sql_store.hpp"

#include <chrono>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;

constexpr auto events_kept = 72h; ///< a tracker repeats a call-back for some hours at most

constexpr std::string_view ticket_columns =
    "SELECT d.id, t.generation, t.sink, t.ticket_key, t.remote_id, t.url, t.told, t.status, t.is_done, "
    "t.closed_by_person, t.seen_at, t.looks_wanted, t.looks_done FROM tickets t JOIN dossiers d ON d.seq = t.dossier ";

auto ticket_row_of(const Rows& rows) -> TicketRow {
    return {.dossier_id = rows.text(0),
            .generation = rows.number(1),
            .ticket = {.sink = rows.text(2), .key = rows.text(3), .url = rows.text(5), .id = rows.text(4)},
            .told = rows.text(6),
            .status = rows.text(7),
            .is_done = rows.integer(8) != 0,
            .closed_by_person = rows.integer(9) != 0,
            .seen_at = rows.optional_time(10),
            .looks_wanted = rows.integer(11),
            .looks_done = rows.integer(12)};
}

/// False for an event that was heard before.
auto remember_event(Database& db, const std::string& sink, const std::string& event_id, Timestamp at) -> bool {
    if (event_id.empty()) return true;
    return db.change("INSERT INTO tracker_events(sink, event_id, at) VALUES(?,?,?) ON CONFLICT DO NOTHING", sink,
                     event_id, at) > 0;
}

struct Sighted {
    std::int64_t ticket = 0;
    std::int64_t dossier = 0;
};

/// By the tracker's own id, which stays when an issue moves to another project, else by its key.
auto sighted(Database& db, const std::string& sink, const TicketSighting& sighting) -> std::optional<Sighted> {
    auto rows = db.query("SELECT seq, dossier FROM tickets WHERE sink=?1 AND ((?2<>'' AND remote_id=?2) OR "
                         "(?3<>'' AND ticket_key=?3)) ORDER BY remote_id=?2 DESC LIMIT 1",
                         sink, sighting.remote_id, sighting.key);
    if (!rows.next()) return std::nullopt;
    return Sighted{.ticket = rows.integer(0), .dossier = rows.integer(1)};
}

} // namespace

void open_ticket(Database& db, std::int64_t dossier, const TicketRow& row) {
    db.run("INSERT INTO tickets(dossier, generation, sink, ticket_key, remote_id, url, told) VALUES(?,?,?,?,?,?,?) "
           "ON CONFLICT DO NOTHING",
           dossier, row.generation, row.ticket.sink, row.ticket.key, row.ticket.id, row.ticket.url, row.told);
}

auto SqlStore::tickets_of(std::string dossier_id) -> Task<Result<std::vector<TicketRow>>> {
    using Tickets = std::vector<TicketRow>;
    return read<Tickets>([id = std::move(dossier_id)](Database& db) -> Result<Tickets> {
        static const auto sql = std::string(ticket_columns) + "WHERE d.id=? ORDER BY t.generation";
        auto rows = db.query(sql, id);
        Tickets tickets;
        while (rows.next()) tickets.push_back(ticket_row_of(rows));
        return tickets;
    });
}

auto SqlStore::plan_ticket(Claim claim, TicketRow row, std::vector<Intent> planned, std::vector<AuditEntry> audit)
    -> Task<Result<void>> {
    return write<void>([claim = std::move(claim), row = std::move(row), planned = std::move(planned),
                        audit = std::move(audit)](WriteSession& session) -> Result<void> {
        auto& db = session.db;
        const auto dossier = check_fence(db, claim);
        if (!dossier) return fail(dossier.error());
        open_ticket(db, *dossier, row);
        db.run("UPDATE tickets SET told=?, status=?, is_done=?, closed_by_person=?, seen_at=?, "
               "looks_done=max(looks_done, ?6) WHERE dossier=?7 AND generation=?8",
               row.told, row.status, row.is_done, row.closed_by_person, row.seen_at, row.looks_done, *dossier,
               row.generation);
        for (const auto& intent : planned) {
            {
                auto rows = db.query("SELECT 1 FROM intents WHERE key=?", intent.key);
                if (rows.next()) continue;
            }
            static_cast<void>(write_intent(db, intent)); // there is none
        }
        session.seal(audit);
        return {};
    });
}

auto SqlStore::note_ticket_news(TicketNews news) -> Task<Result<TicketNewsCount>> {
    return write<TicketNewsCount>([news = std::move(news)](WriteSession& session) -> Result<TicketNewsCount> {
        auto& db = session.db;
        if (news.cursor) {
            if (auto moved = move_cursor(db, *news.cursor, news.at); !moved) return fail(moved.error());
        }
        db.run("DELETE FROM tracker_events WHERE at<?", news.at - events_kept);
        TicketNewsCount count;
        for (const auto& sighting : news.sightings) {
            const auto known = sighted(db, news.sink, sighting);
            if (!known) {
                ++count.unknown; // not remembered: it may become ours before the event is repeated
                continue;
            }
            if (!remember_event(db, news.sink, sighting.event_id, news.at)) {
                ++count.repeated;
                continue;
            }
            db.run("UPDATE tickets SET looks_wanted=looks_wanted+1 WHERE seq=?", known->ticket);
            make_ready(session, known->dossier, news.at);
            ++count.noted;
        }
        return count;
    });
}

} // namespace dossier::store
