#pragma once
// What people say and do about a finding inside its platform, as each platform's API tells it. All of it comes from
// outside: what has no time or no id is left out, nothing is believed to be there.

#include "dossier/base/json_view.hpp"
#include "dossier/ingest/platform_api.hpp"

#include <vector>

namespace dossier::ingest {

/// @param issue of Wiz: its own list of notes, and the status that it has. Wiz says when that was set and not by whom.
[[nodiscard]] auto wiz_remarks(JsonView issue) -> std::vector<Remark>;

/// @param entry of an alert's event log in Orca (VENDORS §3.3), nullopt where it is something else
[[nodiscard]] auto orca_remark(JsonView entry) -> std::optional<Remark>;

/// @param alert of Prisma Cloud with its history (VENDORS §2.5). Its only comment is the note of a dismissal.
[[nodiscard]] auto prisma_remarks(JsonView alert) -> std::vector<Remark>;

} // namespace dossier::ingest
