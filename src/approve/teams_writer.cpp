#include "teams_writer.hpp"

#include "teams_card.hpp"

#include <fmt/format.h>

namespace dossier::approve {
namespace {

constexpr std::string_view teams_failed = "Microsoft Teams endpoint returned HTTP error ";

/// Older endpoints answer 200 and say in words that Teams throttled them.
auto says_throttled(const net::HttpResponse& response) -> bool {
    return response.ok() && response.body.find(std::string(teams_failed) + "429") != std::string::npos;
}

auto teams_upstream(const TeamsConfig& config) -> net::UpstreamConfig {
    net::UpstreamConfig upstream;
    upstream.name = "teams";
    upstream.max_in_flight = 2;
    upstream.rate = config.rate;
    upstream.timeout = config.timeout;
    upstream.asks_for_less = says_throttled;
    return upstream;
}

auto code_of_flow(int status) -> Errc {
    switch (status) {
    case 401:
        return Errc::unauthenticated;
    case 403:
        return Errc::forbidden;
    case 404:
    case 410:
        return Errc::not_found;
    case 413:
        return Errc::too_large;
    default:
        return Errc::rejected;
    }
}

} // namespace

TeamsWriter::TeamsWriter(const ChatConfig& config, net::HttpClient& client, Metrics& metrics,
                         std::function<std::string(const Draft&)> link_to)
    : config_(config), upstream_(client, metrics, teams_upstream(config.teams)), link_to_(std::move(link_to)) {}

auto TeamsWriter::send(std::string card, Deadline deadline) -> Task<Result<void>> {
    net::ClientRequest request;
    request.method = "POST";
    request.url = config_.teams.webhook_url.reveal(); // as the flow shows it: its percent-encodings are signed
    request.headers.set("Content-Type", "application/json");
    request.body = teams_request(card, config_.teams.shape);
    request.max_response = std::size_t{256} << 10U;
    auto response = co_await upstream_.call(std::move(request), net::Repeat::unsafe, deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (!response->ok())
        co_return fail(code_of_flow(response->status), fmt::format("the Teams flow answered {}", response->status));
    if (response->body.find(teams_failed) != std::string::npos)
        co_return fail(Errc::rejected, "the Teams flow answered that Teams refused the card");
    co_return Result<void>{};
}

auto TeamsWriter::post(store::ChatMessage message, ChatCard card, ChatPlace /*thread*/, Deadline deadline)
    -> Task<Result<ChatPlace>> {
    std::string_view headline;
    if (message.kind == "reminder")
        headline = "Still waiting for a decision";
    else if (message.posted_at)
        headline = card.draft.state == DraftState::pending ? "This draft has changed" : "This draft is decided";
    auto body =
        teams_draft_card(card, headline, link_to_(card.draft), !config_.teams.hmac_secret.empty(), config_.public_url);
    auto sent = co_await send(std::move(body), deadline);
    if (!sent) co_return fail(std::move(sent.error()));
    co_return ChatPlace{};
}

auto TeamsWriter::update(store::ChatMessage /*message*/, ChatCard /*card*/, Deadline /*deadline*/)
    -> Task<Result<void>> {
    co_return fail(Errc::invalid_argument, "a card of a flow can't be changed");
}

auto TeamsWriter::find(store::ChatMessage /*message*/, ChatCard /*card*/, ChatPlace /*thread*/, Deadline /*deadline*/)
    -> Task<Result<std::optional<ChatPlace>>> {
    co_return fail(Errc::invalid_argument, "a flow does not say what it posted");
}

auto TeamsWriter::post_text(ChatText text, Deadline deadline) -> Task<Result<void>> {
    co_return co_await send(teams_text_card(text), deadline);
}

} // namespace dossier::approve
