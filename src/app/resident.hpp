#pragma once
// Resident memory after the start.

namespace dossier::app {

/// Lets go of pages that only the start has needed: code and constants of the binary and its libraries (they lie in
/// files and come back at their next use), and heap that is free. What runs goes on. Does
/// nothing in debug builds, whose breakpoints lie in such pages.
void give_back_start_memory();

} // namespace dossier::app
