#pragma once
// When a dossier's ticket is due: counted from when its worst finding came, or rose to what it is, and kept from then
// on. The draft and the ticket's life ask the same function, so that text, field and comments agree.

#include "follow_stage.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

#include <optional>
#include <string>

namespace dossier::pipeline {

/// The days of a route: its own, else those of `tickets.due`.
[[nodiscard]] auto due_days(const Stations& stations, const std::string& route) -> const ticket::DueDays&;

/// None where the route has no date for the severity, and for a ticket that was made before there were due dates.
/// @param turn the ticket that the date is for, and what it was told
[[nodiscard]] auto due_now(const Stations& stations, const store::DossierRow& row, const TicketTurn& turn,
                           const std::string& route) -> std::optional<DueDate>;

/// The same by the route of the ticket's own draft; none where a person has said that nobody wants the ticket.
[[nodiscard]] auto due_to_follow(const Stations& stations, const store::DossierRow& row, const TicketTurn& turn)
    -> std::optional<DueDate>;

/// Whom the comment on a passed date names, by the newest draft of the ticket.
[[nodiscard]] auto names_for_breach(const Stations& stations, const store::DossierRow& row, int generation)
    -> std::string;

} // namespace dossier::pipeline
