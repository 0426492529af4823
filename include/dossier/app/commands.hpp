#pragma once
// The subcommands of the `dossier` binary. Each returns its exit code: 0 done, 1 failed, 2 usage or configuration.

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace dossier::app {

inline constexpr int exit_done = 0;
inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

auto serve(const std::string& config_path) -> int;
/// @param connect also tries each outside system with its credentials, by reading only, and prints a table
auto check(const std::string& config_path, bool connect, std::ostream& out) -> int;

struct ExplainOptions {
    std::string config_path;
    std::string source;          ///< configured name or kind; "" = guessed when only one source is configured
    std::string file = "-";      ///< "-" = standard input
    std::string format = "text"; ///< text | json | md | html
    bool stream = false;         ///< show the text while it is written, marked as unverified, on standard error
};
auto explain(const ExplainOptions& options, std::ostream& out) -> int;

struct ClassifyOptions {
    std::string config_path; ///< "" = the built-in taxonomy and limits
    std::string file = "-";  ///< JSON inventory, CSV, SQL or text, told by its ending; "-" = JSON on standard input
    bool json = false;
};
/// What stores hold, by rules alone: no LLM is asked, nothing is kept.
auto classify(const ClassifyOptions& options, std::ostream& out) -> int;

struct RedactOptions {
    std::string config_path;     ///< for `redaction`; "" = the defaults
    std::string file = "-";      ///< "-" = standard input
    std::string format = "text"; ///< text | json
    std::string key;             ///< name of the field that holds the text, as context
    bool lines = false;          ///< each line is a text of its own, with pseudonyms of its own
};
/// Shows a text as an LLM would be shown it; asks nobody.
auto redact(const RedactOptions& options, std::ostream& out) -> int;

/// How to reach a running service.
struct Remote {
    std::string url = "http://127.0.0.1:8080";
    std::string token; ///< bearer
};

struct RemoteExplainOptions {
    Remote remote;
    std::string finding;         ///< id of a stored finding
    std::string format = "text"; ///< text | json | md | html
    bool stream = false;         ///< show the text while it is written, marked as unverified
};
/// Asks a running service to explain a stored finding. The verified answer goes to `out`, what is shown before it to
/// `progress`.
auto explain_stored(const RemoteExplainOptions& options, std::ostream& out, std::ostream& progress) -> int;

struct AskOptions {
    Remote remote;
    std::string question;
    bool json = false;
};
/// A question in plain language over the findings of a running service.
auto ask(const AskOptions& options, std::ostream& out) -> int;

struct SendOptions {
    std::string url; ///< the webhook's whole URL
    std::vector<std::string> files;
    std::vector<std::string> headers; ///< "Name: value"
    std::string token;                ///< bearer
    std::string user;                 ///< "name:password", basic
};
auto send(const SendOptions& options, std::ostream& out) -> int;

struct DraftOptions {
    Remote remote;
    std::string action;           ///< list | show | revisions | edit | reassign | approve | reject | expire
    std::vector<std::string> ids; ///< several are decided at once
    std::string comment;
    std::string assignee;                       ///< reassign
    std::string title;                          ///< edit
    std::string body_file;                      ///< edit; "-" = standard input
    std::string content_hash;                   ///< what was read; "" = whatever is there
    std::map<std::string, std::string> filters; ///< list
    bool json = false;
};
auto drafts(const DraftOptions& options, std::ostream& out) -> int;

struct PolicyOptions {
    Remote remote;
    std::string finding_id;     ///< drafts for this finding, or
    std::string inventory_file; ///< for the stores of this file, "-" = standard input, or
    bool findings = false;      ///< for the stores of the stored findings
    std::string sink;
    bool json = false;
};
/// Has policies drafted into the review queue.
auto policies(const PolicyOptions& options, std::ostream& out) -> int;

struct DeadLetterOptions {
    Remote remote;
    std::string action; ///< list | redrive
    std::string id;
    bool json = false;
};
auto dead_letters(const DeadLetterOptions& options, std::ostream& out) -> int;

struct DeliveryOptions {
    Remote remote;
    std::string since;  ///< RFC 3339 time or a day
    std::string source; ///< "" = all
    bool json = false;
};
/// What each source delivered, what came late and what never came.
auto deliveries(const DeliveryOptions& options, std::ostream& out) -> int;

struct EvalOptions {
    std::string config_path;
    std::string cases; ///< directory of cases, with answers/ in it
    std::string prompt = "narrative";
    std::string prompts;  ///< versions, separated by commas; "" = all
    std::string provider; ///< configured name of who is asked; "" = the first
    bool record = false;  ///< ask anew and keep the answers beside the cases
    double min_grounding = 0;
    std::string format = "text"; ///< text | json
};
/// Prompt versions side by side over recorded cases. `exit_failed` where a case has no answer or a version's grounding
/// is under the least.
auto eval(const EvalOptions& options, std::ostream& out) -> int;

struct CostOptions {
    Remote remote;
    std::string since; ///< RFC 3339 time or a day
    std::string until;
    std::string source; ///< "" = all
    std::string route;
    std::string by = "day,source,route,provider,model,purpose"; ///< what to tell apart
    bool json = false;
};
/// What asking LLMs cost, what is reserved, and what budgets refused.
auto costs(const CostOptions& options, std::ostream& out) -> int;

struct SimulateOptions {
    std::string config_path;  ///< that is tried
    std::string current_path; ///< that runs: its store is looked at, and its approval rules say what was; "" = the same
    std::string since = "30d";   ///< so long ago, or an RFC 3339 time or a day
    std::size_t limit = 50;      ///< changes that are shown; 0 = all
    bool exit_code = false;      ///< `exit_differs` where something would be different
    std::string format = "text"; ///< text | json
};
inline constexpr int exit_differs = 3;
/// What would have been under another configuration, as a difference to what was. Asks nobody and writes nothing; works
/// while the service runs.
auto simulate(const SimulateOptions& options, std::ostream& out) -> int;

/// Checks the whole chain of the configured store against the signed head. Works while the service runs.
auto audit_verify(const std::string& config_path, std::ostream& out) -> int;

} // namespace dossier::app
