#pragma once
// Slack and Teams: people are told of drafts, decide on them, and ask. Decisions go through the review queue, bound to
// the content that was shown; what was decided elsewhere is told, too. A call-back is proven by its signature before
// anything in it is believed, its sender is mapped to rights by the configuration, and it is acknowledged at once; what
// takes longer follows by the platform's own means. Messages are rows of the store before they are calls: one a draft
// and place, over restarts, lost answers and replicas (docs/decisions/0027).
// Sources: docs.slack.dev (verifying requests, interactivity, Web API), learn.microsoft.com (outgoing webhooks).

#include "dossier/approve/chat_config.hpp"
#include "dossier/approve/chat_people.hpp"
#include "dossier/approve/review_queue.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/http_client.hpp"
#include "dossier/net/http_message.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dossier::approve {

/// A text of some length in paragraphs; the title first. Plain: whoever shows it escapes it.
struct ChatText {
    std::string title;
    std::vector<std::string> paragraphs;
    std::string url; ///< where more is to be seen
};

/// What chat reaches. All references outlive it.
struct ChatHands {
    store::Store& store;
    ReviewQueue& reviews;
    net::HttpClient& client;
    const Clock& clock;
    Metrics& metrics;
    ChatPeople people;
    std::vector<std::string> sources; ///< configured names, to find a finding by its platform's URL
    std::string replica;
    /// A question in plain language over stored findings.
    std::function<Task<Result<ChatText>>(std::string question, std::string who, Deadline deadline)> ask;
    /// Runs a task after the answer has gone out. False when the service is ending.
    std::function<bool(std::string_view what, std::function<Task<void>()> task)> later;
};

/// A signed link to the page where a draft is confirmed.
struct DecisionLink {
    std::string draft_id;
    std::string content_hash;
    std::string expires; ///< seconds since 1970
    std::string signature;
};

class Chat {
public:
    Chat(ChatConfig config, ChatHands hands);
    ~Chat();
    Chat(const Chat&) = delete;
    auto operator=(const Chat&) -> Chat& = delete;

    [[nodiscard]] auto takes_slack() const -> bool; ///< call-backs of Slack can be proven
    [[nodiscard]] auto takes_teams() const -> bool;
    [[nodiscard]] auto has_links() const -> bool;

    /// Call-backs. `unauthenticated` without a valid, recent signature; `malformed` for what Slack or Teams don't send.
    auto slack_interaction(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
    auto slack_command(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
    auto slack_event(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
    auto teams_message(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;

    /// The draft of a link. `forbidden` for a link that isn't ours or has expired; `conflict` when the draft is decided
    /// or has changed since the link was made.
    auto draft_of_link(DecisionLink link) -> Task<Result<Draft>>;
    [[nodiscard]] auto link_to(const Draft& draft) const -> std::string; ///< "" where links are off

    /// Tells what is to be told until it is cancelled. One replica of all does.
    auto run() -> Task<void>;
    /// One round; for tests. @return messages that were written
    auto look() -> Task<Result<std::size_t>>;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

/// Credentials tried by reading only, for `dossier check --connect`.
[[nodiscard]] auto check_slack(SlackConfig config, net::HttpClient& client, Metrics& metrics, Deadline deadline)
    -> Task<net::ConnectCheck>;

} // namespace dossier::approve
