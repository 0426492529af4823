#include "dossier/net/upstream.hpp"

#include "net_client_fixture.hpp"
#include "scripted_server.hpp"
#include "support/live_bytes.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>

#include <atomic>

namespace dossier::net::test {
namespace {

class UpstreamTest : public NetClientTest {
protected:
    static auto quick(std::size_t places = 64) -> UpstreamConfig {
        return {.name = "jira",
                .max_in_flight = places,
                .timeout = 2s,
                .retry = {.attempts = 3, .base = 1ms, .max = 2ms},
                .breaker = {.failures = 5, .open_for = 60s}};
    }
    auto call(Upstream& upstream, const ScriptedServer& server, Repeat repeat, std::chrono::milliseconds within = 5s)
        -> Result<HttpResponse> {
        return wait(upstream.call({.method = "POST", .url = server.url(), .body = "b"}, repeat, deadline_in(within)));
    }
    auto shows(const std::string& line) const -> bool { return metrics.render().find(line) != std::string::npos; }

    Metrics metrics;
};

TEST_F(UpstreamTest, MakesTheBodyAgainForAnotherTryAndForNoOther) {
    for (const int failures : {0, 1, 2}) {
        SCOPED_TRACE(failures);
        std::vector<std::string> bodies;
        ScriptedServer server([&](const auto&, const auto& body, int number) {
            bodies.push_back(body);
            return answer(number <= failures ? 503 : 200);
        });
        Upstream upstream(*client, metrics, quick());
        int made = 0;
        ClientRequest request{.method = "POST", .url = server.url(), .body = "the body"};
        request.make_body = [&made] {
            ++made;
            return std::string("the body");
        };
        EXPECT_EQ(summary(wait(upstream.call(std::move(request), Repeat::safe, deadline_in(5s)))), "200");
        EXPECT_EQ(bodies, std::vector<std::string>(static_cast<std::size_t>(failures) + 1, "the body"));
        EXPECT_EQ(made, failures);
    }
}

TEST_F(UpstreamTest, ACallThatWaitsHoldsItsTransferAndLittleMore) {
    if (!dossier::test::counts_live_bytes) GTEST_SKIP();
    asio::io_context own;
    asio::ip::tcp::acceptor server(own, {asio::ip::address_v4::loopback(), 0});
    const auto url = "http://127.0.0.1:" + std::to_string(server.local_endpoint().port()) + "/";
    constexpr std::size_t many = 100;
    std::vector<asio::ip::tcp::socket> sockets;
    sockets.reserve(2 * many);
    std::vector<std::future<Result<HttpResponse>>> calls;
    calls.reserve(2 * many);
    Upstream upstream(*client, metrics, {.name = "llm", .max_in_flight = 2 * many, .timeout = 60s});
    const auto wait_for = [&](std::size_t how_many) {
        while (calls.size() < how_many) {
            calls.push_back(start(upstream.call({.method = "POST", .url = url, .body = std::string("the body\n")},
                                                Repeat::unsafe, deadline_in(60s))));
            asio::streambuf received;
            asio::read_until(sockets.emplace_back(server.accept()), received, "the body\n"); // and nothing is said
        }
    };
    wait_for(many); // what is made once was made
    const auto before = dossier::test::live_bytes();
    wait_for(2 * many);
    EXPECT_LT((dossier::test::live_bytes() - before) / many, 20'000U);
    sockets.clear();
    for (auto& call : calls) EXPECT_EQ(summary(call.get()), "outcome_unknown");
}

TEST_F(UpstreamTest, RepeatsWhatMayBeRepeated) {
    struct Row {
        const char* name;
        std::vector<Answer> script; ///< the last one stays
        Repeat repeat;
        std::string expected;
        int requests;
    };
    const std::vector<Row> rows = {
        {"429 then 200", {answer(429, "", "retry-after-ms: 5\r\n"), answer(200)}, Repeat::unsafe, "200", 2},
        {"500 twice, safe", {answer(500), answer(502), answer(200)}, Repeat::safe, "200", 3},
        {"500 for ever, safe", {answer(500)}, Repeat::safe, "unavailable", 3},
        {"500, unsafe", {answer(500), answer(200)}, Repeat::unsafe, "outcome_unknown", 1},
        {"503 with Retry-After, unsafe",
         {answer(503, "", "Retry-After: 0\r\n"), answer(201)},
         Repeat::unsafe,
         "201",
         2},
        {"cut, safe", {Answer{.bytes = "HTTP/1.1 2", .closes = true}, answer(200)}, Repeat::safe, "200", 2},
        {"cut, unsafe",
         {Answer{.bytes = "HTTP/1.1 2", .closes = true}, answer(200)},
         Repeat::unsafe,
         "outcome_unknown",
         1},
        {"not found", {answer(404)}, Repeat::safe, "404", 1},
        {"told not to", {answer(429, "", "x-should-retry: false\r\n"), answer(200)}, Repeat::safe, "429", 1},
        {"told to", {answer(409, "", "x-should-retry: true\r\n"), answer(200)}, Repeat::safe, "200", 2},
        {"told to, unsafe", {answer(409, "", "x-should-retry: true\r\n"), answer(200)}, Repeat::unsafe, "409", 1},
        {"429 for ever", {answer(429)}, Repeat::safe, "rate_limited", 3},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        ScriptedServer server([&](const auto&, const auto&, int number) {
            return row.script[std::min<std::size_t>(static_cast<std::size_t>(number), row.script.size()) - 1];
        });
        Upstream upstream(*client, metrics, quick());
        EXPECT_EQ(summary(call(upstream, server, row.repeat)), row.expected);
        EXPECT_EQ(server.requests(), row.requests);
    }
}

TEST_F(UpstreamTest, NeverBeginsABodyTwice) {
    const auto chunked = [](std::string chunks, bool closes) {
        return Answer{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks, .closes = closes};
    };
    struct Row {
        const char* name;
        std::vector<Answer> script;
        std::string expected;
        std::string pieces;
        int requests;
    };
    const std::vector<Row> rows = {
        {"whole", {chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", false)}, "200", "abcde", 1},
        {"cut after the first piece", {chunked("3\r\nabc\r\n9\r\nd", true)}, "outcome_unknown", "abcd", 1},
        {"cut before it", {chunked("", true), chunked("1\r\nx\r\n0\r\n\r\n", false)}, "200", "x", 2},
        {"failed, then whole", {answer(500, "no"), chunked("1\r\nx\r\n0\r\n\r\n", false)}, "200", "x", 2},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        ScriptedServer server([&](const auto&, const auto&, int number) {
            return row.script[std::min<std::size_t>(static_cast<std::size_t>(number), row.script.size()) - 1];
        });
        Upstream upstream(*client, metrics, quick());
        std::string pieces;
        ClientRequest request{.url = server.url()};
        request.on_data = [&](std::string_view piece) { pieces += piece; };
        EXPECT_EQ(summary(wait(upstream.call(std::move(request), Repeat::safe, deadline_in(5s)))), row.expected);
        EXPECT_EQ(pieces, row.pieces);
        EXPECT_EQ(server.requests(), row.requests);
    }
}

TEST_F(UpstreamTest, WaitThatPassesTheDeadlineComesBackAtOnce) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(429, "", "Retry-After: 30\r\n"); });
    Upstream upstream(*client, metrics, quick());
    const auto result = call(upstream, server, Repeat::safe);
    ASSERT_EQ(summary(result), "rate_limited");
    EXPECT_EQ(result.error().retry_after, 30s);
    EXPECT_EQ(server.requests(), 1);
    EXPECT_FALSE(upstream.is_open());
}

TEST_F(UpstreamTest, KeepsToItsOwnRateAndRefusesWhoCannotWaitForATurn) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200); });
    auto config = quick();
    config.rate = {.per_second = 10};
    Upstream upstream(*client, metrics, config);
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 12; ++i) EXPECT_EQ(summary(call(upstream, server, Repeat::safe)), "200");
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 150ms) << "ten at once, then one each 100 ms";
    const auto late = call(upstream, server, Repeat::safe, 20ms);
    ASSERT_EQ(summary(late), "rate_limited");
    EXPECT_GT(late.error().retry_after, 20ms);
    EXPECT_EQ(server.requests(), 12) << "nothing was sent";
    EXPECT_FALSE(upstream.is_open()) << "our own budget is no fault of theirs";
}

TEST_F(UpstreamTest, KeepsToTheWaitItWasAskedFor) {
    ScriptedServer server([](const auto&, const auto&, int number) {
        return number == 1 ? answer(503, "", "retry-after-ms: 150\r\n") : answer(200);
    });
    Upstream upstream(*client, metrics, quick());
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_EQ(summary(call(upstream, server, Repeat::unsafe)), "200");
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 150ms);
}

TEST_F(UpstreamTest, FinalAnswerIsAValue) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(429, "insufficient_quota"); });
    auto config = quick();
    config.is_final = [](const HttpResponse& response) { return response.body == "insufficient_quota"; };
    Upstream upstream(*client, metrics, std::move(config));
    EXPECT_EQ(summary(call(upstream, server, Repeat::safe)), "429");
    EXPECT_EQ(server.requests(), 1);
}

TEST_F(UpstreamTest, CircuitOpensAfterFailuresAndAProbeClosesIt) {
    std::atomic<bool> healthy = false;
    ScriptedServer server([&](const auto&, const auto&, int) { return answer(healthy ? 200 : 500); });
    auto config = quick();
    config.retry.attempts = 1;
    config.breaker = {.failures = 3, .open_for = 100ms};
    Upstream upstream(*client, metrics, std::move(config));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(summary(call(upstream, server, Repeat::unsafe)), "outcome_unknown");
    EXPECT_TRUE(upstream.is_open());
    EXPECT_TRUE(shows("dossier_upstream_circuit_open{upstream=\"jira\"} 1"));
    const auto refused = call(upstream, server, Repeat::unsafe);
    ASSERT_EQ(summary(refused), "unavailable");
    ASSERT_TRUE(refused.error().retry_after);
    EXPECT_LE(*refused.error().retry_after, 100ms);
    EXPECT_TRUE(refused.error().not_sent);
    EXPECT_EQ(server.requests(), 3); // it wasn't asked

    healthy = true;
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (upstream.is_open() && std::chrono::steady_clock::now() < until) (void)call(upstream, server, Repeat::unsafe);
    EXPECT_FALSE(upstream.is_open());
    EXPECT_EQ(server.requests(), 4);
    EXPECT_TRUE(shows("dossier_upstream_circuit_open{upstream=\"jira\"} 0"));
}

TEST_F(UpstreamTest, ACircuitThatOpensBetweenTwoTriesHasLetOneThrough) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(500); });
    auto config = quick();
    config.retry.attempts = 3;
    config.breaker = {.failures = 1, .open_for = 10s};
    Upstream upstream(*client, metrics, std::move(config));
    const auto failed = call(upstream, server, Repeat::safe);
    ASSERT_EQ(summary(failed), "unavailable");
    EXPECT_FALSE(failed.error().not_sent);
    EXPECT_EQ(server.requests(), 1);
}

TEST_F(UpstreamTest, HastyCallersDontOpenTheCircuit) {
    ScriptedServer server(
        [](const auto&, const auto&, int) { return Answer{.bytes = answer(200).bytes, .delay = 1h}; });
    auto config = quick();
    config.breaker.failures = 1;
    Upstream upstream(*client, metrics, std::move(config));
    EXPECT_EQ(summary(call(upstream, server, Repeat::unsafe, 50ms)), "outcome_unknown");
    EXPECT_FALSE(upstream.is_open());
}

TEST_F(UpstreamTest, NeverHasMoreUnderWayThanItsLimit) {
    ScriptedServer server(
        [](const auto&, const auto&, int) { return Answer{.bytes = answer(200).bytes, .delay = 10ms}; });
    Upstream upstream(*client, metrics, quick(4));
    std::vector<std::future<Result<HttpResponse>>> answers;
    for (std::size_t i = 0; i < 40; ++i) {
        answers.push_back(start(upstream.call({.url = server.url()}, Repeat::safe, deadline_in(10s)), i % 2));
    }
    for (auto& result : answers) EXPECT_EQ(summary(result.get()), "200");
    EXPECT_LE(server.connections(), 8); // four at a time, from two lanes
    EXPECT_TRUE(shows("dossier_upstream_in_flight{upstream=\"jira\"} 0"));
    EXPECT_TRUE(shows("dossier_upstream_requests_total{"));
    EXPECT_TRUE(shows("dossier_upstream_request_seconds_count{"));
}

TEST_F(UpstreamTest, WaitingForAPlaceEndsWithTheDeadlineOrCancellation) {
    ScriptedServer server([](const auto&, const auto&, int) { return Answer{.delay = 1h}; });
    auto config = quick(1);
    config.timeout = 1h;
    Upstream upstream(*client, metrics, std::move(config));
    auto holder = start(upstream.call({.url = server.url()}, Repeat::unsafe, deadline_in(1h)));
    ASSERT_TRUE(server.wait_for_requests(1));
    EXPECT_EQ(summary(call(upstream, server, Repeat::safe, 50ms)), "timeout");

    asio::cancellation_signal stop;
    std::promise<std::string> ended;
    auto task = [](Upstream& to, std::string url) -> Task<std::string> {
        co_return summary(co_await to.call({.url = std::move(url)}, Repeat::safe, deadline_in(1h)));
    };
    asio::co_spawn(runtime.lane(1), task(upstream, server.url()),
                   asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&, std::string outcome) {
                       ended.set_value(std::move(outcome));
                   }));
    asio::post(runtime.lane(1), [&] { stop.emit(asio::cancellation_type::terminal); });
    EXPECT_EQ(ended.get_future().get(), "cancelled");

    client.reset(); // frees the place
    EXPECT_EQ(summary(holder.get()), "cancelled");
    EXPECT_EQ(server.requests(), 1);
}

} // namespace
} // namespace dossier::net::test
