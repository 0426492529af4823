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

struct TicketConfig {
    std::string approval = "before_assign"; ///< before_create | before_assign
    Duration settle{120'000};               ///< how long a lagging search index is asked before a second create
    std::string instance;                   ///< tells two installations on one tracker apart; part of the key
    std::vector<SinkConfig> sinks;          ///< an outbox named "outbox" is always there
};
[[nodiscard]] auto read_tickets(config::Section section) -> TicketConfig;

} // namespace dossier::ticket
