#include "chat_board.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::approve {
namespace {

using namespace std::chrono_literals;
using State = store::ChatMessage::State;

constexpr std::size_t most_a_round = 50;
constexpr auto round_limit = 45s; // shorter than the lease of the turn
constexpr Duration first_pause{500};
constexpr Duration longest_pause = 10min;
constexpr int most_lookups = 3; // Slack's history shows a message at once; a reader may still hit a stale replica

/// Half a second, doubled with every failure, or as long as the platform asked for.
auto pause_after(int attempts, const Error& error) -> Duration {
    const auto grown = std::min<Duration>(longest_pause, first_pause * (1 << std::min(attempts, 11)));
    return std::max(grown, error.retry_after.value_or(Duration{0}));
}

/// What no repeat will mend: the message itself is what is refused.
auto is_hopeless(const Error& error) -> bool {
    constexpr std::array<std::string_view, 9> words{
        "invalid_blocks",     "invalid_blocks_format", "msg_too_long",       "msg_blocks_too_long", "no_text",
        "metadata_too_large", "cant_update_message",   "edit_window_closed", "message_not_found"};
    const auto word = std::ranges::find(error.context, "slack_error", &std::pair<std::string, std::string>::first);
    return error.code == Errc::too_large ||
           (word != error.context.end() && std::ranges::find(words, word->second) != words.end());
}

/// An owner whom nobody can write to, as opposed to a platform that is down.
auto is_about_person(const Error& error) -> bool {
    return error.code == Errc::not_found || error.code == Errc::rejected || error.code == Errc::forbidden;
}

auto planned(const Draft& draft, std::string_view platform, const std::string& kind, const std::string& suffix,
             Timestamp now) -> store::ChatMessage {
    return {.key = fmt::format("{}:{}:{}{}", platform, kind, draft.id, suffix),
            .draft_id = draft.id,
            .platform = std::string(platform),
            .kind = kind,
            .next_at = now};
}

/// Somebody whom a directory may know by this address.
auto has_address(const Draft& draft) -> bool {
    const auto at = draft.assignee.find('@');
    return at != std::string::npos && at > 0 && at + 1 < draft.assignee.size() && draft.assignee.size() <= 254;
}

auto stands_under_another(const store::ChatMessage& message) -> bool {
    return message.kind == "reminder" || message.kind == "fallback";
}

} // namespace

auto ChatBoard::entry(const store::ChatMessage& message, const Draft& draft, std::string action) const
    -> store::AuditEntry {
    return {.time = hands_.clock.now(),
            .action = std::move(action),
            .finding_id = draft.finding_ids.size() == 1 ? draft.finding_ids.front() : "",
            .dossier_id = draft.dossier_id,
            .details = dump_json(Json{{"draft_id", draft.id},
                                      {"platform", message.platform},
                                      {"kind", message.kind},
                                      {"content_hash", draft.content_hash}})};
}

auto ChatBoard::round(ChatWriter& writer) -> Task<Result<std::size_t>> {
    const auto deadline = deadline_in(round_limit);
    if (auto done = co_await announce(writer); !done) co_return fail(std::move(done.error()));
    if (auto done = co_await remind(writer); !done) co_return fail(std::move(done.error()));
    auto work = co_await hands_.store.chat_work(std::string(writer.platform()), hands_.clock.now(), most_a_round);
    if (!work) co_return fail(std::move(work.error()));
    std::size_t written = 0;
    for (auto& one : *work) {
        if (std::chrono::steady_clock::now() >= deadline) break;
        auto wrote = co_await advance(writer, std::move(one), deadline);
        if (!wrote) co_return fail(std::move(wrote.error()));
        if (*wrote) ++written;
    }
    co_return written;
}

auto ChatBoard::announce(ChatWriter& writer) -> Task<Result<void>> {
    const auto now = hands_.clock.now();
    std::vector<store::ChatMessage> messages;
    for (const auto& kind : writer.kinds()) {
        auto drafts = co_await hands_.store.drafts_to_announce(std::string(writer.platform()), kind, most_a_round);
        if (!drafts) co_return fail(std::move(drafts.error()));
        for (const auto& draft : *drafts) {
            auto& message = messages.emplace_back(planned(draft, writer.platform(), kind, "", now));
            if (kind != "owner" || has_address(draft)) continue;
            message.state = State::failed;
            message.reason = "the draft names nobody with an e-mail address";
        }
    }
    if (messages.empty()) co_return Result<void>{};
    co_return co_await hands_.store.save_chat(std::move(messages), {});
}

auto ChatBoard::remind(ChatWriter& writer) -> Task<Result<void>> {
    if (config_.remind_after.count() <= 0) co_return Result<void>{};
    const auto now = hands_.clock.now();
    auto due = co_await hands_.store.chat_to_remind(std::string(writer.platform()), now, config_.remind_after,
                                                    config_.reminders, most_a_round);
    if (!due) co_return fail(std::move(due.error()));
    std::vector<store::ChatMessage> messages;
    for (auto& [message, draft] : *due) {
        ++message.reminders;
        messages.push_back(planned(draft, writer.platform(), "reminder", fmt::format(":{}", message.reminders), now));
        messages.push_back(std::move(message));
    }
    if (messages.empty()) co_return Result<void>{};
    co_return co_await hands_.store.save_chat(std::move(messages), {});
}

auto ChatBoard::advance(ChatWriter& writer, store::ChatWork work, Deadline deadline) -> Task<Result<bool>> {
    auto message = std::move(work.message);
    const bool never_said = !message.posted_at && message.state == State::planned;
    const bool is_over = work.draft.state != DraftState::pending;
    if (is_over && (never_said || stands_under_another(message)) && message.state == State::planned) {
        message.state = State::failed;
        message.reason = "decided before it was said";
        co_return co_await save(std::move(message));
    }
    auto dossier = co_await hands_.store.get_dossier(work.draft.dossier_id);
    if (!dossier) co_return fail(std::move(dossier.error()));
    auto card = card_of(std::move(work.draft), *dossier);
    card.owner_decides = hands_.reviews.rules().terms_of(card.draft).owner && hands_.people.by_email(card.draft.owner);
    ChatPlace thread;
    if (stands_under_another(message)) {
        auto place = co_await thread_of(message);
        if (!place) co_return fail(std::move(place.error()));
        if (place->ts.empty() && writer.platform() == "slack") { // its own turn comes first
            message.next_at = hands_.clock.now() + first_pause;
            co_return co_await save(std::move(message));
        }
        thread = std::move(*place);
    }
    switch (message.state) {
    case State::attempting: // the process that was sending it is no more
    case State::unknown:
        co_return co_await look_for(writer, std::move(message), std::move(card), std::move(thread), deadline);
    case State::done: {
        auto updated = co_await writer.update(message, card, deadline);
        if (updated) co_return co_await settle(std::move(message), {}, card);
        if (updated.error().code != Errc::invalid_argument)
            co_return co_await keep_failure(std::move(message), updated.error());
        break;
    }
    default:
        break;
    }
    co_return co_await post(writer, std::move(message), std::move(card), std::move(thread), deadline);
}

auto ChatBoard::post(ChatWriter& writer, store::ChatMessage message, ChatCard card, ChatPlace thread, Deadline deadline)
    -> Task<Result<bool>> {
    const auto shown_before = message.shown;
    message.state = State::attempting;
    message.attempted_at = hands_.clock.now();
    message.lookups = 0;
    message.shown = store::shown_of(card.draft);
    if (auto saved = co_await save(message); !saved) co_return saved;
    auto place = co_await writer.post(message, card, std::move(thread), deadline);
    if (place) co_return co_await settle(std::move(message), std::move(*place), card);
    if (place.error().code == Errc::outcome_unknown) {
        message.state = State::unknown;
        message.next_at = hands_.clock.now() + first_pause;
        message.reason = place.error().message;
        co_return co_await save(std::move(message));
    }
    message.shown = shown_before;
    message.state = message.posted_at ? State::done : State::planned;
    if (message.kind == "owner" && is_about_person(place.error())) {
        std::vector<store::ChatMessage> both;
        both.push_back(planned(card.draft, writer.platform(), "fallback", "", hands_.clock.now()));
        message.state = State::failed;
        message.reason = place.error().message;
        log::info("chat.owner_not_reached", {{"draft", message.draft_id}, {"error", place.error().describe()}});
        both.push_back(std::move(message));
        if (auto saved = co_await hands_.store.save_chat(std::move(both), {}); !saved)
            co_return fail(std::move(saved.error()));
        co_return false;
    }
    co_return co_await keep_failure(std::move(message), place.error());
}

auto ChatBoard::look_for(ChatWriter& writer, store::ChatMessage message, ChatCard card, ChatPlace thread,
                         Deadline deadline) -> Task<Result<bool>> {
    auto found = co_await writer.find(message, card, std::move(thread), deadline);
    if (found && *found) co_return co_await settle(std::move(message), std::move(**found), card);
    if (!found && found.error().code == Errc::invalid_argument) {
        // Nobody can tell. Said once at most: a second card would be one to decide on twice.
        log::warn("chat.outcome_unknown", {{"platform", message.platform}, {"draft", message.draft_id}});
        co_return co_await settle(std::move(message), {}, card);
    }
    if (!found) {
        message.state = State::unknown;
        co_return co_await keep_failure(std::move(message), found.error());
    }
    message.state = ++message.lookups < most_lookups ? State::unknown : State::planned;
    if (message.state == State::planned) message.shown.clear();
    message.next_at = hands_.clock.now() + first_pause * message.lookups;
    co_return co_await save(std::move(message));
}

auto ChatBoard::thread_of(const store::ChatMessage& message) -> Task<Result<ChatPlace>> {
    auto messages = co_await hands_.store.chat_messages_of(message.draft_id);
    if (!messages) co_return fail(std::move(messages.error()));
    for (const auto& one : *messages)
        if (one.platform == message.platform && one.kind == "channel")
            co_return ChatPlace{.channel = one.channel, .ts = one.ts};
    co_return ChatPlace{};
}

auto ChatBoard::settle(store::ChatMessage message, ChatPlace place, const ChatCard& card) -> Task<Result<bool>> {
    const auto now = hands_.clock.now();
    const bool was_there = message.posted_at.has_value();
    // A message that was found says what it was sent with; the next look brings it up to date.
    const bool was_found = message.state == State::attempting || message.state == State::unknown;
    if (!was_found) message.shown = store::shown_of(card.draft);
    message.state = State::done;
    if (!place.ts.empty()) {
        message.channel = std::move(place.channel);
        message.ts = std::move(place.ts);
    }
    if (!was_there) message.posted_at = now;
    message.attempts = 0;
    message.reason.clear();
    message.next_at = now;
    hands_.metrics.count(
        "dossier_chat_messages_total",
        {{"platform", message.platform}, {"kind", message.kind}, {"outcome", was_there ? "updated" : "posted"}});
    std::vector<store::AuditEntry> audit;
    audit.push_back(entry(message, card.draft, was_there ? "chat.updated" : "chat.posted"));
    std::vector<store::ChatMessage> messages;
    messages.push_back(std::move(message));
    if (auto saved = co_await hands_.store.save_chat(std::move(messages), std::move(audit)); !saved)
        co_return fail(std::move(saved.error()));
    co_return true;
}

auto ChatBoard::keep_failure(store::ChatMessage message, const Error& error) -> Task<Result<bool>> {
    const bool is_new = message.reason != error.message;
    message.reason = error.message;
    message.next_at = hands_.clock.now() + pause_after(message.attempts, error);
    ++message.attempts;
    if (is_hopeless(error)) message.state = State::failed;
    hands_.metrics.count("dossier_chat_messages_total",
                         {{"platform", message.platform}, {"kind", message.kind}, {"outcome", "failed"}});
    if (is_new) {
        const bool needs_a_person = error.code == Errc::unauthenticated || error.code == Errc::forbidden ||
                                    error.code == Errc::not_found || error.code == Errc::rejected;
        log::write(needs_a_person ? log::Level::error : log::Level::warn, "chat.message_failed",
                   {{"platform", message.platform},
                    {"kind", message.kind},
                    {"draft", message.draft_id},
                    {"error", error.describe()}});
    }
    co_return co_await save(std::move(message));
}

auto ChatBoard::save(store::ChatMessage message) -> Task<Result<bool>> {
    std::vector<store::ChatMessage> messages;
    messages.push_back(std::move(message));
    if (auto saved = co_await hands_.store.save_chat(std::move(messages), {}); !saved)
        co_return fail(std::move(saved.error()));
    co_return false;
}

} // namespace dossier::approve
