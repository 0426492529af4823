#include "dossier/approve/chat.hpp"

#include "chat_board.hpp"
#include "chat_commands.hpp"
#include "chat_signatures.hpp"
#include "slack_desk.hpp"
#include "slack_writer.hpp"
#include "teams_desk.hpp"
#include "teams_writer.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace dossier::approve {
namespace {

constexpr Duration turn_lease{120'000}; // twice as long as a round, and more
constexpr Duration longest_failure_pause{30'000};

} // namespace

struct Chat::Parts {
    Parts(ChatConfig given, ChatHands reached)
        : config(std::move(given)), hands(std::move(reached)), commands(hands), board(config, hands) {}

    ChatConfig config;
    ChatHands hands;
    ChatCommands commands;
    ChatBoard board;
    std::unique_ptr<SlackClient> slack;
    std::unique_ptr<SlackDesk> slack_desk;
    std::unique_ptr<TeamsDesk> teams_desk;
    TeamsWriter* teams = nullptr;
    std::vector<std::unique_ptr<ChatWriter>> writers;
    std::optional<store::Singleton> turn;

    /// The right to speak, long enough for a round; false while another replica has it. Asked for seldom: it is a
    /// write.
    auto take_turn() -> Task<Result<bool>> {
        const auto now = hands.clock.now();
        if (turn && turn->until - now > turn_lease / 2) co_return true;
        auto taken = co_await hands.store.acquire_singleton("chat", hands.replica, now, turn_lease);
        if (!taken) co_return fail(std::move(taken.error()));
        turn = std::move(*taken);
        co_return turn.has_value();
    }
};

Chat::Chat(ChatConfig config, ChatHands hands) : parts_(std::make_unique<Parts>(std::move(config), std::move(hands))) {
    auto& parts = *parts_;
    auto& reached = parts.hands;
    if (parts.config.slack.enabled()) {
        parts.slack = std::make_unique<SlackClient>(parts.config.slack, reached.client, reached.metrics);
        parts.writers.push_back(std::make_unique<SlackWriter>(parts.config, *parts.slack));
        parts.slack_desk = std::make_unique<SlackDesk>(parts.config.slack, reached, *parts.slack, parts.commands);
    }
    if (parts.config.teams.enabled()) {
        auto writer = std::make_unique<TeamsWriter>(parts.config, reached.client, reached.metrics,
                                                    [this](const Draft& draft) { return link_to(draft); });
        parts.teams = writer.get();
        parts.writers.push_back(std::move(writer));
    }
    if (!parts.config.teams.hmac_secret.empty())
        parts.teams_desk = std::make_unique<TeamsDesk>(parts.config.teams, reached, parts.commands, parts.teams);
}

Chat::~Chat() = default;

auto Chat::takes_slack() const -> bool { return parts_->slack_desk != nullptr; }
auto Chat::takes_teams() const -> bool { return parts_->teams_desk != nullptr; }
auto Chat::has_links() const -> bool {
    return !parts_->config.teams.link_secret.empty() && !parts_->config.public_url.empty();
}

auto Chat::slack_interaction(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    co_return co_await parts_->slack_desk->interaction(std::move(request));
}
auto Chat::slack_command(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    co_return co_await parts_->slack_desk->command(std::move(request));
}
auto Chat::slack_event(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    co_return co_await parts_->slack_desk->event(std::move(request));
}
auto Chat::teams_message(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    co_return co_await parts_->teams_desk->message(std::move(request));
}

auto Chat::link_to(const Draft& draft) const -> std::string {
    if (!has_links()) return "";
    const auto until =
        std::chrono::floor<std::chrono::seconds>(parts_->hands.clock.now() + parts_->config.teams.link_lifetime);
    const auto expires = std::to_string(until.time_since_epoch().count());
    return fmt::format("{}/v1/chat/teams/decide?draft={}&hash={}&expires={}&sig={}", parts_->config.public_url,
                       percent_encode(draft.id), percent_encode(draft.content_hash), expires,
                       link_signature(parts_->config.teams.link_secret, draft.id, draft.content_hash, expires));
}

auto Chat::draft_of_link(DecisionLink link) -> Task<Result<Draft>> {
    const auto wanted =
        link_signature(parts_->config.teams.link_secret, link.draft_id, link.content_hash, link.expires);
    if (!has_links() || !constant_time_equal(wanted, link.signature))
        co_return fail(Errc::forbidden, "this link is not one of ours");
    std::int64_t expires = 0;
    std::from_chars(link.expires.data(), link.expires.data() + link.expires.size(), expires);
    if (parts_->hands.clock.now() > Timestamp(std::chrono::seconds(expires)))
        co_return fail(Errc::forbidden, "this link has expired; the draft is still in the review queue");
    auto draft = co_await parts_->hands.reviews.get(link.draft_id);
    if (!draft) co_return fail(std::move(draft.error()));
    if (const auto outcome = outcome_of(*draft); !outcome.empty())
        co_return fail(Errc::conflict, fmt::format("this draft is {} already", outcome));
    if (draft->content_hash != link.content_hash)
        co_return fail(Errc::conflict, "the draft has changed since this link was made; a newer card has a newer link");
    co_return draft;
}

auto Chat::look() -> Task<Result<std::size_t>> {
    std::size_t written = 0;
    for (const auto& writer : parts_->writers) {
        auto ours = co_await parts_->take_turn();
        if (!ours) co_return fail(std::move(ours.error()));
        if (!*ours) co_return written;
        auto done = co_await parts_->board.round(*writer);
        if (!done) co_return fail(std::move(done.error()));
        written += *done;
    }
    co_return written;
}

auto Chat::run() -> Task<void> {
    auto pause = parts_->config.every;
    bool is_failing = false;
    while (co_await sleep_for(pause)) {
        auto looked = co_await look();
        if (looked) {
            is_failing = false;
            pause = parts_->config.every;
            continue;
        }
        if (looked.error().code == Errc::cancelled) co_return;
        if (!is_failing) log::warn("chat.look_failed", {{"error", looked.error().describe()}});
        is_failing = true;
        pause = std::min(longest_failure_pause, pause * 2);
    }
}

auto check_slack(SlackConfig config, net::HttpClient& client, Metrics& metrics, Deadline deadline)
    -> Task<net::ConnectCheck> {
    SlackClient slack(std::move(config), client, metrics);
    co_return co_await slack.check(deadline);
}

} // namespace dossier::approve
