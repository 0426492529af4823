#pragma once
// Tokens a minute over all LLM providers, as a sliding window: an estimate is reserved before a call and settled with
// what the call used, so that calls in flight count and a budget isn't overspent by checking first and paying later.

#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>

namespace dossier::explain {

class TokenBudget {
public:
    using Time = std::chrono::steady_clock::time_point;

    explicit TokenBudget(std::size_t tokens_per_minute) : limit_(tokens_per_minute) {} ///< 0 = no limit

    /// Books `tokens`; false (nothing booked) when the last minute has no room for them. Thread-safe.
    [[nodiscard]] auto reserve(std::uint64_t id, std::size_t tokens, Time now) -> bool;
    /// What the call `id` used in the end.
    void settle(std::uint64_t id, std::size_t tokens);

private:
    struct Booking {
        std::uint64_t id = 0;
        std::size_t tokens = 0;
        Time at;
    };
    std::size_t limit_;
    std::mutex mutex_;
    std::deque<Booking> bookings_; ///< of the last minute, oldest first
    std::size_t booked_ = 0;
};

} // namespace dossier::explain
