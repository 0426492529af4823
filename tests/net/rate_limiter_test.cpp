#include "dossier/net/rate_limiter.hpp"

#include <gtest/gtest.h>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, AllowsABurstOfOneSecondAndThenTheRate) {
    RateLimiter limiter(Rate{10});
    auto now = RateLimiter::Now{} + 1h;
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take(now)) << i;
    EXPECT_EQ(limiter.take(now), 100ms);
    EXPECT_EQ(limiter.take(now + 50ms), 50ms);
    EXPECT_FALSE(limiter.take(now + 100ms));
    EXPECT_TRUE(limiter.take(now + 100ms));
    now += 1h;
    for (int i = 0; i < 10; ++i) EXPECT_FALSE(limiter.take(now)) << i;
    EXPECT_TRUE(limiter.take(now));
    EXPECT_TRUE(limiter.take(now - 1s)); // a clock read before another thread's
}

TEST(RateLimiter, SlowRatesStillAllowOneAndZeroIsNoLimit) {
    RateLimiter slow(Rate{0.5});
    const auto now = RateLimiter::Now{} + 1h;
    EXPECT_FALSE(slow.take(now));
    EXPECT_EQ(slow.take(now), 2000ms);
    RateLimiter unlimited(Rate{0});
    for (int i = 0; i < 1000; ++i) ASSERT_FALSE(unlimited.take(now));
}

} // namespace
} // namespace dossier::net
