#include "coalescer.hpp"

#include "dossier/base/runtime.hpp"
#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <future>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;

TEST(Coalescer, AsksTogetherAndAnswersEachAlone) {
    std::atomic<int> calls = 0;
    std::atomic<int> right = 0;
    Coalescer<int, int> squares(64, [&](std::vector<int> items, Deadline) -> Task<Result<std::vector<int>>> {
        ++calls;
        (void)co_await sleep_for(5ms);
        for (auto& item : items) item *= item;
        co_return items;
    });
    Runtime runtime(4);
    runtime.start();
    TaskScope scope;
    for (int i = 0; i < 1'000; ++i)
        scope.spawn(runtime.next_lane().get_executor(), "asker", [&, i]() -> Task<void> {
            const auto square = co_await squares.ask(i, deadline_in(30s));
            if (square && *square == i * i) ++right;
        });
    std::promise<void> done;
    asio::co_spawn(runtime.lane(0), scope.close(deadline_in(60s)),
                   [&](const std::exception_ptr&) { done.set_value(); });
    done.get_future().wait();
    runtime.stop();
    EXPECT_EQ(right, 1'000);
    EXPECT_GE(calls, 16) << "at most 64 a call";
    EXPECT_LE(calls, 200);
}

TEST(Coalescer, AnErrorIsEverybodysAndTheNextBatchTriesAgain) {
    int calls = 0;
    Coalescer<int, int> echo(
        2,
        [&](std::vector<int> items, Deadline) -> Task<Result<std::vector<int>>> {
            if (++calls == 1) co_return fail(Errc::unavailable, "down");
            if (calls == 2) items.pop_back();
            co_return items;
        },
        1ms);
    const auto ask = [&](int item) { return run(echo.ask(item, deadline_in(5s))); };
    EXPECT_EQ(ask(1).error().code, Errc::unavailable);
    EXPECT_EQ(ask(2).error().code, Errc::internal) << "an answer is missing";
    EXPECT_EQ(ask(3), 3);
}

TEST(Coalescer, TheBatchSurvivesTheOneWhoMakesTheCall) {
    asio::io_context io;
    asio::cancellation_signal cancel;
    int calls = 0;
    Coalescer<int, int> echo(
        64,
        [&](std::vector<int> items, Deadline) -> Task<Result<std::vector<int>>> {
            if (++calls == 1) co_await never();
            co_return items;
        },
        1ms);
    bool first_ended = false;
    int second = 0;
    asio::co_spawn(io, echo.ask(1, deadline_in(10s)),
                   asio::bind_cancellation_slot(cancel.slot(),
                                                [&](const std::exception_ptr&, Result<int>) { first_ended = true; }));
    asio::co_spawn(io, echo.ask(2, deadline_in(10s)),
                   [&](const std::exception_ptr&, Result<int> answer) { second = answer.value_or(-1); });
    io.run_for(50ms);
    EXPECT_EQ(calls, 1);
    cancel.emit(asio::cancellation_type::terminal);
    io.run_for(5s);
    EXPECT_TRUE(first_ended);
    EXPECT_EQ(second, 2);
    EXPECT_EQ(calls, 2);
}

} // namespace
} // namespace dossier::context
