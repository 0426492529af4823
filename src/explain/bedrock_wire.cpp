// Bedrock's Converse (rest-json). Structured output by `outputConfig.textFormat`, whose schema is a string; for models
// that don't know it, by one tool that has to be called. Not streamed: ConverseStream answers in AWS' own binary event
// stream.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_converse = 2U << 20U;

/// "us.", "eu.", "global." … in front of a model id: an inference profile over the regions of that geography.
auto is_inference_profile(std::string_view model) -> bool {
    if (model.starts_with("arn:")) return model.contains("inference-profile/");
    static constexpr std::array<std::string_view, 8> geographies = {"us.", "eu.", "apac.",   "global.",
                                                                    "jp.", "au.", "us-gov.", "ca."};
    return std::ranges::any_of(geographies, [&](std::string_view one) { return model.starts_with(one); });
}

auto text_block(const std::string& text) -> Json { return Json::object({{"text", text}}); }

class BedrockWire final : public LlmWire {
public:
    BedrockWire(const LlmProviderConfig& config, std::string runtime, std::string control)
        : config_(config), runtime_(std::move(runtime)), control_(std::move(control)) {}

    [[nodiscard]] auto request(const LlmRequest& request, const LlmDialect& dialect, bool /*streams*/) const
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
        call.url = runtime_ + "/model/" + percent_encode(config_.model) + "/converse";
        call.headers.set("Content-Type", "application/json");
        call.body = dump_json(body);
        call.max_response = longest_converse;
        return call;
    }

    [[nodiscard]] auto whole(const std::string& body) const -> Result<LlmAnswer> override {
        const auto json = parse_json(body);
        if (!json || !json->is_object()) return fail(Errc::malformed, "the LLM's answer is no JSON object");
        LlmAnswer answer;
        answer.model = config_.model;
        answer.finish_reason = text_at(*json, "stopReason");
        if (const auto usage = json->find("usage"); usage != json->end() && usage->is_object()) {
            answer.cached_tokens = count_at(*usage, "cacheReadInputTokens");
            answer.prompt_tokens =
                count_at(*usage, "inputTokens") + answer.cached_tokens + count_at(*usage, "cacheWriteInputTokens");
            answer.completion_tokens = count_at(*usage, "outputTokens");
        }
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
        if (answer.finish_reason.starts_with("malformed_"))
            return fail(Errc::malformed,
                        fmt::format("the model wrote no answer ({})", safe_words(answer.finish_reason)));
        return finished(std::move(answer));
    }

    [[nodiscard]] auto reader() const -> std::unique_ptr<LlmStreamReader> override { return nullptr; }

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

auto make_bedrock_wire(const LlmProviderConfig& config, std::string runtime, std::string control)
    -> std::unique_ptr<LlmWire> {
    return std::make_unique<BedrockWire>(config, std::move(runtime), std::move(control));
}

} // namespace dossier::explain
