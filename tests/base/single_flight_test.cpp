#include "support/run_task.hpp"

#include "dossier/base/single_flight.hpp"

#include "dossier/base/runtime.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace dossier {
namespace {

using namespace std::chrono_literals;

class SingleFlightTest : public ::testing::Test {
protected:
    SingleFlightTest() { runtime.start(); }
    ~SingleFlightTest() override { runtime.stop(); }

    auto ask(std::size_t lane, SingleFlight<int>::Work work, std::chrono::milliseconds within = 10s,
             std::string key = "key") -> std::future<Result<int>> {
        return dossier::test::start_task(runtime.lane(lane),
                                         flights.run(std::move(key), std::move(work), deadline_in(within)));
    }
    /// Counts itself and answers once `open` is set.
    auto gated(Result<int> answer) -> SingleFlight<int>::Work {
        return [this, answer]() -> Task<Result<int>> {
            const int number = ++calls;
            while (!open) co_await sleep_for(1ms);
            co_return answer ? Result<int>(*answer + number) : answer;
        };
    }
    void wait_for_calls(int count) const {
        const auto limit = deadline_in(10s);
        while (calls < count && std::chrono::steady_clock::now() < limit) std::this_thread::sleep_for(1ms);
        ASSERT_GE(calls, count);
    }

    Runtime runtime{2};
    SingleFlight<int> flights;
    std::atomic<int> calls = 0;
    std::atomic<bool> open = false;
};

TEST_F(SingleFlightTest, OneCallServesEverybodyOnAllLanes) {
    std::vector<std::future<Result<int>>> answers;
    for (std::size_t i = 0; i < 200; ++i) answers.push_back(ask(i % 2, gated(100)));
    wait_for_calls(1);
    open = true;
    int shared = 0;
    for (auto& answer : answers) {
        const auto value = answer.get();
        ASSERT_TRUE(value.has_value());
        if (*value == 101) ++shared;
    }
    // Who asked after the answer had landed led a flight of their own; the first served at least those before it.
    EXPECT_GE(shared, 1);
    EXPECT_LT(calls, 200);
}

TEST_F(SingleFlightTest, OtherKeysFlyAlone) {
    auto one = ask(0, gated(0), 10s, "one");
    auto two = ask(1, gated(0), 10s, "two");
    wait_for_calls(2);
    open = true;
    EXPECT_TRUE(one.get().has_value());
    EXPECT_TRUE(two.get().has_value());
}

TEST_F(SingleFlightTest, AnErrorIsSharedToo) {
    auto leader = ask(0, gated(fail(Errc::forbidden, "no")));
    wait_for_calls(1);
    auto follower = ask(1, gated(1));
    auto impatient = ask(1, gated(1), 30ms); // by the time it gives up, the follower waits as well
    EXPECT_EQ(impatient.get().error().code, Errc::timeout);
    open = true;
    EXPECT_EQ(leader.get().error().code, Errc::forbidden);
    EXPECT_EQ(follower.get().error().code, Errc::forbidden);
    EXPECT_EQ(calls, 1);
}

TEST_F(SingleFlightTest, TheNextLeadsWhereTheFirstWasCancelled) {
    asio::cancellation_signal stop;
    auto work = [this]() -> Task<Result<int>> {
        ++calls;
        if (!co_await sleep_for(1h)) co_return fail(Errc::cancelled, "stopped");
        co_return 0;
    };
    auto leader = asio::co_spawn(runtime.lane(0), flights.run("key", work, deadline_in(2h)),
                                 asio::bind_cancellation_slot(stop.slot(), asio::use_future));
    wait_for_calls(1);
    auto follower = ask(1, gated(40));
    auto impatient = ask(1, gated(40), 30ms);
    EXPECT_EQ(impatient.get().error().code, Errc::timeout);
    open = true;
    asio::post(runtime.lane(0), [&] { stop.emit(asio::cancellation_type::terminal); });
    const auto taken_over = follower.get();
    ASSERT_TRUE(taken_over.has_value());
    EXPECT_EQ(*taken_over, 42); // the second call's answer
    try {
        EXPECT_FALSE(leader.get().has_value());
    } catch (const std::exception& cancelled) {
        SUCCEED() << cancelled.what();
    }
}

TEST_F(SingleFlightTest, ALeaderOutOfTimeDoesNotSpeakForTheOthers) {
    auto late = [this]() -> Task<Result<int>> {
        ++calls;
        while (!open) co_await sleep_for(1ms);
        co_return fail(Errc::timeout, "my time was short");
    };
    auto leader = ask(0, late);
    wait_for_calls(1);
    auto follower = ask(1, gated(40));
    auto impatient = ask(1, gated(40), 30ms);
    EXPECT_EQ(impatient.get().error().code, Errc::timeout);
    open = true;
    EXPECT_EQ(leader.get().error().code, Errc::timeout);
    const auto answer = follower.get();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(*answer, 42);
}

} // namespace
} // namespace dossier
