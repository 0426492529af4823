#include "dossier/ticket/config.hpp"

#include "sink_config.hpp"

#include <algorithm>

namespace dossier::ticket {
namespace {

auto read_group(config::Section section) -> GroupConfig {
    GroupConfig group;
    section.read_words("by", group.by, {"rule", "owner", "account", "region", "source", "severity", "environment"});
    section.read("window", group.window);
    section.read("min", group.min, 2);
    section.read("refresh", group.refresh);
    if (std::ranges::find(group.by, "rule") == group.by.end())
        section.problem("by", "must name `rule`, as [rule, owner, account]: findings of different rules want different "
                              "work");
    if (group.window.count() <= 0) section.problem("window", "must be longer than nothing");
    return group;
}

} // namespace

auto read_tickets(config::Section section) -> TicketConfig {
    TicketConfig tickets;
    section.read_word("approval", tickets.approval, {"before_create", "before_assign"});
    section.read("settle", tickets.settle);
    section.read("instance", tickets.instance);
    if (section.has("group")) tickets.group = read_group(section.child("group"));
    if (section.has("due")) tickets.due = read_due(section.child("due"));
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
    for (const auto& sink : tickets.sinks) {
        if (sink.kind == "outbox" || sink.timeout <= tickets.settle) continue;
        section.warning("settle", "is shorter than the `timeout` of " + sink.name +
                                      ": a create that is still under way may be taken for lost and made again");
    }
    if (std::ranges::find(tickets.sinks, "outbox", &SinkConfig::name) == tickets.sinks.end())
        tickets.sinks.push_back({.name = "outbox", .kind = "outbox"});
    return tickets;
}

} // namespace dossier::ticket
