#pragma once
// Section `tickets`.

#include "dossier/base/config.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier::ticket {

struct SinkConfig {
    std::string name;
    std::string kind; ///< outbox | jira | servicenow
    std::string url;
    std::string flavour = "cloud"; ///< jira: cloud
    std::string user;
    Secret token;    ///< jira: API token
    Secret password; ///< servicenow
    std::string project;
    std::string issue_type = "Task";
    std::string table = "incident"; ///< servicenow
    std::string fields = "{}";      ///< JSON object merged into the create request
    Duration timeout{15'000};
};

/// What a ticket is told after it was made. None of it needs an approval: it says what the platforms report, in words
/// of code, and never what a model wrote.
enum class OnUpdate { comment, none };
enum class OnResolve { transition, comment, none };
enum class OnReopen { reopen, new_ticket, comment };

struct LifecycleConfig {
    OnUpdate on_update = OnUpdate::comment;
    OnResolve on_resolve = OnResolve::transition; ///< with a comment
    /// `reopen`: where the tracker doesn't allow it, a new linked ticket follows.
    OnReopen on_reopen = OnReopen::reopen;
};

struct TicketConfig {
    std::string approval = "before_assign"; ///< before_create | before_assign
    Duration settle{120'000};               ///< how long a lagging search index is asked before a second create
    std::string instance;                   ///< tells two installations on one tracker apart; part of the key
    LifecycleConfig lifecycle;
    std::vector<SinkConfig> sinks; ///< an outbox named "outbox" is always there
};
[[nodiscard]] auto read_tickets(config::Section section) -> TicketConfig;

} // namespace dossier::ticket
