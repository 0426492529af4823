#include "teams_desk.hpp"

#include "chat_json.hpp"
#include "chat_signatures.hpp"
#include "teams_card.hpp"

#include "dossier/base/log.hpp"
#include "dossier/base/strings.hpp"

#include <mutex>

namespace dossier::approve {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 4s; // of the five that Teams has
constexpr auto teams_work_limit = 2min;
constexpr auto glance = 20ms;
constexpr std::size_t most_activity_id = 200;

auto reply(const ChatText& text) -> net::HttpResponse {
    net::HttpResponse response;
    response.headers.set("Content-Type", "application/json");
    response.body = teams_reply(text);
    return response;
}

auto words_only(std::string words) -> ChatText { return {.title = {}, .paragraphs = {std::move(words)}, .url = {}}; }

} // namespace

/// Made on one lane and waited for on another.
struct TeamsDesk::Answer {
    std::mutex mutex;
    std::optional<ChatText> text;
    bool is_too_late = false; ///< nobody waits any more
};

auto TeamsDesk::message(net::HttpRequest request) -> Task<Result<net::HttpResponse>> {
    if (!is_signed_by_teams(request, config_.hmac_secret))
        co_return fail(Errc::unauthenticated, "a valid HMAC of Teams is needed");
    const auto json = parse_json(request.body, 64);
    if (!json || !json->is_object()) co_return fail(Errc::malformed, "the activity is no JSON object");
    const auto& from = member(*json, "from");
    ChatActor actor{.platform = "teams", .id = text_at(from, "aadObjectId")};
    const auto id = text_at(*json, "id");
    if (id.empty() || id.size() > most_activity_id) co_return fail(Errc::malformed, "the activity has no id");
    const auto conversation = text_at(member(*json, "conversation"), "id");
    auto first =
        co_await hands_.store.first_chat_event("teams:" + shorten(conversation, 300) + ":" + id, hands_.clock.now());
    if (!first) co_return fail(std::move(first.error()));
    if (!*first) co_return reply(words_only("That message was taken already."));
    if (!actor.id.empty()) actor.person = hands_.people.by_teams_id(actor.id);
    if (!actor.person)
        actor.why_unknown = "your Teams account has no role in dossier; `teams_id` under `auth.people` gives one";
    auto command = parse_chat_command(words_from_teams(text_at(*json, "text")));

    auto answer = std::make_shared<Answer>();
    const bool started =
        hands_.later("teams message", [this, answer, actor, command] { return work(answer, actor, command); });
    if (!started) co_return fail(Errc::unavailable, "the service is ending; try again");
    const auto until = deadline_in(patience);
    for (;;) {
        {
            const std::lock_guard lock(answer->mutex);
            if (answer->text) co_return reply(*answer->text);
            if (std::chrono::steady_clock::now() >= until) {
                answer->is_too_late = true;
                break;
            }
        }
        if (!co_await sleep_for(glance)) co_return fail(Errc::cancelled, "the service is ending");
    }
    co_return reply(words_only(writer_ != nullptr ? "That takes longer than Teams waits; the answer follows here."
                                                  : "That takes longer than Teams waits. Please ask again later."));
}

auto TeamsDesk::work(std::shared_ptr<Answer> answer, ChatActor actor, ChatCommand command) -> Task<void> {
    const auto deadline = deadline_in(teams_work_limit);
    auto text = co_await commands_.run(std::move(actor), std::move(command), deadline);
    {
        const std::lock_guard lock(answer->mutex);
        if (!answer->is_too_late) {
            answer->text = std::move(text);
            co_return;
        }
    }
    if (writer_ == nullptr) co_return;
    if (auto posted = co_await writer_->post_text(std::move(text), deadline); !posted)
        log::warn("chat.answer_failed", {{"platform", "teams"}, {"error", posted.error().describe()}});
}

} // namespace dossier::approve
