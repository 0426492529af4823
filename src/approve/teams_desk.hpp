#pragma once
// The outgoing webhook of Teams: somebody mentioned it in a channel. Teams waits 5 s for the answer, in the same
// response; what takes longer follows by the flow, where there is one. Activities carry no time, so each is taken once
// by its id; they carry no e-mail, so people are known by their Entra object id.

#include "chat_commands.hpp"
#include "teams_writer.hpp"

#include "dossier/net/http_message.hpp"

namespace dossier::approve {

class TeamsDesk {
public:
    /// @param writer posts late answers; nullptr = there is no flow
    TeamsDesk(const TeamsConfig& config, const ChatHands& hands, ChatCommands& commands, TeamsWriter* writer)
        : config_(config), hands_(hands), commands_(commands), writer_(writer) {}

    auto message(net::HttpRequest request) -> Task<Result<net::HttpResponse>>;

private:
    struct Answer;
    auto work(std::shared_ptr<Answer> answer, ChatActor actor, ChatCommand command) -> Task<void>;

    const TeamsConfig& config_;
    const ChatHands& hands_;
    ChatCommands& commands_;
    TeamsWriter* writer_;
};

} // namespace dossier::approve
