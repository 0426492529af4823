#include "support/run_task.hpp"

#include "dossier/explain/llm_provider.hpp"
#include "llm_stand_in.hpp"
#include "llm_wire.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace dossier::explain {
namespace {

using testing::contract_violation;
using testing::LlmStandIn;
using testing::StandInAnswer;

constexpr const char* schema = R"({"type":"object","additionalProperties":false,"required":[],"properties":{}})";
constexpr const char* completion =
    R"({"id":"chatcmpl-7","object":"chat.completion","model":"m-0611","obfuscation":"x","choices":[{"index":0,)"
    R"("finish_reason":"stop","message":{"role":"assistant","content":"{\"a\":1}","refusal":null}}],)"
    R"("usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17}})";

auto request() -> LlmRequest {
    return {.messages = {{.role = "system", .content = "Explain."}, {.role = "user", .content = "Evidence."}},
            .schema_name = "narrative",
            .schema = schema,
            .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
}

class OpenAiProviderTest : public ::testing::Test {
protected:
    OpenAiProviderTest() { runtime_.start(); }

    auto ask(const LlmProviderConfig& config, LlmRequest question = request()) -> Result<LlmAnswer> {
        const auto provider = make_llm_provider(config, client_, metrics_);
        auto& lane = runtime_.lane(0);
        return dossier::test::start_task(lane,
                                         provider->complete(std::move(question), deadline_in(std::chrono::seconds{20})))
            .get();
    }
    static auto config_for(const LlmStandIn& server) -> LlmProviderConfig {
        return {
            .name = "main", .kind = "openai", .url = server.url() + "/", .model = "gpt-x", .api_key = Secret("k-1")};
    }

private:
    Runtime runtime_{1};
    Metrics metrics_;
    net::HttpClient client_{runtime_};
};

TEST(LlmStandIn, RefusesWhatBreaksTheContract) {
    const auto good = *parse_json(
        R"({"model":"m","temperature":0,"stream":false,"store":false,"max_tokens":5,
            "messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_schema","json_schema":
            {"name":"n","strict":true,"schema":{"type":"object","additionalProperties":false}}}})");
    EXPECT_EQ(contract_violation(good), std::nullopt);
    for (const auto& [key, value] : good.items()) {
        auto bad = good;
        bad.erase(key);
        EXPECT_NE(contract_violation(bad), std::nullopt) << key;
    }
    auto bad = good;
    bad["temperature"] = "hot";
    EXPECT_NE(contract_violation(bad), std::nullopt);
    bad = good;
    bad["response_format"]["json_schema"]["strict"] = false;
    EXPECT_NE(contract_violation(bad), std::nullopt);
    bad = good;
    bad["tools"] = Json::array();
    EXPECT_NE(contract_violation(bad), std::nullopt);
}

TEST_F(OpenAiProviderTest, SendsAStrictRequestAndReadsTheCompletion) {
    LlmStandIn server([](int) { return StandInAnswer{.body = completion}; });
    const auto answer = ask(config_for(server));
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})");
    EXPECT_EQ(answer->model, "m-0611");
    EXPECT_EQ(answer->session_id, "chatcmpl-7");
    EXPECT_EQ(answer->finish_reason, "stop");
    EXPECT_EQ(answer->prompt_tokens, 12);
    EXPECT_EQ(answer->completion_tokens, 5);
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 1U);
    EXPECT_TRUE(seen[0].head.starts_with("POST /v1/chat/completions HTTP/1.1"));
    EXPECT_TRUE(icontains(seen[0].head, "authorization: Bearer k-1"));
    EXPECT_TRUE(icontains(seen[0].head, "traceparent: 00-0af7"));
    EXPECT_EQ(seen[0].body["model"], "gpt-x");
    EXPECT_EQ(seen[0].body["max_completion_tokens"], 2000);
    EXPECT_EQ(seen[0].body["messages"][1]["content"], "Evidence.");
    EXPECT_EQ(seen[0].body["response_format"]["json_schema"]["schema"], *parse_json(schema));
}

TEST(OpenAiWire, WritesARequestAsADocumentOfItWouldBeWritten) {
    auto question = request();
    question.temperature = 0.25;
    question.messages.push_back({.role = "assistant", .content = "a \"quoted\"\nanswer"});
    for (const auto structure : {Structure::schema, Structure::object, Structure::none}) {
        for (const bool has_all : {true, false}) {
            LlmDialect dialect;
            dialect.structure = structure;
            dialect.takes_temperature = dialect.takes_store = dialect.takes_usage_option = has_all;
            dialect.max_tokens_field = has_all ? "max_tokens" : "max_completion_tokens";
            const auto call = make_openai_wire({.kind = "openai", .model = "m"})->request(question, dialect, has_all);
            ASSERT_TRUE(call);
            const auto body = parse_json(call->body.view());
            ASSERT_TRUE(body) << call->body.view();
            EXPECT_EQ(dump_json(*body), call->body.view());
            EXPECT_EQ(body->contains("store") && body->contains("temperature"), has_all);
            EXPECT_EQ(body->contains("stream_options") && (*body)["stream"] == true, has_all);
            EXPECT_EQ(body->contains("response_format"), structure != Structure::none);
            EXPECT_EQ((*body)["messages"].back(), (Json{{"role", "assistant"}, {"content", "a \"quoted\"\nanswer"}}));
        }
    }
    question.schema = "{";
    const auto refused = make_openai_wire({.kind = "openai", .model = "m"})->request(question, {}, false);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::invalid_argument);
}

TEST_F(OpenAiProviderTest, LaysTheMessageToRestOnceItIsSentAndSendsItWholeAgain) {
    std::string lines;
    for (int i = 0; i < 200; ++i) lines += "The exposure of bucket " + std::to_string(i) + " is public.\n";
    LlmStandIn server([](int number) {
        return number == 1 ? StandInAnswer{.status = 503, .body = "{}", .headers = "Retry-After: 0\r\n"}
                           : StandInAnswer{.body = completion};
    });
    auto question = request();
    question.messages.back().content = lines;
    const auto content = question.messages.back().content;
    ASSERT_TRUE(ask(config_for(server), std::move(question)));
    ASSERT_EQ(server.seen().size(), 2U);
    for (const auto& seen : server.seen()) EXPECT_EQ(seen.body["messages"][1]["content"], lines);
    EXPECT_EQ(content, lines);
}

TEST_F(OpenAiProviderTest, AMessageRestsWhileItsAnswerIsWaitedFor) {
    LlmStandIn server([](int) { return StandInAnswer{.body = completion}; });
    auto question = request();
    question.messages.back().content = std::string(10'000, 'e');
    const auto content = question.messages.back().content;
    ASSERT_TRUE(ask(config_for(server), std::move(question)));
    EXPECT_LT(content.held(), 1'000U) << "nobody has read it since it was sent";
}

TEST_F(OpenAiProviderTest, NamesTheTokenLimitAsTheServerKnowsIt) {
    LlmStandIn server([](int) { return StandInAnswer{.body = completion}; });
    auto config = config_for(server);
    config.max_tokens_field = "max_tokens";
    auto question = request();
    question.max_tokens = 77;
    ASSERT_TRUE(ask(config, question));
    EXPECT_EQ(server.seen()[0].body["max_tokens"], 77);
    EXPECT_FALSE(server.seen()[0].body.contains("max_completion_tokens"));
}

TEST_F(OpenAiProviderTest, ReadsContentInParts) {
    LlmStandIn server([](int) {
        return StandInAnswer{
            .body =
                R"({"choices":[{"finish_reason":"stop","message":{"content":[{"type":"text","text":"{\"a\""},{"type":"text","text":":1}"}]}}]})"};
    });
    const auto answer = ask(config_for(server));
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})");
    EXPECT_GT(answer->prompt_tokens, 0) << "nobody counted: our own estimate";
    EXPECT_GT(answer->completion_tokens, 0);
}

struct FailureRow {
    const char* name;
    int status;
    const char* body;
    Errc code;
    int calls;
};

TEST_F(OpenAiProviderTest, TellsFailuresApart) {
    const FailureRow rows[] = {
        {"bad key", 401, R"({"error":{"message":"Incorrect API key provided: sk-abcdef1234567890abcdef"}})",
         Errc::unauthenticated, 1},
        {"no right", 403, R"({"error":{"message":"not allowed"}})", Errc::forbidden, 1},
        {"no model", 404, R"({"error":{"code":"model_not_found","message":"no such model"}})", Errc::not_found, 1},
        {"bad request", 400, R"({"error":{"code":"context_length_exceeded","message":"too long"}})", Errc::too_large,
         1},
        {"content filter", 400, R"({"error":{"code":"content_filter","message":"filtered"}})", Errc::rejected, 1},
        {"quota", 429, R"({"error":{"type":"insufficient_quota","code":"insufficient_quota","message":"pay"}})",
         Errc::quota_exhausted, 1},
        {"spend limit", 429, R"({"error":{"code":"organization_spend_limit_exceeded","message":"limit"}})",
         Errc::quota_exhausted, 1},
        {"credits", 402, R"({"error":{"message":"Insufficient credits"}})", Errc::quota_exhausted, 1},
        {"slow down", 429, R"({"error":{"code":"rate_limit_exceeded","message":"slow down"}})", Errc::rate_limited, 2},
        {"down", 503, R"({"error":{"code":"server_is_overloaded","message":"busy"}})", Errc::unavailable, 1},
        {"failed", 500, R"({"error":{"message":"oops"}})", Errc::unavailable, 2},
        {"not JSON", 200, "<html>hello</html>", Errc::malformed, 1},
        {"no choices", 200, R"({"choices":[]})", Errc::malformed, 1},
        {"no message", 200, R"({"choices":[{"finish_reason":"stop"}]})", Errc::malformed, 1},
        {"null content", 200, R"({"choices":[{"finish_reason":"stop","message":{"content":null}}]})", Errc::malformed,
         1},
        {"cut", 200, R"({"choices":[{"finish_reason":"length","message":{"content":"{\"a\":"}}]})", Errc::malformed, 1},
        {"filtered", 200, R"({"choices":[{"finish_reason":"content_filter","message":{}}]})", Errc::rejected, 1},
        {"refusal", 200, R"({"choices":[{"finish_reason":"stop","message":{"content":null,"refusal":"I can't."}}]})",
         Errc::rejected, 1},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        LlmStandIn server([&](int) { return StandInAnswer{.status = row.status, .body = row.body}; });
        const auto answer = ask(config_for(server));
        ASSERT_FALSE(answer);
        EXPECT_EQ(name_of(answer.error().code), name_of(row.code));
        EXPECT_FALSE(answer.error().message.contains("sk-")) << answer.error().message;
        EXPECT_FALSE(answer.error().message.contains("contract")) << answer.error().message;
        EXPECT_EQ(std::ssize(server.seen()), row.calls);
    }
}

TEST_F(OpenAiProviderTest, TriesOnceMoreAfterAPassingFailure) {
    LlmStandIn server([](int number) {
        return number == 1 ? StandInAnswer{.status = 500, .body = "{}"} : StandInAnswer{.body = completion};
    });
    EXPECT_TRUE(ask(config_for(server)));
    EXPECT_EQ(server.seen().size(), 2U);
}

TEST_F(OpenAiProviderTest, SaysWhenNobodyListens) {
    LlmProviderConfig config{.name = "main", .kind = "openai", .url = "http://127.0.0.1:1/v1", .model = "m"};
    const auto answer = ask(config);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Errc::unavailable);
}

} // namespace
} // namespace dossier::explain
