#pragma once
// One entry of `tickets.sinks`.

#include "dossier/ticket/config.hpp"

namespace dossier::ticket {

/// Reads and checks a sink; problems go into the section. @param names of the sinks before it
[[nodiscard]] auto read_sink(config::Section& section, std::vector<std::string>& names) -> SinkConfig;

} // namespace dossier::ticket
