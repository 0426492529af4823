#include "tracker_text.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_tree.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(TrackerText, CountsAsJavaDoes) {
    EXPECT_EQ(utf16_units("abc"), 3U);
    EXPECT_EQ(utf16_units("größe"), 5U);
    EXPECT_EQ(utf16_units("東京"), 2U);
    EXPECT_EQ(utf16_units("🔥"), 2U);
}

TEST(TrackerText, EndsAtASentenceElseAtAWordElseAtACharacter) {
    const struct {
        const char* text;
        std::size_t limit;
        const char* expected;
    } rows[] = {
        {"Fits.", 5, "Fits."},
        {"The bucket is public. It holds cards.", 30, "The bucket is public. …"},
        {"One. two three four five six seven", 30, "One. two three four five six…"},
        {"unbroken-text-without-any-gap", 10, "unbroken-…"},
        {"東京東京東京", 4, "東京東…"},
        {"🔥🔥🔥", 5, "🔥🔥…"},
        {"abc", 1, "a"},
    };
    for (const auto& row : rows) {
        const auto cut = shorten_text(row.text, row.limit);
        EXPECT_EQ(cut, row.expected);
        EXPECT_LE(utf16_units(cut), row.limit) << row.text;
        EXPECT_TRUE(is_valid_utf8(cut)) << row.text;
    }
}

TEST(TrackerText, AParagraphThatDoesNotFitKeepsItsFirstSentences) {
    std::string markdown = "## What is exposed\n\n";
    for (int n = 0; n < 2'000; ++n) markdown += "Sentence number " + std::to_string(n) + " is here. ";
    const auto plain = markdown_to_plain(markdown, 4'000);
    EXPECT_LE(utf16_units(plain), 4'000U);
    EXPECT_THAT(plain, HasSubstr("Sentence number 60 is here."));
    EXPECT_THAT(plain, HasSubstr(". …"));
    EXPECT_THAT(plain, HasSubstr(std::string(left_out_notice)));
    const auto wiki = markdown_to_wiki(markdown);
    EXPECT_LE(utf16_units(wiki), 32'000U);
    EXPECT_THAT(wiki, HasSubstr("Sentence number 900 is here."));
    const auto adf = markdown_to_adf(markdown);
    EXPECT_LE(adf.size(), 32'000U);
    EXPECT_THAT(adf, HasSubstr("Sentence number 800 is here."));
    EXPECT_THAT(markdown_to_plain("short", 4'000), Not(HasSubstr("…")));
}

} // namespace
} // namespace dossier::ticket
