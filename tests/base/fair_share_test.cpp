#include "dossier/base/fair_share.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace dossier {
namespace {

using namespace std::chrono_literals;

TEST(FairShare, LeavesToEachWhatOthersHaveNotYetTakenOfTheirPart) {
    struct Row {
        std::string name;
        std::int64_t total;
        FairShare::Held held;
        std::vector<std::string> wanting;
        std::int64_t limit; ///< of "noisy"
    };
    const std::vector<Row> rows = {
        {"alone: all of it", 100, {}, {}, 100},
        {"alone with what it has", 100, {{"noisy", 60}}, {}, 100},
        {"one other wants in", 100, {{"noisy", 60}}, {"quiet"}, 75},
        {"who asks itself is no other", 100, {{"noisy", 60}}, {"noisy", "quiet"}, 75},
        {"an other has a bit of its part", 100, {{"quiet", 10}}, {}, 85},
        {"an other has its part, and both is one", 100, {{"quiet", 10}}, {"quiet"}, 85},
        {"an other has more than its part", 100, {{"quiet", 70}}, {}, 100},
        {"four others", 100, {{"a", 1}}, {"b", "c", "d"}, 61},
        {"what is kept is never more than half", 1'000, {}, {"a", "b", "c", "d", "e", "f", "g", "h"}, 560},
        {"of a small bound one each", 3, {}, {"quiet"}, 2},
        {"more of them than places", 2, {}, {"a", "b", "c"}, 2},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        FairShare bound(row.total);
        const FairShare::Time now{};
        for (const auto& name : row.wanting) bound.note(name, now);
        EXPECT_EQ(bound.limit_of("noisy", row.held, now), row.limit);
    }
}

TEST(FairShare, ForgetsWhoDoesNotAskAgain) {
    FairShare bound(100);
    const FairShare::Time now{};
    bound.note("quiet", now);
    EXPECT_EQ(bound.limit_of("noisy", {}, now + 59s), 75);
    bound.note("quiet", now + 59s);
    EXPECT_EQ(bound.limit_of("noisy", {}, now + 118s), 75);
    EXPECT_EQ(bound.limit_of("noisy", {}, now + 119s), 100);
}

TEST(FairShare, NamesWithoutEndNeitherFillMemoryNorShutTheDoor) {
    FairShare bound(1'000);
    const FairShare::Time now{};
    for (int i = 0; i < 10'000; ++i) bound.note("name " + std::to_string(i), now);
    EXPECT_GE(bound.limit_of("noisy", {}, now), 500);
    EXPECT_EQ(bound.limit_of("noisy", {}, now + 60s), 1'000);
}

} // namespace
} // namespace dossier
