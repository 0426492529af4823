// One provider over HTTP, whoever's wire it speaks: credentials, pace, streaming, and what the server doesn't know
// learned from its 400.

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/rate_gate.hpp"
#include "dossier/net/rate_window.hpp"
#include "dossier/net/token_source.hpp"
#include "known_models.hpp"
#include "llm_intake.hpp"
#include "llm_wire.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <optional>

namespace dossier::explain {
namespace {

constexpr int most_lessons = 5; ///< members that one question may find unknown before it counts as refused

/// Whether this answer ends the call, since the next provider or a person helps sooner than a repeat.
auto ends_call(const net::HttpResponse& response, Duration max_wait) -> bool {
    if (response.status < 400) return false;
    const auto said = error_in(response.status, response.body);
    if (is_quota(said) || is_content_filter(said) || is_overloaded(said)) return true;
    const auto wait = net::retry_after_of(response);
    return response.status == 429 && wait && *wait > max_wait;
}

auto llm_upstream(const LlmProviderConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = "llm-" + config.name;
    upstream.max_in_flight = config.max_in_flight;
    upstream.timeout = config.timeout;
    upstream.retry.attempts = 2; // then the next provider
    upstream.is_final = [most = config.max_wait](const net::HttpResponse& response) {
        return ends_call(response, most);
    };
    return upstream;
}

auto entra_token(const LlmProviderConfig& config, net::Upstream& authority) -> net::TokenSource::Fetch {
    return net::client_credentials(
        authority, {.url = config.authority + "/" + percent_encode(config.tenant_id) + "/oauth2/v2.0/token",
                    .client_id = config.client_id,
                    .client_secret = config.client_secret,
                    .audience = {},
                    .scope = "https://cognitiveservices.azure.com/.default"});
}

class HttpProvider final : public LlmProvider {
public:
    HttpProvider(const LlmProviderConfig& config, std::unique_ptr<LlmWire> wire, net::HttpClient& client,
                 Metrics& metrics)
        : config_(config),
          wire_(std::move(wire)),
          window_(config.context_window > 0 ? config.context_window : known_context_window(config.model)),
          dialect_(config.name, first_dialect(config)),
          pace_(Rate{}),
          upstream_(client, metrics, llm_upstream(config)) {
        if (config_.tenant_id.empty()) return;
        net::UpstreamConfig authority;
        authority.name = "entra-" + config_.name;
        authority_.emplace(client, metrics, std::move(authority));
        tokens_.emplace(entra_token(config_, *authority_));
    }

    [[nodiscard]] auto name() const -> const std::string& override { return config_.name; }
    [[nodiscard]] auto model() const -> const std::string& override { return config_.model; }
    [[nodiscard]] auto context_window() const -> std::size_t override { return window_; }
    [[nodiscard]] auto price() const -> LlmPrice override { return config_.price; }

    auto complete(LlmRequest request, Deadline deadline) -> Task<Result<LlmAnswer>> override {
        for (int lessons = 0;; ++lessons) {
            const auto dialect = dialect_.now();
            const auto intake = request.on_text && dialect.streams ? intake_of(*wire_, request.on_text) : nullptr;
            auto response = co_await begin(request, dialect, intake, deadline);
            if (!response) co_return fail(std::move(response.error()));
            if (response->ok()) co_return answer_of(*response, intake, request);
            const auto said = error_in(response->status, response->body);
            if (lessons < most_lessons && dialect_.learn(dialect, said)) continue;
            co_return fail(refusal(said, *response));
        }
    }

    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        auto response = co_await send(wire_->check_request(), deadline);
        if (!response) co_return net::failed_check({}, config_.url, response.error());
        if (!response->ok())
            co_return net::failed_check({}, config_.url, to_error(error_in(response->status, response->body)));
        co_return wire_->judge_check(response->body);
    }

private:
    /// Once the body is made, nobody reads what was asked until the answer has come.
    static void lay_to_rest(const LlmRequest& request) {
        for (const auto& message : request.messages) message.content.rest();
    }

    static auto failed(Error error) -> Task<Result<net::HttpResponse>> { co_return fail(std::move(error)); }

    /// No coroutine, as with `authorised`: the call is handed on and takes no room in a frame that waits.
    /// @param request lives in whoever awaits this
    auto begin(const LlmRequest& request, const LlmDialect& dialect, const std::shared_ptr<LlmIntake>& intake,
               Deadline deadline) -> Task<Result<net::HttpResponse>> {
        auto call = wire_->request(request, dialect, intake != nullptr);
        if (!call) return failed(std::move(call.error()));
        call->make_body = [this, &request, dialect, streams = intake != nullptr] {
            const auto again = wire_->request(request, dialect, streams);
            lay_to_rest(request);
            return again ? std::string(again->body.view()) : std::string();
        };
        call->traceparent = request.traceparent;
        call->flow = request.flow;
        if (intake) call->on_data = [intake](std::string_view piece) { intake->feed(piece); };
        lay_to_rest(request);
        return send(*std::move(call), deadline);
    }

    /// Waits for its turn where the server told that a window is used up, and learns from what comes back.
    auto send(net::ClientRequest call, Deadline deadline) -> Task<Result<net::HttpResponse>> {
        auto turn = co_await pace_.pass(std::min(deadline, deadline_in(config_.max_wait)), call.flow);
        if (!turn) {
            if (turn.error().code == Errc::rate_limited) turn.error().message = "its rate limit is used up for now";
            co_return fail(std::move(turn.error()));
        }
        if (!call.headers.get("Accept"))
            call.headers.set("Accept", call.on_data ? "text/event-stream" : "application/json");
        for (const auto& [header, value] : config_.headers) call.headers.set(header, value);
        auto response = co_await authorised(std::move(call), deadline);
        if (response) {
            if (const auto wait = net::used_up_for(response->headers, std::chrono::system_clock::now()))
                pace_.hold(*wait);
            const auto asked = response->status == 429 ? net::retry_after_of(*response) : std::nullopt;
            if (asked) pace_.hold(*asked);
        } else if (response.error().code == Errc::rate_limited && response.error().retry_after) {
            pace_.hold(*response.error().retry_after);
        }
        co_return response;
    }

    auto authorised(net::ClientRequest call, Deadline deadline) -> Task<Result<net::HttpResponse>> {
        // an answer bought twice costs money and nothing else
        constexpr auto repeat = net::Repeat::safe;
        if (tokens_)
            return net::call_with_token(upstream_, *tokens_, std::move(call), net::apply_bearer, repeat, deadline);
        if (!config_.api_key.empty()) {
            const auto& key = config_.api_key.reveal();
            if (config_.kind == "azure_openai") {
                call.headers.set("api-key", key);
            } else if (config_.kind == "anthropic") {
                call.headers.set("x-api-key", key);
            } else {
                call.headers.set("Authorization", "Bearer " + key);
            }
        }
        return upstream_.call(std::move(call), repeat, deadline);
    }

    auto answer_of(const net::HttpResponse& response, const std::shared_ptr<LlmIntake>& intake,
                   const LlmRequest& request) const -> Result<LlmAnswer> {
        auto answer = intake ? intake->finish(*wire_) : wire_->whole(response.body);
        if (!answer) return answer;
        estimate_usage(*answer, request);
        if (!intake && request.on_text) request.on_text(answer->text); // a model that isn't streamed from
        return answer;
    }

    static auto refusal(const ServerError& said, const net::HttpResponse& response) -> Error {
        auto error = to_error(said);
        error.retry_after = net::retry_after_of(response);
        return error;
    }

    LlmProviderConfig config_;
    std::unique_ptr<LlmWire> wire_;
    std::size_t window_;
    LearnedDialect dialect_;
    net::RateGate pace_; ///< held while the server's own window is used up
    net::Upstream upstream_;
    std::optional<net::Upstream> authority_; ///< of Entra tokens
    std::optional<net::TokenSource> tokens_;
};

} // namespace

auto make_http_provider(const LlmProviderConfig& config, std::unique_ptr<LlmWire> wire, net::HttpClient& client,
                        Metrics& metrics) -> std::unique_ptr<LlmProvider> {
    return std::make_unique<HttpProvider>(config, std::move(wire), client, metrics);
}

} // namespace dossier::explain
