#include "sqlite_writer.hpp"

#include "sqlite_place.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <thread>

namespace dossier::store {
namespace {

using namespace std::chrono_literals;

class Nothing final : public Job<WriteSession> {
public:
    Nothing(asio::io_context& io, Haste haste) : Job(io.get_executor(), haste) {}
    void ask_ahead(WriteSession& /*session*/) override {}
    auto run(WriteSession& /*session*/) -> bool override { return true; }
    void fail(Error /*error*/) override {}
    void resume() override {}
};

class SqliteWriterTest : public testing::Test {
protected:
    void SetUp() override { std::filesystem::create_directories(place.file().parent_path()); }
    void push(Haste haste) { queue.push(std::make_unique<Nothing>(io, haste)); }
    static void wait_for(const SqliteWriter& writer, std::uint64_t operations) {
        const auto end = std::chrono::steady_clock::now() + 60s;
        while (writer.counters().operations < operations && std::chrono::steady_clock::now() < end)
            std::this_thread::sleep_for(1ms);
        ASSERT_EQ(writer.counters().operations, operations);
    }

    SqlitePlace place;
    asio::io_context io;
    JobQueue<WriteSession> queue;
    Sealer sealer = plain_seal;
    Waker waker;
};

/// What comes one by one shares a commit once the writer has been busy; somebody in haste ends the gathering.
TEST_F(SqliteWriterTest, LetsOperationsGatherAfterAGroup) {
    push(Haste::with_others);
    push(Haste::with_others);
    SqliteWriter writer(place.file().string(), queue, sealer, waker, {.group_of_busy = 2, .enough = 3, .most = 1h});
    wait_for(writer, 2);
    for (int i = 0; i < 3; ++i) {
        std::this_thread::sleep_for(30ms); // a writer that doesn't gather commits each by itself
        push(Haste::with_others);
    }
    wait_for(writer, 5);
    EXPECT_EQ(writer.counters().groups, 2U);
    push(Haste::with_others);
    std::this_thread::sleep_for(30ms);
    push(Haste::at_once);
    wait_for(writer, 7);
    EXPECT_EQ(writer.counters().groups, 3U);
}

TEST_F(SqliteWriterTest, LetsNothingWaitWhereLittleGoesOn) {
    SqliteWriter writer(place.file().string(), queue, sealer, waker, {.group_of_busy = 2, .enough = 3, .most = 1h});
    for (std::uint64_t i = 1; i <= 3; ++i) {
        push(Haste::with_others);
        wait_for(writer, i); // an hour, if it waited for others
    }
    EXPECT_EQ(writer.counters().groups, 3U);
}

} // namespace
} // namespace dossier::store
