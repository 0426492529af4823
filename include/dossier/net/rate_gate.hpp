#pragma once
// Our own pace towards one upstream: callers pass one after the other, in the order they came, at most `rate` in a
// second after a burst of one second's worth; who is early waits, nobody is refused for being early. An upstream that
// asked for a pause in its own words (a rate limit inside an answer of 200) holds everybody back. Callable from any
// lane; the object outlives its callers.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/units.hpp"

#include <chrono>
#include <mutex>

namespace dossier::net {

class RateGate {
public:
    /// @param rate 0 = no limit
    explicit RateGate(Rate rate);

    /// Waits for this caller's turn. Errors: `rate_limited` with `retry_after`, at once, where the turn comes after
    /// `deadline`; `cancelled`.
    auto pass(Deadline deadline) -> Task<Result<void>>;
    /// Nobody passes for `pause` from now on; a longer pause that is under way stays.
    void hold(Duration pause);

private:
    using Time = std::chrono::steady_clock::time_point;
    /// Takes the next turn where it comes before `deadline`; otherwise says how long until then.
    auto reserve(Time now, Deadline deadline) -> std::expected<Time, Duration>;

    std::chrono::nanoseconds spacing_{0};
    std::chrono::nanoseconds burst_{0}; ///< how far ahead of an even pace one may be
    std::mutex mutex_;
    Time next_{}; ///< when the next turn would be at an even pace
    Time held_until_{};
};

} // namespace dossier::net
