#pragma once
// Our own pace towards one upstream: callers pass one after the other, at most `rate` in a second after a burst of one
// second's worth; who is early waits, nobody is refused for being early. Of those who wait, worse findings come first
// and sources take turns (in_flight_limit.hpp). An upstream that asked for a pause in its own words (a rate limit
// inside an answer of 200) holds everybody back. Callable from any lane; the object outlives its callers.

#include "dossier/base/error.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/in_flight_limit.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>

namespace dossier::net {

class RateGate {
public:
    /// @param rate 0 = no limit
    explicit RateGate(Rate rate);

    /// Waits for this caller's turn. Errors: `rate_limited` with `retry_after`, at once where those of the same
    /// severity and above who wait already take all turns until `deadline`, at the deadline where others overtook;
    /// `cancelled`.
    auto pass(Deadline deadline, Flow flow = {}) -> Task<Result<void>>;
    /// Nobody passes for `pause` from now on; a longer pause that is under way stays.
    void hold(Duration pause);

private:
    using Time = std::chrono::steady_clock::time_point;
    class Waiting;
    /// When a caller's turn comes if nobody overtakes, with `ahead` callers before it. Under the mutex.
    [[nodiscard]] auto turn_after(std::size_t ahead, Time now) const -> Time;
    /// Takes the next turn where it comes before `deadline`; otherwise says how long until then.
    auto reserve(Time now, Deadline deadline) -> std::expected<Time, Duration>;

    std::chrono::nanoseconds spacing_{0};
    std::chrono::nanoseconds burst_{0}; ///< how far ahead of an even pace one may be
    std::mutex mutex_;
    Time next_{}; ///< when the next turn would be at an even pace
    Time held_until_{};
    std::map<std::int64_t, std::size_t> waiting_; ///< how many of each severity, for early refusals
    InFlightLimit head_{1}; ///< one of those who wait has the next turn, the others stand behind it
};

} // namespace dossier::net
