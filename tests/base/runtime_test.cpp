#include "support/run_task.hpp"

#include "dossier/base/runtime.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <gtest/gtest.h>

#include <atomic>

namespace dossier {
namespace {

using namespace std::chrono_literals;

TEST(TaskScope, WaitsForChildrenThatEndByThemselves) {
    Runtime runtime(2);
    runtime.start();
    TaskScope scope;
    std::atomic<int> done = 0;
    for (int i = 0; i < 50; ++i) {
        EXPECT_TRUE(scope.spawn(runtime.next_lane().get_executor(), "child", [&done]() -> Task<void> {
            co_await sleep_for(20ms);
            ++done;
        }));
    }
    dossier::test::start_task(runtime.lane(0), scope.close(deadline_in(10s))).get();
    EXPECT_EQ(done, 50);
    EXPECT_FALSE(scope.spawn(runtime.lane(0).get_executor(), "late", []() -> Task<void> { co_return; }));
}

TEST(TaskScope, CancelsWhatOutstaysTheDeadline) {
    Runtime runtime(2);
    runtime.start();
    TaskScope scope;
    std::atomic<bool> ran_to_end = false;
    scope.spawn(runtime.lane(1).get_executor(), "sleeper", [&]() -> Task<void> {
        if (co_await sleep_for(1h)) ran_to_end = true;
    });
    const auto start = std::chrono::steady_clock::now();
    dossier::test::start_task(runtime.lane(0), scope.close(deadline_in(30ms))).get();
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    EXPECT_FALSE(ran_to_end);
    EXPECT_EQ(scope.running(), 0U);
}

TEST(TaskScope, SurvivesAChildThatThrows) {
    Runtime runtime(1);
    runtime.start();
    TaskScope scope;
    scope.spawn(runtime.lane(0).get_executor(), "thrower", []() -> Task<void> {
        co_await sleep_for(1ms);
        throw std::runtime_error("on purpose");
    });
    dossier::test::start_task(runtime.lane(0), scope.close(deadline_in(10s))).get();
    EXPECT_EQ(scope.running(), 0U);
}

} // namespace
} // namespace dossier
