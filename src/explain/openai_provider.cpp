#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/llm_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace dossier::explain {
namespace {

constexpr std::size_t message_limit = 200;

/// `error` of an OpenAI-like body; some gateways send it as a bare string.
struct ServerError {
    std::string code;
    std::string type;
    std::string message;
};

auto error_in(const std::string& body) -> ServerError {
    const auto json = parse_json(body);
    if (!json || !json->is_object()) return {};
    const auto error = json->find("error");
    if (error == json->end()) return {.message = text_at(*json, "message")};
    if (error->is_string()) return {.message = error->get<std::string>()};
    if (!error->is_object()) return {};
    return {.code = text_at(*error, "code"), .type = text_at(*error, "type"), .message = text_at(*error, "message")};
}

/// The money is gone, as opposed to "slow down"; no wait mends it.
auto is_quota(int status, const ServerError& error) -> bool {
    if (status == 402) return true;
    static constexpr std::array words = {"insufficient_quota",   "credit_balance_exhausted", "spend_limit_exceeded",
                                         "usage_limit_exceeded", "billing_hard_limit",       "billing_not_active"};
    return std::ranges::any_of(words, [&](std::string_view word) {
        return error.code.find(word) != std::string::npos || error.type.find(word) != std::string::npos;
    });
}

auto is_content_filter(const ServerError& error) -> bool {
    return error.code == "content_filter" || error.code == "content_policy_violation" || error.type == "content_filter";
}

/// What the server said, short and without anything like a key: servers echo credentials in their errors.
auto safe_words(const std::string& message) -> std::string {
    std::string safe;
    for (const auto word : split(message, ' ')) {
        const auto digits = std::ranges::count_if(word, [](unsigned char c) { return std::isdigit(c) != 0; });
        const bool secretive = word.starts_with("sk-") || word.find('@') != std::string_view::npos ||
                               (word.size() >= 16 && digits >= 3) || word.size() >= 32 ||
                               word.find('*') != std::string_view::npos;
        if (!safe.empty()) safe += ' ';
        safe += secretive ? std::string_view("[…]") : word;
    }
    std::ranges::replace_if(safe, [](unsigned char c) { return c < 0x20; }, ' ');
    return shorten(to_valid_utf8(safe), message_limit);
}

auto error_of(const net::HttpResponse& response) -> Error {
    const auto said = error_in(response.body);
    auto words = said.message.empty()
                     ? fmt::format("the LLM answered {}", response.status)
                     : fmt::format("the LLM answered {}: {}", response.status, safe_words(said.message));
    Error error{.code = Errc::rejected, .message = std::move(words)};
    if (response.status == 401) error.code = Errc::unauthenticated;
    if (response.status == 403) error.code = Errc::forbidden;
    if (response.status == 404) error.code = Errc::not_found;
    if (response.status == 408) error.code = Errc::timeout;
    if (response.status == 429) error.code = Errc::rate_limited;
    if (response.status >= 500) error.code = Errc::unavailable;
    if (is_quota(response.status, said)) error.code = Errc::quota_exhausted;
    if (is_content_filter(said)) {
        error.code = Errc::rejected;
        error.message = "the LLM's content filter refused the request";
    }
    error.retry_after = net::retry_after_of(response);
    error.context.emplace_back("status", std::to_string(response.status));
    return error;
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

auto count_at(const Json& object, const char* key) -> std::int64_t {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return 0;
    const auto value = found->get<double>();
    return value >= 0 && value < 1e12 ? static_cast<std::int64_t>(value) : 0;
}

auto answer_of(const std::string& body) -> Result<LlmAnswer> {
    const auto json = parse_json(body);
    if (!json || !json->is_object()) return fail(Errc::malformed, "the LLM's answer is no JSON object");
    const auto choices = json->find("choices");
    if (choices == json->end() || !choices->is_array() || choices->empty() || !choices->front().is_object())
        return fail(Errc::malformed, "the LLM's answer has no choices");
    const auto& choice = choices->front();
    LlmAnswer answer;
    answer.model = text_at(*json, "model");
    answer.session_id = text_at(*json, "id");
    answer.finish_reason = text_at(choice, "finish_reason");
    if (const auto usage = json->find("usage"); usage != json->end() && usage->is_object()) {
        answer.prompt_tokens = count_at(*usage, "prompt_tokens");
        answer.completion_tokens = count_at(*usage, "completion_tokens");
    }
    if (answer.finish_reason == "content_filter")
        return fail(Errc::rejected, "the LLM's content filter refused the answer");
    const auto message = choice.find("message");
    if (message == choice.end() || !message->is_object())
        return fail(Errc::malformed, "the LLM's answer has no message");
    if (const auto refusal = text_at(*message, "refusal"); !refusal.empty())
        return fail(Errc::rejected, "the LLM refused: " + safe_words(refusal));
    if (answer.finish_reason == "length") return fail(Errc::malformed, "the LLM's answer was cut at its token limit");
    answer.text = content_text(*message);
    if (trim(answer.text).empty()) return fail(Errc::malformed, "the LLM's answer is empty");
    return answer;
}

auto upstream_config(const LlmProviderConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = "llm-" + config.name;
    upstream.max_in_flight = config.max_in_flight;
    upstream.timeout = config.timeout;
    upstream.retry.attempts = 2; // then the next provider
    upstream.is_final = [](const net::HttpResponse& response) {
        return response.status >= 400 && response.status < 500 && is_quota(response.status, error_in(response.body));
    };
    return upstream;
}

class OpenAiProvider final : public LlmProvider {
public:
    OpenAiProvider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config), upstream_(client, metrics, upstream_config(config)) {
        while (config_.url.ends_with('/')) config_.url.pop_back();
    }

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto model() const -> const std::string& override { return config_.model; }
    [[nodiscard]] auto price() const -> LlmPrice override { return config_.price; }

    auto complete(LlmRequest request, Deadline deadline) -> Task<Result<LlmAnswer>> override {
        auto call = http_request(request);
        if (!call) co_return std::unexpected(std::move(call).error());
        // an answer bought twice costs money and nothing else
        auto response = co_await upstream_.call(*std::move(call), net::Repeat::safe, deadline);
        if (!response) co_return std::unexpected(std::move(response).error());
        if (!response->ok()) co_return std::unexpected(error_of(*response));
        co_return answer_of(response->body);
    }

    /// GET /models: every compatible server lists there what it serves, and it costs nothing.
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        net::ClientRequest call;
        call.url = config_.url + "/models";
        authorise(call);
        call.max_response = 2U << 20U;
        auto response = co_await upstream_.call(std::move(call), net::Repeat::safe, deadline);
        if (!response) co_return net::failed_check({}, config_.url, response.error());
        if (!response->ok()) co_return net::failed_check({}, config_.url, error_of(*response));
        co_return judge_models(response->body);
    }

private:
    void authorise(net::ClientRequest& call) const {
        call.headers.set("Accept", "application/json");
        if (!config_.api_key.empty()) call.headers.set("Authorization", "Bearer " + config_.api_key.reveal());
    }

    [[nodiscard]] auto judge_models(const std::string& body) const -> net::ConnectCheck {
        net::ConnectCheck check{.what = {}, .url = config_.url, .missing = {}, .detail = {}};
        const auto json = parse_json(body);
        const bool has_list = json && json->is_object() && json->contains("data") && (*json)["data"].is_array();
        if (!has_list) {
            check.verdict = net::ConnectCheck::Verdict::failed;
            check.detail = "GET /models gave no list of models";
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

    [[nodiscard]] auto http_request(const LlmRequest& request) const -> Result<net::ClientRequest> {
        const auto schema = parse_json(request.schema);
        if (!schema) return fail(Errc::invalid_argument, "the answer schema is no JSON: " + schema.error().message);
        Json body;
        body["model"] = config_.model;
        body["messages"] = Json::array();
        for (const auto& message : request.messages)
            body["messages"].push_back({{"role", message.role}, {"content", message.content}});
        body["temperature"] = request.temperature;
        body[config_.max_tokens_field] = request.max_tokens > 0 ? request.max_tokens : config_.max_tokens;
        body["response_format"] = {
            {"type", "json_schema"},
            {"json_schema", {{"name", request.schema_name}, {"strict", true}, {"schema", *schema}}}};
        body["stream"] = false;
        body["store"] = false;
        net::ClientRequest call;
        call.method = "POST";
        call.url = config_.url + "/chat/completions";
        call.headers.set("Content-Type", "application/json");
        authorise(call);
        call.body = dump_json(body);
        call.traceparent = request.traceparent;
        call.max_response = 2U << 20U;
        return call;
    }

    LlmProviderConfig config_;
    net::Upstream upstream_;
};

} // namespace

auto make_openai_provider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<LlmProvider> {
    return std::make_unique<OpenAiProvider>(config, client, metrics);
}

} // namespace dossier::explain
