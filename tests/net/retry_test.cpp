#include "retry.hpp"

#include <gtest/gtest.h>

#include <ctime>

namespace dossier::net {
namespace {

using namespace std::chrono_literals;

TEST(Retry, FullJitterStaysWithinTheDoublingCap) {
    const RetryPolicy policy{.attempts = 9, .base = 100ms, .max = 1s};
    struct Row {
        int attempt;
        Duration cap;
    };
    for (const auto& row : {Row{1, 100ms}, Row{2, 200ms}, Row{4, 800ms}, Row{5, 1s}, Row{60, 1s}}) {
        SCOPED_TRACE(row.attempt);
        Duration highest{0};
        for (int i = 0; i < 500; ++i) {
            const auto delay = full_jitter(policy, row.attempt);
            ASSERT_GE(delay, 0ms);
            ASSERT_LE(delay, row.cap);
            highest = std::max(highest, delay);
        }
        EXPECT_GT(highest, row.cap / 2); // spread over the whole span, not bunched at its foot
    }
}

TEST(Retry, ReadsEveryFormOfRetryAfter) {
    struct Row {
        const char* name;
        Headers headers;
        std::optional<Duration> expected;
    };
    const std::vector<Row> rows = {
        {"absent", {}, {}},
        {"seconds", {{"Retry-After", "3"}}, 3s},
        {"zero", {{"retry-after", "0"}}, 0ms},
        {"fraction", {{"Retry-After", " 1.5 "}}, 1500ms},
        {"milliseconds win", {{"Retry-After", "3"}, {"retry-after-ms", "20"}}, 20ms},
        {"azure", {{"x-ms-retry-after-ms", "250"}}, 250ms},
        {"nonsense milliseconds fall back", {{"retry-after-ms", "soon"}, {"Retry-After", "2"}}, 2s},
        {"negative", {{"Retry-After", "-3"}}, {}},
        {"word", {{"Retry-After", "tomorrow"}}, {}},
        {"day's name alone", {{"Retry-After", "Monday"}}, {}},
        {"date gone by", {{"Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"}}, 0ms},
        {"more than a day", {{"Retry-After", "99999999999999999999"}}, 24h},
        {"not a number", {{"Retry-After", "nan"}}, {}},
        {"Okta's end of the window, by its own clock",
         {{"X-Rate-Limit-Reset", "1445412510"}, {"Date", "Wed, 21 Oct 2015 07:28:00 GMT"}},
         30s},
        {"a window that has ended",
         {{"X-Rate-Limit-Reset", "1445412400"}, {"Date", "Wed, 21 Oct 2015 07:28:00 GMT"}},
         0ms},
        {"seconds that are no time of day", {{"X-Rate-Limit-Reset", "60"}}, {}},
        {"the window that is used up",
         {{"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "6m0s"}},
         6min},
        {"Retry-After before the window",
         {{"Retry-After", "2"}, {"x-ratelimit-remaining-tokens", "0"}, {"x-ratelimit-reset-tokens", "6m0s"}},
         2s},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(retry_after_of({.status = 429, .headers = row.headers}), row.expected);
    }
    EXPECT_EQ(retry_after_of({.status = 503, .headers = {{"X-Rate-Limit-Reset", "1445412510"}}}), std::nullopt)
        << "the window says nothing about an outage";
}

TEST(Retry, ReadsAnHttpDateAsTheSpanUntilThen) {
    const auto then = std::time(nullptr) + 60;
    std::tm parts{};
    gmtime_r(&then, &parts);
    char text[64];
    std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    const auto wait = retry_after_of({.status = 503, .headers = {{"Retry-After", text}}});
    ASSERT_TRUE(wait);
    EXPECT_GE(*wait, 55s);
    EXPECT_LE(*wait, 60s);
}

TEST(Retry, JudgesEachOutcomeByWhatMayHaveHappened) {
    constexpr auto safe = Repeat::safe;
    constexpr auto unsafe = Repeat::unsafe;
    const Headers later = {{"Retry-After", "1"}};
    const Headers never = {{"x-should-retry", "false"}};
    struct Row {
        const char* name;
        Result<HttpResponse> outcome;
        Repeat repeat;
        bool may_repeat;
        std::string final;
        Health health;
    };
    const auto status = [](int code, Headers headers = {}) {
        return Result<HttpResponse>(HttpResponse{.status = code, .headers = std::move(headers)});
    };
    const auto error = [](Errc code) { return Result<HttpResponse>(fail(code, "x")); };
    const std::vector<Row> rows = {
        {"ok", status(200), safe, false, "200", Health::good},
        {"redirect", status(302), safe, false, "302", Health::good},
        {"refused by the rules", status(400), unsafe, false, "400", Health::good},
        {"408 safe", status(408), safe, true, "408", Health::good},
        {"408 unsafe", status(408), unsafe, false, "408", Health::good},
        {"429 safe", status(429), safe, true, "rate_limited", Health::good},
        {"429 unsafe", status(429, later), unsafe, true, "rate_limited", Health::good},
        {"429 told not to", status(429, never), safe, false, "429", Health::good},
        {"500 safe", status(500), safe, true, "unavailable", Health::bad},
        {"500 unsafe", status(500), unsafe, false, "outcome_unknown", Health::bad},
        {"500 told not to", status(500, never), safe, false, "unavailable", Health::bad},
        {"501", status(501), safe, false, "501", Health::good},
        {"502 unsafe", status(502), unsafe, false, "outcome_unknown", Health::bad},
        {"503 unsafe", status(503), unsafe, false, "outcome_unknown", Health::bad},
        {"503 unsafe, later", status(503, later), unsafe, true, "unavailable", Health::bad},
        {"500 unsafe, later", status(500, later), unsafe, false, "outcome_unknown", Health::bad},
        {"not reached, unsafe", error(Errc::unavailable), unsafe, true, "unavailable", Health::bad},
        {"not sent in time, unsafe", error(Errc::timeout), unsafe, true, "timeout", Health::bad},
        {"unknown, safe", error(Errc::outcome_unknown), safe, true, "outcome_unknown", Health::bad},
        {"unknown, unsafe", error(Errc::outcome_unknown), unsafe, false, "outcome_unknown", Health::bad},
        {"too large", error(Errc::too_large), safe, false, "too_large", Health::good},
        {"cancelled", error(Errc::cancelled), safe, false, "cancelled", Health::unproven},
        {"bad request of ours", error(Errc::invalid_argument), safe, false, "invalid_argument", Health::unproven},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto verdict = judge_try(row.outcome, row.repeat);
        EXPECT_EQ(verdict.may_repeat, row.may_repeat);
        EXPECT_EQ(verdict.final ? std::to_string(verdict.final->status) : name_of(verdict.final.error().code),
                  row.final);
        EXPECT_EQ(verdict.health, row.health);
    }
}

TEST(Retry, LastWordIsAValueAndNotRepeated) {
    const auto verdict =
        judge_try(HttpResponse{.status = 429, .body = "insufficient_quota"}, Repeat::safe, Meaning::last_word);
    EXPECT_FALSE(verdict.may_repeat);
    ASSERT_TRUE(verdict.final);
    EXPECT_EQ(verdict.final->body, "insufficient_quota");
}

TEST(Retry, A400ThatAsksForLessIsA429) {
    const auto verdict =
        judge_try(HttpResponse{.status = 400, .body = "Throttling"}, Repeat::unsafe, Meaning::slow_down);
    EXPECT_TRUE(verdict.may_repeat);
    ASSERT_FALSE(verdict.final);
    EXPECT_EQ(verdict.final.error().code, Errc::rate_limited);
}

TEST(ErrcOfStatus, NamesWhatAnAnswerMeans) {
    struct Row {
        int status;
        Errc read;
        Errc created;
    };
    for (const auto& row :
         {Row{400, Errc::rejected, Errc::rejected}, Row{401, Errc::unauthenticated, Errc::unauthenticated},
          Row{403, Errc::forbidden, Errc::forbidden}, Row{404, Errc::not_found, Errc::not_found},
          Row{408, Errc::unavailable, Errc::outcome_unknown}, Row{409, Errc::conflict, Errc::conflict},
          Row{410, Errc::rejected, Errc::rejected}, Row{413, Errc::too_large, Errc::too_large},
          Row{422, Errc::rejected, Errc::rejected}, Row{429, Errc::rate_limited, Errc::rate_limited},
          Row{500, Errc::unavailable, Errc::outcome_unknown}, Row{503, Errc::unavailable, Errc::outcome_unknown}}) {
        EXPECT_EQ(errc_of_status(row.status, Repeat::safe), row.read) << row.status;
        EXPECT_EQ(errc_of_status(row.status, Repeat::unsafe), row.created) << row.status;
    }
}

} // namespace
} // namespace dossier::net
