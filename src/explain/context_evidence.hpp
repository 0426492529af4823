#pragma once
// Evidence from what platforms and documents say around a resource: the blast radius, the way in from outside, who used
// it lately, the policies that concern it, and what it holds. Names in a graph are as hostile as names in a finding.

#include "evidence_list.hpp"
#include "tampering.hpp"

#include "dossier/finding/dossier.hpp"

namespace dossier::explain {

void add_exposure_path(EvidenceItems& list, const Context& context);
void add_policies(EvidenceItems& list, const std::vector<PolicyFact>& policies);
void add_access_log(EvidenceItems& list, const std::vector<AccessEvent>& events);
/// The sentence with counts and hops, what the assessment says of the reach, then the most telling nodes.
void add_blast_radius(EvidenceItems& list, const Context& context, const Assessment& assessment);
/// What the classifier says of the store, and of its fields, whose names are the platform's.
void add_classification(EvidenceItems& list, const std::optional<StoreClassification>& known);
/// Which of these texts read like instructions; names of the places only.
void add_context_tampering(EvidenceItems& list, const std::vector<TamperSign>& signs);

} // namespace dossier::explain
