// AWS Bedrock: with a Bedrock API key like any other HTTP provider, else signed (SigV4) with whatever keys the process
// has. Signed answers come through AwsClient, which reads AWS' errors, renews keys and mends a wrong clock.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/aws_client.hpp"
#include "known_models.hpp"
#include "llm_intake.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::explain {
namespace {

/// The model took too long or is full: somebody else answers sooner than a repeat.
auto is_next_providers_turn(const net::HttpResponse& response) -> bool {
    const auto type = response.headers.get("x-amzn-errortype");
    if (!type) return false;
    static constexpr std::array<std::string_view, 4> words = {
        "ModelTimeoutException", "ModelErrorException", "ServiceUnavailableException", "ServiceQuotaExceededException"};
    return std::ranges::any_of(words, [&](std::string_view word) { return type->starts_with(word); });
}

auto aws_settings(const LlmProviderConfig& config) -> net::AwsSettings {
    net::AwsSettings settings;
    settings.name = "llm-" + config.name;
    settings.region = config.region;
    settings.keys = {.access_key_id = config.access_key_id,
                     .secret_access_key = config.secret_access_key,
                     .session_token = config.session_token};
    settings.role_arn = config.role_arn;
    if (!config.url.empty()) {
        for (const auto* service : {"bedrock-runtime", "bedrock"}) settings.endpoints.emplace_back(service, config.url);
    }
    if (!config.sts_url.empty()) settings.endpoints.emplace_back("sts", config.sts_url);
    settings.max_in_flight = config.max_in_flight;
    settings.timeout = config.timeout;
    settings.retry.attempts = 2; // then the next provider
    settings.is_final = is_next_providers_turn;
    return settings;
}

/// What a refused question is put again without. AWS' words about what it can't take quote the request and are not
/// passed on: that it was the stream, or the schema, shows in that the same question is taken without it.
class Concessions {
public:
    Concessions(const LlmDialect& first, bool wants_stream) : streams_(first.streams), may_be_stream_(wants_stream) {}

    /// False: nothing is left to do without.
    auto make(LlmDialect& dialect, const Error& error) -> bool {
        const bool is_invalid = net::aws_code(error) == "ValidationException";
        const bool is_stream_at_fault = is_invalid || net::missing_action(error) == streaming_right;
        if (dialect.streams && is_stream_at_fault && std::exchange(may_be_stream_, false)) {
            dialect.streams = false;
            return made_one_ = true;
        }
        const auto weaker_means = is_invalid ? weaker(dialect) : std::nullopt;
        if (!weaker_means) return false;
        dialect.structure = *weaker_means;
        dialect.streams = streams_; // it wasn't the stream
        return made_one_ = true;
    }
    [[nodiscard]] auto made_one() const -> bool { return made_one_; }

private:
    bool streams_;
    bool may_be_stream_;
    bool made_one_ = false;
};

class BedrockProvider final : public LlmProvider {
public:
    BedrockProvider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config),
          window_(config.context_window > 0 ? config.context_window : known_context_window(config.model)),
          aws_(client, metrics, aws_settings(config)),
          wire_(make_bedrock_wire(config, "", "")), // paths only: AwsClient knows the hosts
          dialect_(config.name, first_dialect(config)) {}

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto model() const -> const std::string& override { return config_.model; }
    [[nodiscard]] auto context_window() const -> std::size_t override { return window_; }
    [[nodiscard]] auto price() const -> LlmPrice override { return config_.price; }

    auto complete(LlmRequest request, Deadline deadline) -> Task<Result<LlmAnswer>> override {
        auto dialect = dialect_.now();
        Concessions concessions(dialect, request.on_text != nullptr);
        for (;;) {
            const auto intake = request.on_text && dialect.streams ? intake_of(*wire_, request.on_text) : nullptr;
            auto call = wire_->request(request, dialect, intake != nullptr);
            if (!call) co_return fail(std::move(call.error()));
            const auto* const action = intake ? "InvokeModelWithResponseStream" : "InvokeModel";
            auto out = net::aws_rest("bedrock-runtime", action, "POST", call->url, call->body);
            out.headers = call->headers;
            if (!request.traceparent.empty()) out.headers.set("traceparent", request.traceparent);
            out.max_response = call->max_response;
            out.flow = request.flow;
            if (intake) out.on_data = [intake](std::string_view piece) { intake->feed(piece); };
            auto response = co_await aws_.send(std::move(out), deadline);
            if (response) {
                if (concessions.made_one()) dialect_.take(dialect);
                auto answer = intake ? intake->finish(*wire_) : wire_->whole(response->body);
                if (answer) estimate_usage(*answer, request);
                if (answer && !intake && request.on_text) request.on_text(answer->text);
                co_return answer;
            }
            if (!concessions.make(dialect, response.error()))
                co_return fail(bedrock_error(std::move(response.error())));
        }
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        const auto call = wire_->check_request();
        const auto* const action = call.url.starts_with("/inference") ? "GetInferenceProfile" : "GetFoundationModel";
        auto response = co_await aws_.send(net::aws_rest("bedrock", action, "GET", call.url), deadline);
        if (response) {
            auto check = wire_->judge_check(response->body);
            check.url = aws_.endpoint("bedrock");
            co_return check;
        }
        auto check = net::failed_check({}, aws_.endpoint("bedrock"), response.error());
        if (const auto missing = net::missing_action(response.error()); !missing.empty()) check.missing = {missing};
        co_return check;
    }

private:
    LlmProviderConfig config_;
    std::size_t window_;
    net::AwsClient aws_;
    std::unique_ptr<LlmWire> wire_;
    LearnedDialect dialect_;
};

} // namespace

auto make_bedrock_provider(const LlmProviderConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<LlmProvider> {
    if (config.api_key.empty()) return std::make_unique<BedrockProvider>(config, client, metrics);
    const net::AwsClient endpoints(client, metrics, aws_settings(config));
    auto wire = make_bedrock_wire(config, endpoints.endpoint("bedrock-runtime"), endpoints.endpoint("bedrock"));
    return make_http_provider(config, std::move(wire), client, metrics);
}

} // namespace dossier::explain
