// The pool on real threads and a real store; what the workers do is scripted.
#include "support/house.hpp"

#include "dossier/pipeline/worker_pool.hpp"

#include <boost/asio/post.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;
using store::Release;
using test::run_task;
using test::value_of;
using testing::IsEmpty;
using testing::SizeIs;

class AtomicClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override { return Timestamp{Duration{now_.load()}}; }
    void step(Duration by) { now_ += by.count(); }

private:
    std::atomic<std::int64_t> now_{1'700'000'000'000};
};

/// Counts, and lets the test wait until a count is reached.
class Tally {
public:
    void add() {
        const std::lock_guard lock(mutex_);
        ++count_;
        changed_.notify_all(); // under the lock: whoever is woken may destroy this
    }
    [[nodiscard]] auto reaches(int wanted, std::chrono::seconds limit = 30s) -> bool {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, limit, [&] { return count_ >= wanted; });
    }
    [[nodiscard]] auto value() -> int {
        const std::lock_guard lock(mutex_);
        return count_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    int count_ = 0;
};

class WorkerPoolTest : public testing::Test {
public:
    WorkerPoolTest() {
        config.in_flight = 4;
        runtime.start();
    }
    ~WorkerPoolTest() override {
        if (pool) stop(5s);
        pool.reset();
        runtime.stop(1s);
        store->close();
    }

    void add_work(int count) {
        store::Intake intake{.source = "scan", .request_id = "r", .at = clock.now(), .items = {}};
        for (int i = 0; i < count; ++i) {
            Finding finding;
            finding.source = "scan";
            finding.source_id = std::to_string(++made);
            finding.title = "finding " + finding.source_id;
            finding.fingerprint = make_fingerprint(finding);
            finding.exposure_key = finding.fingerprint;
            intake.items.push_back({.finding = std::move(finding), .raw = "{}", .quarantine_reason = {}});
        }
        value_of(store->commit_intake(std::move(intake), {}));
    }
    void start(Advance advance) {
        pool = std::make_unique<WorkerPool>(runtime, counting, std::move(advance), config, clock, metrics);
        pool->start();
    }
    void stop(std::chrono::steady_clock::duration grace) {
        const auto closing = [](WorkerPool& closed, Deadline deadline) -> Task<bool> {
            co_await closed.stop(deadline);
            co_return true;
        };
        run_task(closing(*pool, deadline_in(grace)));
    }
    [[nodiscard]] auto done(store::Claim claim) const -> Release {
        return {.claim = std::move(claim), .at = clock.now(), .kind = Release::Kind::done};
    }

    test::TempDirectory directory;
    AtomicClock clock;
    Metrics metrics;
    QueueConfig config;
    int made = 0;
    std::unique_ptr<store::Store> store =
        *store::open_store({.url = "sqlite:" + directory.file("dossier.db")}, audit::seal);
    test::FailingStore counting{*store};
    Runtime runtime{2};
    std::unique_ptr<WorkerPool> pool;
};

TEST_F(WorkerPoolTest, WorksOnEverythingAndNeverOnMoreThanItMay) {
    std::atomic<int> running = 0;
    std::atomic<int> most = 0;
    Tally ended;
    add_work(40);
    start([&](store::Claim claim) -> Task<Release> {
        return [](WorkerPoolTest* self, std::atomic<int>* now, std::atomic<int>* peak, Tally* tally,
                  store::Claim mine) -> Task<Release> {
            const int here = ++*now;
            int seen = peak->load();
            while (here > seen && !peak->compare_exchange_weak(seen, here)) {
            }
            for (int turn = 0; turn < 5; ++turn)
                co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            --*now;
            tally->add();
            co_return Release{.claim = std::move(mine), .at = self->clock.now(), .kind = Release::Kind::done};
        }(this, &running, &most, &ended, std::move(claim));
    });
    ASSERT_TRUE(ended.reaches(40));
    EXPECT_LE(most.load(), 4);
    EXPECT_GE(most.load(), 1);
}

/// Advance that ends the n-th claim as `kinds[n]` says, then as done.
class Scripted {
public:
    Scripted(const Clock& clock, std::vector<Release::Kind> kinds) : clock_(clock), kinds_(std::move(kinds)) {}
    Tally calls;
    [[nodiscard]] auto advance() -> Advance {
        return [this](store::Claim claim) { return end(std::move(claim)); };
    }

private:
    auto end(store::Claim claim) -> Task<Release> {
        const auto turn = static_cast<std::size_t>(next_++);
        Release release{.claim = std::move(claim),
                        .at = clock_.now(),
                        .kind = turn < kinds_.size() ? kinds_[turn] : Release::Kind::done,
                        .ready_at = clock_.now() + Duration{3'600'000},
                        .error = "scripted"};
        calls.add();
        co_return release;
    }
    const Clock& clock_;
    std::vector<Release::Kind> kinds_;
    std::atomic<int> next_ = 0;
};

TEST_F(WorkerPoolTest, IsWokenByWhatArrivesWhileItRests) {
    Scripted script(clock, {});
    start(script.advance());
    for (int i = 1; i <= 5; ++i) {
        add_work(1);
        ASSERT_TRUE(script.calls.reaches(i)) << i;
    }
}

TEST_F(WorkerPoolTest, TriesAgainWhenTheTimeHasComeAndNotBefore) {
    for (const auto kind : {Release::Kind::retry, Release::Kind::wait}) {
        Scripted script(clock, {kind});
        const auto before = made;
        start(script.advance());
        add_work(1);
        ASSERT_TRUE(script.calls.reaches(1));
        add_work(1); // proof that the pool has looked again, and has not taken the one that waits
        ASSERT_TRUE(script.calls.reaches(2));
        EXPECT_EQ(script.calls.value(), made - before);
        clock.step(Duration{3'600'001});
        EXPECT_TRUE(script.calls.reaches(3));
        stop(5s);
        pool.reset();
    }
}

TEST_F(WorkerPoolTest, WhatWaitsIsDueWhenTheClockIsSetBack) {
    Scripted script(clock, {Release::Kind::wait});
    start(script.advance());
    add_work(1);
    ASSERT_TRUE(script.calls.reaches(1));
    clock.step(-Duration{6 * 3'600'000});
    EXPECT_TRUE(script.calls.reaches(2)) << "it would wait for seven hours";
}

TEST_F(WorkerPoolTest, GivesBackWhatTheStoreCouldNotTakeAtFirst) {
    counting.bad_releases = 2;
    Scripted script(clock, {Release::Kind::retry});
    start(script.advance());
    add_work(1);
    ASSERT_TRUE(script.calls.reaches(1));
    const auto until = std::chrono::steady_clock::now() + 30s;
    const auto is_given_back = [&] { return value_of(store->next_ready_at()) == clock.now() + Duration{3'600'000}; };
    while (!is_given_back() && std::chrono::steady_clock::now() < until) value_of(store->probe());
    EXPECT_TRUE(is_given_back()) << "it would wait for the end of its lease";
}

TEST_F(WorkerPoolTest, DoesNotHammerAStoreThatFails) {
    counting.claims_fail = true;
    Scripted script(clock, {});
    add_work(3);
    start(script.advance());
    const auto until = std::chrono::steady_clock::now() + 300ms;
    while (std::chrono::steady_clock::now() < until) value_of(store->probe());
    stop(5s);
    EXPECT_LE(counting.claims_asked, 10);
    EXPECT_EQ(script.calls.value(), 0);
    pool.reset();
}

TEST_F(WorkerPoolTest, AtTheDeadlineItCancelsWhatHangsAndGivesTheLeasesBack) {
    Tally begun;
    Tally cancelled;
    config.in_flight = 50;
    add_work(50);
    start([&](store::Claim claim) -> Task<Release> {
        return [](Tally* in, Tally* out, store::Claim mine) -> Task<Release> {
            in->add();
            struct Leaving {
                Tally* out;
                ~Leaving() { out->add(); }
            } const leaving{out};
            co_await sleep_for(1h);
            co_return Release{.claim = std::move(mine)};
        }(&begun, &cancelled, std::move(claim));
    });
    ASSERT_TRUE(begun.reaches(50));
    EXPECT_EQ(pool->in_flight(), 50U);
    const auto start_of_stop = std::chrono::steady_clock::now();
    stop(200ms);
    EXPECT_LT(std::chrono::steady_clock::now() - start_of_stop, 10s);
    EXPECT_EQ(cancelled.value(), 50) << "no coroutine is left behind";
    EXPECT_EQ(pool->in_flight(), 0U);
    pool.reset();
    EXPECT_THAT(value_of(store->claim_ready("another", clock.now(), Duration{60'000}, 100)), SizeIs(50));
}

TEST_F(WorkerPoolTest, StopsUnderLoadWithNothingDoneTwiceAndNothingLost) {
    Tally ended;
    config.in_flight = 16;
    add_work(300);
    start([&](store::Claim claim) -> Task<Release> {
        return [](WorkerPoolTest* self, Tally* tally, store::Claim mine) -> Task<Release> {
            co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
            tally->add();
            co_return Release{.claim = std::move(mine), .at = self->clock.now(), .kind = Release::Kind::done};
        }(this, &ended, std::move(claim));
    });
    ASSERT_TRUE(ended.reaches(20));
    stop(10s);
    pool.reset();
    const auto left = value_of(store->claim_ready("another", clock.now(), Duration{60'000}, 1'000));
    EXPECT_EQ(static_cast<int>(left.size()) + ended.value(), 300);
}

TEST_F(WorkerPoolTest, AnExceptionOfOneWorkerHarmsNoOther) {
    std::atomic<int> turn = 0;
    Tally ended;
    add_work(10);
    start([&](store::Claim claim) -> Task<Release> {
        return [](WorkerPoolTest* self, std::atomic<int>* count, Tally* tally, store::Claim mine) -> Task<Release> {
            if (++*count == 3) throw std::runtime_error("scripted");
            tally->add();
            co_return self->done(std::move(mine));
        }(this, &turn, &ended, std::move(claim));
    });
    EXPECT_TRUE(ended.reaches(9));
}

} // namespace
} // namespace dossier::pipeline
