#pragma once
// Circuit breaker of one upstream (Nygard, "Release It!"): after some consecutive failures calls are refused at once;
// when `open_for` has passed one probe goes through and its outcome decides. Verdicts of calls admitted before the last
// change count for nothing. Time comes in by argument. Thread-safe.

#include "dossier/net/upstream.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace dossier::net {

class CircuitBreaker {
public:
    using Now = std::chrono::steady_clock::time_point;
    enum class Change { none, opened, closed };
    /// Leave to make one call; hand it back with the verdict.
    struct Leave {
        std::uint64_t era = 0;
    };

    explicit CircuitBreaker(BreakerPolicy policy) : policy_(policy) {}

    /// Leave, or how long to stay away. Exactly one caller gets leave as the probe.
    auto admit(Now now) -> std::expected<Leave, Duration>;
    /// Like `admit`, but takes nothing: how long a call would have to stay away.
    [[nodiscard]] auto refuses(Now now) const -> std::optional<Duration>;

    auto succeeded(Leave leave) -> Change;
    auto failed(Leave leave, Now now) -> Change;
    /// The call proved nothing (cancelled, too little time): a probe's place becomes free again.
    void abandoned(Leave leave);
    [[nodiscard]] auto is_open() const -> bool;

private:
    enum class State { closed, open, probing };
    [[nodiscard]] auto wait_at(Now now) const -> std::optional<Duration>;

    mutable std::mutex mutex_;
    BreakerPolicy policy_;
    State state_ = State::closed;
    std::uint64_t era_ = 0; ///< goes up with every change of state
    int failures_ = 0;
    Now open_until_{};
};

} // namespace dossier::net
