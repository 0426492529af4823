#include "dossier/net/rate_limiter.hpp"

#include <cmath>

namespace dossier::net {

auto RateLimiter::take(Now now) -> std::optional<Duration> {
    if (rate_.per_second <= 0) return std::nullopt;
    const std::scoped_lock lock(mutex_);
    if (last_ == Now{}) last_ = now;
    // Threads read the clock before they get the lock, so `now` may lie a little before `last_`.
    if (now > last_) {
        const std::chrono::duration<double> elapsed = now - last_;
        tokens_ = std::min(std::max(1.0, rate_.per_second), tokens_ + elapsed.count() * rate_.per_second);
        last_ = now;
    }
    // Refills add up in binary fractions; a token that lacks only their rounding error is whole.
    constexpr double whole = 1.0 - 1e-9;
    if (tokens_ >= whole) {
        tokens_ = std::max(0.0, tokens_ - 1.0);
        return std::nullopt;
    }
    return Duration{static_cast<Duration::rep>(std::ceil((1.0 - tokens_) / rate_.per_second * 1000.0))};
}

} // namespace dossier::net
