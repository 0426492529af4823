#include "dossier/net/rate_gate.hpp"

#include "support/run_task.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;
using SteadyClock = std::chrono::steady_clock;
using test::run_task;

auto pass_times(RateGate& gate, int times, Deadline deadline) -> Task<Result<void>> {
    for (int i = 0; i < times; ++i) {
        if (auto passed = co_await gate.pass(deadline); !passed) co_return passed;
    }
    co_return Result<void>{};
}

auto time_of(RateGate& gate, int times) -> SteadyClock::duration {
    const auto begun = SteadyClock::now();
    EXPECT_TRUE(run_task(pass_times(gate, times, begun + 10s)));
    return SteadyClock::now() - begun;
}

TEST(RateGate, LetsABurstOfOneSecondPassAndSpacesTheRest) {
    RateGate gate(Rate{50});
    EXPECT_LT(time_of(gate, 50), 1s);
    const auto rest = time_of(gate, 10);
    EXPECT_GE(rest, 150ms); // the first ones may be due by now
    EXPECT_LT(rest, 2s);
}

TEST(RateGate, ARateBelowOneASecondHasNoBurst) {
    RateGate gate(Rate{0.5});
    EXPECT_LT(time_of(gate, 1), 1s);
    const auto second = run_task(gate.pass(SteadyClock::now() + 10ms));
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::rate_limited);
    ASSERT_TRUE(second.error().retry_after);
    EXPECT_GT(*second.error().retry_after, 1s);
    EXPECT_LE(*second.error().retry_after, 2s);
}

TEST(RateGate, WhoCannotWaitTakesNoTurnFromTheNext) {
    RateGate gate(Rate{1});
    EXPECT_LT(time_of(gate, 1), 500ms);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(run_task(gate.pass(SteadyClock::now())));
    EXPECT_LT(time_of(gate, 1), 2s);
}

TEST(RateGate, ZeroIsNoLimitAndStillHeld) {
    RateGate gate(Rate{0});
    EXPECT_LT(time_of(gate, 10'000), 2s);
    gate.hold(60ms);
    EXPECT_GE(time_of(gate, 3), 50ms);
}

TEST(RateGate, APauseHoldsEverybodyAndNoShorterOneEndsIt) {
    RateGate gate(Rate{1000});
    gate.hold(10s);
    gate.hold(1ms);
    const auto early = run_task(gate.pass(SteadyClock::now() + 20ms));
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().code, Errc::rate_limited);
    EXPECT_GT(early.error().retry_after.value_or(0ms), 9s);
}

auto pass_through(RateGate& gate, std::vector<std::string>& order, std::string name, Flow flow, Duration patience)
    -> Task<void> {
    const auto passed = co_await gate.pass(deadline_in(patience), std::move(flow));
    order.push_back(passed ? std::move(name) : name + " gave up");
}

TEST(RateGate, AWorseFindingAndAnotherSourceOvertakeWhatWaits) {
    asio::io_context loop;
    RateGate gate(Rate{50});
    gate.hold(100ms); // the first of them has the next turn, whoever comes then
    std::vector<std::string> order;
    const auto come = [&](const std::string& name, Flow flow) {
        asio::co_spawn(loop, pass_through(gate, order, name, std::move(flow), 10s), asio::detached);
    };
    for (int i = 0; i < 4; ++i) come("noise", {.source = "noisy", .severity = 1});
    come("quiet", {.source = "quiet", .severity = 1});
    come("worse", {.source = "noisy", .severity = 4});
    come("person", {});
    loop.run();
    const std::vector<std::string> expected = {"noise", "person", "worse", "noise", "quiet", "noise", "noise"};
    EXPECT_EQ(order, expected);
}

TEST(RateGate, WhoCannotHaveATurnInTimeIsRefusedAtOnceBySeverity) {
    asio::io_context loop;
    RateGate gate(Rate{1});
    std::vector<std::string> order;
    const auto come = [&](const std::string& name, std::int64_t severity, Duration patience) {
        asio::co_spawn(loop, pass_through(gate, order, name, {.source = "s", .severity = severity}, patience),
                       asio::detached);
    };
    come("first", 2, 10s);
    come("second", 2, 10s);
    come("third", 2, 1'500ms); // two seconds from now
    come("worse", 4, 10s);     // a second or two from now: the second has the next turn already
    loop.run_for(500ms);
    EXPECT_EQ(order, (std::vector<std::string>{"first", "third gave up"}));
    loop.run();
    EXPECT_EQ(order, (std::vector<std::string>{"first", "third gave up", "second", "worse"}));
}

} // namespace
} // namespace dossier::net
