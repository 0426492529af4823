#pragma once
// Resident memory: how much there is, and giving back what the start and floods have left.

#include "dossier/base/units.hpp"

#include <cstddef>

namespace dossier::app {

[[nodiscard]] auto resident_bytes() -> std::size_t; ///< of this process; 0 where the system doesn't say

[[nodiscard]] auto processor_time() -> Duration;     ///< that this process has used, over all threads
[[nodiscard]] auto own_processor_time() -> Duration; ///< that the calling thread has used

/// Lets go of pages that what is over has needed: code and constants of the binary and its libraries. They lie in files
/// and come back at their next use. What runs goes on. Debug builds keep them, since breakpoints lie in such pages.
void give_back_code();

} // namespace dossier::app
