#pragma once
// Section `chat`: where people are told of drafts and may decide on them. A platform with nothing filled in is off.

#include "dossier/base/config.hpp"

#include <string>

namespace dossier::approve {

struct SlackConfig {
    std::string url = "https://slack.com/api"; ///< of the Web API
    Secret bot_token;                          ///< xoxb-…
    Secret signing_secret;                     ///< of the app: proves that a call-back is Slack's
    std::string channel;                       ///< id (C…, G…) or name of the channel where drafts are decided on
    bool tell_owner = true;                    ///< a direct message to whom the draft names as assignee
    Rate rate{1};                              ///< of our messages; Slack allows about one a second and channel
    Duration timeout{10'000};
    [[nodiscard]] auto enabled() const -> bool { return !bot_token.empty(); }
};

struct TeamsConfig {
    Secret webhook_url;            ///< of a Workflows flow; its query is the credential
    Secret hmac_secret;            ///< security token of the outgoing webhook, base64
    std::string shape = "message"; ///< message: the card as an attachment; card: the bare card
    Secret link_secret;            ///< signs the links to the confirmation page
    Duration link_lifetime{86'400'000};
    Rate rate{1}; ///< of our cards; Teams allows few, and fewer over longer times
    Duration timeout{10'000};
    [[nodiscard]] auto enabled() const -> bool { return !webhook_url.empty(); }
};

struct ChatConfig {
    SlackConfig slack;
    TeamsConfig teams;
    std::string public_url;   ///< how people reach this service, for links; "" = no links
    Duration remind_after{0}; ///< 0 = never
    int reminders = 3;        ///< at most, for one draft
    Duration every{1'000};    ///< between two looks for something to say
    [[nodiscard]] auto enabled() const -> bool { return slack.enabled() || teams.enabled(); }
};

[[nodiscard]] auto read_chat(config::Section section) -> ChatConfig;

} // namespace dossier::approve
