#pragma once
// Token bucket whose burst is one second's worth (DESIGN §10). Thread-safe.

#include "dossier/base/units.hpp"

#include <algorithm>

#include <chrono>
#include <mutex>
#include <optional>

namespace dossier::net {

class RateLimiter {
public:
    using Now = std::chrono::steady_clock::time_point;
    explicit RateLimiter(Rate rate) : rate_(rate), tokens_(std::max(1.0, rate.per_second)) {}
    /// Takes one token; otherwise how long until there is one.
    auto take(Now now = std::chrono::steady_clock::now()) -> std::optional<Duration>;

private:
    std::mutex mutex_;
    Rate rate_;
    double tokens_;
    Now last_{};
};

} // namespace dossier::net
