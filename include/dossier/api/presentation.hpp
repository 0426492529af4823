#pragma once
// The JSON shapes of the outer contract (DESIGN §§3, 6, 10), made from rows and documents; shared by the REST routes
// and the CLI.

#include "dossier/base/json_fwd.hpp"
#include "dossier/store/records.hpp"
#include "dossier/ticket/draft_renderer.hpp"

#include <optional>

namespace dossier::api {

[[nodiscard]] auto present_finding(const store::FindingRow& row) -> Json;
/// {"id","findings":[ids],"owner","context","blast_radius","assessment","route","narrative","citations","draft",
/// "ticket","tickets","ticket_updates","write_back","actions","timeline",…}. @param timeline audit records, oldest
/// first
/// @param intents of the dossier @param tickets all generations
[[nodiscard]] auto present_dossier(const store::DossierRow& row, const std::vector<store::AuditRow>& timeline,
                                   const std::vector<store::Intent>& intents = {},
                                   const std::vector<store::TicketRow>& tickets = {}) -> Json;
/// A dossier that is not stored (explain on demand).
[[nodiscard]] auto present_view(const ticket::DossierView& view) -> Json;
/// The graph of the newest revision that has one.
[[nodiscard]] auto blast_radius_of(const store::DossierRow& row) -> std::optional<BlastRadius>;
[[nodiscard]] auto present_draft(const Draft& draft) -> Json;

} // namespace dossier::api
