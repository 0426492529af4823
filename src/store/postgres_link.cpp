#include "postgres_link.hpp"

#include "dossier/base/log.hpp"

#include <algorithm>
#include <random>
#include <thread>

namespace dossier::store {

namespace {

using namespace std::chrono_literals;

constexpr auto patience = 3s; ///< of a use, at the beginning of an outage
constexpr auto shortest_delay = 50ms;
constexpr auto longest_delay = 5s;
constexpr auto stable_after = 1s; ///< a connection that lived longer is made anew at once
constexpr auto wait_step = 20ms;  ///< of a wait that closing must be able to end

/// Replicas that lost the same server shouldn't come back as one.
auto jittered(std::chrono::milliseconds delay) -> std::chrono::milliseconds {
    static thread_local std::minstd_rand random(std::random_device{}());
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(delay.count() / 2, delay.count())(random));
}

} // namespace

auto PostgresLink::get() -> PostgresDatabase& {
    if (connection_) return *connection_;
    return connect_until(down_since_ ? *down_since_ + patience : Clock::now() + patience);
}

auto PostgresLink::get_within(std::chrono::milliseconds most) -> PostgresDatabase& {
    if (connection_) return *connection_;
    return connect_until(Clock::now() + most);
}

auto PostgresLink::connect_until(Clock::time_point deadline) -> PostgresDatabase& {
    for (;;) {
        if (Clock::now() >= next_try_) connect();
        if (connection_) return *connection_;
        if (closing_ || next_try_ >= deadline) throw PostgresFailure(*last_failure_);
        pause_until(next_try_);
    }
}

void PostgresLink::connect() {
    try {
        connection_ = std::make_unique<PostgresDatabase>(target_, access_);
    } catch (const PostgresFailure& failure) {
        if (!last_failure_ || std::string_view(last_failure_->what()) != failure.what())
            log::warn("store.unreachable", {{"connection", what_}, {"error", failure.what()}});
        // Whatever it was: without a connection nothing was done.
        last_failure_.emplace(PostgresFailure::Kind::lost, "", failure.what());
        put_off();
        if (!down_since_) down_since_ = Clock::now();
        return;
    }
    if (down_since_)
        log::info(
            "store.reachable_again",
            {{"connection", what_},
             {"after_ms", std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - *down_since_).count()}});
    down_since_.reset();
    last_failure_.reset();
    up_since_ = Clock::now();
}

void PostgresLink::put_off() {
    delay_ = std::clamp<std::chrono::milliseconds>(delay_ * 2, shortest_delay, longest_delay);
    next_try_ = Clock::now() + jittered(delay_);
}

void PostgresLink::drop(const StoreFailure& why) {
    if (!connection_) return;
    connection_.reset();
    log::warn("store.connection_lost", {{"connection", what_}, {"error", why.what()}});
    last_failure_.emplace(PostgresFailure::Kind::lost, "", why.what());
    down_since_ = Clock::now();
    if (*down_since_ - up_since_ < stable_after) {
        put_off();
    } else {
        delay_ = 0ms;
        next_try_ = *down_since_;
    }
}

void PostgresLink::pause_until(Clock::time_point until) const {
    while (!closing_ && Clock::now() < until)
        std::this_thread::sleep_for(std::min<Clock::duration>(wait_step, until - Clock::now()));
}

} // namespace dossier::store
