#pragma once
// Section `tickets`.

#include "dossier/base/config.hpp"
#include "dossier/finding/vocabulary.hpp"
#include "dossier/ticket/due.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace dossier::ticket {

/// OAuth 2.0 in place of a password (ServiceNow).
struct SinkOAuth {
    std::string grant = "client_credentials"; ///< client_credentials | password
    std::string url;                          ///< of the token endpoint; "" = /oauth_token.do of the instance
    std::string client_id;                    ///< "" = basic authentication
    Secret client_secret;
};

/// What a tracker calls the places where a ticket can stand. "" = as shipped.
struct SinkStates {
    std::string draft;      ///< servicenow: waits for approval
    std::string approved;   ///< servicenow: approved, nobody assigned
    std::string assigned;   ///< servicenow: approved, in somebody's hands
    std::string done;       ///< the finding is resolved
    std::string reopened;   ///< the finding is back
    std::string resolution; ///< Jira: a resolution; ServiceNow: close_code
};

using BySeverity = std::map<Severity, std::string>;

/// How a tracker that calls back proves that it is the tracker: either will do.
struct CallbackConfig {
    Secret secret; ///< signs the raw body: `X-Hub-Signature: sha256=…`
    Secret token;  ///< `Authorization: Bearer …` or `X-Dossier-Token: …`
    [[nodiscard]] auto is_on() const -> bool { return !secret.empty() || !token.empty(); }
};

struct SinkConfig {
    std::string name;
    std::string kind; ///< outbox | jira | servicenow
    std::string url;
    std::string flavour = "cloud"; ///< jira: cloud | datacenter
    std::string user;
    Secret token;    ///< jira: API token; Data Center: personal access token
    Secret password; ///< servicenow; jira Data Center without a token
    SinkOAuth oauth; ///< servicenow
    std::string project;
    std::string issue_type = "Task";
    std::string table = "incident"; ///< servicenow
    std::string fields = "{}";      ///< JSON object merged into the create request; texts may hold `{{placeholders}}`
    BySeverity priority;            ///< the tracker's own names; servicenow computes it unless told
    BySeverity impact;              ///< servicenow
    BySeverity urgency;             ///< servicenow
    std::vector<std::string> components;                      ///< jira
    std::string epic;                                         ///< jira: key of the epic that tickets go under
    std::string security_level;                               ///< jira
    std::string assignment_group = "{{asset.support_group}}"; ///< servicenow: name or sys_id; set with the assignee
    SinkStates states;
    bool attachments = true; ///< evidence, picture and long texts as files
    CallbackConfig callback;
    Duration poll{0}; ///< how often the tracker is asked for changes; 0 = never
    Duration timeout{15'000};
    [[nodiscard]] auto is_data_center() const -> bool { return kind == "jira" && flavour == "datacenter"; }
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

/// Like findings that share one ticket.
struct GroupConfig {
    std::vector<std::string> by; ///< rule | owner | account | region | source | severity | environment; none = off
    Duration window{3'600'000};  ///< from the first on; what comes later begins another group
    std::size_t min = 5;         ///< so many make a group
    Duration refresh{10'000};    ///< the ticket's table is written at most so often
    [[nodiscard]] auto is_on() const -> bool { return !by.empty(); }
};

struct TicketConfig {
    std::string approval = "before_assign"; ///< before_create | before_assign
    Duration settle{120'000};               ///< how long a lagging search index is asked before a second create
    std::string instance;                   ///< tells two installations on one tracker apart; part of the key
    LifecycleConfig lifecycle;
    GroupConfig group;
    DueConfig due;                 ///< none unless configured
    std::vector<SinkConfig> sinks; ///< an outbox named "outbox" is always there
};
[[nodiscard]] auto read_tickets(config::Section section) -> TicketConfig;

} // namespace dossier::ticket
