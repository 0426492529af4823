#include "rest_support.hpp"

#include "decision_page.hpp"

#include "dossier/approve/chat.hpp"

namespace dossier::api {
namespace {

using Take = auto (approve::Chat::*)(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
using IsOn = auto (approve::Chat::*)() const -> bool;

auto take_callback(const Services& services, Take take, Call call) -> Task<net::HttpResponse> {
    const auto request_id = call.request.request_id;
    auto answer = co_await (services.chat->*take)(std::move(call.request));
    if (!answer) co_return problem(answer.error(), request_id);
    co_return std::move(*answer);
}

/// Nothing is there where the platform isn't filled in.
auto only_where(const Services& services, IsOn is_on) {
    return [&services, is_on](const net::HttpRequest& head, const std::string&) -> std::optional<net::HttpResponse> {
        if (services.chat != nullptr && (services.chat->*is_on)()) return std::nullopt;
        return problem(404, "this chat is not configured here", head.request_id, "not_found");
    };
}

} // namespace

void add_chat_routes(Routes& routes, const Services& services) {
    const auto add = [&](std::string pattern, Take take, IsOn is_on, std::string summary, bool wants_json) {
        routes.add({.method = "POST",
                    .pattern = std::move(pattern),
                    .needs = std::nullopt,
                    .handler = [&services, take](Call call) { return take_callback(services, take, std::move(call)); },
                    .summary = std::move(summary),
                    .tag = "chat",
                    .body = wants_json ? R"({"type":"object"})" : "",
                    .wants_json = wants_json,
                    .admit = only_where(services, is_on)});
    };
    using approve::Chat;
    add("/v1/chat/slack/interactions", &Chat::slack_interaction, &Chat::takes_slack,
        "A click or a dialog of Slack, by its signature (a form with `payload`)", false);
    add("/v1/chat/slack/commands", &Chat::slack_command, &Chat::takes_slack,
        "A slash command of Slack, by its signature (a form)", false);
    add("/v1/chat/slack/events", &Chat::slack_event, &Chat::takes_slack,
        "Events of Slack, by their signature: mentions, and the question whether this URL is ours", true);
    add("/v1/chat/teams/messages", &Chat::teams_message, &Chat::takes_teams,
        "The outgoing webhook of Teams, by its HMAC; answered within 5 s", true);
    routes.add({.method = "GET",
                .pattern = "/v1/chat/teams/decide",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return show_decision(services, std::move(call)); },
                .summary = "The page behind the link of a card: shows the draft and asks for a decision",
                .tag = "chat",
                .query = {"draft", "hash", "expires", "sig"},
                .admit = only_where(services, &Chat::has_links),
                .answer_types = {"text/html"}});
    routes.add({.method = "POST",
                .pattern = "/v1/chat/teams/decide",
                .needs = std::nullopt,
                .handler = [&services](Call call) { return take_decision(services, std::move(call)); },
                .summary =
                    "The decision taken on that page (a form): the link, `decision`, `comment`, and the token of "
                    "an approver, who signs in by it",
                .tag = "chat",
                .admit = only_where(services, &Chat::has_links),
                .answer_types = {"text/html"}});
}

} // namespace dossier::api
