#include "slack_writer.hpp"

#include "slack_blocks.hpp"

#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::approve {
namespace {

constexpr std::int64_t clock_slack = 120; ///< seconds that Slack's clock may be behind ours

auto reminder_words(const ChatCard& card) -> std::string {
    return fmt::format("Still waiting for a decision, see above: {} ({}, owner: {})", card.draft.title,
                       to_string(card.draft.severity), card.owner);
}

/// A reply notifies only who takes part in the thread, so a reminder stands in the channel itself.
auto is_reply(const store::ChatMessage& message) -> bool { return message.kind == "fallback"; }

auto fallback_words(const ChatCard& card) -> std::string {
    return fmt::format("The owner, {}, could not be told directly: nobody here has that address. Whoever knows them, "
                       "please pass this on.",
                       card.draft.assignee);
}

} // namespace

auto SlackWriter::kinds() const -> std::vector<std::string> {
    if (!config_.slack.tell_owner) return {"channel"};
    return {"channel", "owner"};
}

auto SlackWriter::direct_channel(std::string email, Deadline deadline) -> Task<Result<std::string>> {
    auto user = co_await client_.user_with_email(std::move(email), deadline);
    if (!user) co_return fail(std::move(user.error()));
    co_return co_await client_.open_direct_message(std::move(*user), deadline);
}

auto SlackWriter::post(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
    -> Task<Result<ChatPlace>> {
    auto channel = config_.slack.channel;
    Json body;
    if (message.kind == "owner") {
        auto direct = co_await direct_channel(card.draft.assignee, deadline);
        if (!direct) co_return fail(std::move(direct.error()));
        channel = std::move(*direct);
        body = slack_draft_message(card, SlackAudience::owner, message.key, config_.public_url);
    } else if (message.kind == "channel") {
        body = slack_draft_message(card, SlackAudience::channel, message.key, config_.public_url);
    } else if (is_reply(message)) {
        channel = thread.channel;
        body = slack_note(fallback_words(card), message.key);
        body["thread_ts"] = thread.ts;
    } else {
        body = slack_note(reminder_words(card), message.key);
    }
    auto posted = co_await client_.post(std::move(channel), std::move(body), deadline);
    if (!posted) co_return fail(std::move(posted.error()));
    co_return ChatPlace{.channel = std::move(posted->channel), .ts = std::move(posted->ts)};
}

auto SlackWriter::update(store::ChatMessage message, ChatCard card, Deadline deadline) -> Task<Result<void>> {
    const auto audience = message.kind == "owner" ? SlackAudience::owner : SlackAudience::channel;
    auto body = slack_draft_message(card, audience, message.key, config_.public_url);
    body.erase("unfurl_links");
    body.erase("unfurl_media");
    co_return co_await client_.update({.channel = message.channel, .ts = message.ts}, std::move(body), deadline);
}

auto SlackWriter::find(store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
    -> Task<Result<std::optional<ChatPlace>>> {
    auto channel = is_reply(message) ? thread.channel : config_.slack.channel;
    if (message.kind == "owner") {
        auto direct = co_await direct_channel(card.draft.assignee, deadline);
        if (!direct) co_return fail(std::move(direct.error()));
        channel = std::move(*direct);
    }
    const auto since = std::chrono::floor<std::chrono::seconds>(message.attempted_at.value_or(Timestamp{}))
                           .time_since_epoch()
                           .count() -
                       clock_slack;
    auto found = co_await client_.find(std::move(channel), is_reply(message) ? thread.ts : std::string(), message.key,
                                       std::max<std::int64_t>(since, 0), deadline);
    if (!found) co_return fail(std::move(found.error()));
    if (!*found) co_return std::nullopt;
    co_return ChatPlace{.channel = (*found)->channel, .ts = (*found)->ts};
}

} // namespace dossier::approve
