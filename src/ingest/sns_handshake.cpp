// SNS over HTTP(S): which messages may come in, and confirming subscriptions of the configured topics.

#include "dossier/ingest/handshake.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/single_flight.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/sns.hpp"

#include <algorithm>
#include <deque>
#include <mutex>
#include <utility>

namespace dossier::ingest {
namespace {

using namespace std::chrono_literals;

constexpr Duration fetch_budget = 10s; ///< SNS waits 15 s for an answer
constexpr std::size_t most_certificates = 16;
constexpr std::size_t most_confirmed = 64;
constexpr std::size_t largest_certificate = 64U << 10U;

auto said(std::string_view what, const std::string& topic) -> net::HttpResponse {
    net::HttpResponse response;
    response.headers.set("Content-Type", "application/json");
    response.body = dump_json({{std::string(what), topic}});
    return response;
}

/// Certificates by URL. AWS changes them about once a year, under a new name.
class CertificateStore {
public:
    CertificateStore(FetchUrl fetch, std::string fixed) : fetch_(std::move(fetch)), fixed_(std::move(fixed)) {}

    /// @param url of an allow-listed host
    auto get(std::string url, Deadline deadline) -> Task<Result<std::string>> {
        if (!fixed_.empty()) co_return fixed_;
        if (auto known = find(url)) co_return std::move(*known);
        co_return co_await flights_.run(url, [this, url, deadline] { return fetch(url, deadline); }, deadline);
    }

private:
    struct Known {
        std::string url;
        std::string pem;
    };

    auto find(const std::string& url) -> std::optional<std::string> {
        const std::scoped_lock lock(mutex_);
        const auto known = std::ranges::find(known_, url, &Known::url);
        if (known == known_.end()) return std::nullopt;
        return known->pem;
    }

    auto fetch(std::string url, Deadline deadline) -> Task<Result<std::string>> {
        auto response = co_await fetch_(url, deadline);
        if (!response) co_return fail(std::move(response.error()));
        if (!response->ok() || response->body.size() > largest_certificate || !check_sns_certificate(response->body))
            co_return fail(Errc::unauthenticated, "the certificate of the message's signature is not to be had");
        const std::scoped_lock lock(mutex_);
        known_.push_back({.url = std::move(url), .pem = response->body});
        if (known_.size() > most_certificates) known_.pop_front();
        co_return std::move(response->body);
    }

    FetchUrl fetch_;
    std::string fixed_;
    SingleFlight<std::string> flights_;
    std::mutex mutex_;
    std::deque<Known> known_;
};

class SnsHandshake final : public Handshake {
public:
    SnsHandshake(const SourceConfig& config, const FetchUrl& fetch, std::string signing_certificate, const Clock& clock)
        : config_(config), fetch_(fetch), certificates_(fetch, std::move(signing_certificate)), clock_(clock) {}

    auto meet(const net::HttpRequest& request) -> Task<Result<std::optional<net::HttpResponse>>> override {
        const auto document = JsonDocument::parse(request.body);
        const bool is_raw = iequals(request.headers.get("x-amz-sns-rawdelivery").value_or(""), "true");
        if (is_raw || !document || !is_sns_message(document->root())) co_return take_unsigned(request, is_raw);
        auto message = parse_sns(document->root());
        if (!message) co_return fail(std::move(message.error()));
        const bool may_come = message->type == SnsMessage::Type::notification ? may_send(message->topic_arn)
                                                                              : is_ours(message->topic_arn);
        if (!may_come) co_return refuse_topic(message->topic_arn);
        if (!is_sns_certificate_url(message->signing_cert_url))
            co_return fail(Errc::unauthenticated, "the message names a certificate that is not SNS' own");
        const auto deadline = deadline_in(fetch_budget);
        auto certificate = co_await certificates_.get(message->signing_cert_url, deadline);
        if (!certificate) co_return fail(std::move(certificate.error()));
        if (auto verified = verify_sns(*message, *certificate, clock_.now()); !verified)
            co_return fail(std::move(verified.error()));
        if (message->type == SnsMessage::Type::notification) co_return std::nullopt;
        if (message->type == SnsMessage::Type::unsubscribe_confirmation) {
            // Its SubscribeURL would subscribe us again; that is for a person to decide.
            log::warn("sns.unsubscribed", {{"source", config_.name}, {"topic", message->topic_arn}});
            co_return said("unsubscribed", message->topic_arn);
        }
        co_return co_await confirm(std::move(*message), deadline);
    }

private:
    [[nodiscard]] auto is_ours(const std::string& topic) const -> bool {
        const auto& topics = config_.events.sns.topics;
        return std::ranges::find(topics, topic) != topics.end();
    }

    /// Where no topics are named, the source's own secret has decided.
    [[nodiscard]] auto may_send(const std::string& topic) const -> bool {
        return config_.events.sns.topics.empty() || is_ours(topic);
    }

    static auto refuse_topic(const std::string& topic) -> std::unexpected<Error> {
        return fail(Error{.code = Errc::forbidden,
                          .message = "the topic is none of those configured for this source",
                          .context = {},
                          .retry_after = {}}
                        .with("topic", shorten(topic, 256)));
    }

    /// Without a signature only the source's own secret says who it was.
    [[nodiscard]] auto take_unsigned(const net::HttpRequest& request, bool is_raw) const
        -> Result<std::optional<net::HttpResponse>> {
        if (config_.auth.type == SourceAuthConfig::Type::none)
            return fail(Errc::unauthenticated, "a message without SNS' signature needs the source to have `auth`");
        const auto topic = std::string(request.headers.get("x-amz-sns-topic-arn").value_or(""));
        if (is_raw && !may_send(topic)) return refuse_topic(topic);
        return std::nullopt;
    }

    auto confirm(SnsMessage message, Deadline deadline) -> Task<Result<std::optional<net::HttpResponse>>> {
        if (!is_sns_confirmation_url(message.subscribe_url, message.topic_arn))
            co_return fail(Errc::forbidden, "the subscription's URL is not SNS' own");
        if (!was_confirmed(message.token)) {
            auto response = co_await fetch_(message.subscribe_url, deadline);
            if (!response) co_return fail(std::move(response.error()));
            if (!response->ok())
                co_return fail(Errc::unavailable,
                               "SNS answered " + std::to_string(response->status) + " to the confirmation");
            remember(message.token);
            log::info("sns.subscribed", {{"source", config_.name}, {"topic", message.topic_arn}});
        }
        co_return said("subscribed", message.topic_arn);
    }

    auto was_confirmed(const std::string& token) -> bool {
        const std::scoped_lock lock(mutex_);
        return std::ranges::find(confirmed_, token) != confirmed_.end();
    }
    void remember(std::string token) {
        const std::scoped_lock lock(mutex_);
        confirmed_.push_back(std::move(token));
        if (confirmed_.size() > most_confirmed) confirmed_.pop_front();
    }

    SourceConfig config_;
    FetchUrl fetch_;
    CertificateStore certificates_;
    const Clock& clock_;
    std::mutex mutex_;
    std::deque<std::string> confirmed_; ///< tokens
};

} // namespace

auto make_sns_handshake(const SourceConfig& config, FetchUrl fetch, std::string signing_certificate, const Clock& clock)
    -> std::shared_ptr<Handshake> {
    return std::make_shared<SnsHandshake>(config, fetch, std::move(signing_certificate), clock);
}

} // namespace dossier::ingest
