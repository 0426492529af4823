#include "dossier/net/rate_gate.hpp"

#include <algorithm>

namespace dossier::net {

// The generic cell rate algorithm (ITU-T I.371): one time stamp instead of a count of tokens, so that a turn can be
// given away before it comes and the waiting needs no queue.
RateGate::RateGate(Rate rate) {
    if (rate.per_second <= 0) return;
    const std::chrono::duration<double> spacing{1.0 / rate.per_second};
    spacing_ = std::chrono::duration_cast<std::chrono::nanoseconds>(spacing);
    burst_ = std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{std::chrono::seconds{1}} - spacing_);
}

auto RateGate::reserve(Time now, Deadline deadline) -> std::expected<Time, Duration> {
    const std::scoped_lock lock(mutex_);
    const auto even = std::max(next_, now);
    const auto turn = std::max({even - burst_, now, held_until_});
    if (turn > deadline) return std::unexpected(std::chrono::ceil<Duration>(turn - now));
    next_ = std::max(even, held_until_) + spacing_;
    return turn;
}

auto RateGate::pass(Deadline deadline) -> Task<Result<void>> {
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        const auto turn = reserve(now, deadline);
        if (!turn) {
            co_return fail(Error{.code = Errc::rate_limited,
                                 .message = "our own rate towards it leaves no turn in time",
                                 .context = {},
                                 .retry_after = turn.error()});
        }
        if (*turn > now && !co_await sleep_for(*turn - now)) co_return fail(Errc::cancelled, "the wait was cancelled");
        // A pause that was asked for meanwhile counts for those who wait as well.
        bool is_held = false;
        {
            const std::scoped_lock lock(mutex_);
            is_held = held_until_ > std::chrono::steady_clock::now();
        }
        if (!is_held) co_return Result<void>{};
    }
}

void RateGate::hold(Duration pause) {
    const std::scoped_lock lock(mutex_);
    held_until_ = std::max(held_until_, std::chrono::steady_clock::now() + pause);
}

} // namespace dossier::net
