#include "../../src/context/platform_graph.hpp"

#include "dossier/context/enricher.hpp"
#include "support.hpp"
#include "support/fake_platform.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::context {
namespace {

using namespace std::chrono_literals;
using test::FakePlatform;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

auto finding_of(const std::string& source) -> Finding {
    Finding finding;
    finding.source = source;
    finding.source_id = source + "-1";
    finding.resource = {.id = "arn:aws:s3:::payments", .name = "payments"};
    return finding;
}

auto platform(const std::string& source, const std::string& neighbour) -> std::shared_ptr<FakePlatform> {
    auto made = std::make_shared<FakePlatform>(source);
    made->graph = BlastRadius{
        .nodes = {{.id = "arn:aws:s3:::payments", .name = "payments", .kind = "data_store", .type = {}, .why = {}},
                  {.id = neighbour, .name = neighbour, .kind = "identity", .type = {}, .why = {}}},
        .edges = {{.from = neighbour, .to = "arn:aws:s3:::payments", .relation = "can_access", .why = {}}},
        .truncated_by = {},
        .origin = {}};
    made->known.exposure_path = {"internet", source};
    made->known.access_log = {
        {.principal = neighbour, .action = "read", .at = Timestamp{1'000ms}, .count = 3, .origin = {}},
        {.principal = neighbour, .action = "read", .at = Timestamp{9'000ms}, .count = 1, .origin = {}}};
    made->known.policies = {{.id = "p", .name = "Open", .kind = "attached", .statement = "Allow *", .origin = {}}};
    return made;
}

TEST(PlatformGraph, GivesWhatThereIsAndSaysWhatIsMissing) {
    struct Row {
        const char* name;
        std::optional<Errc> graph;
        std::optional<Errc> insight;
        bool has_graph;
        bool has_log;
        std::vector<std::string> gaps;
        bool fails;
    };
    const Row rows[] = {
        {"both answer", {}, {}, true, true, {}, false},
        {"graph only", {}, Errc::timeout, true, false, {"insight:wiz"}, false},
        {"insight only", Errc::unavailable, {}, false, true, {"graph:wiz"}, false},
        {"neither", Errc::unavailable, Errc::timeout, false, false, {}, true},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto api = platform("wiz", "role");
        api->graph_error = row.graph;
        api->insight_error = row.insight;
        const auto source = make_platform_graph(api, {});
        EXPECT_TRUE(source->serves(finding_of("wiz")));
        EXPECT_FALSE(source->serves(finding_of("orca")));
        const auto answer = run(source->ask(finding_of("wiz"), deadline_in(5s)));
        ASSERT_EQ(!answer, row.fails);
        if (row.fails) continue;
        EXPECT_EQ(answer->blast_radius.has_value(), row.has_graph);
        if (row.has_graph) EXPECT_EQ(answer->blast_radius->origin, "wiz");
        EXPECT_EQ(!answer->access_log.empty(), row.has_log);
        std::vector<std::string> gaps;
        for (const auto& gap : answer->gaps) gaps.push_back(gap.source);
        EXPECT_EQ(gaps, row.gaps);
    }
}

TEST(PlatformGraph, AsksOnlyForWhatIsWantedAndOffered) {
    auto api = platform("wiz", "role");
    EXPECT_TRUE(run(make_platform_graph(api, {.max_hops = 0})->ask(finding_of("wiz"), deadline_in(5s)))->blast_radius ==
                std::nullopt);
    EXPECT_EQ(api->questions, 1) << "no graph where none is wanted";
    api->can = {};
    EXPECT_FALSE(make_platform_graph(api, {})->serves(finding_of("wiz")));
}

TEST(PlatformGraph, SignsAndOrdersWhatThePlatformSays) {
    const auto answer = run(make_platform_graph(platform("wiz", "role"), {})->ask(finding_of("wiz"), deadline_in(5s)));
    ASSERT_TRUE(answer);
    ASSERT_THAT(answer->access_log, SizeIs(2));
    EXPECT_EQ(answer->access_log[0].at, Timestamp{9'000ms}) << "newest first";
    EXPECT_EQ(answer->access_log[0].origin, "wiz");
    EXPECT_EQ(answer->policies.at(0).origin, "wiz");
}

TEST(PlatformGraph, EnrichmentBringsSeveralPlatformsTogether) {
    asio::io_context io;
    Metrics metrics;
    auto wiz = platform("wiz", "role");
    auto orca = platform("orca", "user");
    orca->insight_error = Errc::timeout;
    auto prisma = platform("prisma", "nobody");
    ContextSources sources;
    for (const auto& api : {wiz, orca, prisma}) sources.graphs.push_back(make_platform_graph(api, {}));
    Enricher enricher(std::move(sources), {}, metrics);
    const auto context = run(enricher.enrich({finding_of("wiz"), finding_of("orca")}, deadline_in(5s)));
    ASSERT_TRUE(context.blast_radius);
    EXPECT_EQ(context.blast_radius->origin, "orca, wiz");
    EXPECT_THAT(context.blast_radius->nodes, SizeIs(3));
    EXPECT_EQ(prisma->questions, 0) << "none of its findings is here";
    EXPECT_THAT(context.exposure_path, ElementsAre("internet", "wiz"));
    EXPECT_THAT(context.access_log, SizeIs(2));
    ASSERT_THAT(context.gaps, SizeIs(1));
    EXPECT_EQ(context.gaps[0].source, "insight:orca");
    EXPECT_THAT(context.gaps[0].reason, HasSubstr("access log"));
}

} // namespace
} // namespace dossier::context
