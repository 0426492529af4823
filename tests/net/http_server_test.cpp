#include "http_server_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

namespace dossier::net::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

auto post(std::string_view path, std::string_view body) -> std::string {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + std::string(body);
}

struct ExchangeCase {
    const char* name;
    std::string request;
    std::string status_line;
    bool stays_open;
};

TEST_F(HttpServerTest, AnswersOrRefusesByTheRulesOfTheProtocol) {
    config.max_body = ByteSize{1000};
    config.max_header = ByteSize{1024};
    const auto port = start();
    const auto get = std::string("GET /a HTTP/1.1\r\nHost: h\r\n");
    const std::vector<ExchangeCase> cases = {
        {"plain", get + "\r\n", "HTTP/1.1 200 OK", true},
        {"blank line first", "\r\n" + get + "\r\n", "HTTP/1.1 200 OK", true},
        {"connection close", get + "Connection: close\r\n\r\n", "HTTP/1.1 200 OK", false},
        {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "HTTP/1.1 200 OK", false},
        {"HTTP/1.0 keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "HTTP/1.1 200 OK", true},
        {"absolute form", "GET http://h/a?b=c HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 200 OK", true},
        {"body at the limit", post("/", std::string(1000, 'x')), "HTTP/1.1 200 OK", true},
        {"announced body too large", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n",
         "HTTP/1.1 413 Payload Too Large", false},
        {"chunks too large", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3e6\r\n",
         "HTTP/1.1 413 Payload Too Large", false},
        {"chunked", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
         "HTTP/1.1 200 OK", true},
        {"bad chunk size", "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
         "HTTP/1.1 400 Bad Request", false},
        {"header too large", get + "X: " + std::string(2000, 'x') + "\r\n\r\n",
         "HTTP/1.1 431 Request Header Fields Too Large", false},
        // Neither the start line nor the fields alone are.
        {"header too large as a whole",
         "GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: h\r\nX: " + std::string(500, 'x') + "\r\n\r\n",
         "HTTP/1.1 431 Request Header Fields Too Large", false},
        {"header at the limit", get + "X: " + std::string(1024 - get.size() - 7, 'x') + "\r\n\r\n", "HTTP/1.1 200 OK",
         true},
        {"no HTTP", "hello\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"two hosts", get + "Host: i\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"length and coding", get + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 400 Bad Request", false},
        {"coding and length", get + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
         "HTTP/1.1 400 Bad Request", false},
        {"length and odd coding", get + "Content-Length: 3\r\nTransfer-Encoding: gzip\r\n\r\nabc",
         "HTTP/1.1 400 Bad Request", false},
        {"two lengths", get + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", "HTTP/1.1 400 Bad Request", false},
        {"negative length", get + "Content-Length: -1\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"coding is not chunked", get + "Transfer-Encoding: chunked, gzip\r\n\r\n", "HTTP/1.1 501 Not Implemented",
         false},
        {"bad percent code", "GET /%zz HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"NUL in path", "GET /%00 HTTP/1.1\r\nHost: h\r\n\r\n", "HTTP/1.1 400 Bad Request", false},
        {"unknown expectation", get + "Expect: tea\r\n\r\n", "HTTP/1.1 417 Expectation Failed", false},
    };
    for (const auto& row : cases) {
        SCOPED_TRACE(row.name);
        Client client(port);
        const auto answer = client.exchange(row.request);
        EXPECT_THAT(answer, StartsWith(row.status_line + "\r\n"));
        EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
        if (row.stays_open) {
            EXPECT_THAT(client.exchange(get + "\r\n"), StartsWith("HTTP/1.1 200 OK"));
        } else {
            EXPECT_THAT(answer, HasSubstr("\r\nConnection: close\r\n"));
            EXPECT_TRUE(client.is_closed());
        }
    }
    EXPECT_THAT(metrics.render(), HasSubstr("dossier_http_requests_total"));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
    Client client(start());
    ASSERT_TRUE(client.send(post("/1", "one") + post("/2", "two") + "GET /3 HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_THAT(client.answer(), HasSubstr("POST /1 one"));
    EXPECT_THAT(client.answer(), HasSubstr("POST /2 two"));
    EXPECT_THAT(client.answer(), HasSubstr("GET /3 "));
}

TEST_F(HttpServerTest, GivesTheHandlerTheDecodedRequest) {
    auto seen = std::make_shared<HttpRequest>();
    handler = [seen](HttpRequest request) -> Task<HttpResponse> {
        *seen = std::move(request);
        co_return HttpResponse{.status = 204, .headers = {}, .body = "never sent"};
    };
    Client client(start());
    const auto answer =
        client.exchange("GET /a%20b?q=x+y%26z&empty&n=1 HTTP/1.1\r\nHost: h\r\nCONTENT-TYPE: Application/JSON; "
                        "charset=utf-8\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 204 No Content\r\n"));
    EXPECT_THAT(answer, Not(HasSubstr("Content-Length")));
    EXPECT_THAT(answer, Not(HasSubstr("never sent")));
    EXPECT_EQ(seen->path, "/a b");
    EXPECT_EQ(seen->query_value("q"), "x y&z");
    EXPECT_EQ(seen->query_value("empty"), "");
    EXPECT_EQ(seen->query_value("absent"), std::nullopt);
    EXPECT_EQ(seen->media_type(), "application/json");
    EXPECT_EQ(seen->peer, "127.0.0.1");
    EXPECT_EQ(seen->tls_subject, "");
}

TEST_F(HttpServerTest, TakesALastChunkThatComesByteByByte) {
    Client client(start());
    ASSERT_TRUE(client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (const auto* piece : {"0", "\r", "\n", "\r", "\n"}) {
        std::this_thread::sleep_for(20ms); // so that what came before is read
        ASSERT_TRUE(client.send(piece));
    }
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, HeadHasTheLengthButNotTheBody) {
    Client client(start());
    ASSERT_TRUE(client.send("HEAD /x HTTP/1.1\r\nHost: h\r\n\r\nGET /y HTTP/1.1\r\nHost: h\r\n\r\n"));
    EXPECT_THAT(client.answer(false), HasSubstr("Content-Length: 8\r\n"));
    EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 200"));
}

TEST_F(HttpServerTest, EchoesSaneRequestIdsAndContinuesTraces) {
    auto trace = std::make_shared<std::string>();
    handler = [trace](HttpRequest request) -> Task<HttpResponse> {
        *trace = request.traceparent;
        co_return HttpResponse{};
    };
    const auto port = start();
    struct Row {
        const char* name;
        std::string id;
        bool kept;
    };
    for (const Row& row : {Row{"sane", "Abc-1._x", true}, Row{"longest", std::string(128, 'a'), true},
                           Row{"too long", std::string(129, 'a'), false}, Row{"blank inside", "a b", false}}) {
        SCOPED_TRACE(row.name);
        Client client(port);
        const auto answer = client.exchange("GET / HTTP/1.1\r\nHost: h\r\nX-Request-Id: " + row.id + "\r\n\r\n");
        EXPECT_EQ(answer.contains("\r\nX-Request-Id: " + row.id + "\r\n"), row.kept);
        EXPECT_THAT(answer, HasSubstr("\r\nX-Request-Id: "));
    }
    const std::string id = "4bf92f3577b34da6a3ce929d0e0e4736";
    const std::string span = "00f067aa0ba902b7";
    for (const auto& [parent, continued] : std::vector<std::pair<std::string, bool>>{
             {"00-" + id + "-" + span + "-01", true},
             {"01-" + id + "-" + span + "-01-more", true},
             {"00-" + id + "-" + span + "-01-more", false},
             {"ff-" + id + "-" + span + "-01", false},
             {"00-" + std::string(32, '0') + "-" + span + "-01", false},
             {"00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01", false},
         }) {
        SCOPED_TRACE(parent);
        Client client(port);
        client.exchange("GET / HTTP/1.1\r\nHost: h\r\ntraceparent: " + parent + "\r\n\r\n");
        EXPECT_EQ(trace->size(), 55U);
        EXPECT_EQ(trace->contains(id), continued);
        EXPECT_THAT(*trace, Not(HasSubstr(span)));
    }
}

TEST_F(HttpServerTest, AsksForTheBodyOnlyAfterTheGateAgreed) {
    gate = [](const HttpRequest& head) -> std::optional<HttpResponse> {
        if (head.path == "/no") return HttpResponse{.status = 401, .headers = {}, .body = "no"};
        return std::nullopt;
    };
    const auto port = start();
    const std::string expecting = " HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    {
        Client client(port);
        EXPECT_EQ(client.exchange("POST /yes" + expecting), "HTTP/1.1 100 Continue\r\n\r\n");
        EXPECT_THAT(client.exchange("abc"), HasSubstr("POST /yes abc"));
    }
    {
        Client client(port);
        const auto answer = client.exchange("POST /no" + expecting);
        EXPECT_THAT(answer, StartsWith("HTTP/1.1 401"));
        EXPECT_THAT(answer, HasSubstr("Connection: close"));
        EXPECT_TRUE(client.is_closed());
    }
    {
        SCOPED_TRACE("a client that sends on reads the refusal all the same");
        Client client(port);
        ASSERT_TRUE(client.send("POST /no HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n"));
        client.send(std::string(100'000, 'x'));
        EXPECT_THAT(client.answer(), StartsWith("HTTP/1.1 401"));
    }
    {
        SCOPED_TRACE("without a body the connection stays");
        Client client(port);
        EXPECT_THAT(client.exchange("GET /no HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 401"));
        EXPECT_THAT(client.exchange("GET /yes HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 200"));
    }
}

TEST_F(HttpServerTest, EndsSlowRequestsWith408AndIdleConnectionsSilently) {
    config.header_timeout = 150ms;
    config.body_timeout = 150ms;
    config.idle_timeout = 300ms;
    const auto port = start();
    for (const std::string begun : {"GET / HT", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc"}) {
        SCOPED_TRACE(begun);
        Client client(port);
        EXPECT_THAT(client.exchange(begun), StartsWith("HTTP/1.1 408 "));
        EXPECT_TRUE(client.is_closed());
    }
    Client idle(port);
    EXPECT_TRUE(idle.is_closed());
}

TEST_F(HttpServerTest, DrippedBytesDoNotExtendTheHeaderTimeout) {
    config.header_timeout = 200ms;
    config.max_header = ByteSize{8U << 20U}; // the time has to end it, not the size
    Client client(start());
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(client.send("GET / HTTP/1.1\r\nX: "));
    auto& socket = client.stream();
    socket.non_blocking(true);
    boost::system::error_code error = asio::error::would_block;
    std::array<char, 512> answer{};
    std::size_t size = 0;
    while (error == asio::error::would_block && std::chrono::steady_clock::now() < begun + patience) {
        boost::system::error_code ignored; // the answer decides
        socket.write_some(asio::buffer("x", 1), ignored);
        socket.wait(tcp::socket::wait_write, ignored);
        size = socket.read_some(asio::buffer(answer), error);
    }
    EXPECT_THAT(std::string(answer.data(), size), StartsWith("HTTP/1.1 408 "));
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 200ms);
}

TEST_F(HttpServerTest, AHandlerThatThrowsIsA500AndTheConnectionGoesOn) {
    handler = [](HttpRequest request) -> Task<HttpResponse> {
        if (request.path == "/throw") throw std::runtime_error("broken");
        co_return HttpResponse{.status = 200, .headers = {{"X-Split", "a\r\nSet-Cookie: b"}}, .body = {}};
    };
    Client client(start());
    const auto answer = client.exchange(post("/throw", "abc"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
    EXPECT_THAT(answer, Not(HasSubstr("broken")));
    EXPECT_THAT(client.exchange(post("/", "")), Not(HasSubstr("\r\nSet-Cookie")));
}

TEST_F(HttpServerTest, TurnsConnectionsAwayBeyondItsLimit) {
    config.max_connections = 1;
    const auto port = start();
    Client first(port);
    EXPECT_THAT(first.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 200"));
    Client second(port);
    const auto answer = second.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: "));
    EXPECT_THAT(answer, HasSubstr("X-Request-Id: "));
}

TEST_F(HttpServerTest, DrainsRequestsInProgressAndRefusesNewOnes) {
    std::promise<void> entered;
    auto release = std::make_shared<std::atomic<bool>>(false);
    handler = [&entered, release](HttpRequest) -> Task<HttpResponse> {
        entered.set_value();
        while (!*release) co_await sleep_for(1ms);
        co_return HttpResponse{.status = 200, .headers = {}, .body = "finished"};
    };
    const auto port = start();
    Client idle(port);
    Client busy(port);
    ASSERT_TRUE(busy.send(post("/", "x")));
    entered.get_future().wait();
    auto stopped = stop_begun(deadline_in(patience));
    EXPECT_TRUE(idle.is_closed());
    EXPECT_THROW(Client{port}, boost::system::system_error);
    EXPECT_EQ(stopped.wait_for(0s), std::future_status::timeout);
    *release = true;
    const auto answer = busy.answer();
    EXPECT_THAT(answer, HasSubstr("finished"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    busy.stream().close();
    EXPECT_EQ(stopped.wait_for(patience), std::future_status::ready);
}

TEST_F(HttpServerTest, EndsWhatIsStillRunningAtTheDeadline) {
    std::promise<void> entered;
    handler = [&entered](HttpRequest) -> Task<HttpResponse> {
        entered.set_value();
        co_await sleep_for(1h);
        co_return HttpResponse{};
    };
    Client client(start());
    ASSERT_TRUE(client.send(post("/", "x")));
    entered.get_future().wait();
    EXPECT_EQ(stop_begun(deadline_in(50ms)).wait_for(patience), std::future_status::ready);
    EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpServerTest, AClientThatLeavesWhileTheHandlerWorksIsNoError) {
    std::promise<void> entered;
    auto release = std::make_shared<std::atomic<bool>>(false);
    auto finished = std::make_shared<std::promise<void>>();
    handler = [&entered, release, finished](HttpRequest) -> Task<HttpResponse> {
        entered.set_value();
        while (!*release) co_await sleep_for(1ms);
        finished->set_value();
        co_return HttpResponse{};
    };
    const auto port = start();
    {
        Client client(port);
        ASSERT_TRUE(client.send(post("/", "x")));
        entered.get_future().wait();
    }
    *release = true;
    EXPECT_EQ(finished->get_future().wait_for(patience), std::future_status::ready);
}

TEST_F(HttpServerTest, SaysAtOnceWhyItCannotListen) {
    const auto port = start();
    for (const auto& [listen, code] : std::vector<std::pair<std::string, Errc>>{
             {"127.0.0.1:" + std::to_string(port), Errc::unavailable},
             {"127.0.0.1", Errc::invalid_argument},
             {"127.0.0.1:99999", Errc::invalid_argument},
             {"::1:80", Errc::invalid_argument},
         }) {
        SCOPED_TRACE(listen);
        auto other = config;
        other.listen = listen;
        HttpServer second(runtime, other, metrics, gate, handler, {});
        const auto started = second.start();
        ASSERT_FALSE(started);
        EXPECT_EQ(started.error().code, code);
    }
}

} // namespace
} // namespace dossier::net::testing
