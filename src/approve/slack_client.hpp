#pragma once
// Slack's Web API, as far as dossier uses it. HTTP 200 is not success there: `ok` is. Its word for what went wrong
// becomes our error code; `ratelimited` inside a 200 is retried like a 429. Nothing here decides anything.
// Sources: docs.slack.dev/reference/methods; what differs from them is in DOWNSTREAM §3.

#include "dossier/approve/chat_config.hpp"
#include "dossier/base/json_fwd.hpp"
#include "dossier/net/connect_check.hpp"
#include "dossier/net/rate_gate.hpp"
#include "dossier/net/upstream.hpp"

#include <mutex>
#include <optional>
#include <string>

namespace dossier::approve {

/// Who the bot is, and in which workspace.
struct SlackSelf {
    std::string user_id;
    std::string bot_id;
    std::string team_id;
    std::string enterprise_id;
};

struct SlackUser {
    std::string id;
    std::string email;
    std::string team_id;
    std::string enterprise_id;
    bool is_active = true;    ///< a person whose account is in use, and whose e-mail is confirmed
    bool is_outsider = false; ///< of another organisation (a shared channel), or a guest of one channel
};

/// Where a message stands.
struct SlackPlace {
    std::string channel;
    std::string ts;
};

class SlackClient {
public:
    SlackClient(SlackConfig config, net::HttpClient& client, Metrics& metrics);

    /// Asked once and kept.
    auto self(Deadline deadline) -> Task<Result<SlackSelf>>;
    auto user(std::string user_id, Deadline deadline) -> Task<Result<SlackUser>>;
    /// `not_found` when nobody has this address.
    auto user_with_email(std::string email, Deadline deadline) -> Task<Result<std::string>>;
    auto open_direct_message(std::string user_id, Deadline deadline) -> Task<Result<std::string>>;
    /// @param message blocks, text, metadata, thread_ts. `outcome_unknown` when it may stand there now
    auto post(std::string channel, Json message, Deadline deadline) -> Task<Result<SlackPlace>>;
    auto update(SlackPlace place, Json message, Deadline deadline) -> Task<Result<void>>;
    auto post_ephemeral(std::string channel, std::string user_id, Json message, Deadline deadline)
        -> Task<Result<void>>;
    auto open_view(std::string trigger_id, Json view, Deadline deadline) -> Task<Result<void>>;
    /// Our message with this key among those of `channel` since `oldest` (seconds since 1970), or among the replies of
    /// `thread`; nullopt = it isn't there.
    auto find(std::string channel, std::string thread, std::string key, std::int64_t oldest, Deadline deadline)
        -> Task<Result<std::optional<SlackPlace>>>;
    /// To the response_url of a command or a click. `forbidden`, and nothing is sent, unless Slack itself would get it.
    auto respond(std::string response_url, Json message, Deadline deadline) -> Task<Result<void>>;
    auto check(Deadline deadline) -> Task<net::ConnectCheck>;

private:
    auto call(std::string method, std::string body, std::string type, net::Repeat repeat, Deadline deadline)
        -> Task<Result<Json>>;
    auto write(std::string method, Json body, net::Repeat repeat, Deadline deadline) -> Task<Result<Json>>;
    auto read(std::string method, std::vector<std::pair<std::string, std::string>> parameters, Deadline deadline)
        -> Task<Result<Json>>;

    SlackConfig config_;
    net::Upstream upstream_;
    net::Upstream responses_; ///< another host, with a breaker of its own
    net::RateGate posts_;
    std::mutex mutex_;
    std::optional<SlackSelf> self_;
};

/// What an error word of Slack's means for us. @param may_have_happened the call was a create
[[nodiscard]] auto slack_errc(std::string_view word, bool may_have_happened) -> Errc;
/// May we send to this URL because it came in a signed request? Only to Slack's hooks over https, or to the origin that
/// the configuration names.
[[nodiscard]] auto is_slack_response_url(std::string_view url, std::string_view api_url) -> bool;

} // namespace dossier::approve
