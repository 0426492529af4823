#include "dossier/net/token_source.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds assumed_lifetime{300}; ///< RFC 6749 §5.1: `expires_in` is only recommended
constexpr std::int64_t most_seconds = 30LL * 24 * 3600;

auto lifetime_of(const Json& answer) -> std::chrono::seconds {
    const auto at = answer.find("expires_in");
    if (at == answer.end()) return assumed_lifetime;
    std::int64_t seconds = 0;
    if (at->is_number()) seconds = static_cast<std::int64_t>(std::clamp(at->get<double>(), 0.0, 1e9));
    if (at->is_string()) // some servers quote it
        seconds = std::strtoll(at->get_ref<const std::string&>().c_str(), nullptr, 10);
    return seconds > 0 ? std::chrono::seconds{std::min(seconds, most_seconds)} : assumed_lifetime;
}

/// The endpoint's `error` word; its description may quote what was sent, so it stays out.
auto refusal(const Upstream& upstream, const HttpResponse& response) -> Error {
    Error error;
    const bool is_about_credentials = response.status == 400 || response.status == 401 || response.status == 403;
    error.code = is_about_credentials ? Errc::unauthenticated : Errc::rejected;
    std::string word;
    if (const auto body = parse_json(response.body); body && body->is_object()) word = text_at(*body, "error");
    if (word == "invalid_scope") error.code = Errc::forbidden; // known there, and not granted what it asks for
    error.message = fmt::format("{} gave no token: {}{}", upstream.name(), response.status,
                                word.empty() ? "" : " " + shorten(word, 80));
    error.retry_after = retry_after_of(response);
    return error;
}

auto read_token(const Upstream& upstream, const HttpResponse& response, SteadyClock::time_point asked_at)
    -> Result<AccessToken> {
    if (!response.ok()) return fail(refusal(upstream, response));
    const auto body = parse_json(response.body);
    if (!body || !body->is_object() || text_at(*body, "access_token").empty())
        return fail(Errc::malformed, fmt::format("{} answered without an access_token", upstream.name()));
    return AccessToken{.value = Secret(text_at(*body, "access_token")), .expires_at = asked_at + lifetime_of(*body)};
}

auto send_for_token(Upstream& upstream, ClientRequest request, Deadline deadline) -> Task<Result<AccessToken>> {
    const auto asked_at = SteadyClock::now();
    auto response = co_await upstream.call(std::move(request), Repeat::safe, deadline);
    if (!response) co_return fail(std::move(response.error()));
    co_return read_token(upstream, *response, asked_at);
}

auto fetch_by_credentials(Upstream& upstream, ClientCredentials credentials, Deadline deadline)
    -> Task<Result<AccessToken>> {
    ClientRequest request;
    request.method = "POST";
    request.url = credentials.url;
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Accept", "application/json");
    std::vector<std::pair<std::string, std::string>> fields;
    fields.emplace_back("grant_type", credentials.user.empty() ? "client_credentials" : "password");
    if (!credentials.user.empty()) {
        fields.emplace_back("username", credentials.user);
        fields.emplace_back("password", credentials.password.reveal());
    }
    if (credentials.by_basic) {
        // RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        request.headers.set("Authorization",
                            "Basic " + base64_encode(percent_encode(credentials.client_id) + ":" +
                                                     percent_encode(credentials.client_secret.reveal())));
    } else {
        fields.emplace_back("client_id", credentials.client_id);
        fields.emplace_back("client_secret", credentials.client_secret.reveal());
    }
    if (!credentials.audience.empty()) fields.emplace_back("audience", credentials.audience);
    if (!credentials.scope.empty()) fields.emplace_back("scope", credentials.scope);
    request.body = form_encode(fields);
    co_return co_await send_for_token(upstream, std::move(request), deadline);
}

} // namespace

auto ask_for_token(Upstream& upstream, std::string url, std::vector<std::pair<std::string, std::string>> fields,
                   Deadline deadline) -> Task<Result<AccessToken>> {
    ClientRequest request;
    request.method = "POST";
    request.url = std::move(url);
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.headers.set("Accept", "application/json");
    request.body = form_encode(fields);
    co_return co_await send_for_token(upstream, std::move(request), deadline);
}

TokenSource::TokenSource(Fetch fetch, Duration early) : fetch_(std::move(fetch)), early_(early) {}

auto TokenSource::fresh() -> std::optional<Secret> {
    const std::scoped_lock lock(mutex_);
    if (!held_ || SteadyClock::now() >= held_->renew_at) return std::nullopt;
    return held_->token.value;
}

auto TokenSource::get(Deadline deadline) -> Task<Result<Secret>> {
    if (auto token = fresh()) co_return std::move(*token);
    auto work = [this, deadline] { return renew(deadline); };
    co_return co_await flights_.run("token", std::move(work), deadline);
}

auto TokenSource::renew(Deadline deadline) -> Task<Result<Secret>> {
    if (auto token = fresh()) co_return std::move(*token); // somebody was faster
    std::optional<Secret> current;
    SteadyClock::time_point current_until{};
    {
        const std::scoped_lock lock(mutex_);
        if (held_ && SteadyClock::now() < held_->token.expires_at) {
            current = held_->token.value;
            current_until = held_->token.expires_at;
        }
    }
    const auto asked_at = SteadyClock::now();
    auto fetched = co_await fetch_(current, deadline);
    if (!fetched) {
        // A token endpoint that is down for a moment is no reason to stop while the old token is good.
        const bool is_passing =
            fetched.error().code != Errc::unauthenticated && fetched.error().code != Errc::forbidden;
        if (current && is_passing && SteadyClock::now() < current_until) co_return std::move(*current);
        co_return fail(std::move(fetched.error()));
    }
    const auto lifetime = fetched->expires_at - asked_at;
    const auto renew_at = std::max(fetched->expires_at - early_, asked_at + lifetime * 4 / 5);
    auto value = fetched->value;
    const std::scoped_lock lock(mutex_);
    held_ = Held{.token = std::move(*fetched), .renew_at = renew_at};
    co_return value;
}

void TokenSource::reject(const Secret& used) {
    const std::scoped_lock lock(mutex_);
    if (held_ && held_->token.value.reveal() == used.reveal()) held_.reset();
}

auto client_credentials(Upstream& upstream, ClientCredentials credentials) -> TokenSource::Fetch {
    return [&upstream, credentials = std::move(credentials)](std::optional<Secret>, Deadline deadline) {
        return fetch_by_credentials(upstream, credentials, deadline);
    };
}

void apply_bearer(ClientRequest& request, const Secret& token) {
    request.headers.set("Authorization", "Bearer " + token.reveal());
}

auto call_with_token(Upstream& upstream, TokenSource& tokens, ClientRequest request, ApplyToken apply, Repeat repeat,
                     Deadline deadline) -> Task<Result<HttpResponse>> {
    for (int attempt = 1;; ++attempt) {
        auto token = co_await tokens.get(deadline);
        if (!token) co_return fail(std::move(token.error()));
        auto authorised = request.for_one_try();
        apply(authorised, *token);
        auto response = co_await upstream.call(std::move(authorised), repeat, deadline);
        if (!response || response->status != 401 || attempt > 1) co_return response;
        tokens.reject(*token);
    }
}

auto form_encode(const std::vector<std::pair<std::string, std::string>>& fields) -> std::string {
    std::string text;
    for (const auto& [name, value] : fields) {
        if (!text.empty()) text += '&';
        text += percent_encode(name) + "=" + percent_encode(value);
    }
    return text;
}

} // namespace dossier::net
