#include "dossier/ticket/config.hpp"

#include "sink_config.hpp"

#include <algorithm>

namespace dossier::ticket {

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
