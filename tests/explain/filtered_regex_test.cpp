#include "filtered_regex.hpp"

#include <gtest/gtest.h>

#include <array>
#include <random>

namespace dossier::explain {
namespace {

struct Case {
    const char* expression;
    std::string text;
    bool may_match;
};

TEST(FilteredRegex, TellsWhatCanNotMatch) {
    const Case cases[] = {
        {R"((?i)\brisk (?:is |of )*(high|low)\b)", "The risk is high.", true},
        {R"((?i)\brisk (?:is |of )*(high|low)\b)", "The RISK OF LOW", true},
        {R"((?i)\brisk (?:is |of )*(high|low)\b)", "The severity is high.", false}, // a level alone is not enough
        {R"((?i)\brisk (?:is |of )*(high|low)\b)", "", false},
        {R"((?i)\b(yesterday|tomorrow)\b)", "It was seen Yesterday.", true},
        {R"((?i)\b(yesterday|tomorrow)\b)", "It was seen on 2026-03-04.", false},
        {R"((?i)\b(yesterday|tomorrow)\b)", "yesterdays", true}, // the expression decides that it is no word
        {R"(Team\b)", "the team", true},                         // and that the case differs
        {R"(\d+|abc)", "nothing of it", true},                   // a number needs no letters
        {R"((?:ab|cd)?)", "", true},
        {R"((?i)risk)", "the ris\u212A", true},         // KELVIN SIGN folds to k
        {R"((?i)risk)", "é", true},                     // nothing is known of texts that aren't ASCII
        {R"((?i)risk)", std::string(5'000, '.'), true}, // nor of long ones
    };
    for (const auto& [expression, text, may_match] : cases) {
        const FilteredRegex regex(expression);
        EXPECT_EQ(regex.may_match(text), may_match) << expression << " in " << text;
        EXPECT_EQ(regex.found_in(text), RE2::PartialMatch(text, expression)) << expression << " in " << text;
    }
}

TEST(FilteredRegex, TellsTextsApartThatComeInTurn) {
    const FilteredRegex regex("(?i)owner");
    std::string text = "the owner";
    EXPECT_TRUE(regex.may_match(text));
    text = "the other"; // in the same place in memory, as long
    EXPECT_FALSE(regex.may_match(text));
    EXPECT_FALSE(regex.may_match(""));
    text = "the owner";
    EXPECT_TRUE(regex.may_match(text));
}

TEST(FilteredRegex, TakesMatchAfterMatch) {
    const FilteredRegex regex(R"((?i)(bucket|account) (\w+))");
    const std::string text = "Bucket alpha of the account beta, and no more";
    re2::StringPiece input(text);
    std::string what;
    std::string name;
    std::vector<std::string> names;
    while (regex.consume(input, &what, &name)) names.push_back(name);
    EXPECT_EQ(names, (std::vector<std::string>{"alpha", "beta"}));
}

TEST(FilteredRegex, RefusesWhatDoesNotCompile) { EXPECT_THROW(FilteredRegex("a("), std::logic_error); }

// Whatever matches gets through, whichever way it is put together.
TEST(FilteredRegex, LetsEveryMatchThrough) {
    const std::array<std::string, 8> expressions{
        R"((?i)\b(all|every) ?(?:of the |its )*(buckets?|accounts?|cop(?:y|ies))\b)",
        R"((?i)\b(?:without|no|needs? no) (?:any )?(?:credentials?|secrets?)\b)",
        R"(([A-Z][a-z]+) ([A-Z][a-z]+),? (?:is|as) (?:the |her )?manager\b)",
        R"((?i)\b(first (?:\w+ )?(?:seen|found)|was detected)\b)",
        R"((?i)re-?assign\w*|won'?t[- ]?fix)",
        R"((?i)\bexposure (?:of [^,.;]* )?(?:is|was) (public|internal|cross[- ]account)\b)",
        R"~(“([^”]*)”|"([^"]*)"|`([^`]*)`)~",
        R"((?i)(openai|anthropic).{0,24}(made|trained))",
    };
    const std::array<std::string, 40> parts{
        "all ",     "every ",        "of the ",     "its ",      "bucket",  "Accounts",  "copies",
        "copy",     "without ",      "needs no ",   "any ",      "secret",  "Robert ",   "Ngo",
        ", ",       "is ",           "the ",        "manager",   "first ",  "seen",      "was ",
        "detected", "reassign",      "RE-ASSIGNED", "won't fix", "wontfix", "exposure ", "of it ",
        "public",   "cross-account", "CROSS ",      "internal",  "\"",      "`",         "OpenAI ",
        "trained",  "ſecrets",       "\n",          "é",         " "};
    std::mt19937 random(7); // NOLINT: the same run each time
    std::size_t matches = 0;
    for (const auto& expression : expressions) {
        const FilteredRegex regex(expression);
        for (int round = 0; round < 4'000; ++round) {
            std::string text;
            for (auto left = random() % 7; left > 0; --left) text += parts[random() % parts.size()];
            if (!RE2::PartialMatch(text, regex.regex())) continue;
            ++matches;
            ASSERT_TRUE(regex.may_match(text)) << expression << " in " << text;
        }
    }
    EXPECT_GT(matches, 200U);
}

} // namespace
} // namespace dossier::explain
