#include "dossier/explain/live_text.hpp"

#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

auto live_redactor() -> const redact::Redactor& {
    static const auto redactor = redact::Redactor::make({}).value();
    return *redactor;
}

struct LiveCase {
    const char* name;
    std::string raw;
    std::string shown;
};

TEST(LiveText, ReadsTheSentencesOutOfAnAnswerThatIsCutAnywhere) {
    const std::vector<LiveCase> cases = {
        {"narrative",
         R"({"summary": "A bucket is public.", "summary_evidence": ["E1"], "sentences": [{"text": "Anyone reads it.", "evidence": ["E2", "text"]}]})",
         "A bucket is public.\nAnyone reads it.\n"},
        {"keys that look like ours", R"({"textual": "no", "x": {"summary": "yes"}, "evidence": ["summary", "text"]})",
         "yes\n"},
        {"an array under a shown key", R"({"text": ["no", "no"], "summary": "yes"})", "yes\n"},
        {"escapes", R"({"summary": "He said \"no\" \u00e9 \ud83d\ude00 \\ a\nb"})", "He said \"no\" é 😀 \\ a b\n"},
        {"fenced", "```json\n{\"summary\": \"Yes it is.\"}\n```", "Yes it is.\n"},
        {"markup", R"({"summary": "<b>bold</b> `code` [x] a|b"})", "‹b›bold‹/b› 'code' (x) a/b\n"},
        {"links", R"({"summary": "See https://evil.example/x?d=1 or www.evil.example or [this](//evil) now"})",
         "See (link left out) or (link left out) or (link left out) now\n"},
        {"a pseudonym", R"({"summary": "Ask <EMAIL_1> about it"})", "Ask ‹EMAIL_1› about it\n"},
        {"an address made up", R"({"summary": "Ask jane.doe@acme-corp.com about it"})", "Ask ‹EMAIL› about it\n"},
        {"a card in groups", R"({"summary": "Card 4111 1111 1111 1111 leaked"})", "Card ‹CARD› leaked\n"},
        {"nothing to show", R"({"other": "x", "n": 1})", ""},
        {"not JSON at all", "I am sorry, I can't help.", ""},
        {"controls", "{\"summary\": \"a\\u0007b \\u202ec\"}", "a b c\n"},
    };
    for (const auto& row : cases) {
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{7}, row.raw.size()}) {
            SCOPED_TRACE(std::string(row.name) + " in steps of " + std::to_string(step));
            std::string shown;
            LiveText live(live_redactor(), [&shown](std::string_view text) { shown += text; });
            for (std::size_t at = 0; at < row.raw.size(); at += step)
                live.feed(std::string_view(row.raw).substr(at, step));
            live.finish();
            EXPECT_EQ(shown, row.shown);
        }
    }
}

TEST(LiveText, ShowsAWordAsSoonAsItIsWhole) {
    std::string shown;
    LiveText live(live_redactor(), [&shown](std::string_view text) { shown += text; });
    live.feed(R"({"summary": "The buck)");
    EXPECT_EQ(shown, "The ");
    live.feed("et is ");
    EXPECT_EQ(shown, "The bucket is ");
}

TEST(LiveText, SaysOnRestartWhetherAnythingIsToBeTakenBack) {
    std::string shown;
    LiveText live(live_redactor(), [&shown](std::string_view text) { shown += text; });
    EXPECT_FALSE(live.restart());
    live.feed(R"({"summary": "Half a sent)");
    EXPECT_TRUE(live.restart());
    EXPECT_FALSE(live.restart());
    shown.clear();
    live.feed(R"({"summary": "Whole."})");
    EXPECT_EQ(shown, "Whole.\n");
}

TEST(LiveText, StopsReadingWhatNeverEnds) {
    std::size_t shown = 0;
    LiveText live(live_redactor(), [&shown](std::string_view text) { shown += text.size(); });
    live.feed(R"({"summary": ")");
    for (int i = 0; i < 1'000; ++i) live.feed(std::string(1'000, 'x'));
    EXPECT_GT(shown, 0U);
    EXPECT_LT(shown, 300'000U);
}

} // namespace
} // namespace dossier::explain
