#include "sink_config.hpp"

#include "dossier/base/json.hpp"
#include "dossier/ticket/ticket_facts.hpp"

namespace dossier::ticket {
namespace {

constexpr Severity severities[] = {Severity::critical, Severity::high, Severity::medium, Severity::low,
                                   Severity::informational};
constexpr const char* jira_only[] = {"project", "issue_type", "flavour", "components", "epic", "security_level"};
constexpr const char* servicenow_only[] = {"table", "oauth", "impact", "urgency", "assignment_group"};
constexpr const char* tracker_only[] = {"url",    "user",     "token",  "password",
                                        "fields", "priority", "states", "attachments"};

template <std::size_t N>
void refuse(config::Section& section, const char* const (&keys)[N], const std::string& why) {
    for (const auto* key : keys)
        if (section.has(key)) section.problem(key, why);
}

void check_jira(config::Section& section, const SinkConfig& sink) {
    for (const auto* key : {"url", "project"}) section.require(key);
    if (!sink.is_data_center()) {
        for (const auto* key : {"user", "token"}) section.require(key);
        if (section.has("password"))
            section.problem("password", "is not used by Jira Cloud, which takes an API `token`");
    } else if (!section.has("token") && !(section.has("user") && section.has("password"))) {
        section.problem("token", "Jira Data Center takes a personal access token, or `user` and `password`");
    }
    if (sink.issue_type.empty()) section.problem("issue_type", "must not be empty");
    refuse(section, servicenow_only, "is used by kind `servicenow` only");
    if (!sink.states.draft.empty() || !sink.states.approved.empty() || !sink.states.assigned.empty())
        section.problem("states", "`draft`, `approved` and `assigned` are used by kind `servicenow` only");
}

void check_servicenow(config::Section& section, const SinkConfig& sink) {
    section.require("url");
    const bool needs_user = sink.oauth.client_id.empty() || sink.oauth.grant == "password";
    if (needs_user) {
        for (const auto* key : {"user", "password"}) section.require(key);
    }
    if (sink.table.empty() || sink.table.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != sink.table.npos)
        section.problem("table", "expected the name of a table, as incident or sn_si_incident");
    refuse(section, jira_only, "is used by kind `jira` only");
    if (section.has("token")) section.problem("token", "is not used by kind `servicenow`, which takes `password`");
}

void check_outbox(config::Section& section) {
    const std::string why = "is not used by kind `outbox`";
    refuse(section, tracker_only, why);
    refuse(section, jira_only, why);
    refuse(section, servicenow_only, why);
}

void check_placeholders(config::Section& section, const char* key, const Json& value) {
    if (value.is_string()) {
        const auto problem = placeholder_problem(value.get<std::string>());
        if (!problem.empty()) section.problem(key, problem);
    }
    if (value.is_structured())
        for (const auto& one : value) check_placeholders(section, key, one);
}

auto read_by_severity(config::Section& section, const char* key) -> BySeverity {
    BySeverity words;
    auto mapping = section.child(key);
    for (const auto severity : severities) {
        std::string word;
        mapping.read(to_string(severity), word);
        if (!word.empty()) words[severity] = std::move(word);
    }
    return words;
}

auto read_oauth(config::Section& section) -> SinkOAuth {
    SinkOAuth oauth;
    if (!section.has("oauth")) return oauth;
    auto child = section.child("oauth");
    child.read_word("grant", oauth.grant, {"client_credentials", "password"});
    child.read_url("url", oauth.url);
    child.read("client_id", oauth.client_id);
    child.read("client_secret", oauth.client_secret);
    for (const auto* key : {"client_id", "client_secret"}) child.require(key);
    return oauth;
}

auto read_states(config::Section section) -> SinkStates {
    SinkStates states;
    section.read("draft", states.draft);
    section.read("approved", states.approved);
    section.read("assigned", states.assigned);
    section.read("done", states.done);
    section.read("reopened", states.reopened);
    section.read("resolution", states.resolution);
    return states;
}

void read_fields(config::Section& section, SinkConfig& sink) {
    section.read_json("fields", sink.fields);
    section.read("components", sink.components);
    section.read("epic", sink.epic);
    section.read("security_level", sink.security_level);
    section.read("assignment_group", sink.assignment_group);
    sink.priority = read_by_severity(section, "priority");
    sink.impact = read_by_severity(section, "impact");
    sink.urgency = read_by_severity(section, "urgency");
    if (!sink.fields.starts_with('{')) section.problem("fields", "expected a mapping of field names to values");
    if (const auto fields = parse_json(sink.fields)) check_placeholders(section, "fields", *fields);
    for (const auto& component : sink.components) check_placeholders(section, "components", component);
    check_placeholders(section, "epic", sink.epic);
    check_placeholders(section, "security_level", sink.security_level);
    check_placeholders(section, "assignment_group", sink.assignment_group);
}

void read_callback(config::Section& section, CallbackConfig& callback) {
    if (!section.has("callback")) return;
    auto child = section.child("callback");
    child.read("secret", callback.secret);
    child.read("token", callback.token);
    if (!callback.is_on()) child.problem("", "needs `secret` (signed bodies) or `token`");
}

} // namespace

auto read_sink(config::Section& section, std::vector<std::string>& names) -> SinkConfig {
    SinkConfig sink;
    section.read_name("name", sink.name, names);
    section.require("kind");
    section.read_word("kind", sink.kind, {"outbox", "jira", "servicenow"});
    section.read_url("url", sink.url);
    section.read_word("flavour", sink.flavour, {"cloud", "datacenter", "dc", "server"});
    if (sink.flavour == "dc" || sink.flavour == "server") sink.flavour = "datacenter";
    section.read("user", sink.user);
    section.read("token", sink.token);
    section.read("password", sink.password);
    sink.oauth = read_oauth(section);
    section.read("project", sink.project);
    section.read("issue_type", sink.issue_type);
    section.read("table", sink.table);
    read_fields(section, sink);
    sink.states = read_states(section.child("states"));
    section.read("attachments", sink.attachments);
    section.read("timeout", sink.timeout);
    section.read("poll", sink.poll);
    if (sink.poll.count() < 0 || (section.has("poll") && sink.poll.count() == 0))
        section.problem("poll", "must be longer than nothing; leave it out where nothing is to be asked");
    read_callback(section, sink.callback);
    if (sink.kind == "outbox") {
        for (const auto* key : {"poll", "callback"})
            if (section.has(key)) section.problem(key, "is not used by kind `outbox`");
    }
    if (sink.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (sink.kind == "jira") check_jira(section, sink);
    if (sink.kind == "servicenow") check_servicenow(section, sink);
    if (sink.kind == "outbox") check_outbox(section);
    if (sink.name == "outbox" && !sink.kind.empty() && sink.kind != "outbox")
        section.problem("name", "`outbox` is the name of the built-in sink");
    return sink;
}

} // namespace dossier::ticket
