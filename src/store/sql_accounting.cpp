#include "sql_accounting.hpp"

#include "sql_store.hpp"

#include <algorithm>
#include <map>

namespace dossier::store {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

auto day_of(Timestamp time) -> std::int64_t {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

} // namespace

/// A delivery has come: had a poller found it before?
auto DeliveryCount::arrive(Database& db, Taken& taken) -> bool {
    std::optional<Timestamp> found_at;
    {
        auto rows = db.query("DELETE FROM awaited WHERE finding=? RETURNING found_at", taken.finding);
        while (rows.next()) found_at = rows.time(0);
    }
    if (!found_at) return false;
    taken.result.late_by = std::max(at_ - *found_at, Duration{0});
    db.run("INSERT INTO delivery_days(source, day, late, late_ms) VALUES(?,?,1,?) ON CONFLICT(day, source) "
           "DO UPDATE SET late=delivery_days.late+1, late_ms=delivery_days.late_ms+excluded.late_ms",
           source_, day_of(*found_at), taken.result.late_by->count());
    return true;
}

void DeliveryCount::taken(Database& db, Taken& taken, const std::string& why_not_delivered) {
    const auto outcome = taken.result.outcome;
    switch (via_) {
    case Via::webhook:
    case Via::event:
        ++received_;
        // What nobody knew no poller has found.
        if (outcome != Outcome::created && !arrive(db, taken) && outcome == Outcome::duplicate) ++duplicates_;
        break;
    case Via::reconcile:
        if (outcome != Outcome::duplicate) {
            db.run(
                "INSERT INTO awaited(finding, source, found_at, due_at, why) VALUES(?,?,?,?,?) ON CONFLICT DO NOTHING",
                taken.finding, source_, at_, at_ + grace_, why_not_delivered);
        }
        break;
    case Via::backlog: // nobody delivers these
        break;
    }
}

void DeliveryCount::save(WriteSession& session) const {
    if (received_ == 0 && quarantined_ == 0) return;
    session.tally({.source = source_,
                   .day = day_of(at_),
                   .webhook = via_ == Via::webhook ? received_ : 0,
                   .event = via_ == Via::event ? received_ : 0,
                   .duplicates = duplicates_,
                   .quarantined = quarantined_});
}

auto SqlStore::note_missing(std::string source, Timestamp now)
    -> Task<Result<std::vector<std::pair<std::string, std::int64_t>>>> {
    using Reasons = std::vector<std::pair<std::string, std::int64_t>>;
    return write<Reasons>([source = std::move(source), now](WriteSession& session) -> Result<Reasons> {
        std::map<std::string, std::int64_t> reasons;
        auto rows = session.db.query(
            "UPDATE awaited SET noted=1 WHERE source=? AND noted=0 AND due_at<=? RETURNING why", source, now);
        while (rows.next()) ++reasons[rows.text(0)];
        return Reasons(reasons.begin(), reasons.end());
    });
}

auto SqlStore::deliveries(DeliveryFilter filter, Timestamp now) -> Task<Result<std::vector<DeliveryDay>>> {
    using Days = std::vector<DeliveryDay>;
    return read<Days>([filter = std::move(filter), now](Database& db) -> Result<Days> {
        const auto first = filter.since ? day_of(*filter.since) : 0;
        const auto last = filter.until ? day_of(*filter.until) : day_of(Timestamp::max()) - 1;
        std::map<std::pair<std::int64_t, std::string>, DeliveryDay> days; // by day, backwards
        const auto day_at = [&](std::int64_t day, std::string source) -> DeliveryDay& {
            auto& entry = days[{-day, source}];
            entry.source = std::move(source);
            entry.day = Timestamp(std::chrono::days(day));
            return entry;
        };
        auto counts = db.query("SELECT day, source, webhook, event, late, late_ms, duplicates, quarantined "
                               "FROM delivery_days WHERE day BETWEEN ?1 AND ?2 AND (?3='' OR source=?3)",
                               first, last, filter.source);
        while (counts.next()) {
            auto& day = day_at(counts.integer(0), counts.text(1));
            day.webhook = counts.integer(2);
            day.event = counts.integer(3);
            day.late = counts.integer(4);
            day.late_by = Duration(day.late == 0 ? 0 : counts.integer(5) / day.late);
            day.duplicates = counts.integer(6);
            day.quarantined = counts.integer(7);
        }
        auto missing =
            db.query("SELECT found_at / ?1, source, why, count(*) FROM awaited WHERE found_at >= ?2 AND "
                     "found_at < ?3 AND due_at <= ?4 AND (?5='' OR source=?5) GROUP BY 1, 2, 3 ORDER BY 4 DESC, 3",
                     day_ms, first * day_ms, (last + 1) * day_ms, now, filter.source);
        while (missing.next()) {
            auto& day = day_at(missing.integer(0), missing.text(1));
            day.never += missing.integer(3);
            day.reasons.emplace_back(missing.text(2), missing.integer(3));
        }
        Days listed;
        listed.reserve(days.size());
        for (auto& [key, day] : days) listed.push_back(std::move(day));
        return listed;
    });
}

} // namespace dossier::store
