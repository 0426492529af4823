#include "circuit_breaker.hpp"

#include <algorithm>

namespace dossier::net {
namespace {

/// What callers are told while the probe is under way: its verdict is near.
constexpr Duration probe_patience{1'000};

} // namespace

auto CircuitBreaker::wait_at(Now now) const -> std::optional<Duration> {
    if (state_ == State::closed || (state_ == State::open && now >= open_until_)) return std::nullopt;
    if (state_ == State::probing) return std::min(probe_patience, policy_.open_for);
    return std::chrono::ceil<Duration>(open_until_ - now);
}

auto CircuitBreaker::admit(Now now) -> std::expected<Leave, Duration> {
    const std::scoped_lock lock(mutex_);
    if (const auto wait = wait_at(now)) return std::unexpected(*wait);
    if (state_ == State::open) {
        state_ = State::probing;
        ++era_;
    }
    return Leave{era_};
}

auto CircuitBreaker::refuses(Now now) const -> std::optional<Duration> {
    const std::scoped_lock lock(mutex_);
    return wait_at(now);
}

auto CircuitBreaker::succeeded(Leave leave) -> Change {
    const std::scoped_lock lock(mutex_);
    if (leave.era != era_) return Change::none;
    failures_ = 0;
    if (state_ == State::closed) return Change::none;
    state_ = State::closed;
    ++era_;
    return Change::closed;
}

auto CircuitBreaker::failed(Leave leave, Now now) -> Change {
    const std::scoped_lock lock(mutex_);
    if (leave.era != era_) return Change::none;
    const bool was_closed = state_ == State::closed;
    if (was_closed && ++failures_ < std::max(1, policy_.failures)) return Change::none;
    state_ = State::open;
    open_until_ = now + policy_.open_for;
    ++era_;
    return was_closed ? Change::opened : Change::none;
}

void CircuitBreaker::abandoned(Leave leave) {
    const std::scoped_lock lock(mutex_);
    if (leave.era != era_ || state_ != State::probing) return;
    state_ = State::open; // its time has passed: the next caller is the probe
    ++era_;
}

auto CircuitBreaker::is_open() const -> bool {
    const std::scoped_lock lock(mutex_);
    return state_ != State::closed;
}

} // namespace dossier::net
