#pragma once
// Drafts of kind `policy`: made where a person or a route asks for them, decided by a person always, and then handed
// over with the reviewed text: as a ticket, an outbox entry, or by a target of `actions` (a pull request, files, a
// message). Nothing here touches anybody's cloud.

#include "dossier_case.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

namespace dossier::pipeline {

/// One draft for each proposal that is worth a review; what would fail is left out.
/// @param sink "" = the outbox
[[nodiscard]] auto policy_drafts_of(const std::string& dossier_id, const std::vector<Finding>& findings,
                                    const Context& context, const Assessment& assessment, const std::string& sink,
                                    int revision, Timestamp at) -> std::vector<Draft>;
/// Takes the draft of exactly this text, whatever its sink, out of the list; false where there is none.
[[nodiscard]] auto takes_out_same(std::vector<Draft>& drafts, const Draft& known) -> bool;

/// Hands over what was approved, scans and what else `actions` does included; the rest of the claim's end stays as it
/// is.
[[nodiscard]] auto post_policies(const Stations& stations, const store::Claim& claim, store::Release end)
    -> Task<Result<store::Release>>;

} // namespace dossier::pipeline
