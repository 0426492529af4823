// Bedrock's Converse (rest-json). Structured output by `outputConfig.textFormat`, whose schema is a string; for models
// that don't know it, by one tool that has to be called. ConverseStream takes the same question and answers in AWS' own
// binary event stream.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/aws_client.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_converse = 2U << 20U;
constexpr std::size_t longest_converse_stream = 8U << 20U; ///< a frame of some 200 bytes around each token

/// "us.", "eu.", "global." … in front of a model id: an inference profile over the regions of that geography.
auto is_inference_profile(std::string_view model) -> bool {
    if (model.starts_with("arn:")) return model.contains("inference-profile/");
    static constexpr std::array<std::string_view, 8> geographies = {"us.", "eu.", "apac.",   "global.",
                                                                    "jp.", "au.", "us-gov.", "ca."};
    return std::ranges::any_of(geographies, [&](std::string_view one) { return model.starts_with(one); });
}

auto text_block(std::string_view text) -> Json { return Json::object({{"text", text}}); }

void read_converse_usage(const Json& holder, LlmAnswer& answer) {
    const auto usage = holder.find("usage");
    if (usage == holder.end() || !usage->is_object()) return;
    answer.cached_tokens = count_at(*usage, "cacheReadInputTokens");
    answer.prompt_tokens =
        count_at(*usage, "inputTokens") + answer.cached_tokens + count_at(*usage, "cacheWriteInputTokens");
    answer.completion_tokens = count_at(*usage, "outputTokens");
}

/// A finished answer, or why there is none. The reason is the vendor's word.
auto converse_finished(LlmAnswer answer) -> Result<LlmAnswer> {
    if (answer.finish_reason.starts_with("malformed_"))
        return fail(Errc::malformed, fmt::format("the model wrote no answer ({})", safe_words(answer.finish_reason)));
    return finished(std::move(answer));
}

/// messageStart, contentBlockStart/Delta/Stop …, messageStop, metadata.
class ConverseReader final : public LlmStreamReader {
public:
    explicit ConverseReader(std::string model) { answer_.model = std::move(model); }

    auto take(const net::ServerEvent& event) -> Result<std::string> override {
        const auto json = parse_json(event.data);
        if (!json || !json->is_object()) return fail(Errc::malformed, "a piece of the LLM's stream is no JSON object");
        if (event.name == "contentBlockStart") begin(*json);
        if (event.name == "messageStop") {
            answer_.finish_reason = text_at(*json, "stopReason");
            is_done_ = true;
        }
        if (event.name == "metadata") read_converse_usage(*json, answer_);
        return event.name == "contentBlockDelta" ? add(*json) : std::string();
    }

    auto finish() -> Result<LlmAnswer> override {
        if (!is_done_) return fail(Errc::outcome_unknown, "the LLM's stream broke off before its end");
        return converse_finished(std::move(answer_));
    }

private:
    /// What a model says before it calls the tool is no part of the answer.
    void begin(const Json& event) {
        const auto start = event.find("start");
        if (start != event.end() && start->is_object() && start->contains("toolUse")) answer_.text.clear();
    }
    /// Text, or a piece of the tool's input: either way a piece of the answer's JSON. Thoughts are neither.
    auto add(const Json& event) -> std::string {
        const auto delta = event.find("delta");
        if (delta == event.end() || !delta->is_object()) return {};
        auto text = text_at(*delta, "text");
        if (const auto tool = delta->find("toolUse"); tool != delta->end() && tool->is_object())
            text += text_at(*tool, "input");
        answer_.text += text;
        return text;
    }

    LlmAnswer answer_;
    bool is_done_ = false;
};

class BedrockWire final : public LlmWire {
public:
    BedrockWire(const LlmProviderConfig& config, std::string runtime, std::string control)
        : config_(config), runtime_(std::move(runtime)), control_(std::move(control)) {}

    [[nodiscard]] auto request(const LlmRequest& request, const LlmDialect& dialect, bool streams) const
        -> Result<net::ClientRequest> override {
        const auto schema = parse_json(request.schema);
        if (!schema) return fail(Errc::invalid_argument, "the answer schema is no JSON: " + schema.error().message);
        const auto conversation = conversation_of(request, dialect.structure);
        Json body;
        if (!conversation.system.empty()) body["system"] = Json::array({text_block(conversation.system)});
        body["messages"] = Json::array();
        for (const auto& turn : conversation.turns)
            body["messages"].push_back({{"role", turn.role}, {"content", Json::array({text_block(turn.content)})}});
        body["inferenceConfig"]["maxTokens"] = request.max_tokens > 0 ? request.max_tokens : config_.max_tokens;
        if (dialect.takes_temperature) body["inferenceConfig"]["temperature"] = request.temperature;
        const auto name = schema_name_of(request);
        if (dialect.structure == Structure::schema) {
            const Json named = {{"schema", dump_json(common_schema(*schema))}, {"name", name}};
            body["outputConfig"]["textFormat"] = {{"type", "json_schema"}, {"structure", {{"jsonSchema", named}}}};
        }
        if (dialect.structure == Structure::tool) {
            const Json spec = {{"name", name},
                               {"description", "Takes the answer."},
                               {"inputSchema", {{"json", common_schema(*schema)}}}};
            body["toolConfig"]["tools"] = Json::array({Json{{"toolSpec", spec}}});
            body["toolConfig"]["toolChoice"]["tool"]["name"] = name;
        }
        net::ClientRequest call;
        call.method = "POST";
        call.url = runtime_ + "/model/" + percent_encode(config_.model) + (streams ? "/converse-stream" : "/converse");
        call.headers.set("Content-Type", "application/json");
        if (streams) call.headers.set("Accept", "application/vnd.amazon.eventstream");
        call.body = dump_json(body);
        call.max_response = streams ? longest_converse_stream : longest_converse;
        return call;
    }

    [[nodiscard]] auto whole(const std::string& body) const -> Result<LlmAnswer> override {
        const auto json = parse_json(body);
        if (!json || !json->is_object()) return fail(Errc::malformed, "the LLM's answer is no JSON object");
        LlmAnswer answer;
        answer.model = config_.model;
        answer.finish_reason = text_at(*json, "stopReason");
        read_converse_usage(*json, answer);
        const auto pointer = Json::json_pointer("/output/message/content");
        if (!json->contains(pointer) || !json->at(pointer).is_array())
            return fail(Errc::malformed, "the LLM's answer has no message");
        for (const auto& block : json->at(pointer)) {
            if (!block.is_object()) continue;
            answer.text += text_at(block, "text");
            const auto tool = block.find("toolUse");
            if (tool != block.end() && tool->is_object() && tool->contains("input"))
                answer.text = dump_json((*tool)["input"]);
        }
        return converse_finished(std::move(answer));
    }

    [[nodiscard]] auto reader() const -> std::unique_ptr<LlmStreamReader> override {
        return std::make_unique<ConverseReader>(config_.model);
    }
    [[nodiscard]] auto framing() const -> Framing override { return Framing::aws_frames; }

    [[nodiscard]] auto check_request() const -> net::ClientRequest override {
        net::ClientRequest call;
        const auto* const kind = is_inference_profile(config_.model) ? "/inference-profiles/" : "/foundation-models/";
        call.url = control_ + kind + percent_encode(config_.model);
        call.max_response = longest_converse;
        return call;
    }

    [[nodiscard]] auto judge_check(const std::string& body) const -> net::ConnectCheck override {
        net::ConnectCheck check{.what = {}, .url = control_, .missing = {}, .detail = {}};
        const auto json = parse_json(body);
        const bool is_model =
            json && json->is_object() && (json->contains("modelDetails") || json->contains("inferenceProfileId"));
        check.detail = is_model ? fmt::format("offers {}", config_.model) : "gave no description of the model";
        if (!is_model) check.verdict = net::ConnectCheck::Verdict::failed;
        return check;
    }

private:
    LlmProviderConfig config_;
    std::string runtime_;
    std::string control_;
};

} // namespace

auto bedrock_error(Error error) -> Error {
    const auto code = net::aws_code(error);
    if (code == "ServiceQuotaExceededException") error.code = Errc::rate_limited;
    if (code == "ServiceUnavailableException" || code == "ModelErrorException" || code == "ModelNotReadyException")
        error.code = Errc::unavailable;
    if (code == "ModelTimeoutException") error.code = Errc::timeout;
    return error;
}

auto make_bedrock_wire(const LlmProviderConfig& config, std::string runtime, std::string control)
    -> std::unique_ptr<LlmWire> {
    return std::make_unique<BedrockWire>(config, std::move(runtime), std::move(control));
}

} // namespace dossier::explain
