// What was said about drafts in chats. A draft that is over (rejected, expired, posted) and said so costs nothing more:
// `is_open` keeps such rows out of every look.

#include "sql_findings.hpp"
#include "sql_rows.hpp"
#include "sql_store.hpp"

#include <algorithm>

namespace dossier::store {

namespace {

constexpr Duration event_memory = std::chrono::days{7}; // Slack repeats within the hour; Teams puts no time on anything

constexpr std::string_view chat_columns =
    "m.key, m.draft_id, m.platform, m.kind, m.state, m.channel, m.ts, m.shown, m.attempts, m.lookups, m.reminders, "
    "m.next_at, m.attempted_at, m.posted_at, m.reason";
constexpr int columns_of_chat = 15;

/// A word from a later version reads as unknown: look before doing it again.
auto chat_state_of(const std::string& word) -> ChatMessage::State {
    using enum ChatMessage::State;
    for (const auto state : {planned, attempting, done, failed})
        if (word == to_string(state)) return state;
    return unknown;
}

auto chat_message_of(const Rows& rows) -> ChatMessage {
    return {.key = rows.text(0),
            .draft_id = rows.text(1),
            .platform = rows.text(2),
            .kind = rows.text(3),
            .state = chat_state_of(rows.text(4)),
            .channel = rows.text(5),
            .ts = rows.text(6),
            .shown = rows.text(7),
            .attempts = rows.number(8),
            .lookups = rows.number(9),
            .reminders = rows.number(10),
            .next_at = rows.time(11),
            .attempted_at = rows.optional_time(12),
            .posted_at = rows.optional_time(13),
            .reason = rows.text(14)};
}

/// Nothing more will be said: the draft is over and the message says it, or the message can't be sent at all. A
/// reminder says what it has to say once.
auto is_settled(const ChatMessage& message) -> bool {
    if (message.state == ChatMessage::State::failed) return true;
    if (message.state != ChatMessage::State::done) return false;
    return message.kind == "reminder" || message.shown.starts_with("rejected ") ||
           message.shown.starts_with("expired ") || message.shown.starts_with("posted ");
}

void write_chat(Database& db, const ChatMessage& message) {
    db.run("INSERT INTO chat_messages(key, draft_id, platform, kind, state, channel, ts, shown, attempts, lookups, "
           "reminders, next_at, attempted_at, posted_at, reason, is_open) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?) "
           "ON CONFLICT(key) DO UPDATE SET state=excluded.state, channel=excluded.channel, ts=excluded.ts, "
           "shown=excluded.shown, attempts=excluded.attempts, lookups=excluded.lookups, "
           "reminders=excluded.reminders, next_at=excluded.next_at, attempted_at=excluded.attempted_at, "
           "posted_at=excluded.posted_at, reason=excluded.reason, is_open=excluded.is_open",
           message.key, message.draft_id, message.platform, message.kind, to_string(message.state), message.channel,
           message.ts, message.shown, message.attempts, message.lookups, message.reminders, message.next_at,
           message.attempted_at, message.posted_at, message.reason, is_settled(message) ? 0 : 1);
}

auto read_work(Rows rows) -> std::vector<ChatWork> {
    std::vector<ChatWork> work;
    while (rows.next()) work.push_back({.message = chat_message_of(rows), .draft = draft_of(rows, columns_of_chat)});
    return work;
}

} // namespace

auto SqlStore::drafts_to_announce(std::string platform, std::string kind, std::size_t limit)
    -> Task<Result<std::vector<Draft>>> {
    using Drafts = std::vector<Draft>;
    return read<Drafts>(
        [platform = std::move(platform), kind = std::move(kind), limit](Database& db) -> Result<Drafts> {
            Drafts drafts;
            std::int64_t last = 0;
            while (drafts.size() < limit) {
                auto rows = db.query(
                    "SELECT d.seq, d.kind, d.doc, d.unpacked_size FROM drafts d JOIN dossiers o ON o.seq = d.dossier "
                    "WHERE d.state='pending' AND d.seq>?4 AND NOT EXISTS (SELECT 1 FROM chat_messages m WHERE "
                    "m.draft_id=d.id AND m.platform=?1 AND m.kind=?2) AND (d.kind<>'ticket' OR "
                    "o.stage='awaiting_approval') ORDER BY d.seq LIMIT ?3",
                    platform, kind, limit, last);
                std::size_t looked_at = 0;
                for (; rows.next(); ++looked_at) {
                    last = rows.integer(0);
                    auto draft = draft_of(rows, 2);
                    if ((rows.text(1) == "ticket" || draft.approval != "none") && drafts.size() < limit)
                        drafts.push_back(std::move(draft));
                }
                if (looked_at < limit) break;
            }
            return drafts;
        });
}

auto SqlStore::chat_work(std::string platform, Timestamp now, std::size_t limit)
    -> Task<Result<std::vector<ChatWork>>> {
    using Work = std::vector<ChatWork>;
    return read<Work>([platform = std::move(platform), now, limit](Database& db) -> Result<Work> {
        static const auto sql =
            "SELECT " + std::string(chat_columns) +
            ", d.doc, d.unpacked_size FROM chat_messages m JOIN drafts d ON d.id=m.draft_id WHERE m.is_open=1 AND "
            "m.platform=?1 AND m.next_at<=?2 AND (m.state<>'done' OR "
            "m.shown <> d.state || ' ' || d.content_hash) ORDER BY m.next_at, m.key LIMIT ?3";
        return read_work(db.query(sql, platform, now, limit));
    });
}

auto SqlStore::chat_to_remind(std::string platform, Timestamp now, Duration after, int most, std::size_t limit)
    -> Task<Result<std::vector<ChatWork>>> {
    using Work = std::vector<ChatWork>;
    return read<Work>([platform = std::move(platform), now, after, most, limit](Database& db) -> Result<Work> {
        static const auto sql =
            "SELECT " + std::string(chat_columns) +
            ", d.doc, d.unpacked_size FROM chat_messages m JOIN drafts d ON d.id=m.draft_id WHERE m.is_open=1 AND "
            "m.platform=?1 AND m.kind='channel' AND m.state='done' AND d.state='pending' AND "
            "m.reminders < ?4 AND m.posted_at + ?3 * (m.reminders + 1) <= ?2 LIMIT ?5";
        return read_work(db.query(sql, platform, now, after.count(), most, limit));
    });
}

auto SqlStore::chat_messages_of(std::string draft_id) -> Task<Result<std::vector<ChatMessage>>> {
    using Messages = std::vector<ChatMessage>;
    return read<Messages>([draft_id = std::move(draft_id)](Database& db) -> Result<Messages> {
        static const auto sql =
            "SELECT " + std::string(chat_columns) + " FROM chat_messages m WHERE m.draft_id=? ORDER BY m.key";
        auto rows = db.query(sql, draft_id);
        Messages messages;
        while (rows.next()) messages.push_back(chat_message_of(rows));
        return messages;
    });
}

auto SqlStore::save_chat(std::vector<ChatMessage> messages, std::vector<AuditEntry> audit) -> Task<Result<void>> {
    return write<void>(
        [messages = std::move(messages), audit = std::move(audit)](WriteSession& session) -> Result<void> {
            for (const auto& message : messages) write_chat(session.db, message);
            session.seal(audit);
            return {};
        });
}

auto SqlStore::first_chat_event(std::string id, Timestamp at) -> Task<Result<bool>> {
    return write<bool>([id = std::move(id), at](WriteSession& session) -> Result<bool> {
        session.db.run("DELETE FROM chat_events WHERE at < ?", at - event_memory);
        return session.db.change("INSERT INTO chat_events(id, at) VALUES(?,?) ON CONFLICT(id) DO NOTHING", id, at) == 1;
    });
}

auto SqlStore::finding_known_as(std::vector<std::pair<std::string, std::string>> identities)
    -> Task<Result<std::string>> {
    // Whoever writes knows the keys of the latest rows.
    return write<std::string>([identities = std::move(identities)](WriteSession& session) -> Result<std::string> {
        for (const auto& [source, fingerprint] : identities) {
            if (auto id = finding_id_of(session, source, fingerprint)) return *std::move(id);
        }
        return std::string();
    });
}

} // namespace dossier::store
