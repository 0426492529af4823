// Shares of flows that all have work, by simulation: what waits never ends unless a row says so.
#include "dossier/base/turn_order.hpp"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

namespace dossier {
namespace {

enum class Severity { informational, low, medium, high, critical };

auto flow(std::string source, Severity severity) -> Flow {
    return {.source = std::move(source), .severity = static_cast<std::int64_t>(severity)};
}

/// How many of `turns` single turns each flow got.
auto shares(TurnOrder& order, const std::vector<Flow>& ready, std::size_t turns) -> std::vector<std::size_t> {
    std::vector<std::size_t> got(ready.size(), 0);
    for (std::size_t i = 0; i < turns; ++i) ++got[order.next(ready, 1).front()];
    return got;
}

TEST(TurnOrder, SharesGoBySeverityAndNeverToZero) {
    struct Row {
        Severity other;
        std::size_t worse; ///< turns of `critical` for one of it
    };
    for (const auto& row : {Row{Severity::critical, 1}, Row{Severity::high, 8}, Row{Severity::medium, 32},
                            Row{Severity::low, 128}, Row{Severity::informational, 256}}) {
        SCOPED_TRACE(static_cast<int>(row.other));
        TurnOrder order;
        const auto got = shares(order, {flow("a", Severity::critical), flow("b", row.other)}, 10 * (row.worse + 1));
        EXPECT_EQ(got[0], 10 * row.worse);
        EXPECT_EQ(got[1], 10U);
    }
}

TEST(TurnOrder, SourcesAreEqualsHoweverManyTheyAre) {
    TurnOrder order;
    std::vector<Flow> ready;
    for (int i = 0; i < 20; ++i) ready.push_back(flow("source " + std::to_string(i), Severity::medium));
    for (const auto got : shares(order, ready, 20 * 50)) EXPECT_EQ(got, 50U);
}

TEST(TurnOrder, ABlockIsSharedLikeSingleClaims) {
    const std::vector<Flow> ready = {flow("a", Severity::critical), flow("b", Severity::high),
                                     flow("b", Severity::low)};
    TurnOrder single;
    TurnOrder block;
    std::vector<std::size_t> one_by_one;
    for (int i = 0; i < 640; ++i) one_by_one.push_back(single.next(ready, 1).front());
    std::vector<std::size_t> in_blocks;
    for (int i = 0; i < 10; ++i) {
        for (const auto turn : block.next(ready, 64)) in_blocks.push_back(turn);
    }
    EXPECT_EQ(one_by_one, in_blocks);
}

TEST(TurnOrder, AWorseFindingGoesNextWhateverWasServedBefore) {
    TurnOrder order;
    const auto noise = flow("noisy", Severity::low);
    for (int i = 0; i < 10'000; ++i) std::ignore = order.next({noise}, 1);
    EXPECT_EQ(order.next({noise, flow("noisy", Severity::critical)}, 1).front(), 1U);
    EXPECT_EQ(order.next({noise, flow("quiet", Severity::medium)}, 1).front(), 1U);
}

TEST(TurnOrder, WhoComesLateWaitsForOneTurnOfEachOtherSource) {
    TurnOrder order;
    const auto noise = flow("noisy", Severity::high);
    for (int i = 0; i < 10'000; ++i) std::ignore = order.next({noise}, 1);
    const auto turns = order.next({noise, flow("quiet", Severity::high)}, 2);
    EXPECT_NE(turns[0], turns[1]);
}

TEST(TurnOrder, WhoWasAwayHasNoSavings) {
    TurnOrder order;
    const auto first = flow("a", Severity::high);
    const auto second = flow("b", Severity::high);
    std::ignore = order.next({first, second}, 2);
    for (int i = 0; i < 1'000; ++i) std::ignore = order.next({first}, 1);
    const auto got = shares(order, {first, second}, 20);
    EXPECT_EQ(got[0], 10U);
    EXPECT_EQ(got[1], 10U);
}

/// Takes from counted flows, as a store would.
class Rows {
public:
    explicit Rows(std::vector<std::pair<Flow, int>> flows) {
        for (auto& [flow, count] : flows) {
            left_[flow] = count;
            ready.push_back(std::move(flow));
        }
    }
    auto take(TurnOrder& order, std::size_t limit) -> std::vector<std::string> {
        return take_in_turn<std::string>(order, ready, limit, [this](const std::vector<Share>& shares) {
            ++rounds;
            std::vector<std::vector<std::string>> taken;
            for (const auto& share : shares) {
                auto& left = left_[*share.flow];
                auto& names = taken.emplace_back();
                for (; left > 0 && names.size() < share.most; --left) names.push_back(share.flow->source);
            }
            return taken;
        });
    }
    std::vector<Flow> ready;
    int rounds = 0;

private:
    std::map<Flow, int> left_;
};

TEST(TurnOrder, WhatAFlowLeavesTheOthersGet) {
    TurnOrder order;
    Rows rows({{flow("short", Severity::critical), 3}, {flow("long", Severity::low), 1'000}});
    const auto taken = rows.take(order, 64);
    ASSERT_EQ(taken.size(), 64U);
    EXPECT_EQ(std::vector<std::string>(taken.begin(), taken.begin() + 3), std::vector<std::string>(3, "short"));
    EXPECT_LE(rows.rounds, 2);
}

TEST(TurnOrder, EndsWhereThereIsLessThanWasAskedFor) {
    TurnOrder order;
    Rows rows({{flow("a", Severity::high), 2}, {flow("b", Severity::high), 1}, {flow("gone", Severity::high), 0}});
    EXPECT_EQ(rows.take(order, 64).size(), 3U);
    EXPECT_TRUE(rows.take(order, 64).empty());
    EXPECT_TRUE((Rows({}).take(order, 64).empty()));
}

} // namespace
} // namespace dossier
