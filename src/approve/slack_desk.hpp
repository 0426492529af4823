#pragma once
// Slack's call-backs: clicks, the dialog, commands, mentions. Each is proven, taken once, acknowledged at once (Slack
// waits 3 s) and carried out after that; the answer follows by the response URL, in a thread, or to the one person.

#include "chat_commands.hpp"
#include "slack_client.hpp"

#include "dossier/net/http_message.hpp"

#include <map>

namespace dossier::approve {

class SlackDesk {
public:
    SlackDesk(const SlackConfig& config, const ChatHands& hands, SlackClient& client, ChatCommands& commands)
        : config_(config), hands_(hands), client_(client), commands_(commands) {}

    auto interaction(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
    auto command(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;
    auto event(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;

private:
    struct Click {
        std::string user_id;
        std::string action;
        std::string value;
        std::string trigger_id;
        std::string response_url;
        std::string reason;
    };
    struct Mention {
        std::string user_id;
        std::string channel;
        std::string thread; ///< ts of the message that the answer belongs under
        std::string words;
    };

    [[nodiscard]] auto prove(const net::HttpRequest& request) const -> Result<void>;
    /// False for what was taken already. Keyed by Slack's event id, else by the signature.
    auto is_first(std::string key) -> Task<Result<bool>>;
    /// Acknowledges; `task` runs after that.
    auto after(std::string_view what, std::function<Task<void>()> task, std::string body, std::string type)
        -> Result<net::HttpResponse>;

    auto carry_out(Click click) -> Task<void>;
    auto carry_out(ChatCommand command, std::string user_id, std::string response_url) -> Task<void>;
    auto answer(Mention mention) -> Task<void>;
    auto actor_of(std::string user_id, Deadline deadline) -> Task<ChatActor>;
    auto respond(std::string response_url, ChatText text, Deadline deadline) -> Task<void>;

    const SlackConfig& config_;
    const ChatHands& hands_;
    SlackClient& client_;
    ChatCommands& commands_;
};

/// The fields of an application/x-www-form-urlencoded body; the first of a name counts.
[[nodiscard]] auto form_fields(std::string_view body) -> std::map<std::string, std::string, std::less<>>;

} // namespace dossier::approve
