#include "http_server_fixture.hpp"

#include <boost/asio/steady_timer.hpp>

#include <gmock/gmock.h>

#include <atomic>
#include <future>

namespace dossier::net::testing {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr auto get_request = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

/// How a body that was written while it was made came to its end.
struct StreamEnd {
    std::atomic<bool> cancelled{false};
    std::atomic<bool> ended{false};
    std::atomic<int> errc{-1};
    void wait() const {
        const auto until = std::chrono::steady_clock::now() + patience;
        while (!ended && std::chrono::steady_clock::now() < until) std::this_thread::yield();
        EXPECT_TRUE(ended) << "the stream's work didn't end";
    }
};

/// Notes the end of the coroutine that owns it, however it came.
struct EndNote {
    StreamEnd& end;
    ~EndNote() { end.ended = true; }
};

auto streamed(BodyStream body) -> HttpResponse {
    return {.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = {}, .stream = std::move(body)};
}

class HttpStreamTest : public HttpServerTest {
protected:
    void serve(BodyStream body) {
        handler = [body](HttpRequest) -> Task<HttpResponse> { co_return streamed(body); };
    }
};

auto two_pieces(BodyWriter& out) -> Task<void> {
    co_await out.write("hello ");
    co_await out.write("");
    co_await out.write("there, world");
}

/// Writes one piece, then waits for good.
auto piece_then_silence(BodyWriter& out, StreamEnd& end) -> Task<void> {
    const EndNote note{end};
    co_await out.write("first");
    const bool slept = co_await sleep_for(1h);
    end.cancelled = !slept;
}

/// Writes until a write fails.
auto flood(BodyWriter& out, StreamEnd& end) -> Task<void> {
    const EndNote note{end};
    const std::string piece(64U << 10U, 'x');
    for (;;) {
        const auto written = co_await out.write(piece);
        if (written) continue;
        end.errc = static_cast<int>(written.error().code);
        const auto again = co_await out.write("more");
        EXPECT_FALSE(again) << "an error must stay";
        EXPECT_FALSE(out.is_open());
        co_return;
    }
}

auto piece_then_exception(BodyWriter& out) -> Task<void> {
    co_await out.write("first");
    throw std::runtime_error("broken half way");
}

TEST_F(HttpStreamTest, SendsChunksAndKeepsTheConnection) {
    serve(two_pieces);
    Client client(start());
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(client.send(get_request));
        const auto answer = client.until("\r\n0\r\n\r\n");
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
        EXPECT_THAT(answer, HasSubstr("\r\nTransfer-Encoding: chunked\r\n"));
        EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
        EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
        EXPECT_THAT(answer, EndsWith("\r\n\r\n6\r\nhello \r\nc\r\nthere, world\r\n0\r\n\r\n"));
    }
    stop(deadline_in(patience)); // a request is counted after its last byte has left
    EXPECT_THAT(metrics.render(), HasSubstr(R"(dossier_http_requests_total{method="GET",status="2xx"} 2)"));
}

TEST_F(HttpStreamTest, AnswersWhatWasPipelinedWhileItStreamed) {
    std::promise<void> more;
    auto asked = more.get_future().share();
    handler = [](HttpRequest request) -> Task<HttpResponse> {
        if (request.path == "/plain")
            co_return HttpResponse{.status = 200, .headers = {}, .body = "plain", .stream = {}};
        co_return streamed([](BodyWriter& out) -> Task<void> {
            co_await out.write("a");
            co_await sleep_for(50ms); // the second request comes in meanwhile
            co_await out.write("b");
        });
    };
    Client client(start());
    ASSERT_TRUE(client.send("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_THAT(client.until("1\r\na\r\n"), HasSubstr("chunked"));
    ASSERT_TRUE(client.send("GET /plain HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_EQ(client.until("0\r\n\r\n"), "1\r\nb\r\n0\r\n\r\n");
    EXPECT_THAT(client.answer(), EndsWith("\r\n\r\nplain"));
}

TEST_F(HttpStreamTest, ShowsTheFirstPieceWhileTheRestIsStillToCome) {
    StreamEnd end;
    serve([&end](BodyWriter& out) { return piece_then_silence(out, end); });
    {
        Client client(start());
        ASSERT_TRUE(client.send(get_request));
        EXPECT_THAT(client.until("5\r\nfirst\r\n"), HasSubstr("200 OK"));
        EXPECT_FALSE(end.ended);
    } // and leaves
    end.wait();
    EXPECT_TRUE(end.cancelled) << "what nobody reads any more must not go on";
}

TEST_F(HttpStreamTest, EndsWithTheConnectionForAnOlderClient) {
    serve(two_pieces);
    Client client(start());
    ASSERT_TRUE(client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
    const auto answer = client.rest();
    EXPECT_THAT(answer, Not(HasSubstr("Transfer-Encoding")));
    EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nhello there, world"));
}

TEST_F(HttpStreamTest, GivesAHeadRequestNoBody) {
    std::atomic<bool> ran{false};
    serve([&ran](BodyWriter& out) -> Task<void> {
        ran = true;
        co_await out.write("x");
    });
    Client client(start());
    ASSERT_TRUE(client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_THAT(client.until("\r\n\r\n"), HasSubstr("Transfer-Encoding: chunked"));
    ASSERT_TRUE(client.send(get_request)); // the connection is in step
    EXPECT_THAT(client.until("0\r\n\r\n"), StartsWith("HTTP/1.1 200 OK"));
    EXPECT_TRUE(ran);
}

TEST_F(HttpStreamTest, BreaksTheAnswerOffWhereItsMakingFails) {
    serve(piece_then_exception);
    Client client(start());
    ASSERT_TRUE(client.send(get_request));
    const auto answer = client.rest();
    EXPECT_THAT(answer, EndsWith("5\r\nfirst\r\n")) << "no last chunk: the client can tell that it isn't whole";
}

TEST_F(HttpStreamTest, GivesUpOnAClientThatDoesNotRead) {
    config.idle_timeout = Duration{100};
    StreamEnd end;
    serve([&end](BodyWriter& out) { return flood(out, end); });
    Client client(start());
    ASSERT_TRUE(client.send(get_request));
    end.wait();
    EXPECT_EQ(end.errc, static_cast<int>(Errc::timeout));
}

TEST_F(HttpStreamTest, WaitsForAClientThatReadsSlowly) {
    std::atomic<std::size_t> written{0};
    constexpr std::size_t pieces = 200;
    serve([&written](BodyWriter& out) -> Task<void> {
        const std::string piece(64U << 10U, 'x');
        for (std::size_t i = 0; i < pieces; ++i) {
            if (!co_await out.write(piece)) co_return;
            ++written;
        }
    });
    Client client(start());
    ASSERT_TRUE(client.send(get_request));
    EXPECT_FALSE(client.until("\r\n\r\n").empty());
    EXPECT_LT(written, pieces) << "13 MB can't be with a client that has read nothing: the writer must be waiting";
    const auto body = client.until("\r\n0\r\n\r\n");
    EXPECT_GT(body.size(), pieces * (64U << 10U));
}

TEST_F(HttpStreamTest, NoticesAClientThatLeavesInTheMiddle) {
    StreamEnd end;
    serve([&end](BodyWriter& out) { return flood(out, end); });
    {
        Client client(start());
        ASSERT_TRUE(client.send(get_request));
        EXPECT_FALSE(client.until("\r\n\r\n").empty());
    }
    end.wait();
}

TEST_F(HttpStreamTest, EndsStreamsWhenItsTimeToStopIsOver) {
    StreamEnd end;
    serve([&end](BodyWriter& out) { return piece_then_silence(out, end); });
    Client client(start());
    ASSERT_TRUE(client.send(get_request));
    EXPECT_FALSE(client.until("first\r\n").empty());
    const auto begun = std::chrono::steady_clock::now();
    stop(deadline_in(100ms));
    EXPECT_LT(std::chrono::steady_clock::now() - begun, patience);
    EXPECT_TRUE(end.ended);
    EXPECT_EQ(client.rest(), "") << "no last chunk for what has no end";
}

TEST_F(HttpStreamTest, LetsAStreamFinishWhileItDrains) {
    std::atomic<bool> go_on{false};
    serve([&go_on](BodyWriter& out) -> Task<void> {
        co_await out.write("first");
        while (!go_on) co_await sleep_for(1ms);
        co_await out.write("last");
    });
    Client client(start());
    ASSERT_TRUE(client.send(get_request));
    EXPECT_FALSE(client.until("first\r\n").empty());
    auto stopping = stop_begun(deadline_in(patience));
    go_on = true;
    EXPECT_EQ(client.rest(), "4\r\nlast\r\n0\r\n\r\n");
    stopping.get();
}

} // namespace
} // namespace dossier::net::testing
