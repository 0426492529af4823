#include "dossier/net/token_source.hpp"

#include "net_client_fixture.hpp"
#include "scripted_server.hpp"

#include <atomic>

namespace dossier::net::test {
namespace {

class TokenSourceTest : public NetClientTest {
protected:
    auto upstream() -> std::unique_ptr<Upstream> {
        return std::make_unique<Upstream>(
            *client, metrics,
            UpstreamConfig{.name = "idp", .timeout = 2s, .retry = {.attempts = 2, .base = 1ms, .max = 2ms}});
    }
    /// Gives token-1, token-2, … good for `lifetime`, slowly enough for askers to meet.
    auto counting(std::chrono::milliseconds lifetime) -> TokenSource::Fetch {
        return [this, lifetime](std::optional<Secret> current, Deadline) -> Task<Result<AccessToken>> {
            const int number = ++fetches;
            had_current = current.has_value();
            if (number > 1 && is_down) co_return fail(Errc::unavailable, "down");
            co_await sleep_for(20ms);
            co_return AccessToken{.value = Secret("token-" + std::to_string(number)),
                                  .expires_at = std::chrono::steady_clock::now() + lifetime};
        };
    }
    auto token(TokenSource& tokens) -> std::string {
        const auto got = wait(tokens.get(deadline_in(5s)));
        return got ? got->reveal() : std::string(name_of(got.error().code));
    }

    Metrics metrics;
    std::atomic<int> fetches = 0;
    std::atomic<bool> had_current = false;
    std::atomic<bool> is_down = false;
};

TEST_F(TokenSourceTest, FetchesOnceForAll) {
    TokenSource tokens(counting(1h));
    std::vector<std::future<Result<Secret>>> answers;
    for (std::size_t i = 0; i < 100; ++i) answers.push_back(start(tokens.get(deadline_in(5s)), i % 2));
    for (auto& answer : answers) EXPECT_EQ(answer.get()->reveal(), "token-1");
    EXPECT_EQ(token(tokens), "token-1");
    EXPECT_EQ(fetches, 1);
    EXPECT_FALSE(had_current);
}

TEST_F(TokenSourceTest, RenewsBeforeExpiryAndShowsTheOldToken) {
    TokenSource tokens(counting(200ms), 100ms); // four fifths come later than 100 ms before the end
    EXPECT_EQ(token(tokens), "token-1");
    const auto limit = deadline_in(5s);
    while (fetches < 2 && std::chrono::steady_clock::now() < limit) static_cast<void>(token(tokens));
    EXPECT_TRUE(had_current) << "it was renewed only after it had expired";
    EXPECT_EQ(token(tokens), "token-2");
}

TEST_F(TokenSourceTest, TheOldTokenServesWhileTheEndpointIsDown) {
    TokenSource tokens(counting(3s), 1h); // due for renewal after 2.4 s
    EXPECT_EQ(token(tokens), "token-1");
    is_down = true;
    const auto limit = deadline_in(10s);
    while (fetches < 2 && std::chrono::steady_clock::now() < limit) EXPECT_EQ(token(tokens), "token-1");
    EXPECT_GE(fetches, 2);
}

TEST_F(TokenSourceTest, OnlyTheRefusedTokenIsDropped) {
    TokenSource tokens(counting(1h));
    EXPECT_EQ(token(tokens), "token-1");
    tokens.reject(Secret("token-0"));
    EXPECT_EQ(token(tokens), "token-1");
    tokens.reject(Secret("token-1"));
    EXPECT_EQ(token(tokens), "token-2");
    EXPECT_FALSE(had_current) << "a refused token can't be extended";
}

TEST_F(TokenSourceTest, ARefusedTokenIsReplacedOnceAndTheRequestRepeated) {
    ScriptedServer server([](const std::string& head, const std::string&, int) {
        return answer(head.find("Bearer token-1") == std::string::npos ? 200 : 401);
    });
    auto api = upstream();
    TokenSource tokens(counting(1h));
    const auto answered = wait(call_with_token(*api, tokens, {.method = "POST", .url = server.url(), .body = "b"},
                                               apply_bearer, Repeat::unsafe, deadline_in(5s)));
    EXPECT_EQ(summary(answered), "200");
    EXPECT_EQ(server.requests(), 2);
    ScriptedServer wall([](const std::string&, const std::string&, int) { return answer(401); });
    const auto refused = wait(call_with_token(*api, tokens, {.method = "GET", .url = wall.url()}, apply_bearer,
                                              Repeat::safe, deadline_in(5s)));
    EXPECT_EQ(summary(refused), "401");
    EXPECT_EQ(wall.requests(), 2) << "no third try with yet another token";
}

TEST_F(TokenSourceTest, ClientCredentials) {
    struct Row {
        const char* name;
        Answer answer;
        std::string expected; ///< token, or the code of the error
    };
    const std::vector<Row> rows = {
        {"as the RFC says", answer(200, R"({"access_token":"t","token_type":"bearer","expires_in":3600})"), "t"},
        {"lifetime as text", answer(200, R"({"access_token":"t","expires_in":"3600"})"), "t"},
        {"no lifetime", answer(200, R"({"access_token":"t"})"), "t"},
        {"absurd lifetime", answer(200, R"({"access_token":"t","expires_in":1e300})"), "t"},
        {"wrong secret", answer(401, R"({"error":"invalid_client","error_description":"s3cret is wrong"})"),
         "unauthenticated"},
        {"wrong audience", answer(400, R"({"error":"invalid_request"})"), "unauthenticated"},
        {"no such endpoint", answer(404, "nope"), "rejected"},
        {"no JSON", answer(200, "<html>"), "malformed"},
        {"another JSON", answer(200, R"(["access_token"])"), "malformed"},
        {"token of the wrong type", answer(200, R"({"access_token":7})"), "malformed"},
        {"down", answer(503), "unavailable"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        std::string body;
        ScriptedServer server([&](const std::string&, const std::string& sent, int) {
            body = sent;
            return row.answer;
        });
        auto idp = upstream();
        TokenSource tokens(client_credentials(*idp, {.url = server.url("/oauth/token"),
                                                     .client_id = "me & you",
                                                     .client_secret = Secret("s3cret+/="),
                                                     .audience = "wiz-api",
                                                     .scope = "a b"}));
        const auto got = wait(tokens.get(deadline_in(5s)));
        EXPECT_EQ(got ? got->reveal() : std::string(name_of(got.error().code)), row.expected);
        if (!got) EXPECT_EQ(got.error().describe().find("s3cret"), std::string::npos);
        EXPECT_EQ(body, "grant_type=client_credentials&client_id=me%20%26%20you&client_secret=s3cret%2B%2F%3D&"
                        "audience=wiz-api&scope=a%20b");
    }
}

TEST_F(TokenSourceTest, CredentialsByBasicAreFormEncodedFirst) {
    ScriptedServer server(
        [](const std::string&, const std::string&, int) { return answer(200, R"({"access_token":"t"})"); });
    auto idp = upstream();
    TokenSource tokens(client_credentials(
        *idp, {.url = server.url(), .client_id = "a:b", .client_secret = Secret("c d"), .by_basic = true}));
    EXPECT_EQ(token(tokens), "t");
    // base64("a%3Ab:c%20d")
    EXPECT_NE(server.heads().front().find("Basic YSUzQWI6YyUyMGQ="), std::string::npos);
}

} // namespace
} // namespace dossier::net::test
