// Each kind of provider against a stand-in that holds requests against that vendor's contract.

#include "support/run_task.hpp"

#include "dossier/explain/llm_provider.hpp"
#include "llm_contracts.hpp"
#include "llm_stand_in.hpp"
#include "support/aws_frames.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace dossier::explain {
namespace {

using namespace std::chrono_literals;
using testing::anthropic_violation;
using testing::azure_violation;
using testing::bedrock_violation;
using testing::LlmStandIn;
using testing::openai_violation;
using testing::StandInAnswer;

constexpr const char* bounded_schema =
    R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{"a":{"type":"string",)"
    R"("description":"A.","maxLength":9}}})";

auto question() -> LlmRequest {
    return {.messages = {{.role = "system", .content = "Explain."}, {.role = "user", .content = "Evidence."}},
            .schema_name = "narrative/1",
            .schema = bounded_schema,
            .traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"};
}

auto events(const std::vector<std::string>& data) -> StandInAnswer {
    std::string body = ": begin\r\n\r\n";
    for (const auto& one : data) body += "data: " + one + "\r\n\r\n";
    return {.body = body, .type = "text/event-stream"};
}

/// The frames of ConverseStream around pieces of text, or of a tool's input.
auto converse_stream(const std::vector<std::string>& pieces, bool is_tool = false) -> StandInAnswer {
    using dossier::testing::event_frame;
    const Json start = is_tool ? Json{{"toolUse", {{"toolUseId", "t"}, {"name", "n"}}}} : Json::object();
    auto body = event_frame("messageStart", R"({"role":"assistant","p":"abcd"})");
    body += event_frame("contentBlockStart", dump_json({{"contentBlockIndex", 0}, {"start", start}}));
    for (const auto& piece : pieces) {
        const Json delta = is_tool ? Json{{"toolUse", {{"input", piece}}}} : Json{{"text", piece}};
        body += event_frame("contentBlockDelta", dump_json({{"contentBlockIndex", 0}, {"delta", delta}}));
    }
    body += event_frame("contentBlockStop", R"({"contentBlockIndex":0})");
    body += event_frame("messageStop", is_tool ? R"({"stopReason":"tool_use"})" : R"({"stopReason":"end_turn"})");
    body += event_frame("metadata", R"({"usage":{"inputTokens":11,"outputTokens":5,"cacheReadInputTokens":4}})");
    return {.body = body, .type = "application/vnd.amazon.eventstream"};
}

auto openai_chunk(std::string_view text, std::string_view finish = "") -> std::string {
    return dump_json({{"id", "c-1"},
                      {"model", "m-1"},
                      {"obfuscation", "xx"},
                      {"choices", Json::array({{{"index", 0},
                                                {"delta", {{"content", text}}},
                                                {"finish_reason", finish.empty() ? Json() : Json(finish)}}})}});
}

class LlmProvidersTest : public ::testing::Test {
protected:
    LlmProvidersTest() { runtime_.start(); }
    ~LlmProvidersTest() override {
        provider_.reset();
        client_.reset();
        runtime_.stop();
    }

    void use(const LlmProviderConfig& config) { provider_ = make_llm_provider(config, *client_, metrics_); }
    auto ask(LlmRequest request = question(), std::chrono::milliseconds within = 20s) -> Result<LlmAnswer> {
        return dossier::test::start_task(runtime_.lane(0), provider_->complete(std::move(request), deadline_in(within)))
            .get();
    }
    /// Asks with streaming; what came piece by piece is in `shown_`.
    auto ask_aloud() -> Result<LlmAnswer> {
        shown_.clear();
        auto request = question();
        request.on_text = [this](std::string_view text) { shown_.emplace_back(text); };
        return ask(std::move(request));
    }
    auto check() -> net::ConnectCheck {
        return dossier::test::start_task(runtime_.lane(0), provider_->check(deadline_in(10s))).get();
    }
    static auto openai(const LlmStandIn& server) -> LlmProviderConfig {
        return {.name = "main", .kind = "openai", .url = server.url(), .model = "gpt-4o", .api_key = Secret("k-1")};
    }
    static auto azure(const LlmStandIn& server) -> LlmProviderConfig {
        LlmProviderConfig config{
            .name = "azure", .kind = "azure_openai", .url = server.root(), .model = "gpt-4o", .api_key = Secret("k-2")};
        config.deployment = "prod gpt";
        return config;
    }
    static auto anthropic(const LlmStandIn& server) -> LlmProviderConfig {
        return {
            .name = "claude", .kind = "anthropic", .url = server.url(), .model = "claude-x", .api_key = Secret("k-3")};
    }
    static auto bedrock(const LlmStandIn& server) -> LlmProviderConfig {
        LlmProviderConfig config{
            .name = "aws", .kind = "bedrock", .url = server.root(), .model = "eu.anthropic.claude-x-v1:0"};
        config.region = "eu-central-1";
        config.access_key_id = "AKIDEXAMPLE";
        config.secret_access_key = Secret("secret-of-the-test");
        return config;
    }

    Runtime runtime_{1};
    Metrics metrics_;
    std::unique_ptr<net::HttpClient> client_ = std::make_unique<net::HttpClient>(runtime_);
    std::unique_ptr<LlmProvider> provider_;
    std::vector<std::string> shown_;
};

constexpr const char* anthropic_message =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"claude-x-1","stop_reason":"end_turn","content":[)"
    R"({"type":"thinking","thinking":"hm"},{"type":"text","text":"{\"a\":"},{"type":"text","text":"1}"}],)"
    R"("usage":{"input_tokens":10,"cache_read_input_tokens":7,"cache_creation_input_tokens":3,"output_tokens":5}})";
constexpr const char* anthropic_tool_call =
    R"({"id":"msg_2","type":"message","role":"assistant","model":"claude-x-1","stop_reason":"tool_use","content":[)"
    R"({"type":"text","text":"Here it is."},{"type":"tool_use","id":"t","name":"narrative_1","input":{"a":"1"}}],)"
    R"("usage":{"input_tokens":10,"output_tokens":5}})";
constexpr const char* converse_answer =
    R"({"output":{"message":{"role":"assistant","content":[{"text":"{\"a\":1}"}]}},"stopReason":"end_turn",)"
    R"("usage":{"inputTokens":11,"outputTokens":5,"totalTokens":16,"cacheReadInputTokens":4},"metrics":{"latencyMs":9}})";
constexpr const char* chat_answer =
    R"({"id":"c","model":"m","choices":[{"finish_reason":"stop","message":{"content":"{\"a\":1}"}}],)"
    R"("usage":{"prompt_tokens":12,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}}})";

TEST(LlmContracts, RefuseWhatBreaksThem) {
    const auto good = *parse_json(
        R"({"model":"m","max_tokens":5,"system":"s","messages":[{"role":"user","content":"x"}],
            "output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false}}}})");
    const std::string head = "POST /v1/messages HTTP/1.1\r\nanthropic-version: 2023-06-01\r\nx-api-key: k\r\n";
    EXPECT_EQ(anthropic_violation(head, good), std::nullopt);
    for (const auto* member : {"model", "max_tokens", "messages", "output_config"}) {
        auto bad = good;
        bad.erase(member);
        EXPECT_NE(anthropic_violation(head, bad), std::nullopt) << member;
    }
    auto bad = good;
    bad["messages"][0]["role"] = "system";
    EXPECT_NE(anthropic_violation(head, bad), std::nullopt);
    bad = good;
    bad["output_config"]["format"]["schema"]["maxLength"] = 3;
    EXPECT_NE(anthropic_violation(head, bad), std::nullopt);
    EXPECT_NE(anthropic_violation("POST /v1/messages HTTP/1.1\r\n", good), std::nullopt);

    const auto converse = *parse_json(
        R"({"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":5},
            "outputConfig":{"textFormat":{"type":"json_schema","structure":{"jsonSchema":{"name":"n","schema":"{}"}}}}})");
    const std::string signed_head = "POST /model/m%3A0/converse HTTP/1.1\r\nAuthorization: AWS4-HMAC-SHA256 "
                                    "Credential=A/20260101/eu-central-1/bedrock/aws4_request, SignedHeaders=host, "
                                    "Signature=00\r\n";
    EXPECT_EQ(bedrock_violation(signed_head, converse), std::nullopt);
    bad = converse;
    bad["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"] = Json::object();
    EXPECT_NE(bedrock_violation(signed_head, bad), std::nullopt) << "the schema is a string there";
    bad = converse;
    bad["messages"][0]["content"] = "x";
    EXPECT_NE(bedrock_violation(signed_head, bad), std::nullopt);
    EXPECT_NE(bedrock_violation("POST /model/m:0/converse HTTP/1.1\r\n", converse), std::nullopt);
}

TEST_F(LlmProvidersTest, AzureIsAskedByDeployment) {
    LlmStandIn server([](int) { return StandInAnswer{.body = chat_answer}; }, azure_violation);
    auto config = azure(server);
    config.api_version = "2024-10-21";
    use(config);
    ASSERT_TRUE(ask());
    auto head = server.seen().back().head;
    EXPECT_TRUE(
        head.starts_with("POST /openai/deployments/prod%20gpt/chat/completions?api-version=2024-10-21 HTTP/1.1"))
        << head;
    EXPECT_TRUE(icontains(head, "api-key: k-2"));
    EXPECT_FALSE(icontains(head, "authorization:"));

    config.api_version.clear();
    config.url += "/openai/v1/"; // as the portal shows it
    use(config);
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->cached_tokens, 8);
    head = server.seen().back().head;
    EXPECT_TRUE(head.starts_with("POST /openai/v1/chat/completions HTTP/1.1")) << head;
    EXPECT_EQ(server.seen().back().body["model"], "prod gpt");
    EXPECT_EQ(provider_->context_window(), 128'000U) << "of the model behind the deployment";
}

TEST_F(LlmProvidersTest, AzureTakesAnEntraTokenAndRenewsItWhenRefused) {
    LlmStandIn server(
        [](int number) {
            if (number == 1 || number == 3)
                return StandInAnswer{.body = R"({"access_token":"entra-)" + std::to_string(number) +
                                             R"(","token_type":"Bearer","expires_in":3600})"};
            if (number == 2) return StandInAnswer{.status = 401, .body = R"({"error":{"message":"expired"}})"};
            return StandInAnswer{.body = chat_answer};
        },
        [](const std::string&, const Json&) { return std::nullopt; });
    auto config = azure(server);
    config.api_key = {};
    config.tenant_id = "t-1";
    config.client_id = "app";
    config.client_secret = Secret("word");
    config.authority = server.root();
    use(config);
    ASSERT_TRUE(ask());
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_TRUE(seen[0].head.starts_with("POST /t-1/oauth2/v2.0/token "));
    EXPECT_TRUE(icontains(seen[1].head, "authorization: Bearer entra-1"));
    EXPECT_TRUE(icontains(seen[3].head, "authorization: Bearer entra-3"));
    EXPECT_FALSE(icontains(seen[3].head, "api-key"));
}

TEST_F(LlmProvidersTest, AnthropicGetsASchemaItTakes) {
    LlmStandIn server([](int) { return StandInAnswer{.body = anthropic_message}; }, anthropic_violation);
    use(anthropic(server));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})") << "thoughts are no answer";
    EXPECT_EQ(answer->prompt_tokens, 20) << "what was read from and written to the cache counts";
    EXPECT_EQ(answer->cached_tokens, 7);
    EXPECT_EQ(answer->completion_tokens, 5);
    EXPECT_EQ(answer->session_id, "msg_1");
    EXPECT_EQ(answer->model, "claude-x-1");
    const auto seen = server.seen().back();
    EXPECT_TRUE(icontains(seen.head, "x-api-key: k-3"));
    EXPECT_TRUE(icontains(seen.head, "anthropic-version: 2023-06-01"));
    EXPECT_EQ(seen.body["system"], "Explain.");
    EXPECT_EQ(seen.body["output_config"]["format"]["schema"]["properties"]["a"]["description"], "A. (maxLength 9)");
}

TEST_F(LlmProvidersTest, AnOlderClaudeIsAskedByTool) {
    LlmStandIn server(
        [](int number) {
            if (number == 1)
                return StandInAnswer{.status = 400,
                                     .body = R"({"type":"error","error":{"type":"invalid_request_error",)"
                                             R"("message":"output_config.format: Extra inputs are not permitted"}})"};
            return StandInAnswer{.body = anthropic_tool_call};
        },
        anthropic_violation);
    use(anthropic(server));
    for (int i = 0; i < 2; ++i) {
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_EQ(answer->text, R"({"a":"1"})") << "the tool's input, not the chatter around it";
    }
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 3U) << "learned once, remembered";
    EXPECT_EQ(seen[2].body["tool_choice"]["name"], "narrative_1");
    EXPECT_FALSE(seen[2].body.contains("output_config"));
}

TEST_F(LlmProvidersTest, BedrockIsSignedAndItsModelIdEncoded) {
    LlmStandIn server([](int) { return StandInAnswer{.body = converse_answer}; }, bedrock_violation);
    use(bedrock(server));
    const auto answer = ask();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})");
    EXPECT_EQ(answer->prompt_tokens, 15);
    EXPECT_EQ(answer->cached_tokens, 4);
    const auto seen = server.seen().back();
    EXPECT_TRUE(seen.head.starts_with("POST /model/eu.anthropic.claude-x-v1%3A0/converse HTTP/1.1")) << seen.head;
    EXPECT_TRUE(icontains(seen.head, "/eu-central-1/bedrock/aws4_request"));
    EXPECT_TRUE(icontains(seen.head, "traceparent: 00-0af7"));
    const auto& format = seen.body["outputConfig"]["textFormat"]["structure"]["jsonSchema"];
    EXPECT_EQ(format["name"], "narrative_1");
    EXPECT_EQ((*parse_json(format["schema"].get<std::string>()))["required"][0], "a");
    EXPECT_EQ(provider_->context_window(), 200'000U);
}

TEST_F(LlmProvidersTest, BedrockTakesAnApiKeyAndFallsBackToATool) {
    LlmStandIn server(
        [](int number) {
            if (number % 2 == 1)
                return StandInAnswer{.status = 400,
                                     .body = R"({"message":"This model doesn't support the outputConfig field."})",
                                     .headers = "x-amzn-errortype: ValidationException:http://x/\r\n"};
            return StandInAnswer{
                .body = R"({"output":{"message":{"role":"assistant","content":[{"toolUse":{"toolUseId":"t","name":"n",)"
                        R"("input":{"a":"1"}}}]}},"stopReason":"tool_use"})"};
        },
        bedrock_violation);
    auto config = bedrock(server);
    for (const bool is_signed : {false, true}) {
        SCOPED_TRACE(is_signed);
        if (!is_signed) config.api_key = Secret("bedrock-key");
        if (is_signed) config.api_key = {};
        use(config);
        const auto answer = ask();
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_EQ(answer->text, R"({"a":"1"})");
        const auto seen = server.seen().back();
        EXPECT_EQ(icontains(seen.head, "authorization: Bearer bedrock-key"), !is_signed);
        EXPECT_EQ(seen.body["toolConfig"]["toolChoice"]["tool"]["name"], "narrative_1");
    }
}

TEST_F(LlmProvidersTest, LearnsWhatACompatibleServerDoesNotKnow) {
    struct Row {
        const char* name;
        int status;
        const char* body;
        const char* gone; ///< member that the next request lacks
    };
    const Row rows[] = {
        {"DeepSeek", 400, R"({"error":{"message":"This response_format type is unavailable now"}})", nullptr},
        {"a reasoning model", 400,
         R"({"error":{"message":"Unsupported value: 'temperature' does not support 0 with this model.","param":"temperature","code":"unsupported_value"}})",
         "temperature"},
        {"the old name of the limit", 400,
         R"({"error":{"message":"Unsupported parameter: 'max_completion_tokens' is not supported with this model.","param":"max_completion_tokens"}})",
         "max_completion_tokens"},
        {"store", 422, R"({"detail":"Extra inputs are not permitted: body.store"})", "store"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        LlmStandIn server(
            [&](int number) {
                return number == 1 ? StandInAnswer{.status = row.status, .body = row.body}
                                   : StandInAnswer{.body = chat_answer};
            },
            [](const std::string&, const Json&) { return std::nullopt; });
        use(openai(server));
        ASSERT_TRUE(ask());
        ASSERT_TRUE(ask());
        const auto seen = server.seen();
        ASSERT_EQ(seen.size(), 3U) << "learned once, remembered";
        for (const std::size_t at : {1U, 2U}) {
            if (row.gone != nullptr) {
                EXPECT_FALSE(seen[at].body.contains(row.gone));
                continue;
            }
            EXPECT_EQ(seen[at].body["response_format"], Json({{"type", "json_object"}}));
            EXPECT_TRUE(seen[at].body["messages"][0]["content"].get<std::string>().contains(bounded_schema));
        }
    }
}

TEST_F(LlmProvidersTest, DoesNotLearnFromOtherRefusals) {
    const char* bodies[] = {
        R"({"error":{"message":"Invalid schema for response_format 'x': not supported","param":"response_format"}})",
        R"({"error":{"message":"unsupported country"}})",
        R"({"error":{"code":"content_filter","message":"response_format not supported"}})",
        R"({"error":{"message":"maximum context length is 8192; response_format not supported"}})",
        R"([])",
    };
    for (const auto* body : bodies) {
        SCOPED_TRACE(body);
        LlmStandIn server([&](int) { return StandInAnswer{.status = 400, .body = body}; }, openai_violation);
        use(openai(server));
        const auto answer = ask();
        ASSERT_FALSE(answer);
        EXPECT_EQ(answer.error().code,
                  std::string_view(body).contains("context length") ? Errc::too_large : Errc::rejected);
        EXPECT_EQ(server.seen().size(), 1U);
    }
}

TEST_F(LlmProvidersTest, StreamsPieceByPiece) {
    LlmStandIn server(
        [](int) {
            return events({R"({"choices":[],"prompt_filter_results":[]})", openai_chunk(R"({"a")"), openai_chunk(""),
                           openai_chunk(":1}"), openai_chunk("", "stop"),
                           R"({"choices":[],"usage":{"prompt_tokens":12,"completion_tokens":5}})", "[DONE]"});
        },
        openai_violation);
    use(openai(server));
    const auto answer = ask_aloud();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})");
    EXPECT_EQ(answer->prompt_tokens, 12);
    EXPECT_EQ(answer->finish_reason, "stop");
    EXPECT_EQ(shown_, (std::vector<std::string>{R"({"a")", ":1}"}));
    EXPECT_EQ(server.seen()[0].body["stream"], true);
    EXPECT_EQ(server.seen()[0].body["stream_options"]["include_usage"], true);
}

TEST_F(LlmProvidersTest, StreamsFromClaude) {
    LlmStandIn server(
        [](int) {
            return events(
                {R"({"type":"message_start","message":{"id":"msg_9","model":"claude-x-1","usage":{"input_tokens":10,"output_tokens":1}}})",
                 R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
                 R"({"type":"ping"})",
                 R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"{\"a\":"}})",
                 R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"1}"}})",
                 R"({"type":"content_block_stop","index":0})",
                 R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":6}})",
                 R"({"type":"message_stop"})"});
        },
        anthropic_violation);
    use(anthropic(server));
    const auto answer = ask_aloud();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(answer->text, R"({"a":1})");
    EXPECT_EQ(answer->session_id, "msg_9");
    EXPECT_EQ(answer->prompt_tokens, 10);
    EXPECT_EQ(answer->completion_tokens, 6);
    EXPECT_EQ(shown_.size(), 2U);
}

TEST_F(LlmProvidersTest, StreamsFromBedrockSignedOrByKey) {
    struct Row {
        bool is_signed;
        bool is_tool;
    };
    for (const auto& [is_signed, is_tool] : {Row{true, false}, Row{false, true}, Row{true, true}}) {
        SCOPED_TRACE(::testing::Message() << is_signed << is_tool);
        LlmStandIn server([&](int) { return converse_stream({R"({"a":)", "1}"}, is_tool); }, bedrock_violation);
        auto config = bedrock(server);
        if (!is_signed) config.api_key = Secret("bedrock-key");
        if (is_tool) config.structured = "tool";
        use(config);
        const auto answer = ask_aloud();
        ASSERT_TRUE(answer) << answer.error().describe();
        EXPECT_EQ(answer->text, R"({"a":1})");
        EXPECT_EQ(answer->finish_reason, is_tool ? "tool_use" : "end_turn");
        EXPECT_EQ(answer->prompt_tokens, 15);
        EXPECT_EQ(answer->cached_tokens, 4);
        EXPECT_EQ(answer->completion_tokens, 5);
        EXPECT_EQ(answer->model, "eu.anthropic.claude-x-v1:0");
        EXPECT_EQ(shown_, (std::vector<std::string>{R"({"a":)", "1}"}));
        const auto seen = server.seen().back();
        EXPECT_TRUE(seen.head.starts_with("POST /model/eu.anthropic.claude-x-v1%3A0/converse-stream HTTP/1.1"));
        EXPECT_TRUE(icontains(seen.head, "accept: application/vnd.amazon.eventstream"));
        EXPECT_EQ(icontains(seen.head, "/eu-central-1/bedrock/aws4_request"), is_signed);
    }
}

TEST_F(LlmProvidersTest, WhoMayNotStreamFromBedrockAsksForAWholeAnswer) {
    const std::string no_right = R"({"message":"User: arn:aws:sts::1:assumed-role/x is not authorized to perform: )"
                                 R"(bedrock:InvokeModelWithResponseStream on resource: y"})";
    const std::string no_stream = R"({"message":"The model is unsupported for streaming"})";
    struct Row {
        const char* name;
        bool is_signed;
        StandInAnswer refusal;
    };
    const auto refused = [](int status, std::string body, const char* type) {
        return StandInAnswer{
            .status = status, .body = std::move(body), .headers = fmt::format("x-amzn-errortype: {}\r\n", type)};
    };
    const Row rows[] = {
        {"no right, signed", true, refused(403, no_right, "AccessDeniedException")},
        {"no right, by key", false, refused(403, no_right, "AccessDeniedException")},
        {"a model that doesn't stream, signed", true, refused(400, no_stream, "ValidationException")},
        {"a model that doesn't stream, by key", false, refused(400, no_stream, "ValidationException")},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        LlmStandIn server(
            [&](int number) { return number == 1 ? row.refusal : StandInAnswer{.body = converse_answer}; },
            bedrock_violation);
        auto config = bedrock(server);
        if (!row.is_signed) config.api_key = Secret("bedrock-key");
        use(config);
        for (int time = 0; time < 2; ++time) {
            const auto answer = ask_aloud();
            ASSERT_TRUE(answer) << answer.error().describe();
            EXPECT_EQ(shown_, std::vector<std::string>{R"({"a":1})"}) << "shown at once";
        }
        EXPECT_EQ(server.seen().size(), 3U) << "learned once";
        EXPECT_TRUE(server.seen()[2].body.contains("outputConfig")) << "the schema was not at fault";
    }
}

TEST_F(LlmProvidersTest, AModelWithoutSchemasIsStillStreamedFrom) {
    LlmStandIn server(
        [](int number) {
            if (number <= 2) // the stream, then the whole answer
                return StandInAnswer{.status = 400,
                                     .body = R"({"message":"no"})",
                                     .headers = "x-amzn-errortype: ValidationException\r\n"};
            return converse_stream({R"({"a":1})"}, true);
        },
        bedrock_violation);
    use(bedrock(server));
    for (int time = 0; time < 2; ++time) {
        const auto answer = ask_aloud();
        ASSERT_TRUE(answer) << answer.error().describe();
    }
    const auto seen = server.seen();
    ASSERT_EQ(seen.size(), 4U);
    EXPECT_TRUE(seen[3].head.contains("/converse-stream "));
    EXPECT_TRUE(seen[3].body.contains("toolConfig"));
}

TEST_F(LlmProvidersTest, TellsBrokenStreamsApart) {
    struct Row {
        const char* name;
        const char* kind;
        StandInAnswer answer;
        Errc code;
    };
    auto cut = events({openai_chunk(R"({"a")")});
    cut.is_cut = true;
    const auto frames = [](std::string body) {
        return StandInAnswer{.body = std::move(body), .type = "application/vnd.amazon.eventstream"};
    };
    const auto converse = converse_stream({R"({"a")", ":1}"}).body;
    auto cut_frames = frames(converse);
    cut_frames.is_cut = true;
    const auto begun = converse.substr(0, converse.size() / 2);
    auto garbled = converse;
    garbled[converse.size() / 2] = static_cast<char>(garbled[converse.size() / 2] ^ 1);
    using dossier::testing::event_frame;
    using dossier::testing::exception_frame;
    const auto first_frame = event_frame("messageStart", R"({"role":"assistant"})");
    const Row rows[] = {
        {"cut half way", "bedrock", frames(begun), Errc::outcome_unknown},
        {"cut at the end of its bytes", "bedrock", cut_frames, Errc::outcome_unknown},
        {"a bit that fell over", "bedrock", frames(garbled), Errc::malformed},
        {"a frame of 4 GiB", "bedrock", frames("\xFF\xFF\xFF\xFF" + std::string(60, 'x')), Errc::malformed},
        {"throttled inside", "bedrock", frames(first_frame + exception_frame("throttlingException", "{}")),
         Errc::rate_limited},
        {"the model failed inside", "bedrock", frames(first_frame + exception_frame("modelStreamErrorException", "{}")),
         Errc::unavailable},
        {"too slow inside", "bedrock", frames(first_frame + exception_frame("modelTimeoutException", "{}")),
         Errc::timeout},
        {"a guardrail", "bedrock",
         frames(first_frame + event_frame("messageStop", R"({"stopReason":"guardrail_intervened"})")), Errc::rejected},
        {"cut at its limit", "bedrock",
         frames(first_frame + event_frame("messageStop", R"({"stopReason":"max_tokens"})")), Errc::malformed},
        {"a piece that is no JSON", "bedrock", frames(event_frame("contentBlockDelta", "<html>")), Errc::malformed},
        {"members of other types", "bedrock",
         frames(event_frame("contentBlockStart", R"({"start":[]})") +
                event_frame("contentBlockDelta", R"({"delta":{"text":7,"toolUse":[1]}})") +
                event_frame("messageStop", R"({"stopReason":{}})") + event_frame("metadata", R"({"usage":[1]})")),
         Errc::malformed},
        {"no frames at all", "bedrock", frames("<html>hello</html>"), Errc::malformed},
        {"nothing", "bedrock", frames(""), Errc::outcome_unknown},
        {"cut half way", "openai", cut, Errc::outcome_unknown},
        {"ended half way", "openai", events({openai_chunk(R"({"a")")}), Errc::outcome_unknown},
        {"an error inside", "openai",
         events({openai_chunk("{"), R"({"error":{"message":"boom","type":"server_error","code":500}})"}),
         Errc::unavailable},
        {"cut at its limit", "openai", events({openai_chunk("{"), openai_chunk("", "length"), "[DONE]"}),
         Errc::malformed},
        {"filtered", "openai", events({openai_chunk("{"), openai_chunk("", "content_filter"), "[DONE]"}),
         Errc::rejected},
        {"a piece that is no JSON", "openai", events({"<html>"}), Errc::malformed},
        {"a piece that is a list", "openai", events({"[1,2]"}), Errc::malformed},
        {"members of other types", "openai", events({R"({"choices":{"a":1},"usage":7,"model":[],"id":{}})", "[DONE]"}),
         Errc::malformed},
        {"no events at all",
         "openai",
         {.body = "<html>hello</html>", .type = "text/event-stream"},
         Errc::outcome_unknown},
        {"one endless line",
         "openai",
         {.body = "data: " + std::string(1'500'000, 'x'), .type = "text/event-stream"},
         Errc::too_large},
        {"overloaded inside", "anthropic",
         events({R"({"type":"message_start","message":{}})",
                 R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})"}),
         Errc::unavailable},
        {"ended without message_stop", "anthropic",
         events({R"({"type":"content_block_delta","delta":{"type":"text_delta","text":"{}"}})"}),
         Errc::outcome_unknown},
        {"members of other types", "anthropic",
         events({R"({"type":"message_start","message":[]})", R"({"type":"content_block_delta","delta":7})",
                 R"({"type":"message_delta","delta":"x","usage":[]})", R"({"type":"message_stop"})"}),
         Errc::malformed},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.kind) + ": " + row.name);
        const std::string_view kind = row.kind;
        const testing::Judge judge = kind == "anthropic" ? anthropic_violation
                                     : kind == "bedrock" ? bedrock_violation
                                                         : openai_violation;
        LlmStandIn server([&](int) { return row.answer; }, judge);
        use(kind == "anthropic" ? anthropic(server) : kind == "bedrock" ? bedrock(server) : openai(server));
        const auto answer = ask_aloud();
        ASSERT_FALSE(answer);
        EXPECT_EQ(name_of(answer.error().code), name_of(row.code)) << answer.error().message;
        EXPECT_EQ(server.seen().size(), 1U) << "what was begun is not begun again";
    }
}

TEST_F(LlmProvidersTest, AServerThatDoesNotStreamIsUnderstood) {
    LlmStandIn server([](int) { return StandInAnswer{.body = chat_answer}; }, openai_violation);
    use(openai(server));
    const auto answer = ask_aloud();
    ASSERT_TRUE(answer) << answer.error().describe();
    EXPECT_EQ(shown_, std::vector<std::string>{R"({"a":1})"});
}

struct RefusalRow {
    const char* name;
    const char* kind;
    int status;
    const char* body;
    const char* headers;
    Errc code;
    int calls;
};

TEST_F(LlmProvidersTest, TellsEachVendorsRefusalsApart) {
    const RefusalRow rows[] = {
        {"content filter", "azure_openai", 400,
         R"({"error":{"code":"content_filter","message":"filtered","innererror":{"code":"ResponsibleAIPolicyViolation"}}})",
         "", Errc::rejected, 1},
        {"content filter in a 200", "azure_openai", 200, R"({"choices":[{"finish_reason":"content_filter"}]})", "",
         Errc::rejected, 1},
        {"no such deployment", "azure_openai", 404, R"({"error":{"code":"DeploymentNotFound","message":"none"}})", "",
         Errc::not_found, 1},
        {"Azure's wait", "azure_openai", 429, R"({"error":{"code":"429","message":"wait"}})",
         "x-ms-retry-after-ms: 20\r\n", Errc::rate_limited, 2},
        {"a wait that is too long", "azure_openai", 429, R"({"error":{"code":"429","message":"wait"}})",
         "Retry-After: 3000\r\n", Errc::rate_limited, 1},
        {"told not to repeat", "openai", 500, "{}", "x-should-retry: false\r\n", Errc::unavailable, 1},
        {"spend limit as 400", "anthropic", 400,
         R"({"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01."}})",
         "", Errc::quota_exhausted, 1},
        {"billing", "anthropic", 402, R"({"type":"error","error":{"type":"billing_error","message":"pay"}})", "",
         Errc::quota_exhausted, 1},
        {"overloaded", "anthropic", 529, R"({"type":"error","error":{"type":"overloaded_error","message":"busy"}})", "",
         Errc::unavailable, 1},
        {"too large", "anthropic", 413, R"({"type":"error","error":{"type":"request_too_large","message":"big"}})", "",
         Errc::too_large, 1},
        {"refused", "anthropic", 200, R"({"type":"message","stop_reason":"refusal","content":[]})", "", Errc::rejected,
         1},
        {"cut", "anthropic", 200,
         R"({"type":"message","stop_reason":"max_tokens","content":[{"type":"text","text":"{"}]})", "", Errc::malformed,
         1},
        {"no content", "anthropic", 200, R"({"type":"message","content":"x"})", "", Errc::malformed, 1},
        {"empty", "anthropic", 200, R"({"type":"message","stop_reason":"end_turn","content":[7,null,{"type":"text"}]})",
         "", Errc::malformed, 1},
        {"throttled", "bedrock", 429, R"({"message":"slow"})", "x-amzn-errortype: ThrottlingException\r\n",
         Errc::rate_limited, 2},
        {"no right", "bedrock", 403, R"({"message":"no"})", "x-amzn-errortype: AccessDeniedException\r\n",
         Errc::forbidden, 1},
        {"too slow", "bedrock", 408, R"({"message":"slow"})", "x-amzn-errortype: ModelTimeoutException\r\n",
         Errc::timeout, 1},
        {"model failed", "bedrock", 424, R"({"message":"x"})", "x-amzn-errortype: ModelErrorException\r\n",
         Errc::unavailable, 1},
        {"quota", "bedrock", 400, R"({"message":"x"})", "x-amzn-errortype: ServiceQuotaExceededException\r\n",
         Errc::rate_limited, 1},
        {"guardrail", "bedrock", 200,
         R"({"output":{"message":{"role":"assistant","content":[{"text":"no"}]}},"stopReason":"guardrail_intervened"})",
         "", Errc::rejected, 1},
        {"malformed", "bedrock", 200,
         R"({"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"malformed_tool_use"})",
         "", Errc::malformed, 1},
        {"no message", "bedrock", 200, R"({"output":[],"stopReason":7})", "", Errc::malformed, 1},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.kind) + ": " + row.name);
        LlmStandIn server(
            [&](int) { return StandInAnswer{.status = row.status, .body = row.body, .headers = row.headers}; },
            [](const std::string&, const Json&) { return std::nullopt; });
        const std::string_view kind = row.kind;
        use(kind == "azure_openai" ? azure(server)
            : kind == "anthropic"  ? anthropic(server)
            : kind == "bedrock"    ? bedrock(server)
                                   : openai(server));
        const auto answer = ask();
        ASSERT_FALSE(answer);
        EXPECT_EQ(name_of(answer.error().code), name_of(row.code)) << answer.error().message;
        EXPECT_EQ(std::ssize(server.seen()), row.calls);
    }
}

TEST_F(LlmProvidersTest, WaitsForAUsedUpWindowOrLetsTheNextProviderBeAsked) {
    LlmStandIn server(
        [](int number) {
            StandInAnswer answer{.body = chat_answer};
            answer.headers = "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: ";
            answer.headers += number == 1 ? "150ms\r\n" : "6m0s\r\n";
            return answer;
        },
        openai_violation);
    use(openai(server));
    ASSERT_TRUE(ask());
    const auto begun = std::chrono::steady_clock::now();
    ASSERT_TRUE(ask()) << "a short wait is waited";
    EXPECT_GE(std::chrono::steady_clock::now() - begun, 100ms);
    const auto third = ask();
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().code, Errc::rate_limited);
    EXPECT_GT(third.error().retry_after.value_or(0ms), 5min);
    EXPECT_EQ(server.seen().size(), 2U) << "who is known to refuse is not asked";
}

TEST_F(LlmProvidersTest, ChecksWithoutBuyingAToken) {
    using Verdict = net::ConnectCheck::Verdict;
    struct Row {
        const char* kind;
        StandInAnswer answer;
        const char* path;
        Verdict verdict;
    };
    const Row rows[] = {
        {"openai", {.body = R"({"data":[{"id":"gpt-4o"}]})"}, "GET /v1/models ", Verdict::ok},
        {"openai", {.body = R"({"data":[{"id":"other"},7]})"}, "GET /v1/models ", Verdict::failed},
        {"openai", {.status = 401, .body = "{}"}, "GET /v1/models ", Verdict::credentials},
        {"azure_openai", {.body = R"({"data":[]})"}, "GET /openai/v1/models ", Verdict::ok},
        {"anthropic", {.body = R"({"id":"claude-x","type":"model"})"}, "GET /v1/models/claude-x ", Verdict::ok},
        {"anthropic",
         {.status = 404, .body = R"({"error":{"type":"not_found_error"}})"},
         "GET /v1/models/claude-x ",
         Verdict::failed},
        {"bedrock",
         {.body = R"({"inferenceProfileId":"eu.anthropic.claude-x-v1:0"})"},
         "GET /inference-profiles/eu.anthropic.claude-x-v1%3A0 ",
         Verdict::ok},
        {"bedrock",
         {.status = 403, .body = "{}", .headers = "x-amzn-errortype: AccessDeniedException\r\n"},
         "GET /inference-profiles/eu.anthropic.claude-x-v1%3A0 ",
         Verdict::permission},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(std::string(row.kind) + " " + std::to_string(row.answer.status) + row.answer.body);
        LlmStandIn server([&](int) { return row.answer; },
                          [](const std::string&, const Json&) { return std::nullopt; });
        const std::string_view kind = row.kind;
        use(kind == "azure_openai" ? azure(server)
            : kind == "anthropic"  ? anthropic(server)
            : kind == "bedrock"    ? bedrock(server)
                                   : openai(server));
        EXPECT_EQ(check().verdict, row.verdict) << check().detail;
        EXPECT_TRUE(server.seen().front().head.starts_with(row.path)) << server.seen().front().head;
    }
}

} // namespace
} // namespace dossier::explain
