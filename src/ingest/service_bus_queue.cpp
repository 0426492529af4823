// Azure Service Bus by REST peek-lock (UPSTREAM §6): one message a call, whose lock is completed by DELETE and given
// back by PUT. Tokens are shared access signatures made here, or Entra ID's by client credentials.

#include "dossier/base/crypto.hpp"
#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/token_source.hpp"

#include "message_queue.hpp"
#include "payload_fields.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_messages = 10;          ///< a commit
constexpr Duration answer_budget{10'000};          ///< beyond the wait of a call
constexpr Duration look_budget{2'000};             ///< for a call that waits for nothing
constexpr std::size_t largest_message = 4U << 20U; ///< premium namespaces take more by AMQP only
constexpr std::chrono::seconds signature_lifetime{3'600};

auto upstream_for(const SourceConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = "service_bus:" + config.name;
    upstream.timeout = config.events.service_bus.wait + answer_budget;
    upstream.retry.attempts = 2; // the poller waits, too
    return upstream;
}

/// "SharedAccessSignature sr=…&sig=…&se=…&skn=…" over the namespace.
auto sign(const ServiceBusConfig& config) -> net::AccessToken {
    const auto now = std::chrono::system_clock::now();
    const auto resource = percent_encode(lower(without_slash(config.url)) + "/");
    const auto expiry = std::to_string(std::chrono::system_clock::to_time_t(now + signature_lifetime));
    const auto signature = base64_encode(hmac(HashAlgorithm::sha256, config.key.reveal(), resource + "\n" + expiry));
    return {.value = Secret("SharedAccessSignature sr=" + resource + "&sig=" + percent_encode(signature) +
                            "&se=" + expiry + "&skn=" + percent_encode(config.key_name)),
            .expires_at = std::chrono::steady_clock::now() + signature_lifetime};
}

auto fetch_signature(ServiceBusConfig config) -> Task<Result<net::AccessToken>> { co_return sign(config); }

auto token_fetch(const ServiceBusConfig& config, net::Upstream& authority) -> net::TokenSource::Fetch {
    if (!config.key.empty())
        return [config](const std::optional<Secret>&, Deadline) { return fetch_signature(config); };
    return net::client_credentials(
        authority, {.url = config.authority + "/" + percent_encode(config.tenant_id) + "/oauth2/v2.0/token",
                    .client_id = config.client_id,
                    .client_secret = config.client_secret,
                    .audience = {},
                    .scope = "https://servicebus.azure.net/.default"});
}

void apply_signature(net::ClientRequest& request, const Secret& token) {
    request.headers.set("Authorization", token.reveal());
}

class ServiceBusQueue final : public MessageQueue {
public:
    ServiceBusQueue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
        : config_(config.events.service_bus),
          upstream_(client, metrics, upstream_for(config)),
          authority_(client, metrics, {.name = "entra:" + config.name, .is_final = nullptr}),
          tokens_(token_fetch(config_, authority_)),
          messages_url_(std::string(without_slash(config_.url)) + "/" + config_.entity + "/messages/") {}

    auto receive() -> Task<Result<std::vector<QueueMessage>>> override {
        std::vector<QueueMessage> messages;
        auto wait = config_.wait;
        while (messages.size() < most_messages) {
            auto next = co_await receive_one(wait);
            // What came before an error is kept: its locks are ours.
            if (!next && messages.empty()) co_return fail(std::move(next.error()));
            if (!next || !*next) break;
            messages.push_back(std::move(**next));
            wait = Duration{0};
        }
        if (messages.empty() && config_.wait < Duration{1'000}) co_await sleep_for(500ms);
        co_return messages;
    }

    auto complete(std::vector<QueueMessage> messages, Deadline deadline) -> Task<Result<std::size_t>> override {
        std::size_t completed = 0;
        std::optional<Error> failure;
        for (auto& message : messages) {
            auto answer = co_await call("DELETE", std::move(message.handle), deadline);
            if (!answer)
                failure = std::move(answer.error());
            else if (answer->ok())
                ++completed; // 404 and 410: the lock has run out, the message comes again
        }
        if (failure && completed == 0) co_return fail(std::move(*failure));
        co_return completed;
    }

    auto give_back(std::vector<QueueMessage> messages, Deadline deadline) -> Task<void> override {
        for (auto& message : messages) {
            if (auto answer = co_await call("PUT", std::move(message.handle), deadline); !answer) co_return;
        }
    }

    auto batch() const -> std::size_t override { return most_messages; }

    /// Renews the lock of a message that can't be: refused as unknown where the credentials are good.
    auto check(Deadline deadline) -> Task<net::ConnectCheck> override {
        const auto entity = std::string(without_slash(config_.url)) + "/" + config_.entity;
        auto answer = co_await call("POST", messages_url_ + "none/00000000-0000-0000-0000-000000000000", deadline);
        if (!answer) co_return net::failed_check({}, entity, answer.error());
        if (answer->status == 404 || answer->status == 410)
            co_return net::ConnectCheck{
                .what = {}, .url = entity, .missing = {}, .detail = "credentials good; whether it exists shows later"};
        auto failed = net::failed_check({}, entity, refusal(*answer).error());
        if (failed.verdict == net::ConnectCheck::Verdict::permission) failed.missing.emplace_back("Listen");
        co_return failed;
    }

private:
    auto call(std::string method, std::string url, Deadline deadline) -> Task<Result<net::HttpResponse>> {
        net::ClientRequest request;
        request.method = std::move(method);
        request.url = std::move(url);
        request.max_response = largest_message;
        const auto repeat = request.method == "POST" ? net::Repeat::unsafe : net::Repeat::safe;
        const net::ApplyToken apply = config_.key.empty() ? net::apply_bearer : apply_signature;
        co_return co_await net::call_with_token(upstream_, tokens_, std::move(request), apply, repeat, deadline);
    }

    auto receive_one(Duration wait) -> Task<Result<std::optional<QueueMessage>>> {
        auto url = messages_url_ + "head?timeout=" + std::to_string(wait.count() / 1'000);
        const auto budget = wait > Duration{0} ? wait + answer_budget : look_budget;
        auto answer = co_await call("POST", std::move(url), deadline_in(budget));
        if (!answer) co_return fail(std::move(answer.error()));
        if (answer->status == 204) co_return std::nullopt;
        if (answer->status != 201) co_return refusal(*answer);
        auto message = lock_of(*answer);
        if (!message) co_return fail(std::move(message.error()));
        message->body = std::move(answer->body);
        co_return std::move(*message);
    }

    [[nodiscard]] auto refusal(const net::HttpResponse& answer) const -> std::unexpected<Error> {
        Error error;
        error.code = answer.status == 401                           ? Errc::unauthenticated
                     : answer.status == 403                         ? Errc::forbidden
                     : answer.status == 404 || answer.status == 410 ? Errc::not_found
                                                                    : Errc::rejected;
        error.message = "Service Bus answered " + std::to_string(answer.status) + " for " + config_.entity;
        return fail(std::move(error));
    }

    /// The lock's address is built here from its parts: one that an answer names would be sent our token.
    [[nodiscard]] auto lock_of(const net::HttpResponse& answer) const -> Result<QueueMessage> {
        const auto properties = JsonDocument::parse(answer.headers.get("BrokerProperties").value_or(""));
        if (!properties) return fail(Errc::malformed, "Service Bus gave a message without BrokerProperties");
        const auto token = properties->root()["LockToken"].text_or("");
        const auto id = properties->root()["MessageId"].text_or(properties->root()["SequenceNumber"].text_or(""));
        if (token.empty() || id.empty()) return fail(Errc::malformed, "Service Bus gave a message without a lock");
        return QueueMessage{
            .id = id, .handle = messages_url_ + percent_encode(id) + "/" + percent_encode(token), .body = {}};
    }

    ServiceBusConfig config_;
    net::Upstream upstream_;
    net::Upstream authority_;
    net::TokenSource tokens_;
    std::string messages_url_;
};

} // namespace

auto make_service_bus_queue(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::unique_ptr<MessageQueue> {
    return std::make_unique<ServiceBusQueue>(config, client, metrics);
}

} // namespace dossier::ingest
