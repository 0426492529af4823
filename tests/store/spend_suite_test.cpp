// What a budget needs of a store: booked before it is spent, by one caller at a time, kept over a restart.
#include "support/run_task.hpp"

#include "store_suite.hpp"

#include <boost/asio/thread_pool.hpp>

#include <future>

namespace dossier::store {
namespace {

using Scope = SpendRefusal::Scope;

class SpendSuite : public StoreSuite {
protected:
    static auto order(const std::string& id, std::int64_t nanos, SpendLimits limits = {}, Timestamp at = minute(0))
        -> Reservation {
        return {.id = id,
                .at = at,
                .account = {.source = "wiz", .route = "rest", .provider = "main", .model = "m", .purpose = "narrative"},
                .nanos = nanos,
                .tokens = 100,
                .limits = limits};
    }
    auto reserve(Reservation reservation) -> std::optional<SpendRefusal> {
        return value_of(store().reserve_spend(std::move(reservation)));
    }
    void settle(const std::string& id, std::int64_t nanos, std::int64_t tokens = 10) {
        value_of(store().settle_spend(
            {.reservation = id, .nanos = nanos, .prompt_tokens = tokens, .completion_tokens = tokens}));
    }
    auto days(const SpendFilter& filter = {}) -> std::vector<SpendDay> { return value_of(store().spending(filter)); }
};

TEST_P(SpendSuite, BooksAtMostTheLimitAndSettlesWithWhatWasUsed) {
    const SpendLimits limits{.nanos_per_day = 100};
    EXPECT_FALSE(reserve(order("a", 60, limits)));
    EXPECT_FALSE(reserve(order("b", 40, limits))) << "a limit may be used up exactly";
    const auto refusal = reserve(order("c", 1, limits));
    ASSERT_TRUE(refusal);
    EXPECT_EQ(refusal->scope, Scope::day);
    EXPECT_EQ(refusal->limit, 100);
    EXPECT_EQ(refusal->committed, 100);
    settle("a", 10);
    EXPECT_FALSE(reserve(order("d", 50, limits))) << "what a call did not use is free again";
    EXPECT_TRUE(reserve(order("e", 1, limits)));
    settle("a", 0);
    settle("nobody", 5);
    const auto all = days();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].calls, 3);
    EXPECT_EQ(all[0].refused, 2);
    EXPECT_EQ(all[0].spent_nanos, 10) << "settled once";
    EXPECT_EQ(all[0].reserved_nanos, 90);
    EXPECT_EQ(all[0].prompt_tokens, 10);
    EXPECT_EQ(all[0].completion_tokens, 10);
}

TEST_P(SpendSuite, ACrashBetweenReservationAndSettlementFreesNothingUntilTheDayIsOver) {
    const SpendLimits limits{.nanos_per_day = 100};
    EXPECT_FALSE(reserve(order("a", 100, limits)));
    reopen();
    EXPECT_TRUE(reserve(order("b", 1, limits)));
    const auto tomorrow = minute(0) + std::chrono::hours(24);
    EXPECT_FALSE(reserve(order("c", 100, limits, tomorrow))) << "a new day";
    settle("a", 30); // late: it belongs to the day on which it was reserved
    const auto all = days();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].reserved_nanos, 100);
    EXPECT_EQ(all[0].spent_nanos, 0);
    EXPECT_EQ(all[1].reserved_nanos, 0);
    EXPECT_EQ(all[1].spent_nanos, 30);
    EXPECT_EQ(days({.since = tomorrow}).size(), 1U);
    EXPECT_EQ(days({.until = minute(0)}).size(), 1U);
    EXPECT_TRUE(days({.source = "orca"}).empty());
    EXPECT_EQ(days({.source = "wiz", .route = "rest"}).size(), 2U);
}

TEST_P(SpendSuite, TellsARefusalThatMayPassFromOneThatStays) {
    const SpendLimits limits{.nanos_per_day = 100};
    EXPECT_FALSE(reserve(order("a", 90, limits)));
    auto waiting = order("b", 20, limits);
    waiting.may_wait = true;
    EXPECT_TRUE(reserve(waiting).value().may_pass) << "the call under way may cost less";
    EXPECT_EQ(days().at(0).refused, 0) << "nobody gave up yet";
    settle("a", 85);
    EXPECT_FALSE(reserve(waiting).value().may_pass);
    EXPECT_EQ(days().at(0).refused, 1);
    EXPECT_FALSE(reserve(order("c", 15, limits)));
}

TEST_P(SpendSuite, HoldsALimitForEachSourceAndRoute) {
    auto of_source = order("a", 10, {.nanos_of_source = 10});
    EXPECT_FALSE(reserve(of_source));
    of_source.id = "b";
    of_source.account.route = "other";
    EXPECT_EQ(reserve(of_source).value().scope, Scope::source);
    of_source.account.source = "orca";
    EXPECT_FALSE(reserve(of_source)) << "another source has money of its own";

    auto of_route = order("c", 5, {.nanos_of_route = 14});
    EXPECT_EQ(reserve(of_route).value().scope, Scope::route) << "what was spent without a limit counts";
    of_route.account.route = "new";
    EXPECT_FALSE(reserve(of_route));
}

TEST_P(SpendSuite, HoldsTokensAMinute) {
    const SpendLimits limits{.tokens_per_minute = 200};
    EXPECT_FALSE(reserve(order("a", 0, limits)));
    EXPECT_FALSE(reserve(order("b", 0, limits)));
    EXPECT_EQ(reserve(order("c", 0, limits)).value().scope, Scope::minute);
    settle("a", 0, 20); // 40 of the 100
    EXPECT_TRUE(reserve(order("d", 0, limits)));
    settle("b", 0, 0);
    EXPECT_FALSE(reserve(order("e", 0, limits)));
    EXPECT_FALSE(reserve(order("f", 0, limits, minute(1)))) << "the window has moved on";
}

TEST_P(SpendSuite, ForgetsACallWhoseTokensNobodyLimits) {
    EXPECT_FALSE(reserve(order("a", 60)));
    EXPECT_FALSE(reserve(order("b", 40)));
    for (int again = 0; again < 2; ++again)
        value_of(store().settle_spend(
            {.reservation = "a", .nanos = 10, .prompt_tokens = 20, .completion_tokens = 30, .holds_tokens = false}));
    EXPECT_EQ(days().at(0).spent_nanos, 10) << "settled once";
    EXPECT_EQ(days().at(0).reserved_nanos, 40);
    EXPECT_EQ(days().at(0).completion_tokens, 30);
    EXPECT_FALSE(reserve(order("c", 0, {.tokens_per_minute = 200}))) << "only the call under way counts";
    EXPECT_TRUE(reserve(order("d", 0, {.tokens_per_minute = 200})));
}

TEST_P(SpendSuite, NeverOverspendsHoweverManyAskAtOnce) {
    constexpr int callers = 200;
    asio::thread_pool pool(4);
    std::vector<std::future<Result<std::optional<SpendRefusal>>>> answers;
    for (int i = 0; i < callers; ++i)
        answers.push_back(dossier::test::start_task(
            pool, store().reserve_spend(order("r" + std::to_string(i), 7, {.nanos_per_day = 100}))));
    int granted = 0;
    for (auto& answer : answers) granted += answer.get().value().has_value() ? 0 : 1;
    pool.join();
    // The writer may still be telling the pool of the last answer; its next write comes after that.
    settle("nobody", 0);
    EXPECT_EQ(granted, 14);
    EXPECT_EQ(days().at(0).reserved_nanos, 98);
    EXPECT_EQ(days().at(0).refused, callers - 14);
}

TEST_P(SpendSuite, GivesNarrativesToTheHighestRisksOfTheWindow) {
    const auto turn = [&](const std::string& dossier, double risk, Timestamp at = minute(0)) {
        return value_of(store().take_narrative_turn({.route = "rest",
                                                     .dossier_id = dossier,
                                                     .at = at,
                                                     .risk = risk,
                                                     .top_percent = 10,
                                                     .window = std::chrono::hours(24)}));
    };
    EXPECT_TRUE(turn("d0", 50).is_granted) << "a tenth of one is one";
    const auto low = turn("d1", 40);
    EXPECT_FALSE(low.is_granted);
    EXPECT_EQ(low.rank, 2);
    EXPECT_EQ(low.of, 2);
    EXPECT_TRUE(turn("d2", 90).is_granted) << "the highest so far";
    EXPECT_FALSE(turn("d2b", 90).is_granted) << "the place is taken by its equal";
    EXPECT_TRUE(turn("d2", 10).is_granted) << "what was granted stays so";
    EXPECT_TRUE(turn("n1", 1, minute(0) + std::chrono::hours(24)).is_granted) << "a new window";

    reopen();
    int granted = 0;
    for (int i = 0; i < 100; ++i)
        granted += turn("same" + std::to_string(i), 70, minute(0) + std::chrono::hours(48)).is_granted ? 1 : 0;
    EXPECT_EQ(granted, 10) << "of a hundred equals a tenth";
}

INSTANTIATE_TEST_SUITE_P(Stores, SpendSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
