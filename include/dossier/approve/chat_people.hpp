#pragma once
// Who acts from a chat, and what they may do. The platforms only say who somebody is there; what counts here is what
// the configuration says of their e-mail (Slack) or of their id (Teams, whose activities carry no e-mail).

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::approve {

struct ChatPerson {
    std::string email;
    std::string role; ///< word of the configuration, for messages
    bool may_ask = false;
    bool may_decide = false;
};

struct ChatPeople {
    std::function<std::optional<ChatPerson>(std::string_view email)> by_email;        ///< case doesn't matter
    std::function<std::optional<ChatPerson>(std::string_view object_id)> by_teams_id; ///< Entra object id
};

} // namespace dossier::approve
