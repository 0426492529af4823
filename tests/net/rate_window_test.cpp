#include "dossier/net/rate_window.hpp"

#include "dossier/base/time.hpp"

#include <gtest/gtest.h>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;

TEST(RateWindow, ReadsSpansAsGoPrintsThem) {
    struct Row {
        const char* text;
        std::optional<Duration> expected;
    };
    const Row rows[] = {
        {"1s", 1s},     {"6m0s", 6min},      {"2m59.56s", 179'560ms},
        {"20ms", 20ms}, {"1h2m3s", 3'723s},  {"0s", 0ms},
        {"0.5ms", 1ms}, {"999999999h", 24h}, {"12µs", 1ms},
        {"", {}},       {"12", {}},          {"s", {}},
        {"1x", {}},     {"-1s", {}},         {"1s2", {}},
        {"1.2.3s", {}}, {"1 s", {}},         {"nans", {}},
        {"1e9s", {}},   {"1ss", {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(parse_go_duration(row.text), row.expected);
    }
    EXPECT_EQ(parse_go_duration(std::string(100'000, '1')), std::nullopt);
}

TEST(RateWindow, TellsHowLongTheUsedUpWindowsLast) {
    const auto now = *parse_time("2026-03-04T08:00:00Z");
    struct Row {
        const char* name;
        Headers headers;
        std::optional<Duration> expected;
    };
    const Row rows[] = {
        {"nothing told", {}, {}},
        {"room left", {{"x-ratelimit-remaining-requests", "3"}, {"x-ratelimit-reset-requests", "6m0s"}}, {}},
        {"requests used up", {{"X-RateLimit-Remaining-Requests", "0"}, {"X-RateLimit-Reset-Requests", "6m0s"}}, 6min},
        {"tokens used up, requests not",
         {{"x-ratelimit-remaining-requests", "9"},
          {"x-ratelimit-reset-requests", "9s"},
          {"x-ratelimit-remaining-tokens", "0"},
          {"x-ratelimit-reset-tokens", "20ms"}},
         20ms},
        {"both: the longer",
         {{"x-ratelimit-remaining-requests", "0"},
          {"x-ratelimit-reset-requests", "9s"},
          {"x-ratelimit-remaining-tokens", "-12"},
          {"x-ratelimit-reset-tokens", "2s"}},
         9s},
        {"Anthropic's times",
         {{"anthropic-ratelimit-output-tokens-remaining", "0"},
          {"anthropic-ratelimit-output-tokens-reset", "2026-03-04T08:00:30Z"}},
         30s},
        {"a time that has passed",
         {{"anthropic-ratelimit-requests-remaining", "0"},
          {"anthropic-ratelimit-requests-reset", "2026-03-04T07:59:00Z"}},
         0ms},
        {"a time far away",
         {{"anthropic-ratelimit-requests-remaining", "0"},
          {"anthropic-ratelimit-requests-reset", "2199-01-01T00:00:00Z"}},
         24h},
        {"no reset", {{"x-ratelimit-remaining-requests", "0"}}, {}},
        {"nonsense", {{"x-ratelimit-remaining-requests", "zero"}, {"x-ratelimit-reset-requests", "soon"}}, {}},
        {"nonsense reset", {{"x-ratelimit-remaining-requests", "0"}, {"x-ratelimit-reset-requests", "17"}}, {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(used_up_for(row.headers, now), row.expected);
    }
}

} // namespace
} // namespace dossier::net
