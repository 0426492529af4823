// Chat completions as OpenAI has them (its published OpenAPI), which vLLM, Ollama, llama.cpp, gateways and Azure speak
// as well.

#include "dossier/base/canonical_json.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/json_text.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/recent_texts.hpp"
#include "dossier/base/strings.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::explain {
namespace {

constexpr std::size_t longest_answer = 2U << 20U;
constexpr double nonsense_tokens = 1e12;

/// As it stands in a request. There are a few prompts, each with a schema.
auto compact_schema(std::string_view schema) -> const Result<std::string>& {
    thread_local RecentTexts<Result<std::string>> known(64U << 10U, 4U << 10U);
    return known.of(schema, [](const std::string& text) -> Result<std::string> {
        const auto parsed = parse_json(text);
        if (!parsed) return fail(Errc::invalid_argument, "the answer schema is no JSON: " + parsed.error().message);
        return dump_json(*parsed);
    });
}

void append_message(std::string& list, std::string_view role, std::string_view content) {
    if (!list.ends_with('[')) list += ',';
    canonical::Object message(list);
    append_json_text(message.member("content"), content);
    append_json_text(message.member("role"), role);
    message.close();
}

/// A string, or the text parts of an array of parts.
auto content_text(const Json& message) -> std::string {
    const auto content = message.find("content");
    if (content == message.end()) return {};
    if (content->is_string()) return content->get<std::string>();
    std::string text;
    if (!content->is_array()) return text;
    for (const auto& part : *content) {
        if (part.is_object() && text_at(part, "type") != "refusal") text += text_at(part, "text");
    }
    return text;
}

void read_usage(const Json& body, LlmAnswer& answer) {
    const auto usage = body.find("usage");
    if (usage == body.end() || !usage->is_object()) return;
    answer.prompt_tokens = count_at(*usage, "prompt_tokens");
    answer.completion_tokens = count_at(*usage, "completion_tokens");
    answer.cached_tokens = count_at(*usage, "prompt_cache_hit_tokens"); // DeepSeek
    if (const auto details = usage->find("prompt_tokens_details"); details != usage->end())
        answer.cached_tokens = std::max(answer.cached_tokens, count_at(*details, "cached_tokens"));
}

/// The one choice that was asked for; nullptr where the list is empty or no list.
auto first_choice(const Json& body) -> const Json* {
    const auto choices = body.find("choices");
    if (choices == body.end() || !choices->is_array() || choices->empty() || !choices->front().is_object())
        return nullptr;
    return &choices->front();
}

auto refused(const std::string& words) -> std::unexpected<Error> {
    return fail(Errc::rejected, "the LLM refused: " + safe_words(words));
}

/// The same of a whole answer, of which no tree is made.
auto content_text(JsonView message) -> std::string {
    const auto content = message["content"];
    if (const auto text = content.string()) return std::string(*text);
    std::string text;
    for (const auto part : content.elements())
        if (part["type"].string() != "refusal") text += part["text"].string().value_or("");
    return text;
}

void read_usage(JsonView body, LlmAnswer& answer) {
    const auto usage = body["usage"];
    const auto count = [](JsonView value) -> std::int64_t {
        const auto number = value.kind() == JsonView::Kind::number ? value.number() : std::nullopt;
        return number && *number >= 0 && *number < nonsense_tokens ? static_cast<std::int64_t>(*number) : 0;
    };
    answer.prompt_tokens = count(usage["prompt_tokens"]);
    answer.completion_tokens = count(usage["completion_tokens"]);
    answer.cached_tokens = std::max(count(usage["prompt_cache_hit_tokens"]), // DeepSeek
                                    count(usage["prompt_tokens_details"]["cached_tokens"]));
}

/// Why there is no choice in an answer.
auto without_choice(const std::string& body) -> std::unexpected<Error> {
    const auto json = parse_json(body);
    if (!json || !json->is_object()) return fail(Errc::malformed, "the LLM's answer is no JSON object");
    if (json->contains("error")) return fail(to_error(error_in(200, *json)));
    return fail(Errc::malformed, "the LLM's answer has no choices");
}

class OpenAiReader final : public LlmStreamReader {
public:
    auto take(const net::ServerEvent& event) -> Result<std::string> override {
        if (trim(event.data) == "[DONE]") {
            is_done_ = true;
            return std::string();
        }
        const auto chunk = parse_json(event.data);
        if (!chunk || !chunk->is_object())
            return fail(Errc::malformed, "a piece of the LLM's stream is no JSON object");
        if (chunk->contains("error") || event.name == "error") return fail(to_error(error_in(200, *chunk)));
        if (answer_.model.empty()) answer_.model = text_at(*chunk, "model");
        if (answer_.session_id.empty()) answer_.session_id = text_at(*chunk, "id");
        read_usage(*chunk, answer_);
        const auto* choice = first_choice(*chunk); // the piece with the usage has none, Azure's first one neither
        if (choice == nullptr) return std::string();
        if (auto reason = text_at(*choice, "finish_reason"); !reason.empty()) answer_.finish_reason = std::move(reason);
        const auto delta = choice->find("delta");
        if (delta == choice->end() || !delta->is_object()) return std::string();
        refusal_ += text_at(*delta, "refusal");
        auto text = content_text(*delta);
        answer_.text += text;
        return text;
    }

    auto finish() -> Result<LlmAnswer> override {
        if (!is_done_ && answer_.finish_reason.empty())
            return fail(Errc::outcome_unknown, "the LLM's stream broke off before its end");
        if (!refusal_.empty()) return refused(refusal_);
        return finished(std::move(answer_));
    }

private:
    LlmAnswer answer_;
    std::string refusal_;
    bool is_done_ = false;
};

class OpenAiWire final : public LlmWire {
public:
    explicit OpenAiWire(const LlmProviderConfig& config) : config_(config), is_azure_(config.kind == "azure_openai") {
        while (config_.url.ends_with('/')) config_.url.pop_back();
        if (is_azure_) take_azure_address();
    }

    [[nodiscard]] auto request(const LlmRequest& request, const LlmDialect& dialect, bool streams) const
        -> Result<net::ClientRequest> override {
        const auto& schema = compact_schema(request.schema);
        if (!schema) return fail(schema.error());
        const auto conversation = conversation_of(request, dialect.structure);
        std::string text; // members in the order of their names, as a document would have them
        canonical::Object body(text);
        const auto flag = [&](std::string_view name, bool value) { body.member(name) += value ? "true" : "false"; };
        body.member(dialect.max_tokens_field) +=
            std::to_string(request.max_tokens > 0 ? request.max_tokens : config_.max_tokens);
        auto& messages = body.member("messages");
        messages += '[';
        if (!conversation.system.empty()) append_message(messages, "system", conversation.system);
        for (const auto& turn : conversation.turns) append_message(messages, turn.role, turn.content.view());
        messages += ']';
        append_json_text(body.member("model"), is_azure_ ? config_.deployment : config_.model);
        if (dialect.structure == Structure::schema) {
            canonical::Object format(body.member("response_format"));
            canonical::Object named(format.member("json_schema"));
            append_json_text(named.member("name"), schema_name_of(request));
            named.member("schema") += *schema;
            named.member("strict") += "true";
            named.close();
            format.text("type", "json_schema");
            format.close();
        }
        if (dialect.structure == Structure::object) body.member("response_format") += R"({"type":"json_object"})";
        if (dialect.takes_store) flag("store", false); // nothing of ours is kept for the vendor's own use
        flag("stream", streams);
        if (streams && dialect.takes_usage_option) body.member("stream_options") += R"({"include_usage":true})";
        if (dialect.takes_temperature) body.member("temperature") += dump_json(request.temperature);
        body.close();
        net::ClientRequest call;
        call.method = "POST";
        call.url = config_.url + "/chat/completions" + query_;
        call.headers.set("Content-Type", "application/json");
        call.body = std::move(text);
        call.max_response = longest_answer;
        return call;
    }

    [[nodiscard]] auto whole(const std::string& body) const -> Result<LlmAnswer> override {
        const auto document = JsonDocument::parse(body);
        const auto root = document ? document->root() : JsonView();
        const auto choice = root["choices"][0];
        if (!choice.is_object()) return without_choice(body);
        const auto text = [](JsonView value) { return std::string(value.string().value_or("")); };
        LlmAnswer answer;
        answer.model = text(root["model"]);
        answer.session_id = text(root["id"]);
        answer.finish_reason = text(choice["finish_reason"]);
        read_usage(root, answer);
        const auto message = choice["message"];
        if (message.is_object()) {
            if (const auto refusal = text(message["refusal"]); !refusal.empty()) return refused(refusal);
            answer.text = content_text(message);
        } else if (answer.finish_reason != "content_filter") { // Azure leaves the message out then
            return fail(Errc::malformed, "the LLM's answer has no message");
        }
        return finished(std::move(answer));
    }

    [[nodiscard]] auto reader() const -> std::unique_ptr<LlmStreamReader> override {
        return std::make_unique<OpenAiReader>();
    }

    /// GET /models: every compatible server lists there what it serves, and it costs nothing.
    [[nodiscard]] auto check_request() const -> net::ClientRequest override {
        net::ClientRequest call;
        call.url = models_url_.empty() ? config_.url + "/models" : models_url_;
        call.max_response = longest_answer;
        return call;
    }

    [[nodiscard]] auto judge_check(const std::string& body) const -> net::ConnectCheck override {
        net::ConnectCheck check{.what = {}, .url = config_.url, .missing = {}, .detail = {}};
        const auto json = parse_json(body);
        const bool has_list = json && json->is_object() && json->contains("data") && (*json)["data"].is_array();
        if (!has_list) {
            check.verdict = net::ConnectCheck::Verdict::failed;
            check.detail = "GET /models gave no list of models";
            return check;
        }
        if (is_azure_) { // lists what the resource may deploy; deployments are the control plane's
            check.detail = "takes the credentials; whether the deployment exists only a call would tell";
            return check;
        }
        const auto& models = (*json)["data"];
        const bool serves = std::ranges::any_of(
            models, [&](const Json& one) { return one.is_object() && text_at(one, "id") == config_.model; });
        check.detail = serves ? fmt::format("serves the model {}", config_.model)
                              : fmt::format("lists {} models, but not {}", models.size(), config_.model);
        if (!serves) check.verdict = net::ConnectCheck::Verdict::failed;
        return check;
    }

private:
    /// With `api_version` the deployment stands in the path; without it is the v1 API, where it is the model.
    void take_azure_address() {
        for (const std::string_view tail : {"/openai/v1", "/openai"})
            if (config_.url.ends_with(tail)) config_.url.resize(config_.url.size() - tail.size());
        const auto resource = config_.url;
        if (config_.api_version.empty()) {
            config_.url = resource + "/openai/v1";
            return;
        }
        query_ = "?api-version=" + percent_encode(config_.api_version);
        models_url_ = resource + "/openai/models" + query_;
        config_.url = resource + "/openai/deployments/" + percent_encode(config_.deployment);
    }

    LlmProviderConfig config_;
    bool is_azure_;
    std::string query_;
    std::string models_url_;
};

} // namespace

auto make_openai_wire(const LlmProviderConfig& config) -> std::unique_ptr<LlmWire> {
    return std::make_unique<OpenAiWire>(config);
}

} // namespace dossier::explain
