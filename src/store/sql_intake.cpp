// What arrives: findings judged against what is known of them, and what could not be one.

#include "sql_accounting.hpp"
#include "sql_findings.hpp"
#include "sql_rows.hpp"
#include "sql_store.hpp"

#include "dossier/base/ids.hpp"

namespace dossier::store {

namespace {

auto quarantine(WriteSession& session, const Intake& intake, const Arrival& arrival) -> IntakeResult {
    IntakeResult result;
    result.outcome = Outcome::quarantined;
    std::int64_t known = 0;
    {
        auto rows = session.db.query("SELECT seq, id FROM quarantine WHERE identity=? AND source=? AND raw=?",
                                     arrival.identity, intake.source, Blob{arrival.item.raw});
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
                   "VALUES(?,?,?,?,?,?,?)",
                   result.id, arrival.identity, intake.source, arrival.item.quarantine_reason, intake.request_id,
                   intake.at, Blob{arrival.item.raw});
    return result;
}

/// Whoever hands in one entry for each item can't know the ids yet. They are filled in while this lives, and not for
/// good: the operation may run again, and then give others.
class NamedEntries {
public:
    NamedEntries(std::vector<AuditEntry>& audit, const std::vector<IntakeResult>& results) {
        if (audit.size() != results.size()) return;
        named_.reserve(audit.size());
        for (std::size_t i = 0; i < results.size(); ++i) {
            auto& entry = audit[i];
            if (results[i].outcome == Outcome::quarantined || !entry.finding_id.empty()) continue;
            named_.emplace_back(&entry, entry.dossier_id);
            entry.finding_id = results[i].id;
            entry.dossier_id = results[i].dossier_id;
        }
    }
    ~NamedEntries() {
        for (auto& [entry, dossier_id] : named_) {
            entry->finding_id.clear();
            entry->dossier_id = std::move(dossier_id);
        }
    }
    NamedEntries(const NamedEntries&) = delete;
    auto operator=(const NamedEntries&) -> NamedEntries& = delete;

private:
    std::vector<std::pair<AuditEntry*, std::string>> named_; ///< with the dossier that it named before
};

/// A poller reads the same things over and over; only what was news to us is worth remembering for ever.
auto without_known(const std::vector<AuditEntry>& audit, const std::vector<IntakeResult>& results)
    -> std::vector<AuditEntry> {
    std::vector<AuditEntry> news;
    for (std::size_t i = 0; i < audit.size(); ++i) {
        if (results[i].outcome != Outcome::duplicate) news.push_back(audit[i]);
    }
    return news;
}

auto take_delivery(WriteSession& session, const Intake& intake, const std::vector<Arrival>& arrivals,
                   std::vector<AuditEntry>& audit) -> Result<std::vector<IntakeResult>> {
    if (intake.cursor) {
        if (auto moved = move_cursor(session.db, *intake.cursor, intake.at); !moved) return fail(moved.error());
    }
    std::vector<IntakeResult> results;
    results.reserve(arrivals.size());
    DeliveryCount count(intake);
    for (const auto& arrival : arrivals) {
        if (!arrival.item.finding) {
            results.push_back(quarantine(session, intake, arrival));
            count.quarantined();
            continue;
        }
        auto taken = take_finding(session, intake.source, arrival, intake.at);
        count.taken(session.db, taken, arrival.item.why_not_delivered);
        results.push_back(std::move(taken.result));
    }
    count.save(session);
    const NamedEntries named(audit, results);
    if (form_of(intake.via) == Form::api && audit.size() == results.size())
        session.seal(without_known(audit, results));
    else
        session.seal(audit);
    return results;
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

auto move_cursor(Database& db, const CursorMove& move, Timestamp at) -> Result<void> {
    {
        auto rows = db.query("SELECT fence FROM singletons WHERE name=?", move.name);
        if (!rows.next() || rows.integer(0) != move.fence) {
            return fail(Error{.code = Errc::conflict,
                              .message = "somebody else polls now",
                              .context = {{"cursor", move.name}},
                              .retry_after = {}});
        }
    }
    db.run("INSERT INTO cursors(name, value, updated_at) VALUES(?,?,?) "
           "ON CONFLICT(name) DO UPDATE SET value=excluded.value, updated_at=excluded.updated_at",
           move.name, move.value, at);
    return {};
}

auto SqlStore::commit_intake(Intake intake, std::vector<AuditEntry> audit) -> Task<Result<std::vector<IntakeResult>>> {
    std::vector<Arrival> arrivals;
    arrivals.reserve(intake.items.size());
    for (auto& item : intake.items) arrivals.push_back(prepare(std::move(item), intake.source, intake.via, text_form_));
    intake.items.clear();
    using Results = std::vector<IntakeResult>;
    struct Delivery {
        Intake intake;
        std::vector<Arrival> arrivals;
        std::vector<AuditEntry> audit;
    };
    const auto delivery = std::make_shared<Delivery>(std::move(intake), std::move(arrivals), std::move(audit));
    return write<Results>(
        [delivery](WriteSession& session) -> Result<Results> {
            return take_delivery(session, delivery->intake, delivery->arrivals, delivery->audit);
        },
        [delivery](WriteSession& session) {
            for (const auto& arrival : delivery->arrivals) ask_ahead(session.db, delivery->intake.source, arrival);
        });
}

auto SqlStore::list_quarantine(Page page) -> Task<Result<Listing<QuarantineRow>>> {
    using Quarantine = Listing<QuarantineRow>;
    return read<Quarantine>([page = std::move(page)](Database& db) -> Result<Quarantine> {
        const auto below = cursor_seq(page.cursor);
        if (!below) return fail(below.error());
        static const auto sql = std::string(quarantine_columns) + "WHERE seq<? ORDER BY seq DESC LIMIT ?";
        return read_page<QuarantineRow>(db.query(sql, *below, page.limit + 1), page.limit, [](const Rows& rows) {
            return std::pair(rows.integer(0), quarantine_of(rows));
        });
    });
}

auto SqlStore::get_quarantine(std::string id) -> Task<Result<QuarantineRow>> {
    return read<QuarantineRow>([id = std::move(id)](Database& db) -> Result<QuarantineRow> {
        static const auto sql = std::string(quarantine_columns) + "WHERE id=?";
        auto rows = db.query(sql, id);
        if (!rows.next()) return fail(Errc::not_found, "nothing in quarantine has this id");
        return quarantine_of(rows);
    });
}

auto SqlStore::accept_quarantined(std::string id, IntakeItem item, Timestamp at, std::vector<AuditEntry> audit)
    -> Task<Result<IntakeResult>> {
    return write<IntakeResult>([id = std::move(id), item = std::move(item), at,
                                entries = std::move(audit)](WriteSession& session) -> Result<IntakeResult> {
        std::string source;
        {
            auto rows = session.db.query("SELECT source, finding_id FROM quarantine WHERE id=?", id);
            if (!rows.next()) return fail(Errc::not_found, "nothing in quarantine has this id");
            if (!rows.text(1).empty()) return fail(Errc::conflict, "it was taken in already, as " + rows.text(1));
            source = rows.text(0);
        }
        const auto arrival = prepare(item, source, Via::webhook, session.db.text_form());
        if (!arrival.item.finding) return fail(Errc::invalid_argument, "the item is still no finding");
        std::vector results{take_finding(session, source, arrival, at).result};
        session.db.run("UPDATE quarantine SET finding_id=? WHERE id=?", results.front().id, id);
        auto audit = entries;
        const NamedEntries named(audit, results);
        session.seal(audit);
        return results.front();
    });
}

} // namespace dossier::store
