#include "support/run_task.hpp"

#include "net_client_fixture.hpp"
#include "scripted_server.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <set>
#include <thread>

namespace dossier::net::test {
namespace {

using HttpClientTest = NetClientTest;

/// A gzip stream of 100,000 blanks (RFC 1952), 133 bytes.
auto gzipped_blanks() -> std::string {
    constexpr std::string_view hex =
        "1f8b0800000000000203edc13101000000c2a02aeb9fd21a1e40010000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
        "0000000000000000000000000000000000000000000000af062df079caa0860100";
    std::string bytes;
    for (std::size_t i = 0; i < hex.size(); i += 2) {
        bytes.push_back(static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
    }
    return bytes;
}

auto fields(std::size_t bytes) -> std::string {
    std::string text;
    while (text.size() < bytes) text += "A: " + std::string(100, 'a') + "\r\n";
    return text;
}

auto port_nobody_listens_on() -> int {
    asio::io_context context;
    asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
}

TEST_F(HttpClientTest, HandsABodyOnInPiecesOnTheCallersLane) {
    ScriptedServer server([](const auto& head, const auto&, int) {
        if (head.starts_with("GET /wrong")) return answer(404, "why");
        return Answer{.bytes = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"};
    });
    std::string pieces;
    std::set<std::thread::id> threads;
    const auto streamed = [&](const std::string& path, std::size_t most) {
        pieces.clear();
        ClientRequest request{.url = server.url(path), .max_response = most};
        request.on_data = [&](std::string_view piece) {
            pieces += piece;
            threads.insert(std::this_thread::get_id());
        };
        return send(std::move(request));
    };
    const auto whole = streamed("/", 100);
    ASSERT_TRUE(whole) << whole.error().describe();
    EXPECT_EQ(pieces, "abcde");
    EXPECT_EQ(whole->body, "") << "it was handed on";
    const auto refused = streamed("/wrong", 100);
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->body, "why") << "an error's body is collected";
    EXPECT_EQ(pieces, "");
    EXPECT_EQ(summary(streamed("/", 4)), "too_large");
    std::promise<std::thread::id> lane;
    asio::post(runtime.lane(0), [&] { lane.set_value(std::this_thread::get_id()); });
    EXPECT_EQ(threads, std::set{lane.get_future().get()});
}

TEST_F(HttpClientTest, SendsMethodHeadersAndBodyAndReturnsTheAnswer) {
    std::string seen_body;
    ScriptedServer server([&](const auto&, const auto& body, int) {
        seen_body = body;
        return answer(201, R"({"id":7})", "X-One: a\r\nx-two:  b \r\n");
    });
    const auto result = send({.method = "PUT",
                              .url = server.url("/a/b?c=d"),
                              .headers = {{"Content-Type", "application/json"}, {"X-Empty", ""}},
                              .body = "{}",
                              .traceparent = "00-0123456789abcdef0123456789abcdef-0123456789abcdef-01"});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->status, 201);
    EXPECT_EQ(result->body, R"({"id":7})");
    EXPECT_EQ(result->headers.get("X-TWO"), "b");
    EXPECT_EQ(seen_body, "{}");
    const auto head = server.heads().front();
    EXPECT_TRUE(head.starts_with("PUT /a/b?c=d HTTP/1.1\r\n")) << head;
    for (const auto* line : {"Content-Type: application/json\r\n", "X-Empty:\r\n", "Content-Length: 2\r\n",
                             "traceparent: 00-0123456789abcdef0123456789abcdef-0123456789abcdef-01\r\n"}) {
        EXPECT_NE(head.find(line), std::string::npos) << line << head;
    }
    EXPECT_EQ(head.find("Expect:"), std::string::npos);
}

TEST_F(HttpClientTest, RedirectToAnotherHostComesBackAsItself) {
    ScriptedServer elsewhere([](const auto&, const auto&, int) { return answer(200, "stolen"); });
    ScriptedServer server(
        [&](const auto&, const auto&, int) { return answer(302, "", "Location: " + elsewhere.url() + "\r\n"); });
    const auto result = send({.url = server.url(), .headers = {{"Authorization", "Bearer x"}}});
    EXPECT_EQ(summary(result), "302");
    EXPECT_EQ(elsewhere.requests(), 0);
}

TEST_F(HttpClientTest, AnAnswerThatIsCutAtAnyByteIsNoAnswer) {
    const struct {
        const char* name;
        std::string whole;
        std::size_t idle = 0; ///< bytes at the end that say nothing any more
    } rows[] = {
        {"with its length", answer(201, R"({"key":"SEC-1"})", "X-Note: kept\r\n").bytes},
        {"in chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6;a=b\r\n{\"a\":1\r\n1\r\n}\r\n0\r\n\r\n",
         1},
        {"without a body", "HTTP/1.1 204 No Content\r\nX-Note: kept\r\n\r\n"},
        {"after an interim answer", "HTTP/1.1 103 Early Hints\r\nA: b\r\n\r\n" + answer(200, "{}").bytes},
    };
    for (const auto& row : rows) {
        std::atomic<std::size_t> cut = 0; // read by the server's thread
        ScriptedServer server(
            [&](const auto&, const auto&, int) { return Answer{.bytes = row.whole.substr(0, cut), .closes = true}; });
        for (; cut <= row.whole.size(); ++cut) {
            SCOPED_TRACE(std::string(row.name) + " after " + std::to_string(cut) + " bytes");
            const auto result = send({.method = "POST", .url = server.url(), .body = "{}"});
            EXPECT_EQ(!result, cut < row.whole.size() - row.idle) << summary(result);
            if (!result) EXPECT_EQ(summary(result), "outcome_unknown");
        }
    }
}

TEST_F(HttpClientTest, SaysWhatIsKnownOfEachBrokenOutcome) {
    struct Row {
        const char* name;
        Answer reply;
        std::string expected;
    };
    const std::vector<Row> rows = {
        {"closed after reading", {.closes = true}, "outcome_unknown"},
        {"half a head", {.bytes = "HTTP/1.1 200 O", .closes = true}, "outcome_unknown"},
        {"half a body", {.bytes = "HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\nabc", .closes = true}, "outcome_unknown"},
        {"half a chunk",
         {.bytes = "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", .closes = true},
         "outcome_unknown"},
        {"not HTTP", {.bytes = "SSH-2.0-OpenSSH\r\n", .closes = true}, "outcome_unknown"},
        {"never answered", {.delay = 1h}, "outcome_unknown"},
        {"interim answer first", {.bytes = "HTTP/1.1 103 X\r\nA: b\r\n\r\nHTTP/1.1 204 X\r\n\r\n"}, "204"},
        {"endless head", {.bytes = "HTTP/1.1 200 X\r\n" + fields(90'000)}, "too_large"},
        {"endless header line", {.bytes = "HTTP/1.1 200 X\r\nA: " + std::string(200'000, 'a')}, "outcome_unknown"},
        {"body over the bound", answer(200, std::string(1025, 'a')), "too_large"},
        {"body at the bound", answer(200, std::string(1024, 'a')), "200"},
        {"small body that unpacks beyond", answer(200, gzipped_blanks(), "Content-Encoding: gzip\r\n"), "too_large"},
    };
    for (const auto& row : rows) {
        for (const auto* method : {"GET", "POST"}) {
            SCOPED_TRACE(std::string(row.name) + " " + method);
            ScriptedServer server([&](const auto&, const auto&, int) { return row.reply; });
            EXPECT_EQ(summary(send({.method = method, .url = server.url(), .body = "", .max_response = 1024}, 300ms)),
                      row.expected);
            EXPECT_EQ(server.requests(), 1);
        }
    }
}

TEST_F(HttpClientTest, UnpacksGzip) {
    ScriptedServer server(
        [](const auto&, const auto&, int) { return answer(200, gzipped_blanks(), "Content-Encoding: gzip\r\n"); });
    const auto result = send({.url = server.url()});
    ASSERT_TRUE(result) << result.error().describe();
    EXPECT_EQ(result->body, std::string(100'000, ' '));
    EXPECT_NE(server.heads().front().find("Accept-Encoding: gzip\r\n"), std::string::npos);
}

TEST_F(HttpClientTest, NotReachedIsUnavailable) {
    const auto refused = "http://127.0.0.1:" + std::to_string(port_nobody_listens_on()) + "/?token=hidden";
    const auto result = send({.method = "POST", .url = refused, .body = "x"});
    ASSERT_EQ(summary(result), "unavailable");
    EXPECT_EQ(result.error().describe().find("hidden"), std::string::npos);
    EXPECT_EQ(summary(send({.url = "http://no-such-name.invalid/"})), "unavailable");
}

TEST_F(HttpClientTest, RefusesWhatCouldBreakOutOfItsLine) {
    struct Row {
        const char* name;
        ClientRequest request;
    };
    const std::string url = "http://127.0.0.1:1/";
    const std::vector<Row> rows = {
        {"no URL", {.url = ""}},
        {"relative", {.url = "/a"}},
        {"other protocol", {.url = "file:///etc/passwd"}},
        {"no host", {.url = "http:///a"}},
        {"method", {.method = "GET / HTTP/1.1\r\nX: y", .url = url}},
        {"header value", {.url = url, .headers = {{"A", "b\r\nC: d"}}}},
        {"header name", {.url = url, .headers = {{"A: b\r\nC", "d"}}}},
        {"traceparent", {.url = url, .traceparent = "00\r\nC: d"}},
        {"URL with a line break", {.url = url + "\r\nX: y"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(summary(send(row.request)), "invalid_argument");
    }
}

TEST_F(HttpClientTest, DeadlineInThePastSendsNothing) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200); });
    EXPECT_EQ(summary(send({.url = server.url()}, -1ms)), "timeout");
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(HttpClientTest, DeadlineDuringTheTlsHandshakeIsATimeoutNotADoubt) {
    asio::io_context context;
    asio::ip::tcp::acceptor silent(context, {asio::ip::address_v4::loopback(), 0}); // its backlog takes the connection
    const auto url = "https://127.0.0.1:" + std::to_string(silent.local_endpoint().port()) + "/";
    EXPECT_EQ(summary(send({.method = "POST", .url = url, .body = "x"}, 200ms)), "timeout");
    EXPECT_EQ(summary(send({.method = "POST", .url = url, .body = "x", .connect_timeout = 100ms})), "unavailable");
}

TEST_F(HttpClientTest, PostIsNotSentTwiceWhenAKeptConnectionDiesUnderIt) {
    struct Row {
        const char* method;
        const char* body;
        std::string expected;
        int requests;
    };
    for (const auto& row :
         {Row{"POST", "create", "outcome_unknown", 2}, Row{"PATCH", "change", "outcome_unknown", 2},
          Row{"POST", "", "outcome_unknown", 2}, Row{"GET", "", "200", 3}, Row{"PUT", "same again", "200", 3}}) {
        SCOPED_TRACE(std::string(row.method) + " " + row.body);
        ScriptedServer server(
            [](const auto&, const auto&, int number) { return number == 2 ? Answer{.closes = true} : answer(200); });
        ASSERT_EQ(summary(send({.url = server.url()})), "200"); // warms the connection
        EXPECT_EQ(summary(send({.method = row.method, .url = server.url(), .body = row.body})), row.expected);
        EXPECT_EQ(server.requests(), row.requests);
    }
}

TEST_F(HttpClientTest, HoldsNoBodyWhileTheAnswerTakesUnlessItMayBeSentAgain) {
    struct Row {
        const char* method;
        std::size_t bytes;
        bool is_held;
    };
    for (const auto& row : {Row{"POST", 20'000, false}, Row{"POST", 3'000'000, false}, Row{"PUT", 20'000, true}}) {
        SCOPED_TRACE(std::string(row.method) + " " + std::to_string(row.bytes));
        const FixedText body(std::string(row.bytes, 'b'));
        std::promise<void> seen;
        ScriptedServer server([&, turned = false](const auto&, const auto& received, int) mutable {
            if (!std::exchange(turned, true)) return answer(200); // a connection that is kept behaves like a new one
            seen.get_future().wait_for(5s);
            return answer(received.size() == row.bytes ? 200 : 400);
        });
        ASSERT_EQ(summary(send({.url = server.url()})), "200");
        auto sent = start(client->send({.method = row.method, .url = server.url(), .body = body}, deadline_in(10s)));
        ASSERT_TRUE(server.wait_for_requests(2));
        // The lane runs on after the last byte has left; what it does then comes before anything posted later.
        for (const auto deadline = deadline_in(2s); body.holders() > 1 && std::chrono::steady_clock::now() < deadline;)
            wait([]() -> Task<bool> { return sleep_for(1ms); }());
        EXPECT_EQ(body.holders() > 1, row.is_held);
        seen.set_value();
        EXPECT_EQ(summary(sent.get()), "200");
    }
}

TEST_F(HttpClientTest, LargeBodyArrivesWhole) {
    const std::string body(3'000'000, 'b');
    std::string seen;
    ScriptedServer server([&](const auto&, const auto& received, int) {
        seen = received;
        return answer(200, received);
    });
    const auto result = send({.method = "POST", .url = server.url(), .body = body});
    ASSERT_EQ(summary(result), "200");
    EXPECT_EQ(seen, body);
    EXPECT_EQ(result->body, body);
}

TEST_F(HttpClientTest, CallsFromSeveralLanesShareConnections) {
    ScriptedServer server(
        [](const auto&, const auto&, int) { return Answer{.bytes = answer(200, "x").bytes, .delay = 20ms}; });
    for (int round = 0; round < 3; ++round) {
        std::vector<std::future<Result<HttpResponse>>> answers;
        for (std::size_t i = 0; i < 200; ++i) {
            answers.push_back(start(client->send({.url = server.url()}, deadline_in(10s)), i % 2));
        }
        for (auto& result : answers) EXPECT_EQ(summary(result.get()), "200");
    }
    EXPECT_EQ(server.requests(), 600);
    EXPECT_LE(server.connections(), 200); // the later rounds found them open
}

TEST_F(HttpClientTest, SequentialCallsUseOneConnection) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200, "x"); });
    for (int i = 0; i < 20; ++i) ASSERT_EQ(summary(send({.method = "POST", .url = server.url(), .body = "b"})), "200");
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClientTest, ClosesWhatItKeepsWhenNothingIsUnderWay) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200); });
    client = std::make_unique<HttpClient>(runtime, 1, 50ms);
    for (int i = 0; i < 3; ++i) ASSERT_EQ(summary(send({.url = server.url()})), "200");
    EXPECT_TRUE(server.wait_for_no_connection()); // with nobody calling
    const auto connections = server.connections();
    EXPECT_EQ(summary(send({.url = server.url()})), "200"); // and goes on with another
    EXPECT_EQ(server.connections(), connections + 1);
}

TEST_F(HttpClientTest, CarriesMoreThanOneShardHolds) {
    ScriptedServer server(
        [](const auto&, const auto&, int) { return Answer{.bytes = answer(200).bytes, .delay = 300ms}; });
    std::vector<std::future<Result<HttpResponse>>> answers;
    for (int i = 0; i < 700; ++i) answers.push_back(start(client->send({.url = server.url()}, deadline_in(20s))));
    for (auto& result : answers) ASSERT_EQ(summary(result.get()), "200");
}

TEST_F(HttpClientTest, ResumesOnTheCallersLane) {
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200); });
    auto there_and_back = [](HttpClient& sender, std::string url) -> Task<bool> {
        const auto before = std::this_thread::get_id();
        const auto result = co_await sender.send({.url = std::move(url)}, deadline_in(5s));
        co_return result&& before == std::this_thread::get_id();
    };
    for (std::size_t lane = 0; lane < 2; ++lane) {
        EXPECT_TRUE(start(there_and_back(*client, server.url()), lane).get());
    }
    asio::io_context outside; // not a lane
    auto future = dossier::test::start_task(outside, there_and_back(*client, server.url()));
    outside.run();
    EXPECT_TRUE(future.get());
}

TEST_F(HttpClientTest, CancellationEndsACallAndItsConnection) {
    ScriptedServer server([](const auto&, const auto&, int) { return Answer{.delay = 1h}; });
    for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::total}) {
        asio::cancellation_signal stop;
        std::promise<std::string> ended;
        auto task = [](HttpClient& sender, std::string url) -> Task<std::string> {
            co_await asio::this_coro::reset_cancellation_state(asio::enable_total_cancellation());
            co_return summary(co_await sender.send({.url = std::move(url)}, deadline_in(1h)));
        };
        const int before = server.requests();
        asio::co_spawn(runtime.lane(0), task(*client, server.url()),
                       asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&, std::string outcome) {
                           ended.set_value(std::move(outcome));
                       }));
        ASSERT_TRUE(server.wait_for_requests(before + 1));
        asio::post(runtime.lane(0), [&] { stop.emit(type); });
        EXPECT_EQ(ended.get_future().get(), "cancelled");
    }
}

TEST_F(HttpClientTest, DestructionCancelsWhatIsUnderWay) {
    ScriptedServer server([](const auto&, const auto&, int) { return Answer{.delay = 1h}; });
    std::vector<std::future<Result<HttpResponse>>> answers;
    for (std::size_t i = 0; i < 20; ++i) {
        answers.push_back(start(client->send({.url = server.url()}, deadline_in(1h)), i % 2));
    }
    ASSERT_TRUE(server.wait_for_requests(20));
    client.reset();
    for (auto& result : answers) EXPECT_EQ(summary(result.get()), "cancelled");
}

TEST_F(HttpClientTest, TlsServerIsBelievedOnlyWithItsCertificateAuthority) {
    const auto pair = make_self_signed();
    ScriptedServer server([](const auto&, const auto&, int) { return answer(200, "secret"); }, pair.certificate,
                          pair.key);
    const auto refused = send({.method = "POST", .url = server.url(), .body = "x"});
    ASSERT_EQ(summary(refused), "unavailable");
    EXPECT_NE(refused.error().message.find("certificate"), std::string::npos) << refused.error().message;
    EXPECT_EQ(server.requests(), 0);

    const auto file = std::filesystem::temp_directory_path() / ("dossier-ca-" + std::to_string(::getpid()) + ".pem");
    std::ofstream(file) << pair.certificate;
    ::setenv("SSL_CERT_FILE", file.c_str(), 1); // NOLINT(concurrency-mt-unsafe): no other thread reads it now
    client = std::make_unique<HttpClient>(runtime);
    ::unsetenv("SSL_CERT_FILE"); // NOLINT(concurrency-mt-unsafe)
    for (int i = 0; i < 5; ++i) EXPECT_EQ(summary(send({.url = server.url()})), "200");
    EXPECT_EQ(server.connections(), 2); // the refused one and one kept alive

    auto other_name = server.url();
    other_name.replace(other_name.find("127.0.0.1"), 9, "127.0.0.2"); // certificate isn't for it, nobody listens
    EXPECT_EQ(summary(send({.url = other_name})), "unavailable");
    std::filesystem::remove(file);
}

} // namespace
} // namespace dossier::net::test
