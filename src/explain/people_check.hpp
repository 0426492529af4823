#pragma once
// Who is who: the owner, the manager, the team, candidates that lost, and those with access each are what the evidence
// on that role says, and a name of one role is no answer for another.

#include "cited.hpp"

namespace dossier::explain {

[[nodiscard]] auto people_objection(const std::string& text, const Cited& cited) -> Objection;
[[nodiscard]] auto access_objection(const std::string& text, const Cited& cited) -> Objection;

} // namespace dossier::explain
