#include "dossier/net/rate_gate.hpp"

#include <algorithm>

namespace dossier::net {

// The generic cell rate algorithm (ITU-T I.371): one time stamp instead of a count of tokens, so that a turn can be
// given away before it comes.
RateGate::RateGate(Rate rate) {
    if (rate.per_second <= 0) return;
    const std::chrono::duration<double> spacing{1.0 / rate.per_second};
    spacing_ = std::chrono::duration_cast<std::chrono::nanoseconds>(spacing);
    burst_ = std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{std::chrono::seconds{1}} - spacing_);
}

/// Counts a caller as one who waits, also when its coroutine is torn down.
class RateGate::Waiting {
public:
    Waiting(RateGate& gate, std::int64_t severity) : gate_(gate), severity_(severity) {
        const std::scoped_lock lock(gate_.mutex_);
        for (auto worse = gate_.waiting_.lower_bound(severity); worse != gate_.waiting_.end(); ++worse)
            ahead_ += worse->second;
        ++gate_.waiting_[severity];
    }
    ~Waiting() {
        const std::scoped_lock lock(gate_.mutex_);
        const auto mine = gate_.waiting_.find(severity_);
        if (--mine->second == 0) gate_.waiting_.erase(mine);
    }
    Waiting(const Waiting&) = delete;
    auto operator=(const Waiting&) -> Waiting& = delete;

    /// How many of its severity and above waited already when it came.
    [[nodiscard]] auto ahead() const -> std::size_t { return ahead_; }

private:
    RateGate& gate_;
    std::int64_t severity_;
    std::size_t ahead_ = 0;
};

auto RateGate::turn_after(std::size_t ahead, Time now) const -> Time {
    const auto even = std::max(next_, now) + spacing_ * static_cast<std::int64_t>(ahead);
    return std::max({even - burst_, now, held_until_});
}

auto RateGate::reserve(Time now, Deadline deadline) -> std::expected<Time, Duration> {
    const std::scoped_lock lock(mutex_);
    const auto turn = turn_after(0, now);
    if (turn > deadline) return std::unexpected(std::chrono::ceil<Duration>(turn - now));
    next_ = std::max({next_, now, held_until_}) + spacing_;
    return turn;
}

auto RateGate::pass(Deadline deadline, Flow flow) -> Task<Result<void>> {
    const auto no_turn = [](Duration wait) {
        return fail(Error{.code = Errc::rate_limited,
                          .message = "our own rate towards it leaves no turn in time",
                          .context = {},
                          .retry_after = wait});
    };
    const auto wait_from = [this](std::size_t ahead, Time now) {
        const std::scoped_lock lock(mutex_);
        return turn_after(ahead, now) - now;
    };
    const Waiting waiting(*this, flow.severity);
    const auto came = std::chrono::steady_clock::now();
    if (const auto wait = wait_from(waiting.ahead(), came); came + wait > deadline)
        co_return no_turn(std::chrono::ceil<Duration>(wait));
    const auto head = co_await head_.acquire(deadline, std::move(flow));
    if (!head) {
        if (head.error().code != Errc::timeout) co_return fail(head.error());
        const auto wait = wait_from(waiting.ahead(), std::chrono::steady_clock::now());
        co_return no_turn(std::chrono::ceil<Duration>(wait));
    }
    for (;;) {
        const auto now = std::chrono::steady_clock::now();
        const auto turn = reserve(now, deadline);
        if (!turn) co_return no_turn(turn.error());
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
