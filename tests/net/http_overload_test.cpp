// More than the server takes at once: what it refuses, what it lets go of, and that it goes on for the others.
#include "http_server_fixture.hpp"

#include "body_budget.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <list>

namespace dossier::net::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

auto head_of(std::string_view path, std::size_t length) -> std::string {
    return "POST " + std::string(path) + " HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(length) +
           "\r\n\r\n";
}

class HttpOverload : public HttpServerTest {
protected:
    HttpOverload() {
        config.max_body = ByteSize{100'000};
        config.body_memory = ByteSize{100'000};
        handler = [this](HttpRequest request) -> Task<HttpResponse> {
            while (request.path == "/v1/webhooks/slow" && !released) co_await sleep_for(1ms);
            co_return HttpResponse{.status = 200, .headers = {}, .body = std::to_string(request.body.size())};
        };
    }
    /// Until what was sent has arrived: an answer to another request says so.
    void until_held(std::uint16_t port, std::string_view path, std::size_t length) {
        const auto until = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < until) {
            Client probe(port);
            if (probe.exchange(head_of(path, length)).starts_with("HTTP/1.1 503 ")) return;
        }
        FAIL() << "the bodies were never counted";
    }
    std::atomic<bool> released = false;
};

TEST_F(HttpOverload, ABodyThatDoesNotFitIsRefusedBeforeItIsRead) {
    const auto port = start();
    std::list<Client> holders;
    for (int i = 0; i < 2; ++i) {
        holders.emplace_back(port);
        ASSERT_TRUE(holders.back().send(head_of("/v1/webhooks/slow", 45'000) + std::string(45'000, 'x')));
    }
    until_held(port, "/v1/webhooks/slow", 20'000);
    Client refused(port);
    const auto answer = refused.exchange(head_of("/v1/webhooks/slow", 20'000)); // and not a byte of it
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    EXPECT_THAT(answer, HasSubstr("Retry-After: 1"));
    EXPECT_THAT(answer, HasSubstr("Connection: close"));
    EXPECT_THAT(metrics.render(), HasSubstr("dossier_http_refused_total{reason=\"bodies\"}"));
    Client small(port);
    EXPECT_THAT(small.exchange("GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"), StartsWith("HTTP/1.1 200"));

    released = true;
    for (auto& holder : holders) EXPECT_THAT(holder.answer(), HasSubstr("45000"));
    Client later(port);
    EXPECT_THAT(later.exchange(head_of("/v1/webhooks/slow", 90'000) + std::string(90'000, 'x')), HasSubstr("90000"))
        << "everything came back";
}

TEST_F(HttpOverload, WhatComesInChunksIsCountedAsItComes) {
    const auto port = start();
    Client holder(port);
    ASSERT_TRUE(holder.send(head_of("/v1/webhooks/slow", 90'000) + std::string(90'000, 'x')));
    until_held(port, "/v1/webhooks/slow", 20'000);
    Client chunked(port);
    const auto answer = chunked.exchange("POST /v1/webhooks/slow HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                                         "\r\n8000\r\n" +
                                         std::string(0x8000, 'x') + "\r\n0\r\n\r\n");
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
    released = true;
    EXPECT_THAT(holder.answer(), HasSubstr("90000"));
}

TEST_F(HttpOverload, WhatIsOnlyAnnouncedTakesNothingFromOthers) {
    const auto port = start();
    std::list<Client> liars;
    for (int i = 0; i < 20; ++i) {
        liars.emplace_back(port);
        ASSERT_TRUE(liars.back().send(head_of("/v1/webhooks/liar", 100'000) + "x"));
    }
    Client honest(port);
    EXPECT_THAT(honest.exchange(head_of("/v1/webhooks/honest", 90'000) + std::string(90'000, 'x')), HasSubstr("90000"));
}

TEST_F(HttpOverload, ConnectionsThatOnlyWaitMakeRoomForOneThatAsks) {
    config.max_connections = 16;
    const auto port = start();
    std::list<Client> idle;
    for (int i = 0; i < 8; ++i) idle.emplace_back(port);
    for (int i = 0; i < 8; ++i) {
        idle.emplace_back(port);
        idle.back().send("GET / HTTP/1.1\r\nHost: h\r\nX-Slow: ");
    }
    const auto until = std::chrono::steady_clock::now() + patience;
    bool served = false;
    while (!served && std::chrono::steady_clock::now() < until) {
        Client asking(port);
        served = asking.exchange("GET / HTTP/1.1\r\nHost: h\r\n\r\n").starts_with("HTTP/1.1 200");
    }
    EXPECT_TRUE(served) << "well before the time limits of the others";
}

TEST(BodyBudget, KeepsAPartForOtherRoutesAndGivesBackWhatGoes) {
    BodyBudget budget(1'000);
    BodyBudget::Hold quiet(budget, "/v1/webhooks/quiet");
    {
        BodyBudget::Hold noisy(budget, "/v1/webhooks/noisy/more/parts");
        EXPECT_TRUE(noisy.grow_to(900));
        EXPECT_FALSE(quiet.grow_to(200)) << "full is full, but it is known now that somebody wants in";
        BodyBudget::Hold more(budget, "/v1/webhooks/noisy");
        EXPECT_FALSE(more.would_fit(50)) << "past its part";
        EXPECT_TRUE(quiet.grow_to(100));
        EXPECT_TRUE(quiet.grow_to(50)) << "less than it has costs nothing";
        EXPECT_FALSE(quiet.grow_to(101));
    }
    EXPECT_TRUE(quiet.grow_to(1'000));
}

} // namespace
} // namespace dossier::net::testing
