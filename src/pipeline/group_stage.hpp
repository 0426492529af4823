#pragma once
// One ticket for many like findings (`tickets.group`). A dossier whose route makes a ticket joins the group of its like
// within the window; from `min` of them on the group has a dossier of its own, whose draft a person decides for all of
// them. The approval covers the text; the table of members follows the findings and is kept up to date as they join and
// end. What had a ticket of its own before keeps it and stands in the table with its key.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

#include <optional>

namespace dossier::pipeline {

[[nodiscard]] auto is_group(const store::DossierRow& row) -> bool;

/// What decides with whom a dossier belongs together.
struct GroupCandidate {
    const Finding& worst;
    const Context& context;
    const Assessment& assessment;
};
/// nullopt = grouping is off, or nothing says what it has in common with others.
[[nodiscard]] auto group_wish(const ticket::GroupConfig& config, const RouteDecision& route, const GroupCandidate& one)
    -> std::optional<store::GroupWish>;

/// Takes a dossier whose ticket is to be drafted into its group. nullopt = there is none (yet): it is drafted by
/// itself.
[[nodiscard]] auto join_like(const Stations& stations, const DossierCase& work, const RouteDecision& route,
                             store::Claim claim) -> Task<Result<std::optional<store::GroupView>>>;

/// Gives up an undecided draft of its own, which left nothing outside, in favour of a group that has formed since.
/// @return true when the dossier now waits for its group
[[nodiscard]] auto yield_to_group(const Stations& stations, DossierCase& work, store::Claim claim)
    -> Task<Result<bool>>;

/// Lets the group know that something may have become of this member.
[[nodiscard]] auto tell_group(const Stations& stations, store::Claim claim) -> Task<Result<void>>;

/// Where a member stands: where its group's draft does.
[[nodiscard]] auto stage_of_member(const store::GroupView& group) -> Stage;

/// All there is to do for a group's own dossier.
[[nodiscard]] auto advance_group(const Stations& stations, store::Claim claim, store::DossierRow row)
    -> Task<Result<store::Release>>;

} // namespace dossier::pipeline
