#include "dossier/approve/chat_config.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/net/url.hpp"

#include <algorithm>

namespace dossier::approve {
namespace {

constexpr std::size_t least_link_secret = 32; // characters
constexpr Duration shortest_look{20};

/// "https://slack.com" stands for the API on it, as "https://slack.com/api" does.
auto api_base(std::string url) -> std::string {
    while (url.ends_with('/')) url.pop_back();
    return url == net::origin_of(url) ? url + "/api" : url;
}

void read_slack(config::Section section, SlackConfig& slack) {
    section.read_url("url", slack.url);
    slack.url = api_base(slack.url);
    section.read("bot_token", slack.bot_token);
    section.read("signing_secret", slack.signing_secret);
    section.read("channel", slack.channel);
    section.read("tell_owner", slack.tell_owner);
    section.read("rate", slack.rate);
    section.read("timeout", slack.timeout);
    if (slack.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    const bool any = slack.enabled() || !slack.signing_secret.empty() || !slack.channel.empty();
    if (!any) return;
    for (const auto* key : {"bot_token", "signing_secret", "channel"}) section.require(key);
    if (slack.channel.starts_with('#'))
        section.warning("channel", "is a name; give the id (C…, under the channel's details): a name changes, and a "
                                   "message whose answer was lost can't be looked for under it");
}

void read_teams(config::Section section, TeamsConfig& teams) {
    section.read("webhook_url", teams.webhook_url);
    section.read("hmac_secret", teams.hmac_secret);
    section.read_word("shape", teams.shape, {"message", "card"});
    section.read("link_secret", teams.link_secret);
    section.read("link_lifetime", teams.link_lifetime);
    section.read("rate", teams.rate);
    section.read("timeout", teams.timeout);
    if (teams.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (teams.link_lifetime.count() <= 0) section.problem("link_lifetime", "must be longer than nothing");
    const auto& url = teams.webhook_url.reveal();
    const auto host = net::host_of(url);
    const bool is_loopback = host == "127.0.0.1" || host == "localhost" || host == "[::1]";
    if (url.starts_with("http://") && !is_loopback)
        section.problem("webhook_url", "must be https: the URL is the credential");
    else if (teams.enabled() && !url.starts_with("http"))
        section.warning("webhook_url", "is no URL; expected the one that the flow shows, with its query");
    if (!teams.hmac_secret.empty()) {
        const auto key = base64_decode(teams.hmac_secret.reveal());
        if (!key || key->empty())
            section.warning("hmac_secret", "is not base64, as the security token that Teams shows for an outgoing "
                                           "webhook; every message of Teams will be refused");
    }
    if (!teams.link_secret.empty() && teams.link_secret.reveal().size() < least_link_secret)
        section.problem("link_secret", "must have at least 32 characters; `openssl rand -hex 32` makes a good one");
}

} // namespace

auto read_chat(config::Section section) -> ChatConfig {
    ChatConfig chat;
    read_slack(section.child("slack"), chat.slack);
    read_teams(section.child("teams"), chat.teams);
    section.read_url("public_url", chat.public_url);
    while (chat.public_url.ends_with('/')) chat.public_url.pop_back();
    section.read("remind_after", chat.remind_after);
    section.read("reminders", chat.reminders, 0, 20);
    section.read("every", chat.every);
    if (chat.every < shortest_look) section.problem("every", "must be at least 20ms");
    if (!chat.teams.link_secret.empty() && chat.public_url.empty())
        section.problem("public_url", "is needed for `teams.link_secret`: the links lead there");
    if (chat.remind_after.count() > 0 && !chat.enabled())
        section.warning("remind_after", "nobody is reminded: neither `slack` nor `teams` is filled in");
    return chat;
}

} // namespace dossier::approve
