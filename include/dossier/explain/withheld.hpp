#pragma once
// Findings and contexts as they may be told on: what reads like an instruction to a model is neither shown to one nor
// posted to a tracker, where people and further models read. Names of resources, people and accounts stay, since a
// ticket without them is none; the original stays with the finding.

#include "dossier/finding/dossier.hpp"

namespace dossier::explain {

inline constexpr auto withheld_mark = "(withheld: the text reads like an instruction)";

[[nodiscard]] auto without_orders(const Finding& finding) -> Finding;
[[nodiscard]] auto without_orders(const Context& context) -> Context;

} // namespace dossier::explain
