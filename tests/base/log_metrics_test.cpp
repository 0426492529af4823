#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/time.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>

namespace dossier {
namespace {

using testing::HasSubstr;
using testing::Not;

/// What `say` writes to stderr.
auto logged(log::Level level, log::Format format, const std::function<void()>& say) -> std::string {
    log::configure(level, format);
    testing::internal::CaptureStderr();
    say();
    auto text = testing::internal::GetCapturedStderr();
    log::configure(log::Level::info, log::Format::text);
    return text;
}

TEST(Log, WritesOneJsonObjectALine) {
    const auto text = logged(log::Level::info, log::Format::json, [] {
        log::info("a.b", {{"word", "x"}, {"hostile", "two\nlines\" \xff"}, {"n", 7}, {"d", 0.5}, {"yes", true}});
        log::error("c.d");
    });
    const auto lines = split(trim(text), '\n');
    ASSERT_EQ(lines.size(), 2U) << text;
    const auto first = Json::parse(lines[0]);
    EXPECT_EQ(first.at("level"), "info");
    EXPECT_EQ(first.at("event"), "a.b");
    EXPECT_EQ(first.at("word"), "x");
    EXPECT_EQ(first.at("n"), 7);
    EXPECT_EQ(first.at("d"), 0.5);
    EXPECT_EQ(first.at("yes"), true);
    EXPECT_TRUE(parse_time(first.at("time").get<std::string>()));
    EXPECT_EQ(Json::parse(lines[1]).at("level"), "error");
}

TEST(Log, ATextValueCannotLookLikeAnotherField) {
    struct Row {
        const char* value;
        const char* shown;
    };
    for (const auto& row :
         {Row{"plain", " v=plain\n"}, Row{"", " v=\"\"\n"}, Row{"two words", " v=\"two words\"\n"},
          Row{"x\nerror c.d", " v=\"x\\nerror c.d\"\n"}, Row{"a=b", " v=\"a=b\"\n"}, Row{"{}", " v={}\n"}}) {
        SCOPED_TRACE(row.value);
        const auto text =
            logged(log::Level::info, log::Format::text, [&] { log::warn("a.b", {{"v", std::string(row.value)}}); });
        EXPECT_THAT(text, HasSubstr(std::string("warn  a.b") + row.shown));
    }
}

TEST(Log, LeavesOutWhatIsBelowItsLevel) {
    const log::Level levels[] = {log::Level::debug, log::Level::info, log::Level::warn, log::Level::error};
    for (int chosen = 0; chosen < 4; ++chosen) {
        SCOPED_TRACE(chosen);
        const auto text = logged(levels[chosen], log::Format::text, [] {
            log::debug("e0");
            log::info("e1");
            log::warn("e2");
            log::error("e3");
        });
        for (int i = 0; i < 4; ++i) {
            const auto event = "e" + std::to_string(i);
            if (i >= chosen)
                EXPECT_THAT(text, HasSubstr(event));
            else
                EXPECT_THAT(text, Not(HasSubstr(event)));
        }
    }
}

TEST(Metrics, CountersGaugesAndHistogramsAreRendered) {
    Metrics metrics;
    EXPECT_EQ(metrics.render(), "");
    metrics.count("hits_total", {{"route", "a"}});
    metrics.count("hits_total", {{"route", "a"}}, 2);
    metrics.count("hits_total", {{"route", "b\"\n"}});
    metrics.set("depth", 5);
    metrics.add("depth", -2);
    metrics.observe("took_seconds", 0.3);
    const auto text = metrics.render();
    for (const char* line :
         {"# TYPE hits_total counter", "hits_total{route=\"a\"} 3", "hits_total{route=\"b\\\"\\n\"} 1",
          "# TYPE depth gauge", "depth 3", "took_seconds_bucket{le=\"0.25\"} 0", "took_seconds_bucket{le=\"0.5\"} 1",
          "took_seconds_count 1"})
        EXPECT_THAT(text, HasSubstr(line));
}

TEST(Metrics, CountFromManyThreadsWithoutLoss) {
    Metrics metrics;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&, t] {
                for (int i = 0; i < 500; ++i) {
                    metrics.count("hits_total", {{"route", i % 2 == 0 ? "even" : "odd"}});
                    metrics.count("t" + std::to_string(t) + "_total");
                }
            });
    }
    EXPECT_THAT(metrics.render(), HasSubstr("hits_total{route=\"even\"} 1000"));
    EXPECT_THAT(metrics.render(), HasSubstr("t3_total 500"));
}

} // namespace
} // namespace dossier
