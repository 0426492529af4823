#include "circuit_breaker.hpp"

#include <gtest/gtest.h>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;
using Change = CircuitBreaker::Change;

class CircuitBreakerTest : public ::testing::Test {
protected:
    auto fail_once() -> Change { return breaker.failed(*breaker.admit(now), now); }
    void open() {
        while (!breaker.is_open()) fail_once();
    }
    CircuitBreaker breaker{{.failures = 3, .open_for = 10s}};
    CircuitBreaker::Now now = CircuitBreaker::Now{} + 1h;
};

TEST_F(CircuitBreakerTest, OpensAfterConsecutiveFailuresOnly) {
    EXPECT_EQ(fail_once(), Change::none);
    EXPECT_EQ(fail_once(), Change::none);
    EXPECT_EQ(breaker.succeeded(*breaker.admit(now)), Change::none);
    EXPECT_EQ(fail_once(), Change::none);
    EXPECT_EQ(fail_once(), Change::none);
    EXPECT_FALSE(breaker.is_open());
    EXPECT_EQ(fail_once(), Change::opened);
    EXPECT_TRUE(breaker.is_open());
}

TEST_F(CircuitBreakerTest, SaysHowLongToStayAway) {
    open();
    now += 4s;
    ASSERT_FALSE(breaker.admit(now));
    EXPECT_EQ(breaker.admit(now).error(), 6s);
    EXPECT_EQ(breaker.refuses(now), 6s);
}

TEST_F(CircuitBreakerTest, LetsExactlyOneProbeThroughAndClosesOnItsSuccess) {
    open();
    now += 10s;
    EXPECT_FALSE(breaker.refuses(now));
    const auto probe = breaker.admit(now);
    ASSERT_TRUE(probe);
    EXPECT_FALSE(breaker.admit(now));
    EXPECT_TRUE(breaker.is_open());
    EXPECT_EQ(breaker.succeeded(*probe), Change::closed);
    EXPECT_TRUE(breaker.admit(now));
}

TEST_F(CircuitBreakerTest, FailedProbeOpensForAnotherSpan) {
    open();
    now += 10s;
    EXPECT_EQ(breaker.failed(*breaker.admit(now), now), Change::none);
    EXPECT_EQ(breaker.refuses(now), 10s);
}

TEST_F(CircuitBreakerTest, AbandonedProbeGivesItsPlaceToTheNext) {
    open();
    now += 10s;
    breaker.abandoned(*breaker.admit(now));
    EXPECT_TRUE(breaker.is_open());
    EXPECT_TRUE(breaker.admit(now));
}

TEST_F(CircuitBreakerTest, VerdictsFromBeforeTheChangeCountForNothing) {
    const auto early = *breaker.admit(now);
    open();
    EXPECT_EQ(breaker.succeeded(early), Change::none);
    EXPECT_TRUE(breaker.is_open());
    now += 10s;
    const auto probe = *breaker.admit(now);
    EXPECT_EQ(breaker.failed(early, now), Change::none);
    EXPECT_EQ(breaker.succeeded(probe), Change::closed);
}

} // namespace
} // namespace dossier::net
