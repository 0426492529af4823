#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

struct WikiRow {
    const char* name;
    const char* markdown;
    const char* wiki;
};

TEST(Wiki, SaysInWikiMarkupWhatTheMarkdownSays) {
    const WikiRow rows[] = {
        {"heading", "## What to do", "h2. What to do"},
        {"marks", "**bold** and *soft* and ~~gone~~", "*bold* and _soft_ and -gone-"},
        {"mark inside a word", "un**bold**", "un{*}bold{*}"},
        {"code", "run `aws s3 ls`", "run {{aws s3 ls}}"},
        {"link", "[the bucket](https://x.example/a|b)", "[the bucket|https://x.example/a%7Cb]"},
        {"lists", "- a\n- b\n  1. c\n  2. d", "* a\n* b\n*# c\n*# d"},
        {"table", "| Id | What |\n| --- | --- |\n| E1 | a |\n| E2 | |", "||Id||What||\n|E1|a|\n|E2| |"},
        {"block of code", "```json\n{\"a\": 1}\n```", "{code:json}\n{\"a\": 1}\n{code}"},
        {"code that Jira can't colour", "```hcl\nx\n```", "{code:none}\nx\n{code}"},
        {"quote", "> said", "{quote}\nsaid\n{quote}"},
        {"rule", "a\n\n---\n\nb", "a\n\n----\n\nb"},
        {"paragraphs", "a\nb\n\nc", "a b\n\nc"},
    };
    for (const auto& row : rows) EXPECT_EQ(markdown_to_wiki(row.markdown), row.wiki) << row.name;
}

TEST(Wiki, LeavesNamesReadable) {
    const std::string names = "acme-payments-prod a_b_c arn:aws:s3:::x/y user@acme.example 50% (a) - b, c+d 3*4 R&D";
    EXPECT_EQ(markdown_to_wiki(names), names);
}

TEST(Wiki, TextOfOthersCanNotBecomeMarkup) {
    const WikiRow rows[] = {
        {"macro", "{html}x{html}", "\\{html\\}x\\{html\\}"},
        {"mention and link", "[~admin] [x|javascript:1]", "\\[\\~admin\\] \\[x\\|javascript:1\\]"},
        {"bold", "\\*loud\\*", "\\*loud*"},
        {"a bare address", "see https://evil.example/a", "see https:&#47;/evil.example/a"},
        {"heading", "h1. Boo", "&#104;1. Boo"},
        {"a list", "\\- item", "\\- item"},
        {"backslash", "C:\\\\x \\\\", "C:&#92;x &#92;"},
        {"entity", "&amp;#42;x&amp;#42;", "&amp;#42;x&amp;#42;"},
        {"emoticon", "(!) :)", "\\(\\!) \\:)"},
        {"end of code", "```\n{code}{code:x}\n```", "{code:none}\n{ code}{ code:x}\n{code}"},
    };
    for (const auto& row : rows) EXPECT_EQ(markdown_to_wiki(row.markdown), row.wiki) << row.name;
    const auto image = markdown_to_wiki("\\!http\\://evil/x.png\\!");
    EXPECT_THAT(image, testing::StartsWith("\\!")) << image;
    EXPECT_THAT(image, testing::Not(testing::HasSubstr("http://"))) << image;
}

} // namespace
} // namespace dossier::ticket
