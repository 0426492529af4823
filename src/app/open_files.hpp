#pragma once
// How many files and connections the process may have open at once.

#include <cstddef>

namespace dossier::app {

/// Raises the soft limit to the hard one, which needs no right, and says what holds now.
auto raise_open_files() -> std::size_t;

/// What of it listeners may use for connections: the rest is for the store, upstreams and logs.
[[nodiscard]] auto most_connections(std::size_t configured, std::size_t open_files) -> std::size_t;

} // namespace dossier::app
