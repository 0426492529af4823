#include "dossier/ticket/config.hpp"

#include <algorithm>

namespace dossier::ticket {
namespace {

void check_jira(config::Section& section, const SinkConfig& sink) {
    for (const auto* key : {"url", "user", "token", "project"}) section.require(key);
    if (sink.flavour == "dc") section.unavailable("flavour", "Jira Data Center (`dc`)");
    if (sink.issue_type.empty()) section.problem("issue_type", "must not be empty");
    if (section.has("table")) section.problem("table", "is used by kind `servicenow` only");
    if (section.has("password")) section.problem("password", "is not used by kind `jira`, which takes `token`");
}

void check_servicenow(config::Section& section, const SinkConfig& sink) {
    for (const auto* key : {"url", "user", "password"}) section.require(key);
    if (sink.table.empty() || sink.table.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != sink.table.npos)
        section.problem("table", "expected the name of a table, as incident or sn_si_incident");
    for (const auto* key : {"project", "issue_type", "flavour"})
        if (section.has(key)) section.problem(key, "is used by kind `jira` only");
    if (section.has("token")) section.problem("token", "is not used by kind `servicenow`, which takes `password`");
}

void check_outbox(config::Section& section) {
    for (const auto* key : {"url", "flavour", "user", "token", "password", "project", "issue_type", "table", "fields"})
        if (section.has(key)) section.problem(key, "is not used by kind `outbox`");
}

auto read_sink(config::Section& section, std::vector<std::string>& names) -> SinkConfig {
    SinkConfig sink;
    section.read_name("name", sink.name, names);
    section.require("kind");
    section.read_word("kind", sink.kind, {"outbox", "jira", "servicenow"});
    section.read_url("url", sink.url);
    section.read_word("flavour", sink.flavour, {"cloud", "dc"});
    section.read("user", sink.user);
    section.read("token", sink.token);
    section.read("password", sink.password);
    section.read("project", sink.project);
    section.read("issue_type", sink.issue_type);
    section.read("table", sink.table);
    section.read_json("fields", sink.fields);
    section.read("timeout", sink.timeout);
    if (!sink.fields.starts_with('{')) section.problem("fields", "expected a mapping of field names to values");
    if (sink.timeout.count() <= 0) section.problem("timeout", "must be longer than nothing");
    if (sink.kind == "jira") check_jira(section, sink);
    if (sink.kind == "servicenow") check_servicenow(section, sink);
    if (sink.kind == "outbox") check_outbox(section);
    if (sink.name == "outbox" && !sink.kind.empty() && sink.kind != "outbox")
        section.problem("name", "`outbox` is the name of the built-in sink");
    return sink;
}

} // namespace

auto read_tickets(config::Section section) -> TicketConfig {
    TicketConfig tickets;
    section.read_word("approval", tickets.approval, {"before_create", "before_assign"});
    section.read("settle", tickets.settle);
    section.read("instance", tickets.instance);
    auto& lifecycle = tickets.lifecycle;
    section.read_enum("on_update", lifecycle.on_update, {{"comment", OnUpdate::comment}, {"none", OnUpdate::none}});
    section.read_enum(
        "on_resolve", lifecycle.on_resolve,
        {{"transition", OnResolve::transition}, {"comment", OnResolve::comment}, {"none", OnResolve::none}});
    section.read_enum(
        "on_reopen", lifecycle.on_reopen,
        {{"reopen", OnReopen::reopen}, {"new_ticket", OnReopen::new_ticket}, {"comment", OnReopen::comment}});
    std::vector<std::string> names;
    for (auto& sink : section.items("sinks")) tickets.sinks.push_back(read_sink(sink, names));
    if (std::ranges::find(tickets.sinks, "outbox", &SinkConfig::name) == tickets.sinks.end())
        tickets.sinks.push_back({.name = "outbox", .kind = "outbox"});
    return tickets;
}

} // namespace dossier::ticket
