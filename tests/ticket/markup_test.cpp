#include "dossier/ticket/markup.hpp"

#include "contract.hpp"
#include "dossier/base/strings.hpp"
#include "markdown_escape.hpp"
#include "markdown_tree.hpp"
#include "support/adf_rules.hpp"

#include <gtest/gtest.h>

#include <random>

namespace dossier::ticket {
namespace {

using test::flaw_of;

auto adf_of(std::string_view markdown, std::size_t max_bytes = 32'000) -> Json {
    return parse_json(markdown_to_adf(markdown, max_bytes), 256).value();
}

constexpr const char* sample = R"(# Title

Some *soft* **bold** ~~gone~~ `code` [link](https://acme.example/x) text
second line\
third line

- one
  1. nested
- two

> quote
> # not a heading in ADF

| a | b |
| --- | --- |
| 1 | `2` |

```json
{"a": 1}
```
---
**AI-Generated Guidance** end
)";

TEST(Adf, CarriesEveryConstructOfADraft) {
    const auto adf = adf_of(sample);
    std::vector<std::string> types;
    for (const auto& block : adf["content"]) types.push_back(block["type"]);
    EXPECT_EQ(types, (std::vector<std::string>{"heading", "paragraph", "bulletList", "blockquote", "table", "codeBlock",
                                               "rule", "paragraph"}));
    EXPECT_EQ(adf["content"][0]["attrs"]["level"], 1);
    EXPECT_EQ(adf["content"][5]["attrs"]["language"], "json");
    EXPECT_EQ(adf["content"][5]["content"][0]["text"], "{\"a\": 1}");
    EXPECT_EQ(adf["content"][4]["content"][0]["content"][0]["type"], "tableHeader");
    EXPECT_EQ(adf["content"][4]["content"][1]["content"][1]["content"][0]["content"][0]["marks"][0]["type"], "code");
    EXPECT_EQ(flaw_of(adf), "");
}

TEST(Adf, KeepsMarksThatMayStandTogether) {
    const auto paragraph = adf_of("**[`x` *y*](https://acme.example)**")["content"][0]["content"];
    ASSERT_EQ(paragraph.size(), 3U);
    EXPECT_EQ(paragraph[0]["marks"].size(), 2U); // link and code, without strong
    EXPECT_EQ(paragraph[2]["marks"].size(), 3U);
}

struct UnsafeCase {
    const char* name;
    const char* markdown;
    const char* forbidden;
};
TEST(Markup, ShowsHostileInputAsText) {
    const UnsafeCase cases[] = {
        {"script", "<script>alert(1)</script>", "<script"},
        {"inline html", "a <img src=x onerror=alert(1)> b", "<img"},
        {"javascript link", "[x](javascript:alert(1))", "href=\"javascript"},
        {"entity-coded scheme", "[x](java&#115;cript:alert(1))", "href=\"java"},
        {"data link", "[x](data:text/html;base64,AAAA)", "href=\"data"},
        {"image", "![alt](https://evil.example/x.png)", "<img"},
        {"user part", "[x](https://acme.example@evil.example/)", "href=\"https://acme.example@"},
        {"quote in address", "[x](https://evil.example/\"onclick=\"x)", "\"onclick"},
        {"code language", "```\"><script>\nx\n```", "<script"},
    };
    for (const auto& one : cases) {
        SCOPED_TRACE(one.name);
        EXPECT_EQ(markdown_to_html(one.markdown).find(one.forbidden), std::string::npos)
            << markdown_to_html(one.markdown);
        EXPECT_EQ(flaw_of(adf_of(one.markdown)), "");
    }
    EXPECT_NE(markdown_to_html("<b>x</b>").find("&lt;b&gt;"), std::string::npos);
    EXPECT_NE(markdown_to_html("[ok](https://acme.example)").find("href=\"https://acme.example\""), std::string::npos);
}

TEST(Markup, RunsOfBackticksStayInTheirCode) {
    using Kind = MarkdownNode::Kind;
    for (const std::size_t run : {1U, 3U, 79U, 80U, 81U, 254U, 255U, 400U}) {
        SCOPED_TRACE(run);
        const auto ticks = std::string(run, '`');
        const auto line = parse_markdown("is " + inline_code("a" + ticks + " **b** c") + " so");
        ASSERT_EQ(line.children.size(), 1U);
        for (const auto& part : line.children[0].children)
            EXPECT_TRUE(part.kind == Kind::text || part.kind == Kind::code) << text_of(part);
        EXPECT_EQ(text_of(line), "is a" + ticks + " **b** c so");
        const auto block = parse_markdown(fenced_code("a\n" + ticks + "\n# b", "") + "\n\nafter");
        ASSERT_EQ(block.children.size(), 2U);
        EXPECT_EQ(block.children[0].kind, Kind::code_block);
    }
    const auto joined = parse_markdown(fenced_code("a\n``\u202E`\n# b", "") + "\n\nafter");
    EXPECT_EQ(joined.children.size(), 2U) << "what is taken out joins a run";
}

TEST(Plain, ReadsWellWithoutMarkup) {
    EXPECT_EQ(markdown_to_plain(sample), R"(Title
========

Some soft bold gone code link <https://acme.example/x> text second line
third line

- one
  1. nested
- two

> quote
> not a heading in ADF
> ========

a | b
1 | 2

    {"a": 1}

----

AI-Generated Guidance end)");
}

auto long_draft(int rows) -> std::string {
    std::string text = "## What is exposed\n\nA bucket.\n\n## Evidence\n\n| Id | Statement |\n| --- | --- |\n";
    for (int row = 0; row < rows; ++row) text += "| E" + std::to_string(row) + " | a statement of some length |\n";
    return text + "\n---\n\n**AI-Generated Guidance** by template\n";
}

TEST(Markup, LeavesOutEvidenceRowsFirstAndSaysSo) {
    const auto text = long_draft(2'000);
    for (const std::size_t limit : {2'000U, 8'000U, 32'000U}) {
        const auto adf = markdown_to_adf(text, limit);
        EXPECT_LE(adf.size(), limit);
        EXPECT_GT(adf.size(), limit - limit / 4) << "the room is used";
        EXPECT_NE(adf.find("A bucket."), std::string::npos);
        EXPECT_NE(adf.find("\"E0\""), std::string::npos);
        EXPECT_NE(adf.find(left_out_notice), std::string::npos);
        EXPECT_NE(adf.find(ai_mark), std::string::npos);
        EXPECT_EQ(flaw_of(parse_json(adf).value()), "");
        const auto plain = markdown_to_plain(text, limit);
        EXPECT_LE(code_points(plain), limit);
        EXPECT_NE(plain.find(ai_mark), std::string::npos);
        EXPECT_NE(plain.find(left_out_notice), std::string::npos);
    }
    EXPECT_EQ(markdown_to_adf("short").find(left_out_notice), std::string::npos);
}

TEST(Markup, KeepsAnyLimitEvenAnAbsurdOne) {
    const auto text = long_draft(50) + std::string(5'000, 'x');
    for (std::size_t limit = 43; limit < 400; limit += 7) {
        EXPECT_LE(markdown_to_adf(text, limit).size(), limit);
        EXPECT_LE(code_points(markdown_to_plain(text, limit)), limit);
    }
    EXPECT_EQ(code_points(markdown_to_plain("ä\u20ac\U0001F600 some longer text", 3)), 3U);
}

TEST(Markup, SurvivesDeepNesting) {
    const std::string deep[] = {std::string(5'000, '>') + " x", std::string(3'000, '*') + "x" + std::string(3'000, '*'),
                                [] {
                                    std::string list;
                                    for (int depth = 0; depth < 300; ++depth) {
                                        list += std::string(static_cast<std::size_t>(depth) * 2, ' ') + "- x\n";
                                    }
                                    return list;
                                }(),
                                std::string(2'000, '[') + "x" + std::string(2'000, ']')};
    for (const auto& one : deep) {
        EXPECT_EQ(flaw_of(adf_of(one, 1'000'000)), "");
        EXPECT_FALSE(markdown_to_plain(one).empty());
        EXPECT_FALSE(markdown_to_html(one).empty());
    }
}

auto random_markdown(std::mt19937& random) -> std::string {
    static const char* const pieces[] = {"# ",
                                         "####### ",
                                         "- ",
                                         "1. ",
                                         "99999999. ",
                                         "> ",
                                         "    ",
                                         "```",
                                         "```json",
                                         "~~~",
                                         "`",
                                         "``",
                                         "*",
                                         "**",
                                         "_",
                                         "~~",
                                         "[",
                                         "](",
                                         ")",
                                         "![",
                                         "https://a.example/",
                                         "javascript:alert(1)",
                                         "<b>",
                                         "</b>",
                                         "<!--",
                                         "-->",
                                         "|",
                                         "\n| a | b |\n| --- | --- |\n",
                                         "| - |",
                                         "\n",
                                         "\n\n",
                                         "\\\n",
                                         "  \n",
                                         "\t",
                                         "word",
                                         "ä",
                                         "\xff",
                                         "\xe2\x80",
                                         "&lt;",
                                         "&#0;",
                                         "---",
                                         "===",
                                         "\\",
                                         "\"",
                                         "{}",
                                         "[^1]",
                                         "[x]: https://e.example\n",
                                         std::string_view{"\0", 1}.data(),
                                         "\x07",
                                         "\u202e",
                                         "- [ ] task",
                                         "<script>",
                                         "a@b.example",
                                         "www.e.example",
                                         "* * *",
                                         "+ "};
    std::uniform_int_distribution<std::size_t> pick(0, std::size(pieces) - 1);
    std::uniform_int_distribution<int> length(0, 60);
    std::string text;
    for (int left = length(random); left > 0; --left) text += pieces[pick(random)];
    return text;
}

TEST(Adf, IsWellBuiltForAnyInput) {
    std::mt19937 random{20261122};
    for (int round = 0; round < 2'000; ++round) {
        const auto markdown = random_markdown(random);
        const auto limit = round % 3 == 0 ? std::size_t{600} : std::size_t{32'000};
        const auto adf = markdown_to_adf(markdown, limit);
        ASSERT_LE(adf.size(), limit) << markdown;
        const auto parsed = parse_json(adf, 256);
        ASSERT_TRUE(parsed) << markdown;
        ASSERT_EQ(flaw_of(*parsed), "") << markdown << "\n" << adf;
        ASSERT_TRUE(is_valid_utf8(markdown_to_plain(markdown))) << markdown;
        const auto html = markdown_to_html(markdown);
        ASSERT_EQ(html.find("<script"), std::string::npos) << markdown;
        ASSERT_EQ(html.find("href=\"javascript"), std::string::npos) << markdown;
    }
}

TEST(Adf, FlawsAreSeenByTheCheckItself) {
    const std::pair<const char*, const char*> bad[] = {
        {"empty text",
         R"({"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":""}]}]})"},
        {"text at top", R"({"version":1,"type":"doc","content":[{"type":"text","text":"x"}]})"},
        {"empty list", R"({"version":1,"type":"doc","content":[{"type":"bulletList","content":[]}]})"},
        {"newline",
         R"({"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a\nb"}]}]})"},
        {"code and strong",
         R"({"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"a","marks":[{"type":"code"},{"type":"strong"}]}]}]})"},
        {"heading in a list",
         R"({"version":1,"type":"doc","content":[{"type":"bulletList","content":[{"type":"listItem","content":[{"type":"paragraph"},{"type":"heading","attrs":{"level":1}}]}]}]})"},
    };
    for (const auto& [name, text] : bad) {
        SCOPED_TRACE(name);
        EXPECT_NE(flaw_of(parse_json(text).value()), "");
    }
}

TEST(Adf, IsValidByAtlassiansSchema) {
    if (!test::has_judge()) GTEST_SKIP() << "no schema or no python3-jsonschema here";
    std::vector<Json> documents{
        parse_json(
            R"({"version":1,"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":""}]}]})")
            .value(),
        adf_of(sample), adf_of(long_draft(5)), adf_of("")};
    std::mt19937 random{7};
    for (int round = 0; round < 20; ++round) documents.push_back(adf_of(random_markdown(random)));
    const auto verdicts = test::judge("adf.schema.json", "", documents);
    EXPECT_NE(verdicts.front(), "") << "the judge takes anything";
    for (std::size_t at = 1; at < verdicts.size(); ++at) EXPECT_EQ(verdicts[at], "") << documents[at].dump();
}

} // namespace
} // namespace dossier::ticket
