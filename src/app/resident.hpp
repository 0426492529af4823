#pragma once
// Resident memory: how much there is, and giving back what the start and floods have left.

#include "dossier/base/units.hpp"

#include <cstddef>

namespace dossier::app {

[[nodiscard]] auto resident_bytes() -> std::size_t; ///< of this process; 0 where the system doesn't say

[[nodiscard]] auto processor_time() -> Duration; ///< that this process has used, over all threads

/// Lets go of pages that only the start has needed: code and constants of the binary and its libraries (they lie in
/// files and come back at their next use), and heap that is free. What runs goes on. The former stays in debug builds,
/// whose breakpoints lie in such pages.
void give_back_start_memory();

} // namespace dossier::app
