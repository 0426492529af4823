#pragma once
// How `dossier simulate` shows a difference: for a person, and as JSON whose members are documented in
// docs/operations.md.

#include "dossier/pipeline/simulation.hpp"

#include <iosfwd>

namespace dossier::app {

/// @param limit changes that are shown; 0 = all
void write_text(const pipeline::Simulation& simulation, std::size_t limit, std::ostream& out);
void write_json(const pipeline::Simulation& simulation, std::size_t limit, std::ostream& out);

} // namespace dossier::app
