#pragma once
// `dossier check --connect`: every outside system that the configuration names is tried at the same time, by reading
// only, and what came of it is shown as a table.

#include "dossier/app/config.hpp"
#include "dossier/net/connect_check.hpp"

#include <iosfwd>
#include <vector>

namespace dossier::app {

/// In the order of the configuration. Fails only where a system can't even be set up (a bad key file).
[[nodiscard]] auto try_connections(const AppConfig& config) -> Result<std::vector<net::ConnectCheck>>;
[[nodiscard]] auto is_fine(const net::ConnectCheck& check) -> bool; ///< ok, or nothing to try
/// Columns as wide as their longest cell; what other systems said comes without control characters.
void print_connections(const std::vector<net::ConnectCheck>& checks, std::ostream& out);

} // namespace dossier::app
