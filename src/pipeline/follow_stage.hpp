#pragma once
// What follows for a ticket from what became of its findings, and from what people did to it in its tracker. It runs at
// the end of every claim, also of a dossier that is over, and never changes what became of the draft; what could not be
// done yet makes the dossier ready again at its time.

#include "dossier/pipeline/dossier_builder.hpp"
#include "dossier/store/records.hpp"

#include <optional>
#include <vector>

namespace dossier::pipeline {

/// Every finding of the dossier as the store has it now, over ones included; one that is not normalised yet is left
/// out, for its own turn comes. `malformed` when a stored document can't be read.
[[nodiscard]] auto findings_now(const store::DossierRow& row) -> Result<std::vector<Finding>>;

/// @param end how the claim would end without it
/// @param may_draft whether a ticket that has to follow may be drafted by another claim at once; false for the claim
///        that just tried, whose route wants no ticket any more
/// @return the same end, or a wait where something is left to be done; an error is the store's
[[nodiscard]] auto follow_ticket(const Stations& stations, const store::Claim& claim, store::Release end,
                                 bool may_draft) -> Task<Result<store::Release>>;

/// Which ticket a draft of this dossier is for.
struct TicketTurn {
    int generation = 1;
    bool is_new = false;             ///< nothing was drafted for it: the ticket before it is over for good
    std::optional<TicketRef> ticket; ///< it, once it exists
    bool has_record = false;         ///< a tracker has it, and what it was told is known
    std::optional<DueDate> due;      ///< as it was told
    bool is_over = false;            ///< it was told that every finding is
};
[[nodiscard]] auto ticket_turn(const Stations& stations, const store::DossierRow& row) -> Task<Result<TicketTurn>>;

} // namespace dossier::pipeline
