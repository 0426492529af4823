// Side effects outside, recorded before they are tried, and LLM answers that were paid for.

#include "sql_rows.hpp"
#include "sql_store.hpp"

namespace dossier::store {

namespace {

/// A word from a later version reads as unknown: look before doing it again.
auto state_of(const std::string& word) -> Intent::State {
    using enum Intent::State;
    for (const auto state : {planned, attempting, done, failed, skipped})
        if (word == to_string(state)) return state;
    return unknown;
}

constexpr std::string_view intent_columns =
    "SELECT key, dossier_id, draft_id, sink, state, ticket, content_hash, attempts, lookups, attempted_at, "
    "unknown_since, next_at, reason, body FROM intents ";

auto intent_of(const Rows& rows) -> Intent {
    return {.key = rows.text(0),
            .dossier_id = rows.text(1),
            .draft_id = rows.text(2),
            .sink = rows.text(3),
            .state = state_of(rows.text(4)),
            .ticket = ticket_of(rows, 5),
            .content_hash = rows.text(6),
            .attempts = rows.number(7),
            .lookups = rows.number(8),
            .attempted_at = rows.optional_time(9),
            .unknown_since = rows.optional_time(10),
            .next_at = rows.optional_time(11),
            .reason = rows.text(12),
            .body = rows.text(13)};
}

} // namespace

auto write_intent(Database& db, const Intent& intent) -> bool {
    // Whoever tries counts the try up, so behind an equal count nobody has tried meanwhile. Who was trying then may
    // have said since what came of it: a ticket that is known is not forgotten by one who has not read of it.
    const auto tries_before = intent.attempts - (intent.state == Intent::State::attempting ? 1 : 0);
    const auto written = db.change(
        "INSERT INTO intents(key, dossier_id, draft_id, sink, state, ticket, content_hash, attempts, lookups, "
        "attempted_at, unknown_since, next_at, reason, body) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
        "ON CONFLICT(key) DO UPDATE SET "
        "dossier_id=excluded.dossier_id, draft_id=excluded.draft_id, sink=excluded.sink, state=excluded.state, "
        "ticket=excluded.ticket, content_hash=excluded.content_hash, attempts=excluded.attempts, "
        "lookups=excluded.lookups, attempted_at=excluded.attempted_at, unknown_since=excluded.unknown_since, "
        "next_at=excluded.next_at, reason=excluded.reason, body=excluded.body WHERE intents.attempts <= ? "
        "AND (intents.ticket IS NULL OR excluded.ticket IS NOT NULL)",
        intent.key, intent.dossier_id, intent.draft_id, intent.sink, to_string(intent.state),
        ticket_text(intent.ticket), intent.content_hash, intent.attempts, intent.lookups, intent.attempted_at,
        intent.unknown_since, intent.next_at, intent.reason, intent.body, tries_before);
    return written > 0;
}

auto SqlStore::begin_intent(Intent intent) -> Task<Result<Intent>> {
    return write_with_others<Intent>([wanted = std::move(intent)](WriteSession& session) -> Result<Intent> {
        {
            static const auto sql = std::string(intent_columns) + "WHERE key=?";
            auto rows = session.db.query(sql, wanted.key);
            if (rows.next()) return intent_of(rows);
        }
        auto intent = wanted;
        intent.state = Intent::State::planned;
        static_cast<void>(write_intent(session.db, intent)); // there is none yet
        return intent;
    });
}

auto SqlStore::save_intent(Intent intent, std::vector<AuditEntry> audit) -> Task<Result<void>> {
    return write_with_others<void>(
        [intent = std::move(intent), audit = std::move(audit)](WriteSession& session) -> Result<void> {
            if (!write_intent(session.db, intent))
                return fail(Errc::conflict, "another replica has gone on with " + intent.key + " meanwhile");
            session.seal(audit);
            return {};
        });
}

auto SqlStore::intents_of(std::string dossier_id) -> Task<Result<std::vector<Intent>>> {
    using Intents = std::vector<Intent>;
    return read<Intents>([id = std::move(dossier_id)](Database& db) -> Result<Intents> {
        static const auto sql = std::string(intent_columns) + "WHERE dossier_id=? ORDER BY key";
        auto rows = db.query(sql, id);
        Intents intents;
        while (rows.next()) intents.push_back(intent_of(rows));
        return intents;
    });
}

auto SqlStore::intents_to_sweep(Timestamp now, std::size_t limit) -> Task<Result<std::vector<Intent>>> {
    using Intents = std::vector<Intent>;
    return read<Intents>([now, limit](Database& db) -> Result<Intents> {
        static const auto sql = std::string(intent_columns) +
                                "WHERE state='done' AND next_at IS NOT NULL AND next_at<=? ORDER BY next_at LIMIT ?";
        auto rows = db.query(sql, now, limit);
        Intents due;
        while (rows.next()) due.push_back(intent_of(rows));
        return due;
    });
}

auto SqlStore::automatic_actions_since(Timestamp since) -> Task<Result<std::size_t>> {
    return read<std::size_t>(
        [since](Database& db) -> Result<std::size_t> { return count_automatic_actions(db, since); });
}

auto SqlStore::cached_answer(std::string key) -> Task<Result<std::optional<std::string>>> {
    using Answer = std::optional<std::string>;
    return read<Answer>([key = std::move(key)](Database& db) -> Result<Answer> {
        auto rows = db.query("SELECT answer FROM answers WHERE key=?", key);
        if (!rows.next()) return Answer{};
        return rows.text(0);
    });
}

auto SqlStore::cache_answer(std::string key, std::string answer, Timestamp at) -> Task<Result<void>> {
    return write_with_others<void>(
        [key = std::move(key), answer = std::move(answer), at](WriteSession& session) -> Result<void> {
            session.db.run("INSERT INTO answers(key, at, answer) VALUES(?,?,?) "
                           "ON CONFLICT(key) DO UPDATE SET at=excluded.at, answer=excluded.answer",
                           key, at, answer);
            return {};
        });
}

} // namespace dossier::store
