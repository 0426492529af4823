#include "dossier/ticket/draft_renderer.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/ticket/markup.hpp"
#include "markdown_escape.hpp"
#include "markdown_tree.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace dossier::ticket {
namespace {

auto sample_view() -> WholeDossier {
    Finding finding;
    finding.source = "wiz";
    finding.platform = "wiz";
    finding.title = "Bucket is public and holds personal data";
    finding.severity = Severity::critical;
    finding.exposure = Exposure::public_;
    finding.resource = {.id = "arn:aws:s3:::acme-payments",
                        .name = "acme-payments",
                        .type = "bucket",
                        .cloud = "aws",
                        .account = "111122223333",
                        .region = "eu-central-1",
                        .url = "https://console.aws.example/s3/acme-payments"};
    finding.data.classes = {"pii"};
    finding.data.volume = 1200;
    finding.url = "https://app.wiz.example/issues/1";
    WholeDossier view;
    view.dossier_id = "dos_1";
    view.findings = {finding};
    auto& owner = view.context.owner;
    owner = {.id = "alice",
             .name = "Alice Ngo",
             .email = "alice@acme.example",
             .department = "Payments",
             .manager = "bob",
             .confidence = 0.9,
             .rule = "identity.file:resource=arn:aws:s3:::payments-*",
             .disputed = true};
    owner.signals = {
        {.person = {.id = "alice", .email = "alice@acme.example"}, .origin = "identity:file", .confidence = 0.9},
        {.person = {.id = "carol", .name = "Carol"}, .origin = "tag:owner", .confidence = 0.5}};
    view.context.access = {{.id = "*", .kind = "anyone", .level = "read"}};
    view.context.environment = Environment::prod;
    view.context.gaps = {{"cmdb:snow", "timed out after 2 s"}};
    view.assessment.risk = 93;
    view.assessment.level = "critical";
    view.assessment.reach = {"Anyone on the internet can read it"};
    view.assessment.regulations = {{"GDPR", "Art. 32(1)(a)", "Encryption and pseudonymisation", "personal data"}};
    view.assessment.remediation = {{"Turn on the public access block."}, {"Tell the owner."}};
    view.assessment.snippet = "aws s3api put-public-access-block --bucket acme-payments";
    view.assessment.snippet_title = "S3 public access block (AWS CLI)";
    view.assessment.snippet_language = "bash";
    view.narrative.author = "llm";
    view.narrative.provider = "main";
    view.narrative.model = "gpt-4o";
    view.narrative.prompt = {"explain", "3", "abc"};
    view.narrative.sentences = {{"Anyone can read the bucket.", {"E1", "E3"}}, {"It holds personal data.", {"E2"}}};
    view.narrative.removed = {{"It was hacked.", "no evidence"}};
    view.narrative.grounding_score = 0.67;
    view.narrative.evidence = {{"E1", "exposure", "The bucket is public.", "public", "wiz:issue.exposure"}};
    return view;
}

TEST(DraftRenderer, WritesTheWholeDossier) {
    const auto draft = render_draft(sample_view());
    EXPECT_EQ(draft.title, "[critical] Public S3 bucket acme-payments holds PII (AWS 111122223333)");
    EXPECT_EQ(draft.body, R"(## What is exposed

Public S3 bucket acme-payments holds PII.

- **Resource:** `arn:aws:s3:::acme-payments`
- **Where:** aws, 111122223333, eu-central-1
- **Severity:** critical; risk 93 of 100 (critical)
- **Exposure:** public
- **Data:** pii, about 1200 records
- **Environment:** prod
- **Reported by:** Wiz: Bucket is public and holds personal data

## Why it matters

Anyone can read the bucket. [E1] [E3]
It holds personal data. [E2]

## Who owns it

- **Owner:** Alice Ngo
- **E-mail:** alice@acme.example
- **Department:** Payments
- **Manager:** bob
- **Confidence:** 90 %
- **Rule:** `identity.file:resource=arn:aws:s3:::payments-*`

The sources disagree; also named:

- Carol (50 %, by tag:owner)

## Who can reach it

- Anyone on the internet can read it

## Regulations

| Framework | Article | Why |
| --- | --- | --- |
| GDPR | Art. 32(1)(a) – Encryption and pseudonymisation | personal data |

## What to do

1. Turn on the public access block.
2. Tell the owner.

S3 public access block (AWS CLI):

```bash
aws s3api put-public-access-block --bucket acme-payments
```

## Where to look

- [Finding in Wiz](https://app.wiz.example/issues/1)
- [Resource in the cloud console](https://console.aws.example/s3/acme-payments)

## Missing context

- cmdb:snow: timed out after 2 s

## Evidence

| Id | Statement | Origin |
| --- | --- | --- |
| E1 | The bucket is public. | wiz:issue.exposure |

---

**AI-Generated Guidance** – written by main / gpt-4o, prompt explain 3; grounding score 67 %; sentences removed: 1. Dossier dos_1, revision 1.
)");
    EXPECT_EQ(render_draft(sample_view()).body, draft.body);
}

/// Kinds of all blocks and marks in a body: its shape, without its words.
void shape_of(const MarkdownNode& node, std::string& shape) {
    using Kind = MarkdownNode::Kind;
    if (node.kind == Kind::text || node.kind == Kind::code || node.kind == Kind::soft_break) return;
    shape += std::to_string(static_cast<int>(node.kind)) + (node.kind == Kind::link ? node.target : "") + "(";
    for (const auto& child : node.children) shape_of(child, shape);
    shape += ")";
}

auto view_with(const std::string& text) -> WholeDossier {
    auto view = sample_view();
    auto& finding = view.findings.front();
    finding.title = text;
    finding.resource.name = text;
    finding.resource.id = text;
    finding.resource.account_name = text;
    finding.resource.region = text;
    finding.resource.type = text;
    finding.data.classes = {text};
    finding.data.identifiers = {text};
    finding.source = text;
    finding.platform = "generic";
    auto& context = view.context;
    context.owner = {.id = text,
                     .name = text,
                     .email = "a@b.example",
                     .department = text,
                     .manager = text,
                     .team = text,
                     .rule = text,
                     .disputed = true};
    context.owner.signals = {{.person = {.id = "z", .name = text}, .origin = text}};
    context.access = {{.id = text, .kind = text, .level = text}};
    context.gaps = {{text, text}};
    context.asset = Asset{.business_unit = text, .application = text};
    view.assessment.level = text;
    view.assessment.factors = {{text, text, 1, text}};
    view.assessment.regulations = {{text, text, text, text}};
    view.assessment.remediation = {{text}};
    view.assessment.reach = {text};
    view.assessment.snippet = text;
    view.assessment.snippet_title = text;
    view.assessment.snippet_language = text;
    view.narrative.sentences = {{text, {text, "E1"}}, {text, {}}};
    view.narrative.model = text;
    view.narrative.notes = {text};
    view.narrative.evidence = {{text, text, text, text, text}};
    view.route.reasons = {text};
    return view;
}

TEST(DraftRenderer, RoundsTheRiskAsTheEvidenceDoes) {
    auto view = sample_view();
    view.assessment.risk = 88.5;
    EXPECT_NE(render_draft(view).body.find("risk 89 of 100"), std::string::npos);
}

TEST(DraftRenderer, HostileTextChangesNoStructure) {
    const char* const hostile[] = {
        "x\n# Heading",
        "# x",
        "x\n\n- [ ] done",
        "[click](https://evil.example)",
        "![p](https://evil.example/p.png)",
        "<script>alert(1)</script>",
        "<https://evil.example>",
        "a | b | c",
        "| - |",
        "**bold** _it_ ~~no~~",
        "`code` ```",
        "```\n# out\n```",
        "1. x",
        "- x",
        "+ x",
        "--- ",
        "===",
        "> quote",
        "    indented",
        "\\",
        "x\\",
        "[E9]: https://evil.example",
        "&lt;b&gt; &#35; x",
        "https://evil.example/x",
        "www.evil.example",
        "\xff\xfe broken",
        "\u202egnp.exe",
        "x\r\n\r\n## y",
        "*",
        "_",
        "a*b*c",
        ":--",
        "~~~",
        "<!-- x",
    };
    std::string plain;
    shape_of(parse_markdown(render_draft(view_with("word")).body), plain);
    for (const auto* text : hostile) {
        SCOPED_TRACE(text);
        const auto draft = render_draft(view_with(text));
        std::string shape;
        shape_of(parse_markdown(draft.body), shape);
        EXPECT_EQ(shape, plain) << draft.body;
        EXPECT_EQ(draft.title.find('\n'), std::string::npos);
        EXPECT_LE(draft.title.size(), 255U);
        EXPECT_TRUE(is_valid_utf8(draft.title));
        EXPECT_TRUE(is_valid_utf8(draft.body));
        EXPECT_EQ(draft.body.find("\u202e"), std::string::npos);
    }
}

TEST(DraftRenderer, EscapedTextReadsAsItWas) {
    for (const auto* text : {"a_b-c.d", "*x*", "[a](b)", "# h", "1. x", "a|b", "<b>", "x\\y", "`q`", "_z_", "a & b",
                             "&amp;", "https://e.example", "www.e.example", "$1", "5) x", "!x"}) {
        SCOPED_TRACE(text);
        EXPECT_EQ(markdown_to_plain(escape_markdown(text)), text);
    }
    EXPECT_EQ(escape_markdown("acme-payments_eu.prod"), "acme-payments_eu.prod");
}

TEST(DraftRenderer, MakesOneLineOfAnyText) {
    const struct {
        std::string text;
        std::string line;
    } rows[] = {
        {"", ""},
        {" ", ""},
        {"as it is", "as it is"},
        {" at the edges ", "at the edges"},
        {"two  blanks", "two blanks"},
        {"a\tb\r\nc", "a b c"},
        {"con\x01trol\x7f", "control"},
        {"turned \u202eback\u2069 and\u2028on", "turned back andon"},
        {"café … 中文", "café … 中文"},
        {"broken \xff", "broken \xEF\xBF\xBD"},
    };
    for (const auto& row : rows) EXPECT_EQ(one_line(row.text), row.line) << row.text;
    EXPECT_EQ(escape_markdown("1. a_b *c*  #d"), "1\\. a_b \\*c\\* #d");
    EXPECT_EQ(escape_markdown("#1 in www.x.y_ (see http://z)"), "\\#1 in www\\.x.y\\_ (see http\\://z)");
}

TEST(DraftRenderer, EscapesTheSameWhereverItStands) {
    for (const std::string text : {"x *b* y", "x_y _z", "x  y\tz", "x www.a", "x 1. #2 (3) +4", "x://y <z>|`q`~&$",
                                   "x\x01y\x7fz", "x \u202eback", "x \xff y", "x [l](u)\\", "x: y=z:-a"}) {
        const auto line = escape_markdown("a" + text).substr(1);
        const auto code = fenced_code("a" + text, "").substr(5);
        for (std::size_t before = 2; before < 40; ++before) {
            const std::string words(before, 'a');
            ASSERT_EQ(escape_markdown(words + text), words + line) << text << " after " << before;
            ASSERT_EQ(fenced_code(words + text, ""), "```\n" + words + code) << text << " after " << before;
            std::string cell;
            append_cell(cell, words + text, 160);
            ASSERT_EQ(cell, words + line);
        }
    }
    std::string cell = "before ";
    append_cell(cell, std::string(8, '*') + " and more", 8);
    EXPECT_EQ(cell, "before \\*\\*\\*\\*\\*…") << "it is cut first, and what is left is escaped";
}

TEST(DraftRenderer, LinksOnlyToTheWeb) {
    auto view = sample_view();
    view.findings.front().url = "javascript:alert(1)";
    view.findings.front().resource.url = "https://x.example/a) [evil](https://evil.example";
    const auto body = render_draft(view).body;
    EXPECT_EQ(body.find("javascript"), std::string::npos);
    EXPECT_NE(body.find("The platforms sent no link."), std::string::npos);
    EXPECT_EQ(markdown_link("x", "https://e.example/a)(b|c"), R"([x](https://e.example/a\)\(b%7Cc))");
    const auto adf = markdown_to_adf(markdown_link("x", "https://app.wiz.example/issues#~(issue~'1)"));
    EXPECT_NE(adf.find("\"https://app.wiz.example/issues#~(issue~'1)\""), std::string::npos);
}

TEST(DraftRenderer, SaysWhatIsNotKnown) {
    WholeDossier view;
    view.dossier_id = "dos_2";
    Finding finding;
    finding.title = "Root key without MFA";
    view.findings = {finding};
    const auto draft = render_draft(view);
    EXPECT_EQ(draft.title, "[medium] Root key without MFA");
    EXPECT_NE(draft.body.find("No source names an owner."), std::string::npos);
    EXPECT_NE(draft.body.find("Not known: no source lists access"), std::string::npos);
    EXPECT_NE(draft.body.find("unknown (treated as prod)"), std::string::npos);
    EXPECT_NE(draft.body.find("written by the built-in template"), std::string::npos);
    EXPECT_NE(render_draft(WholeDossier{}).body.find(ai_mark), std::string::npos);
}

TEST(DraftRenderer, CutsALongTitleAtACharacter) {
    auto view = sample_view();
    view.findings.front().resource.name.clear();
    view.findings.front().resource.id.clear();
    view.findings.front().title = std::string(200, 'x') + "ääääääääääääääääääääääääääääääääääääääää";
    const auto title = render_draft(view).title;
    EXPECT_LE(title.size(), 255U);
    EXPECT_TRUE(is_valid_utf8(title));
    EXPECT_TRUE(title.ends_with("(AWS 111122223333)")) << title;
}

} // namespace
} // namespace dossier::ticket
