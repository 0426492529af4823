#include "slack_client.hpp"

#include "chat_json.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/url.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::approve {
namespace {

constexpr std::size_t most_of_an_answer = std::size_t{1} << 20U;
constexpr int most_pages = 5; ///< of a channel's history since one attempt

/// An answer of 200 that says "less": Slack's own client library treats it as a 429, too.
auto says_ratelimited(const net::HttpResponse& response) -> bool {
    if (response.status != 200 || response.body.find("rate") == std::string::npos) return false;
    const auto json = parse_json(response.body, 16);
    if (!json || !json->is_object() || json->value("ok", Json(true)) != Json(false)) return false;
    const auto word = text_at(*json, "error");
    return word == "ratelimited" || word == "rate_limited";
}

auto slack_upstream(std::string name, Duration timeout) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = std::move(name);
    upstream.max_in_flight = 8;
    upstream.timeout = timeout;
    upstream.asks_for_less = says_ratelimited;
    return upstream;
}

auto form_of(const std::vector<std::pair<std::string, std::string>>& parameters) -> std::string {
    std::string body;
    for (const auto& [name, value] : parameters) {
        if (!body.empty()) body += '&';
        body += percent_encode(name) + '=' + percent_encode(value);
    }
    return body;
}

auto is_unsafe(net::Repeat repeat) -> bool { return repeat == net::Repeat::unsafe; }

} // namespace

auto slack_errc(std::string_view word, bool may_have_happened) -> Errc {
    using Words = std::initializer_list<std::string_view>;
    const auto one_of = [word](Words words) { return std::ranges::find(words, word) != words.end(); };
    if (one_of({"ratelimited", "rate_limited", "message_limit_exceeded"})) return Errc::rate_limited;
    if (one_of({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired",
                "org_login_required", "accesslimited"}))
        return Errc::unauthenticated;
    if (one_of({"missing_scope", "not_allowed_token_type", "no_permission", "access_denied", "ekm_access_denied",
                "restricted_action", "restricted_action_read_only_channel", "team_access_not_granted",
                "enterprise_is_restricted"}))
        return Errc::forbidden;
    if (one_of({"channel_not_found", "users_not_found", "user_not_found", "message_not_found", "thread_not_found"}))
        return Errc::not_found;
    // "some aspect of the operation may have succeeded", as Slack says of the first.
    if (one_of({"fatal_error", "internal_error"})) return may_have_happened ? Errc::outcome_unknown : Errc::unavailable;
    if (one_of({"service_unavailable", "request_timeout", "team_added_to_org"})) return Errc::unavailable;
    return Errc::rejected;
}

auto is_slack_response_url(std::string_view url, std::string_view api_url) -> bool {
    if (url.size() > 2'000 || std::ranges::any_of(url, [](unsigned char c) { return c <= 0x20 || c >= 0x7F; }))
        return false;
    if (url.find('@') != std::string_view::npos || url.find('\\') != std::string_view::npos) return false;
    return net::origin_of(url) == "https://hooks.slack.com" || net::same_origin(url, api_url);
}

SlackClient::SlackClient(SlackConfig config, net::HttpClient& client, Metrics& metrics)
    : config_(std::move(config)),
      upstream_(client, metrics, slack_upstream("slack", config_.timeout)),
      responses_(client, metrics, slack_upstream("slack_responses", config_.timeout)),
      posts_(config_.rate) {}

auto SlackClient::call(std::string method, std::string body, std::string type, net::Repeat repeat, Deadline deadline)
    -> Task<Result<Json>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = config_.url + "/" + method;
    request.headers.set("Authorization", "Bearer " + config_.bot_token.reveal());
    request.headers.set("Content-Type", std::move(type));
    request.body = std::move(body);
    request.max_response = most_of_an_answer;
    auto response = co_await upstream_.call(std::move(request), repeat, deadline);
    if (!response) co_return fail(std::move(response.error()).with("method", method));
    auto json = parse_json(response->body);
    if (!json || !json->is_object() || !json->contains("ok")) {
        if (response->ok() || response->status >= 500)
            co_return fail(
                is_unsafe(repeat) ? Errc::outcome_unknown : Errc::unavailable,
                fmt::format("Slack answered {} with {} and nothing that it says itself", method, response->status));
        co_return fail(Errc::rejected, fmt::format("Slack answered {} with {}", method, response->status));
    }
    if ((*json)["ok"] == Json(true) && response->ok()) co_return std::move(*json);
    const auto word = text_at(*json, "error");
    auto message = fmt::format("Slack refused {}: {}", method, word.empty() ? "no reason given" : shorten(word, 80));
    if (const auto needed = text_at(*json, "needed"); !needed.empty())
        message += fmt::format(" (the app needs the scope {})", shorten(needed, 80));
    co_return fail(Error{.code = slack_errc(word, is_unsafe(repeat)),
                         .message = std::move(message),
                         .context = {{"slack_error", shorten(word, 80)}},
                         .retry_after = net::retry_after_of(*response)});
}

auto SlackClient::write(std::string method, Json body, net::Repeat repeat, Deadline deadline) -> Task<Result<Json>> {
    co_return co_await call(std::move(method), dump_json(body), "application/json; charset=utf-8", repeat, deadline);
}

auto SlackClient::read(std::string method, std::vector<std::pair<std::string, std::string>> parameters,
                       Deadline deadline) -> Task<Result<Json>> {
    co_return co_await call(std::move(method), form_of(parameters), "application/x-www-form-urlencoded",
                            net::Repeat::safe, deadline);
}

auto SlackClient::self(Deadline deadline) -> Task<Result<SlackSelf>> {
    {
        const std::lock_guard lock(mutex_);
        if (self_) co_return *self_;
    }
    auto answer = co_await read("auth.test", {}, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    SlackSelf self{.user_id = text_at(*answer, "user_id"),
                   .bot_id = text_at(*answer, "bot_id"),
                   .team_id = text_at(*answer, "team_id"),
                   .enterprise_id = text_at(*answer, "enterprise_id")};
    const std::lock_guard lock(mutex_);
    self_ = self;
    co_return self;
}

auto SlackClient::user(std::string user_id, Deadline deadline) -> Task<Result<SlackUser>> {
    auto answer = co_await read("users.info", {{"user", user_id}}, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    const auto& user = member(*answer, "user");
    SlackUser found{.id = std::move(user_id),
                    .email = std::string(trim(text_at(member(user, "profile"), "email"))),
                    .team_id = text_at(user, "team_id"),
                    .enterprise_id = text_at(member(user, "enterprise_user"), "enterprise_id")};
    found.is_active =
        !flag_at(user, "deleted") && !flag_at(user, "is_bot") && member(user, "is_email_confirmed") != Json(false);
    found.is_outsider =
        flag_at(user, "is_stranger") || flag_at(user, "is_restricted") || flag_at(user, "is_ultra_restricted");
    co_return found;
}

auto SlackClient::user_with_email(std::string email, Deadline deadline) -> Task<Result<std::string>> {
    auto answer = co_await read("users.lookupByEmail", {{"email", email}}, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    const auto& user = member(*answer, "user");
    auto id = text_at(user, "id");
    if (id.empty() || flag_at(user, "deleted")) co_return fail(Errc::not_found, "nobody in Slack has this address");
    co_return id;
}

auto SlackClient::open_direct_message(std::string user_id, Deadline deadline) -> Task<Result<std::string>> {
    auto answer = co_await write("conversations.open", {{"users", user_id}}, net::Repeat::safe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    auto id = text_at(member(*answer, "channel"), "id");
    if (id.empty()) co_return fail(Errc::malformed, "Slack opened a conversation without an id");
    co_return id;
}

auto SlackClient::post(std::string channel, Json message, Deadline deadline) -> Task<Result<SlackPlace>> {
    if (auto turn = co_await posts_.pass(deadline); !turn) co_return fail(std::move(turn.error()));
    message["channel"] = channel;
    auto answer = co_await write("chat.postMessage", std::move(message), net::Repeat::unsafe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    SlackPlace place{.channel = text_at(*answer, "channel"), .ts = text_at(*answer, "ts")};
    if (place.channel.empty()) place.channel = std::move(channel);
    if (place.ts.empty()) co_return fail(Errc::outcome_unknown, "Slack took the message and did not say where it is");
    co_return place;
}

auto SlackClient::update(SlackPlace place, Json message, Deadline deadline) -> Task<Result<void>> {
    message["channel"] = place.channel;
    message["ts"] = place.ts;
    auto answer = co_await write("chat.update", std::move(message), net::Repeat::safe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    co_return Result<void>{};
}

auto SlackClient::post_ephemeral(std::string channel, std::string user_id, Json message, Deadline deadline)
    -> Task<Result<void>> {
    message["channel"] = std::move(channel);
    message["user"] = std::move(user_id);
    auto answer = co_await write("chat.postEphemeral", std::move(message), net::Repeat::unsafe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    co_return Result<void>{};
}

auto SlackClient::open_view(std::string trigger_id, Json view, Deadline deadline) -> Task<Result<void>> {
    auto answer = co_await write("views.open", {{"trigger_id", std::move(trigger_id)}, {"view", std::move(view)}},
                                 net::Repeat::unsafe, deadline);
    if (!answer) co_return fail(std::move(answer.error()));
    co_return Result<void>{};
}

auto SlackClient::find(std::string channel, std::string thread, std::string key, std::int64_t oldest, Deadline deadline)
    -> Task<Result<std::optional<SlackPlace>>> {
    std::string cursor;
    for (int page = 0; page < most_pages; ++page) {
        std::vector<std::pair<std::string, std::string>> parameters{{"channel", channel},
                                                                    {"oldest", std::to_string(oldest)},
                                                                    {"include_all_metadata", "true"},
                                                                    {"limit", "100"}};
        if (!thread.empty()) parameters.emplace_back("ts", thread);
        if (!cursor.empty()) parameters.emplace_back("cursor", cursor);
        const auto* method = thread.empty() ? "conversations.history" : "conversations.replies";
        auto answer = co_await read(method, std::move(parameters), deadline);
        if (!answer) co_return fail(std::move(answer.error()));
        for (const auto& message : elements(*answer, "messages")) {
            const auto& payload = member(member(message, "metadata"), "event_payload");
            if (text_at(payload, "key") != key) continue;
            auto ts = text_at(message, "ts");
            if (!ts.empty()) co_return SlackPlace{.channel = channel, .ts = std::move(ts)};
        }
        cursor = text_at(member(*answer, "response_metadata"), "next_cursor");
        if (cursor.empty()) co_return std::nullopt;
    }
    co_return fail(Errc::too_large, "too much was said in the channel since to tell whether our message stands there");
}

auto SlackClient::respond(std::string response_url, Json message, Deadline deadline) -> Task<Result<void>> {
    if (!is_slack_response_url(response_url, config_.url))
        co_return fail(Errc::forbidden, "the response URL is not Slack's");
    net::ClientRequest request;
    request.method = "POST";
    request.url = std::move(response_url);
    request.headers.set("Content-Type", "application/json; charset=utf-8");
    request.body = dump_json(message);
    request.max_response = most_of_an_answer;
    auto response = co_await responses_.call(std::move(request), net::Repeat::unsafe, deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (!response->ok())
        co_return fail(Errc::rejected, fmt::format("Slack answered {} to a response", response->status));
    const auto json = parse_json(response->body); // "ok" in plain words, or an object
    if (json && json->is_object() && json->contains("ok") && (*json)["ok"] == Json(false))
        co_return fail(slack_errc(text_at(*json, "error"), true),
                       "Slack refused a response: " + shorten(text_at(*json, "error"), 80));
    co_return Result<void>{};
}

auto SlackClient::check(Deadline deadline) -> Task<net::ConnectCheck> {
    auto answer = co_await read("auth.test", {}, deadline);
    if (!answer) co_return net::failed_check("", config_.url, answer.error());
    net::ConnectCheck check{.url = config_.url};
    check.detail = fmt::format("{} in {}", text_at(*answer, "user"), text_at(*answer, "team"));
    auto channel = co_await read("conversations.info", {{"channel", config_.channel}}, deadline);
    if (channel && !flag_at(member(*channel, "channel"), "is_member")) {
        check.verdict = net::ConnectCheck::Verdict::permission;
        check.detail += fmt::format("; the bot is not in {}: invite it", config_.channel);
    } else if (!channel) {
        auto failed = net::failed_check("", config_.url, channel.error());
        failed.detail = channel.error().message;
        co_return failed;
    }
    co_return check;
}

} // namespace dossier::approve
