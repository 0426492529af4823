#pragma once
// Who owns it. Several sources name somebody; the order of trust is written down here and nowhere else. The winner
// carries the rule that produced it and a confidence; agreement raises it, disagreement lowers it and is shown.
//
//   origin            confidence   what says so
//   cmdb:*                  0.90   the owner field of a CMDB
//   identity:*              0.85   a rule of an identity source about this resource; what the source says counts
//   tag:owner               0.70   owner, contact, data steward, … on the resource
//   account:owner           0.60   the same kind of tag on the account
//   backstage:*             0.55   a catalogue's owner; also cmdb:backstage*
//   tag:team                0.50   a group, so it neither agrees nor disagrees with a person outside it
//   platform:*              0.40   the platform's project owner
//   account:email           0.25   whom the cloud provider writes to
//   tag:creator, creator:*  0.10   who made it; shown, never chosen
//
// An origin that ends in ":group_owner" is a person whom a directory gives as owner of the group that the origin before
// it names: as trusted as that, before the group itself (somebody has to act), with four fifths of its confidence.
//
// Whoever has left (inactive in a directory) neither wins while somebody else is named nor disputes; where nobody else
// is, the confidence is halved and the manager is named for escalation. With winner confidence c and another origin's
// s: agreement gives 1 − (1 − c)(1 − s/2), disagreement c(1 − 0.35 s); so it grows with c, and stays within 0…0.99.
// Two people in one field are owners together. See docs/decisions/0012-order-of-trust.md.

#include "dossier/finding/dossier.hpp"

namespace dossier::context {

/// The confidence of one origin on its own; the table above.
[[nodiscard]] auto usual_confidence(std::string_view origin) -> double;
/// Signals that the finding itself carries: tags by the usual keys (owner, team, contact, …, with prefixes and any
/// case), the platform's own owner hints.
[[nodiscard]] auto owner_signals_of(const Finding& finding) -> std::vector<OwnerSignal>;
/// Signals of the asset's owner field; none where it names nobody.
[[nodiscard]] auto owner_signals_of(const Asset& asset) -> std::vector<OwnerSignal>;
[[nodiscard]] auto decide_owner(std::vector<OwnerSignal> signals, const std::optional<Asset>& asset) -> Owner;
/// Environment from CMDB, else tags environment|env|stage, else unknown; second = where from.
[[nodiscard]] auto environment_of(const Finding& finding, const std::optional<Asset>& asset)
    -> std::pair<Environment, std::string>;

} // namespace dossier::context
