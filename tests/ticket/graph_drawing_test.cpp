#include "dossier/ticket/graph_drawing.hpp"

#include "dossier/base/strings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using testing::HasSubstr;
using testing::Not;

auto radius() -> BlastRadius {
    return {
        .nodes =
            {{.id = "arn:aws:s3:::payments", .name = "payments", .kind = "data_store", .type = "bucket", .hops = 0},
             {.id = "role", .name = "payments-etl", .kind = "identity", .type = {}, .hops = 1, .why = "can read it"},
             {.id = "net", .name = "Internet", .kind = "internet", .type = {}, .hops = 2}},
        .edges = {{.from = "role", .to = "arn:aws:s3:::payments", .relation = "can_access"},
                  {.from = "net", .to = "role", .relation = "can_reach"}},
        .hops = 2,
        .origin = "wiz"};
}

auto occurrences(const std::string& text, const std::string& what) -> int {
    int count = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
    return count;
}

TEST(GraphDrawing, ShowsEveryNodeEdgeAndHop) {
    const auto svg = draw_svg(radius());
    for (const auto* part :
         {"<title id=\"title\">Blast radius of payments</title>", "role=\"img\"", "3 nodes and 2 edges within 2 hops",
          "payments-etl", "1 hop<", "2 hops<", "can read it", "<title>can access</title>"})
        EXPECT_THAT(svg, HasSubstr(part));
    EXPECT_EQ(occurrences(svg, "<rect"), 4) << "three boxes and the ground";
    const auto mermaid = draw_mermaid(radius());
    EXPECT_TRUE(mermaid.starts_with("flowchart LR\n"));
    for (const auto* part : {"[\"payments - data store\"]:::data_store", "-->|\"can access\"|", "classDef internet"})
        EXPECT_THAT(mermaid, HasSubstr(part));
}

TEST(GraphDrawing, IsTheSameEachTimeAndANodeKeepsItsIdWhileTheGraphChanges) {
    EXPECT_EQ(draw_svg(radius()), draw_svg(radius()));
    auto grown = radius();
    grown.nodes.insert(grown.nodes.begin() + 1,
                       {.id = "another", .name = "another", .kind = "identity", .type = {}, .hops = 1});
    const auto line_of_the_role = [](const std::string& text) {
        const auto at = text.find("payments-etl");
        const auto begin = text.rfind('\n', at) + 1;
        return text.substr(begin, text.find('\n', at) - begin);
    };
    EXPECT_EQ(line_of_the_role(draw_mermaid(radius())), line_of_the_role(draw_mermaid(grown)));
}

TEST(GraphDrawing, LetsNoNameOutOfItsPlace) {
    const char* names[] = {"</text><script>alert(1)</script>",
                           "\"><image href=\"http://evil.example/x\"/>",
                           "a&b<c>'d'",
                           "x\"] --> y[\"",
                           "%%{init: {'securityLevel':'loose'}}%%",
                           "`**bold**`",
                           "a\nend\nclick n1 call x()",
                           "\xE2\x80\xAEgpj.exe",
                           "#quot;",
                           "\xEF\xBF\xBF\x01"};
    for (const auto* name : names) {
        SCOPED_TRACE(name);
        auto drawn = radius();
        drawn.nodes[1].name = name;
        drawn.nodes[1].why = name;
        drawn.nodes[1].type = name;
        drawn.edges[0].why = name;
        const auto svg = draw_svg(drawn);
        for (const auto* never : {"<script", "<image", "<a ", "\xE2\x80\xAE", "\xEF\xBF\xBF"})
            EXPECT_THAT(svg, Not(HasSubstr(never)));
        EXPECT_EQ(occurrences(svg, "<"), occurrences(draw_svg(radius()), "<")) << "no element more or less";
        const auto mermaid = draw_mermaid(drawn);
        EXPECT_EQ(occurrences(mermaid, "\n"), occurrences(draw_mermaid(radius()), "\n")) << "no line more or less";
        EXPECT_EQ(occurrences(mermaid, "\""), occurrences(draw_mermaid(radius()), "\""));
        for (const auto* never : {"%%", "`", "<", "{"}) EXPECT_THAT(mermaid, Not(HasSubstr(never)));
    }
}

TEST(GraphDrawing, IsBoundedHoweverLargeTheGraph) {
    auto large = radius();
    for (int i = 0; i < 5'000; ++i) {
        const auto id = "n" + std::to_string(i);
        large.nodes.push_back({.id = id,
                               .name = std::string(500, 'x'),
                               .kind = "identity",
                               .type = std::string(500, 'y'),
                               .hops = 1 + i / 500});
        large.edges.push_back({.from = id, .to = "role", .relation = "can_access"});
    }
    const auto svg = draw_svg(large);
    EXPECT_LT(svg.size(), 300'000U);
    EXPECT_THAT(svg, HasSubstr("and 487 more"));
    EXPECT_LT(draw_mermaid(large).size(), 50'000U) << "Mermaid's own limit";
}

TEST(GraphDrawing, DrawsARadiusOfNothing) {
    EXPECT_THAT(draw_svg({}), HasSubstr("</svg>"));
    EXPECT_TRUE(draw_mermaid({}).starts_with("flowchart LR\n"));
}

} // namespace
} // namespace dossier::ticket
