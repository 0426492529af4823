#pragma once
// What waits to be claimed, as the databases tell it: the index `dossiers_waiting` has nothing in it but what nobody
// holds, by source, severity and time, so each question here is a few steps down an index, however many dossiers there
// are and however many are under work.

#include "database.hpp"

#include "dossier/base/turn_order.hpp"

#include <utility>
#include <vector>

namespace dossier::store {

/// When the first of each flow that has something waiting is ready, perhaps at a time to come.
[[nodiscard]] auto waiting_flows(Database& db) -> std::vector<std::pair<Flow, Timestamp>>;
/// Those that have something ready at `now`.
[[nodiscard]] auto ready_flows(Database& db, Timestamp now) -> std::vector<Flow>;

} // namespace dossier::store
