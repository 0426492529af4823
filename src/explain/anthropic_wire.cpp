// Anthropic's Messages API, by the types of its own SDK. Structured output by `output_config.format`; for models that
// don't know it, by one tool that the model has to call, whose input is the answer.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_message = 2U << 20U;

/// What was read from the cache and what was written to it stand beside the rest of the prompt here.
void read_message_usage(const Json& holder, LlmAnswer& answer) {
    const auto usage = holder.find("usage");
    if (usage == holder.end() || !usage->is_object()) return;
    const auto cached = count_at(*usage, "cache_read_input_tokens");
    const auto prompt = count_at(*usage, "input_tokens") + cached + count_at(*usage, "cache_creation_input_tokens");
    if (prompt > 0) {
        answer.prompt_tokens = prompt;
        answer.cached_tokens = cached;
    }
    if (const auto completion = count_at(*usage, "output_tokens"); completion > 0)
        answer.completion_tokens = completion; // in a stream the count so far, not an increment
}

class AnthropicReader final : public LlmStreamReader {
public:
    auto take(const net::ServerEvent& event) -> Result<std::string> override {
        const auto json = parse_json(event.data);
        if (!json || !json->is_object()) return fail(Errc::malformed, "a piece of the LLM's stream is no JSON object");
        const auto type = text_at(*json, "type");
        if (type == "error" || event.name == "error") return fail(to_error(error_in(200, *json)));
        if (type == "message_start") begin(*json);
        if (type == "message_stop") is_done_ = true;
        if (type == "message_delta") end(*json);
        return type == "content_block_delta" ? add(*json) : std::string();
    }

    auto finish() -> Result<LlmAnswer> override {
        if (!is_done_) return fail(Errc::outcome_unknown, "the LLM's stream broke off before its end");
        return finished(std::move(answer_));
    }

private:
    void begin(const Json& event) {
        const auto message = event.find("message");
        if (message == event.end() || !message->is_object()) return;
        answer_.model = text_at(*message, "model");
        answer_.session_id = text_at(*message, "id");
        read_message_usage(*message, answer_);
    }
    void end(const Json& event) {
        read_message_usage(event, answer_);
        const auto delta = event.find("delta");
        if (delta == event.end() || !delta->is_object()) return;
        if (auto reason = text_at(*delta, "stop_reason"); !reason.empty()) answer_.finish_reason = std::move(reason);
    }
    /// Text, or a piece of the tool's input: either way a piece of the answer's JSON. Thoughts are neither.
    auto add(const Json& event) -> std::string {
        const auto delta = event.find("delta");
        if (delta == event.end() || !delta->is_object()) return {};
        auto text = text_at(*delta, "text") + text_at(*delta, "partial_json");
        answer_.text += text;
        return text;
    }

    LlmAnswer answer_;
    bool is_done_ = false;
};

class AnthropicWire final : public LlmWire {
public:
    explicit AnthropicWire(const LlmProviderConfig& config) : config_(config) {
        while (config_.url.ends_with('/')) config_.url.pop_back();
    }

    [[nodiscard]] auto request(const LlmRequest& request, const LlmDialect& dialect, bool streams) const
        -> Result<net::ClientRequest> override {
        auto schema = parse_json(request.schema);
        if (!schema) return fail(Errc::invalid_argument, "the answer schema is no JSON: " + schema.error().message);
        const auto conversation = conversation_of(request, dialect.structure);
        Json body;
        body["model"] = config_.model;
        body["max_tokens"] = request.max_tokens > 0 ? request.max_tokens : config_.max_tokens;
        if (!conversation.system.empty()) body["system"] = conversation.system;
        body["messages"] = Json::array();
        for (const auto& turn : conversation.turns)
            body["messages"].push_back({{"role", turn.role}, {"content", turn.content.view()}});
        if (dialect.takes_temperature) body["temperature"] = request.temperature;
        if (dialect.structure == Structure::schema)
            body["output_config"] = {{"format", {{"type", "json_schema"}, {"schema", common_schema(*schema)}}}};
        if (dialect.structure == Structure::tool) {
            const auto name = schema_name_of(request);
            body["tools"] = Json::array(
                {Json{{"name", name}, {"description", "Takes the answer."}, {"input_schema", common_schema(*schema)}}});
            body["tool_choice"] = {{"type", "tool"}, {"name", name}, {"disable_parallel_tool_use", true}};
        }
        if (streams) body["stream"] = true;
        net::ClientRequest call;
        call.method = "POST";
        call.url = config_.url + "/messages";
        call.headers.set("Content-Type", "application/json");
        call.headers.set("anthropic-version", config_.version);
        call.body = dump_json(body);
        call.max_response = longest_message;
        return call;
    }

    [[nodiscard]] auto whole(const std::string& body) const -> Result<LlmAnswer> override {
        const auto json = parse_json(body);
        if (!json || !json->is_object()) return fail(Errc::malformed, "the LLM's answer is no JSON object");
        if (text_at(*json, "type") == "error") return fail(to_error(error_in(200, *json)));
        const auto content = json->find("content");
        if (content == json->end() || !content->is_array())
            return fail(Errc::malformed, "the LLM's answer has no content");
        LlmAnswer answer;
        answer.model = text_at(*json, "model");
        answer.session_id = text_at(*json, "id");
        answer.finish_reason = text_at(*json, "stop_reason");
        read_message_usage(*json, answer);
        for (const auto& block : *content) {
            if (!block.is_object()) continue;
            const auto type = text_at(block, "type");
            if (type == "text") answer.text += text_at(block, "text");
            if (type == "tool_use" && block.contains("input")) answer.text = dump_json(block["input"]);
        }
        return finished(std::move(answer));
    }

    [[nodiscard]] auto reader() const -> std::unique_ptr<LlmStreamReader> override {
        return std::make_unique<AnthropicReader>();
    }

    [[nodiscard]] auto check_request() const -> net::ClientRequest override {
        net::ClientRequest call;
        call.url = config_.url + "/models/" + percent_encode(config_.model);
        call.headers.set("anthropic-version", config_.version);
        call.max_response = longest_message;
        return call;
    }

    [[nodiscard]] auto judge_check(const std::string& body) const -> net::ConnectCheck override {
        net::ConnectCheck check{.what = {}, .url = config_.url, .missing = {}, .detail = {}};
        const auto json = parse_json(body);
        const auto id = json && json->is_object() ? text_at(*json, "id") : std::string();
        if (id.empty()) {
            check.verdict = net::ConnectCheck::Verdict::failed;
            check.detail = "GET /models/… gave no model";
            return check;
        }
        check.detail = fmt::format("serves the model {}", safe_words(id));
        return check;
    }

private:
    LlmProviderConfig config_;
};

} // namespace

auto make_anthropic_wire(const LlmProviderConfig& config) -> std::unique_ptr<LlmWire> {
    return std::make_unique<AnthropicWire>(config);
}

} // namespace dossier::explain
