#include "multi_pattern.hpp"
#include "shapes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <re2/re2.h>

#include <thread>

namespace dossier::redact {
namespace {

auto ends_of(const MultiPattern& engine, std::string_view text) -> std::vector<std::pair<std::size_t, std::size_t>> {
    std::vector<MultiPattern::Hit> hits;
    engine.scan(text, hits);
    std::vector<std::pair<std::size_t, std::size_t>> ends;
    for (const auto& hit : hits) ends.emplace_back(hit.pattern, hit.end);
    return ends;
}

TEST(MultiPattern, FindsEveryPatternInOnePass) {
    const auto engine = MultiPattern::make({{R"(\b\d{3}-\d{2})"}, {"secret", true}, {"://"}}).value();
    using testing::Pair;
    EXPECT_THAT(ends_of(engine, "s://h 078-05 SECRET x078-05"),
                testing::UnorderedElementsAre(Pair(2, 4), Pair(0, 12), Pair(1, 19)));
    EXPECT_TRUE(ends_of(engine, "").empty());
}

TEST(MultiPattern, KnowsHowWideAMatchIs) {
    const auto engine = MultiPattern::make({{"abc"}, {R"(\b\d{2}[ \-]?\d)"}}).value();
    EXPECT_EQ(engine.width(0).least, 3U);
    EXPECT_EQ(engine.width(0).most, 3U);
    EXPECT_EQ(engine.width(1).least, 3U);
    EXPECT_EQ(engine.width(1).most, 4U);
}

TEST(MultiPattern, NamesThePatternThatItCannotTake) {
    for (const auto* bad : {"a(", "a+", "x*", "(a)\\1"}) {
        const auto made = MultiPattern::make({{"fine"}, {bad}});
        ASSERT_FALSE(made) << bad;
        EXPECT_EQ(made.error().code, Errc::invalid_argument);
        EXPECT_THAT(made.error().message, testing::HasSubstr(bad));
    }
}

TEST(MultiPattern, IsSharedByThreads) {
    const auto engine = MultiPattern::make({{"needle"}}).value();
    const auto text = std::string(500, '.') + "needle";
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&] {
            for (int round = 0; round < 200; ++round) EXPECT_EQ(ends_of(engine, text).size(), 1U);
        });
}

// A head that its pattern does not begin with would hide the shape for ever.
TEST(Shapes, HaveHeadsThatTheEngineTakes) {
    for (const auto& shape : shapes()) {
        EXPECT_NE(shape.heads.empty(), shape.leads.empty()) << shape.pattern;
        for (const auto& head : shape.heads) {
            EXPECT_TRUE(MultiPattern::make({{head, shape.any_case}})) << head;
            EXPECT_TRUE(RE2(head).ok()) << head;
        }
        EXPECT_TRUE(RE2(shape.pattern).ok()) << shape.pattern;
    }
}

} // namespace
} // namespace dossier::redact
