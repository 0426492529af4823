#include "job.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <thread>

namespace dossier::store {
namespace {

using namespace std::chrono_literals;

struct Nothing {};

class Idle final : public Job<Nothing> {
public:
    Idle(asio::io_context& io, Haste haste) : Job(io.get_executor(), haste) {}
    void ask_ahead(Nothing& /*session*/) override {}
    auto run(Nothing& /*session*/) -> bool override { return true; }
    void fail(Error /*error*/) override {}
    void resume() override {}
};

class Gathering : public testing::Test {
protected:
    void push(Haste haste) { queue.push(std::make_unique<Idle>(io, haste)); }

    asio::io_context io;
    JobQueue<Nothing> queue;
};

/// Each gathers for an hour: who doesn't end it hangs.
TEST_F(Gathering, EndsForWhoCanNotWaitForEnoughAndForTheEnd) {
    struct Row {
        const char* name;
        std::function<void()> act;
        std::size_t jobs;
    };
    const Row rows[] = {
        {"one in haste after others", [&] { push(Haste::with_others), push(Haste::at_once); }, 2},
        {"as many as are enough", [&] { push(Haste::with_others), push(Haste::with_others), push(Haste::with_others); },
         3},
        {"the end, with one that waits", [&] { push(Haste::with_others), queue.close(); }, 1},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::thread gathers([&] { queue.gather(3, 1h); });
        row.act();
        gathers.join();
        EXPECT_EQ(queue.take(10).size(), row.jobs);
    }
}

TEST_F(Gathering, DoesNotWaitWhereSomebodyInHasteIsThere) {
    push(Haste::with_others);
    push(Haste::at_once);
    queue.gather(3, 1h);
    EXPECT_EQ(queue.take(1).size(), 1U) << "in their order, whoever is in haste";
    queue.gather(3, 1h);
    EXPECT_EQ(queue.take(10).size(), 1U);
    push(Haste::with_others);
    queue.gather(3, 1us); // nobody is in haste any more: the time is over
    EXPECT_EQ(queue.take(10).size(), 1U);
}

TEST_F(Gathering, WakesATakerAfterwards) {
    push(Haste::with_others);
    queue.gather(3, 1us);
    EXPECT_EQ(queue.take(10).size(), 1U);
    std::thread pushes([&] { push(Haste::with_others); });
    EXPECT_EQ(queue.take(10).size(), 1U);
    pushes.join();
}

} // namespace
} // namespace dossier::store
