#pragma once
// The last stage: what happens to a draft, before and after a person has decided.
//
//   pending, before_create or outbox   → wait for a person
//   pending, before_assign             → ticket made unassigned, then wait for a person
//   pending, approval none             → decided by the service itself (guardrails have held)
//   approved                           → ticket made if there is none, brought to the approved text, assigned
//   rejected, or run out of time       → a ticket that was made for it says so; nothing more to do
//   expired for a newer one, posted    → nothing more to do

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

#include <chrono>

namespace dossier::pipeline {

inline constexpr std::chrono::minutes observe_pause{5}; ///< until the mode is looked at again
inline constexpr auto own_name = "dossier";             ///< as the one who decided

/// What the store is to hold an automatic decision against.
[[nodiscard]] inline auto action_limit(const PipelineConfig& config, Timestamp now) -> store::ActionLimit {
    return {.since = now - std::chrono::hours{1},
            .most = static_cast<std::size_t>(config.automate.max_actions_per_hour)};
}

/// Whether nothing is done for a new draft before a person has decided: no ticket has to be made for it, and the mode
/// lets them decide.
[[nodiscard]] auto waits_at_once(const Stations& stations, const Draft& draft) -> bool;
/// The record of a draft that waits for a person.
[[nodiscard]] auto awaiting_entry(const DossierCase& work, const Draft& draft, Timestamp at) -> store::AuditEntry;

/// Says on the ticket of a draft that was rejected or ran out of time that nobody wants it. Nothing without a ticket,
/// on an internal sink and while the mode is `observe`.
auto tell_undelivered(const Stations& stations, Draft draft, Deadline deadline) -> Task<Result<void>>;

[[nodiscard]] auto deliver(const Stations& stations, DossierCase& work, const store::Claim& claim)
    -> Task<Result<store::Release>>;

} // namespace dossier::pipeline
