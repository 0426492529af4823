#pragma once
// What trackers tell us by themselves: `POST /v1/trackers/{sink}/events`, called by an admin webhook of Jira, by a rule
// of Jira Automation, or by a business rule or flow of ServiceNow. A call-back proves with a signature over the raw
// body
// (`X-Hub-Signature: sha256=` and the HMAC in hex or base64) or with a token that it comes from the tracker; all that
// is taken from it is which ticket to look at. It may come twice, late and out of order: the ticket itself is read
// afterwards, and an event whose id came before is no news.

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/net/http_message.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/config.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier::ticket {

enum class Heard {
    noted,    ///< the ticket will be looked at
    repeated, ///< came before
    unknown,  ///< not a ticket of ours
    ignored,  ///< nothing that concerns how a ticket stands
};
[[nodiscard]] auto to_string(Heard) -> std::string_view;

/// Which ticket an event is about.
struct TrackerEvent {
    store::TicketSighting sighting;
    bool concerns_standing = true; ///< false: a comment, a watcher, another field
};
/// Reads what Jira sends, or {"sys_id", "number", "event_id"}. `malformed` for what is no JSON object or names no
/// ticket.
[[nodiscard]] auto read_tracker_event(const net::HttpRequest& request) -> Result<TrackerEvent>;

/// Whether a request is the tracker's. @param with_body false: only what the head can tell
[[nodiscard]] auto check_callback(const CallbackConfig& config, const net::HttpRequest& request, bool with_body)
    -> Result<void>;

class Callbacks {
public:
    Callbacks(const std::vector<SinkConfig>& sinks, store::TicketStore& store, const Clock& clock, Metrics& metrics);

    /// From the head alone: `not_found` for a sink that takes no call-backs, `unauthenticated`.
    [[nodiscard]] auto admit(const std::string& sink, const net::HttpRequest& head) const -> Result<void>;
    /// Committed when it answers. `storage` where it could not be: the tracker calls again.
    auto take(std::string sink, net::HttpRequest request) -> Task<Result<Heard>>;

private:
    struct Door {
        std::string sink;
        CallbackConfig config;
    };
    [[nodiscard]] auto door_of(const std::string& sink) const -> const Door*;
    void count(const std::string& sink, std::string_view outcome);

    std::vector<Door> doors_;
    store::TicketStore& store_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
