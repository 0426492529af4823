// What may be spent on LLMs and what was: limits are held in the transaction that books.

#include "sql_store.hpp"

#include <fmt/format.h>

#include <cmath>

namespace dossier::store {

namespace {

constexpr std::chrono::minutes token_window{1};
constexpr std::chrono::days kept_unsettled{2}; ///< nobody settles these any more; the account of their day has them

auto spend_day_of(Timestamp time) -> std::int64_t {
    return std::chrono::floor<std::chrono::days>(time).time_since_epoch().count();
}

auto sum_of(Rows rows) -> std::int64_t { return rows.next() ? rows.integer(0) : 0; }

struct Committed {
    std::int64_t spent = 0;
    std::int64_t reserved = 0;
};

auto committed_in(Rows rows) -> Committed {
    if (!rows.next()) return {};
    return {.spent = rows.integer(0), .reserved = rows.integer(1)};
}

/// The first limit that has no room for what is wanted.
auto limit_in_the_way(Database& db, const Reservation& wanted, std::int64_t day) -> std::optional<SpendRefusal> {
    using Scope = SpendRefusal::Scope;
    std::optional<SpendRefusal> refusal;
    const auto hold = [&](Scope scope, std::int64_t limit, std::int64_t more, const auto& ask) {
        if (refusal || limit == 0) return;
        const Committed committed = ask();
        const auto sum = committed.spent + committed.reserved;
        if (more > limit - sum)
            refusal = SpendRefusal{.scope = scope,
                                   .limit = limit,
                                   .committed = sum,
                                   .may_pass = scope != Scope::minute && more <= limit - committed.spent};
    };
    const auto& limits = wanted.limits;
    hold(Scope::minute, limits.tokens_per_minute, wanted.tokens, [&] {
        return committed_in(
            db.query("SELECT coalesce(sum(tokens), 0), 0 FROM llm_reservations WHERE at>?", wanted.at - token_window));
    });
    hold(Scope::day, limits.nanos_per_day, wanted.nanos, [&] {
        return committed_in(
            db.query("SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0) FROM llm_days WHERE day=?", day));
    });
    hold(Scope::source, limits.nanos_of_source, wanted.nanos, [&] {
        return committed_in(db.query("SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0) FROM llm_days "
                                     "WHERE day=? AND source=?",
                                     day, wanted.account.source));
    });
    hold(Scope::route, limits.nanos_of_route, wanted.nanos, [&] {
        return committed_in(db.query("SELECT coalesce(sum(spent), 0), coalesce(sum(reserved), 0) FROM llm_days "
                                     "WHERE day=? AND route=?",
                                     day, wanted.account.route));
    });
    return refusal;
}

/// Adds to the account of a day.
void book(Database& db, std::int64_t day, const SpendAccount& account, std::int64_t calls, std::int64_t reserved,
          std::int64_t refused) {
    db.run("INSERT INTO llm_days(day, source, route, provider, model, purpose, calls, reserved, refused) "
           "VALUES(?,?,?,?,?,?,?,?,?) ON CONFLICT(day, source, route, provider, model, purpose) DO UPDATE SET "
           "calls=llm_days.calls+excluded.calls, reserved=llm_days.reserved+excluded.reserved, "
           "refused=llm_days.refused+excluded.refused",
           day, account.source, account.route, account.provider, account.model, account.purpose, calls, reserved,
           refused);
}

} // namespace

auto SqlStore::reserve_spend(Reservation reservation) -> Task<Result<std::optional<SpendRefusal>>> {
    using Answer = std::optional<SpendRefusal>;
    return write_with_others<Answer>([wanted = std::move(reservation)](WriteSession& session) -> Result<Answer> {
        auto& db = session.db;
        const auto day = spend_day_of(wanted.at);
        const auto refusal = limit_in_the_way(db, wanted, day);
        if (refusal && wanted.may_wait && refusal->may_pass) return refusal;
        if (refusal) {
            book(db, day, wanted.account, 0, 0, 1);
            return refusal;
        }
        if (wanted.limits.tokens_per_minute > 0)
            db.run("DELETE FROM llm_reservations WHERE is_settled=1 AND at<=?", wanted.at - token_window);
        db.run("DELETE FROM llm_reservations WHERE at<=?", wanted.at - kept_unsettled);
        const auto& account = wanted.account;
        db.run("INSERT INTO llm_reservations(id, at, source, route, provider, model, purpose, nanos, tokens) "
               "VALUES(?,?,?,?,?,?,?,?,?)",
               wanted.id, wanted.at, account.source, account.route, account.provider, account.model, account.purpose,
               wanted.nanos, wanted.tokens);
        book(db, day, account, 1, wanted.nanos, 0);
        return Answer{};
    });
}

auto SqlStore::settle_spend(Settlement settlement) -> Task<Result<void>> {
    return write_with_others<void>([used = std::move(settlement)](WriteSession& session) -> Result<void> {
        auto& db = session.db;
        std::int64_t day = 0;
        std::int64_t reserved = 0;
        SpendAccount account;
        {
            // A row that nobody asks for later goes at once: a minute's rows would be large, and their ids lie
            // anywhere.
            auto rows = used.holds_tokens
                            ? db.query("UPDATE llm_reservations SET is_settled=1, tokens=? WHERE id=? AND is_settled=0 "
                                       "RETURNING at, source, route, provider, model, purpose, nanos",
                                       used.prompt_tokens + used.completion_tokens, used.reservation)
                            : db.query("DELETE FROM llm_reservations WHERE id=? AND is_settled=0 "
                                       "RETURNING at, source, route, provider, model, purpose, nanos",
                                       used.reservation);
            if (!rows.next()) return {};
            day = spend_day_of(rows.time(0));
            account = {.source = rows.text(1),
                       .route = rows.text(2),
                       .provider = rows.text(3),
                       .model = rows.text(4),
                       .purpose = rows.text(5)};
            reserved = rows.integer(6);
        }
        db.run("UPDATE llm_days SET reserved=reserved-?, spent=spent+?, prompt_tokens=prompt_tokens+?, "
               "completion_tokens=completion_tokens+? "
               "WHERE day=? AND source=? AND route=? AND provider=? AND model=? AND purpose=?",
               reserved, used.nanos, used.prompt_tokens, used.completion_tokens, day, account.source, account.route,
               account.provider, account.model, account.purpose);
        return {};
    });
}

auto SqlStore::spending(SpendFilter filter) -> Task<Result<std::vector<SpendDay>>> {
    using Days = std::vector<SpendDay>;
    return read<Days>([filter = std::move(filter)](Database& db) -> Result<Days> {
        const auto first = filter.since ? spend_day_of(*filter.since) : 0;
        const auto last = spend_day_of(filter.until.value_or(Timestamp::max()));
        auto rows = db.query("SELECT day, source, route, provider, model, purpose, calls, prompt_tokens, "
                             "completion_tokens, spent, reserved, refused FROM llm_days WHERE day BETWEEN ?1 AND ?2 "
                             "AND (?3='' OR source=?3) AND (?4='' OR route=?4) "
                             "ORDER BY day DESC, source, route, provider, model, purpose",
                             first, last, filter.source, filter.route);
        Days days;
        while (rows.next()) {
            days.push_back({.day = Timestamp(std::chrono::days(rows.integer(0))),
                            .account = {.source = rows.text(1),
                                        .route = rows.text(2),
                                        .provider = rows.text(3),
                                        .model = rows.text(4),
                                        .purpose = rows.text(5)},
                            .calls = rows.integer(6),
                            .prompt_tokens = rows.integer(7),
                            .completion_tokens = rows.integer(8),
                            .spent_nanos = rows.integer(9),
                            .reserved_nanos = rows.integer(10),
                            .refused = rows.integer(11)});
        }
        return days;
    });
}

auto SqlStore::take_narrative_turn(NarrativeTurn turn) -> Task<Result<NarrativeRank>> {
    return write_with_others<NarrativeRank>([turn = std::move(turn)](WriteSession& session) -> Result<NarrativeRank> {
        auto& db = session.db;
        const auto risk = std::llround(turn.risk * 1'000);
        db.run("DELETE FROM narrative_turns WHERE route=? AND at<=?", turn.route, turn.at - turn.window);
        NarrativeRank answer;
        {
            auto rows = db.query(
                "SELECT count(*), coalesce(sum(CASE WHEN risk>?1 OR (risk=?1 AND is_granted=1) THEN 1 ELSE 0 END), 0) "
                "FROM narrative_turns WHERE route=?2 AND dossier_id<>?3",
                risk, turn.route, turn.dossier_id);
            rows.next();
            answer.of = rows.integer(0) + 1;
            answer.rank = rows.integer(1) + 1;
        }
        const auto was_granted =
            sum_of(db.query("SELECT is_granted FROM narrative_turns WHERE route=? AND dossier_id=?", turn.route,
                            turn.dossier_id)) != 0;
        const auto places =
            static_cast<std::int64_t>(std::ceil(static_cast<double>(answer.of) * turn.top_percent / 100 - 1e-9));
        answer.is_granted = was_granted || answer.rank <= places;
        db.run("INSERT INTO narrative_turns(route, dossier_id, at, risk, is_granted) VALUES(?,?,?,?,?) "
               "ON CONFLICT(route, dossier_id) DO UPDATE SET at=excluded.at, risk=excluded.risk, "
               "is_granted=excluded.is_granted",
               turn.route, turn.dossier_id, turn.at, risk, answer.is_granted);
        return answer;
    });
}

} // namespace dossier::store
