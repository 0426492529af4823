#include "dossier/explain/resting_text.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dossier::explain {
namespace {

auto evidence_lines(std::size_t count) -> std::string {
    std::string lines;
    for (std::size_t i = 0; i < count; ++i)
        lines +=
            R"({"id":"ev_)" + std::to_string(i) + R"(","kind":"finding","statement":"Its exposure is public."})" + "\n";
    return lines;
}

TEST(RestingTexts, TakeLessWhileTheyRestAndWakeWhole) {
    const auto lines = evidence_lines(200);
    const RestingText text = lines;
    const auto copy = text; // NOLINT(performance-unnecessary-copy-initialization): what is tested
    EXPECT_EQ(text.held(), lines.size());
    text.rest();
    EXPECT_LT(copy.held(), lines.size() / 2) << "all copies rest";
    EXPECT_EQ(copy, lines);
    EXPECT_EQ(text.held(), lines.size()) << "one that is read wakes all";
    EXPECT_EQ(text.view().data(), copy.view().data());
    text.rest();
    EXPECT_EQ(text.size(), lines.size());
}

TEST(RestingTexts, AreLeftAsTheyAreWhereRestSavesNothing) {
    std::mt19937 random{7};
    std::string noise(20'000, '\0');
    for (auto& one : noise) one = static_cast<char>(random());
    const FixedText prompt(evidence_lines(200)); // the catalogue's, for all who ask
    struct Row {
        const char* name;
        RestingText text;
    };
    for (const auto& row :
         {Row{"empty", {}}, Row{"short", "What is it?"}, Row{"noise", noise}, Row{"shared", prompt}}) {
        SCOPED_TRACE(row.name);
        const auto before = row.text.held();
        row.text.rest();
        EXPECT_EQ(row.text.held(), before);
        EXPECT_EQ(row.text.size(), before);
    }
}

} // namespace
} // namespace dossier::explain
