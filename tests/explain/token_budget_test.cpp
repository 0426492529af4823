#include "token_budget.hpp"

#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

using std::chrono::seconds;

TEST(TokenBudget, CountsWhatIsInFlightUntilItSettles) {
    TokenBudget budget(100);
    const TokenBudget::Time start{};
    EXPECT_TRUE(budget.reserve(1, 60, start));
    EXPECT_FALSE(budget.reserve(2, 60, start)) << "the first call may yet use them";
    budget.settle(1, 30);
    EXPECT_TRUE(budget.reserve(3, 60, start));
    EXPECT_FALSE(budget.reserve(4, 11, start));
    EXPECT_TRUE(budget.reserve(5, 10, start));
}

TEST(TokenBudget, ForgetsAfterAMinute) {
    TokenBudget budget(100);
    const TokenBudget::Time start{};
    EXPECT_TRUE(budget.reserve(1, 100, start));
    EXPECT_FALSE(budget.reserve(2, 1, start + seconds{59}));
    EXPECT_TRUE(budget.reserve(3, 100, start + seconds{60}));
    budget.settle(1, 0); // too late to matter
    EXPECT_FALSE(budget.reserve(4, 1, start + seconds{61}));
}

TEST(TokenBudget, ZeroIsNoLimit) {
    TokenBudget budget(0);
    EXPECT_TRUE(budget.reserve(1, 1'000'000'000, {}));
}

} // namespace
} // namespace dossier::explain
