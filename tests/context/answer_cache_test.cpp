#include "answer_cache.hpp"

#include "dossier/base/runtime.hpp"
#include "support.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Text = std::optional<std::string>;

/// A source that counts how often it is asked and says what it is told to.
struct Source {
    std::atomic<int> calls = 0;
    Result<Text> says = Text("here");
    auto work() {
        return [this]() -> Task<Result<Text>> {
            ++calls;
            co_return says;
        };
    }
};

struct House {
    explicit House(std::size_t entries = 100) : store(entries, metrics, [this] { return now; }) {}
    Metrics metrics;
    AnswerStore::Time now = std::chrono::steady_clock::now();
    AnswerStore store;
    AnswerCache<Text> cache{"cmdb:test", store,
                            CacheRules<Text>{.times = {.ttl = 10min, .negative_ttl = 1min, .stale_for = 1h},
                                             .is_negative = [](const Text& text) { return !text; },
                                             .further_keys = {},
                                             .weight = {}}};
    Source source;

    auto ask(const std::string& key) -> Result<Answer<Text>> {
        return run(cache.ask(key, source.work(), deadline_in(5s)));
    }
};

TEST(AnswerCache, AsksAgainWhenItsTimeIsOver) {
    struct Row {
        const char* name;
        Result<Text> says;
        Duration later;
        int calls;
    };
    const Row rows[] = {
        {"fresh", Text("here"), 9min, 1},
        {"expired", Text("here"), 10min, 2},
        {"not known there", Text(), 59s, 1},
        {"not known there, a minute ago", Text(), 60s, 2},
        {"failed just now", fail(Errc::unavailable, "down"), 999ms, 1},
        {"failed a second ago", fail(Errc::unavailable, "down"), 1s, 2},
        {"somebody ran out of time", fail(Errc::timeout, "late"), 0ms, 2},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        House house;
        house.source.says = row.says;
        EXPECT_EQ(house.ask("key").has_value(), row.says.has_value());
        house.now += row.later;
        const auto second = house.ask("key");
        EXPECT_EQ(house.source.calls, row.calls);
        EXPECT_EQ(second.has_value(), row.says.has_value());
        if (second) EXPECT_EQ(second->value, *row.says);
        EXPECT_NE(house.ask("another key").has_value(), !row.says.has_value());
        EXPECT_EQ(house.source.calls, row.calls + 1) << "another key is another question";
    }
}

TEST(AnswerCache, GivesAnOldAnswerWithItsAgeWhileTheSourceIsDown) {
    House house;
    ASSERT_TRUE(house.ask("key").has_value());
    house.source.says = fail(Errc::unavailable, "refused the connection");
    house.now += 12min;
    const auto old = house.ask("key");
    ASSERT_TRUE(old.has_value());
    EXPECT_EQ(old->value, "here");
    EXPECT_EQ(old->age, 12min);
    EXPECT_EQ(old->reason, "refused the connection");
    house.source.says = Text("moved");
    house.now += 1s;
    const auto fresh = house.ask("key");
    ASSERT_TRUE(fresh.has_value());
    EXPECT_EQ(fresh->value, "moved");
    EXPECT_FALSE(fresh->age.has_value());
    house.source.says = fail(Errc::unavailable, "refused the connection");
    house.now += 71min;
    EXPECT_FALSE(house.ask("key").has_value()) << "too old to be better than nothing";
}

TEST(AnswerCache, ForgetsWhatWasUsedLeastRecentlyAndStaysBounded) {
    House house(3);
    for (const auto* key : {"a", "b", "c"}) ASSERT_TRUE(house.ask(key).has_value());
    ASSERT_TRUE(house.ask("a").has_value());
    ASSERT_TRUE(house.ask("d").has_value()); // b goes
    EXPECT_EQ(house.source.calls, 4);
    for (const auto* key : {"a", "c", "d"}) ASSERT_TRUE(house.ask(key).has_value());
    EXPECT_EQ(house.source.calls, 4);
    ASSERT_TRUE(house.ask("b").has_value());
    EXPECT_EQ(house.source.calls, 5);
    const auto metrics = house.metrics.render();
    EXPECT_THAT(metrics, HasSubstr("dossier_context_cache_entries{source=\"cmdb:test\"} 3"));
    EXPECT_THAT(metrics, HasSubstr("dossier_context_cache_evictions_total{source=\"cmdb:test\"} 2"));
    EXPECT_THAT(metrics, HasSubstr("dossier_context_cache_total{outcome=\"hit\",source=\"cmdb:test\"} 4"));
    EXPECT_THAT(metrics, HasSubstr("dossier_context_cache_total{outcome=\"miss\",source=\"cmdb:test\"} 5"));
}

TEST(AnswerCache, AHeavyAnswerTakesItsRoom) {
    House house(4);
    AnswerCache<Text> heavy("identity:test", house.store,
                            {.times = {},
                             .is_negative = {},
                             .further_keys = [](const Text&) { return std::vector<std::string>{"alias", ""}; },
                             .weight = [](const Text& text) { return text->size(); }});
    house.source.says = Text("xxx");
    const auto ask = [&](const std::string& key) { return run(heavy.ask(key, house.source.work(), deadline_in(5s))); };
    ASSERT_TRUE(ask("key").has_value());
    ASSERT_TRUE(ask("alias").has_value());
    ASSERT_TRUE(ask("key").has_value());
    EXPECT_EQ(house.source.calls, 1) << "an alias asks for the same";
    house.source.says = Text("too heavy for any room");
    ASSERT_TRUE(ask("huge").has_value());
    ASSERT_TRUE(ask("huge").has_value());
    EXPECT_EQ(house.source.calls, 3) << "not kept, but answered";
}

/// Callers on several lanes at once.
template <class Body>
void storm(Runtime& runtime, int callers, Body body) {
    TaskScope scope;
    for (int i = 0; i < callers; ++i)
        scope.spawn(runtime.next_lane().get_executor(), "caller", [&body, i]() -> Task<void> { return body(i); });
    std::promise<void> done;
    asio::co_spawn(runtime.lane(0), scope.close(deadline_in(60s)),
                   [&](const std::exception_ptr&) { done.set_value(); });
    done.get_future().wait();
}

TEST(AnswerCache, AThousandFindingsOfTenOwnersAskTenTimes) {
    Metrics metrics;
    AnswerStore store(1'000, metrics);
    AnswerCache<Text> cache("identity:test", store, {});
    std::atomic<int> calls = 0;
    std::atomic<int> right = 0;
    Runtime runtime(4);
    runtime.start();
    storm(runtime, 1'000, [&](int i) -> Task<void> {
        const auto key = "owner " + std::to_string(i % 10);
        auto work = [&calls, key]() -> Task<Result<Text>> {
            ++calls;
            (void)co_await sleep_for(20ms);
            co_return Text("answer for " + key);
        };
        const auto answer = co_await cache.ask(key, std::move(work), deadline_in(30s));
        if (answer && answer->value == "answer for " + key) ++right;
    });
    runtime.stop();
    EXPECT_EQ(calls, 10);
    EXPECT_EQ(right, 1'000);
}

TEST(AnswerCache, WhoeverIsCancelledLeavesTheQuestionToTheNext) {
    House house;
    asio::io_context io;
    asio::cancellation_signal cancel;
    std::atomic<int> calls = 0;
    const auto work = [&calls]() -> Task<Result<Text>> {
        if (++calls == 1) co_await never();
        co_return Text("second");
    };
    bool first_ended = false;
    Text second;
    asio::co_spawn(io, house.cache.ask("key", work, deadline_in(10s)),
                   asio::bind_cancellation_slot(
                       cancel.slot(), [&](const std::exception_ptr&, Result<Answer<Text>>) { first_ended = true; }));
    asio::co_spawn(io, house.cache.ask("key", work, deadline_in(10s)),
                   [&](const std::exception_ptr&, Result<Answer<Text>> answer) {
                       if (answer) second = answer->value;
                   });
    io.run_for(20ms);
    EXPECT_EQ(calls, 1);
    cancel.emit(asio::cancellation_type::terminal);
    io.run_for(5s);
    EXPECT_TRUE(first_ended);
    EXPECT_EQ(second, "second");
    EXPECT_EQ(calls, 2);
}

} // namespace
} // namespace dossier::context
