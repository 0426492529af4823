#include "slack_desk.hpp"

#include "chat_json.hpp"
#include "chat_signatures.hpp"
#include "slack_blocks.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

namespace dossier::approve {
namespace {

using namespace std::chrono_literals;

constexpr auto work_limit = 3min;     ///< for all that follows an acknowledgement; response URLs live for 30 minutes
constexpr auto dialog_limit = 2500ms; ///< a trigger id is good for 3 s
constexpr std::size_t most_id = 64;

auto acknowledged(std::string body, std::string type) -> net::HttpResponse {
    net::HttpResponse response;
    response.body = std::move(body);
    if (!type.empty()) response.headers.set("Content-Type", std::move(type));
    return response;
}

auto one_moment() -> std::string { return dump_json(Json{{"response_type", "ephemeral"}, {"text", "One moment…"}}); }

} // namespace

auto form_fields(std::string_view body) -> std::map<std::string, std::string, std::less<>> {
    std::map<std::string, std::string, std::less<>> fields;
    for (const auto pair : split(body, '&')) {
        const auto equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decode(replace_all(std::string(pair.substr(0, equals)), "+", " "));
        const auto value = percent_decode(
            replace_all(std::string(equals < pair.size() ? pair.substr(equals + 1) : std::string_view{}), "+", " "));
        if (name && value) fields.emplace(*name, *value);
    }
    return fields;
}

auto SlackDesk::prove(const net::HttpRequest& request) const -> Result<void> {
    if (is_signed_by_slack(request, config_.signing_secret, hands_.clock.now())) return {};
    return fail(Errc::unauthenticated, "a valid signature of Slack, not older than five minutes, is needed");
}

auto SlackDesk::is_first(std::string key) -> Task<Result<bool>> {
    co_return co_await hands_.store.first_chat_event("slack:" + std::move(key), hands_.clock.now());
}

auto SlackDesk::after(std::string_view what, std::function<Task<void>()> task, std::string body, std::string type)
    -> Result<net::HttpResponse> {
    if (!hands_.later(what, std::move(task))) return fail(Errc::unavailable, "the service is ending; try again");
    return acknowledged(std::move(body), std::move(type));
}

auto SlackDesk::interaction(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    if (auto proven = prove(request); !proven) co_return fail(std::move(proven.error()));
    const auto fields = form_fields(request.body);
    const auto payload = fields.find("payload");
    if (payload == fields.end()) co_return fail(Errc::malformed, "a form field `payload` is expected");
    const auto json = parse_json(payload->second, 64);
    if (!json || !json->is_object()) co_return fail(Errc::malformed, "`payload` is no JSON object");
    Click click{.user_id = text_at(member(*json, "user"), "id"), .trigger_id = text_at(*json, "trigger_id")};
    const auto type = text_at(*json, "type");
    if (type == "block_actions") {
        const auto& actions = elements(*json, "actions");
        if (actions.empty()) co_return acknowledged("", "");
        click.action = text_at(actions.front(), "action_id");
        click.value = text_at(actions.front(), "value");
        click.response_url = text_at(*json, "response_url");
    } else if (type == "view_submission") {
        const auto& view = member(*json, "view");
        click.action = text_at(view, "callback_id");
        click.value = text_at(view, "private_metadata");
        const auto& values = member(member(view, "state"), "values");
        click.reason = text_at(member(member(values, "reason"), "reason"), "value");
    }
    const bool is_ours = click.action == slack_approve || click.action == slack_reject ||
                         click.action == slack_explain || click.action == slack_reject_view;
    if (!is_ours) co_return acknowledged("", ""); // a link was opened, a dialog closed
    if (click.user_id.empty() || click.user_id.size() > most_id || !parse_slack_subject(click.value))
        co_return fail(Errc::malformed, "the click names no person or no draft");
    auto first = co_await is_first(std::string(request.headers.get("X-Slack-Signature").value_or("")));
    if (!first) co_return fail(std::move(first.error()));
    if (!*first) co_return acknowledged("", "");
    co_return after("slack click", [this, click] { return carry_out(click); }, "", "");
}

auto SlackDesk::carry_out(Click click) -> Task<void> {
    const auto deadline = deadline_in(work_limit);
    const auto subject = *parse_slack_subject(click.value);
    if (click.action == slack_reject) {
        // The dialog first: it has to be there within seconds. Whether the person may is asked when it is sent.
        auto dialog = slack_reject_dialog(
            {.draft_id = subject.draft_id, .content_hash = subject.content_hash, .response_url = click.response_url});
        auto opened = co_await client_.open_view(click.trigger_id, std::move(dialog), deadline_in(dialog_limit));
        if (opened) co_return;
        log::warn("chat.dialog_failed", {{"error", opened.error().describe()}});
        co_return co_await respond(click.response_url,
                                   {.title = {},
                                    .paragraphs = {"The dialog could not be opened. Please click again, or type "
                                                   "/dossier reject " +
                                                   subject.draft_id + " and the reason."},
                                    .url = {}},
                                   deadline);
    }
    auto actor = co_await actor_of(click.user_id, deadline);
    if (click.action == slack_explain)
        co_return co_await respond(click.response_url, co_await commands_.explain(std::move(actor), subject.draft_id),
                                   deadline);
    const auto decision = click.action == slack_approve ? DraftState::approved : DraftState::rejected;
    const auto url = click.response_url.empty() ? subject.response_url : click.response_url;
    auto said = co_await commands_.decide(std::move(actor), subject.draft_id, subject.content_hash, decision,
                                          std::move(click.reason));
    co_await respond(url, std::move(said), deadline);
}

auto SlackDesk::command(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    if (auto proven = prove(request); !proven) co_return fail(std::move(proven.error()));
    const auto fields = form_fields(request.body);
    const auto field = [&](std::string_view name) {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string() : found->second;
    };
    if (field("ssl_check") == "1") co_return acknowledged("", "");
    auto user_id = field("user_id");
    if (user_id.empty() || user_id.size() > most_id || field("command").empty())
        co_return fail(Errc::malformed, "the command names no person or no command");
    auto first = co_await is_first(std::string(request.headers.get("X-Slack-Signature").value_or("")));
    if (!first) co_return fail(std::move(first.error()));
    if (!*first) co_return acknowledged("", "");
    auto command = parse_chat_command(words_from_slack(field("text")));
    co_return after(
        "slack command",
        [this, command, user_id, url = field("response_url")] { return carry_out(command, user_id, url); },
        one_moment(), "application/json");
}

auto SlackDesk::carry_out(ChatCommand command, std::string user_id, std::string response_url) -> Task<void> {
    const auto deadline = deadline_in(work_limit);
    auto actor = co_await actor_of(std::move(user_id), deadline);
    auto text = co_await commands_.run(std::move(actor), std::move(command), deadline);
    co_await respond(std::move(response_url), std::move(text), deadline);
}

auto SlackDesk::event(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    if (auto proven = prove(request); !proven) co_return fail(std::move(proven.error()));
    const auto json = parse_json(request.body, 64);
    if (!json || !json->is_object()) co_return fail(Errc::malformed, "the event is no JSON object");
    const auto type = text_at(*json, "type");
    if (type == "url_verification")
        co_return acknowledged(dump_json(Json{{"challenge", text_at(*json, "challenge")}}), "application/json");
    if (type != "event_callback") co_return acknowledged("", "");
    const auto& event = member(*json, "event");
    const auto kind = text_at(event, "type");
    const bool is_direct = kind == "message" && text_at(event, "channel_type") == "im";
    // What bots say, we among them, and what was edited or deleted is no question.
    const bool is_asked =
        (kind == "app_mention" || is_direct) && !event.contains("bot_id") && !event.contains("subtype");
    Mention mention{.user_id = text_at(event, "user"),
                    .channel = text_at(event, "channel"),
                    .thread = text_at(event, "thread_ts"),
                    .words = words_from_slack(text_at(event, "text"))};
    if (mention.thread.empty()) mention.thread = text_at(event, "ts");
    if (!is_asked || mention.user_id.empty() || mention.user_id.size() > most_id || mention.channel.empty())
        co_return acknowledged("", "");
    auto id = text_at(*json, "event_id");
    if (id.empty() || id.size() > most_id) co_return fail(Errc::malformed, "the event has no id");
    auto first = co_await is_first("event:" + std::move(id));
    if (!first) co_return fail(std::move(first.error()));
    if (!*first) co_return acknowledged("", "");
    co_return after("slack mention", [this, mention] { return answer(mention); }, "", "");
}

auto SlackDesk::answer(Mention mention) -> Task<void> {
    const auto deadline = deadline_in(work_limit);
    auto actor = co_await actor_of(mention.user_id, deadline);
    const bool is_known = actor.person.has_value();
    auto text = co_await commands_.run(std::move(actor), parse_chat_command(mention.words), deadline);
    auto message = slack_text_message(text);
    message["thread_ts"] = mention.thread;
    Result<void> told;
    if (is_known) {
        auto posted = co_await client_.post(mention.channel, std::move(message), deadline);
        if (!posted) told = fail(std::move(posted.error()));
    } else {
        told = co_await client_.post_ephemeral(mention.channel, mention.user_id, std::move(message), deadline);
    }
    if (!told) log::warn("chat.answer_failed", {{"platform", "slack"}, {"error", told.error().describe()}});
}

auto SlackDesk::actor_of(std::string user_id, Deadline deadline) -> Task<ChatActor> {
    ChatActor actor{.platform = "slack", .id = user_id};
    auto self = co_await client_.self(deadline);
    auto user = co_await client_.user(std::move(user_id), deadline);
    if (!self || !user) {
        const auto& error = !self ? self.error() : user.error();
        log::warn("chat.person_unknown", {{"platform", "slack"}, {"error", error.describe()}});
        actor.why_unknown = "Slack did not say who you are just now";
        co_return actor;
    }
    // Another organisation sets the e-mail addresses of its own people: they prove nothing here.
    const bool is_of_ours = user->team_id.empty() || user->team_id == self->team_id ||
                            (!self->enterprise_id.empty() && user->enterprise_id == self->enterprise_id);
    if (user->is_outsider || !is_of_ours) {
        actor.why_unknown = "guests and people of other workspaces can't act here";
    } else if (!user->is_active) {
        actor.why_unknown = "your Slack account is not that of an active person with a confirmed e-mail";
    } else if (user->email.empty()) {
        actor.why_unknown = "Slack shows me no e-mail of yours (the app needs the scope users:read.email)";
    } else {
        actor.person = hands_.people.by_email(user->email);
        if (!actor.person) actor.why_unknown = "your e-mail has no role in dossier; `auth.people` gives one";
    }
    co_return actor;
}

auto SlackDesk::respond(std::string response_url, ChatText text, Deadline deadline) -> Task<void> {
    auto message = slack_text_message(text);
    message["response_type"] = "ephemeral";
    message["replace_original"] = false;
    auto told = co_await client_.respond(std::move(response_url), std::move(message), deadline);
    if (!told) log::warn("chat.answer_failed", {{"platform", "slack"}, {"error", told.error().describe()}});
}

} // namespace dossier::approve
