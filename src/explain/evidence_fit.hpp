#pragma once
// Cuts evidence to the room that a model has. What goes is named, so that the dossier can say it.

#include "dossier/finding/evidence.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::explain {

struct FittedEvidence {
    std::shared_ptr<const EvidenceList> shown; ///< in the order and with the ids it had; the list itself where it fits
    std::vector<std::string> left_out;         ///< "14 of 52 items of access_log"
};

/// @param room tokens for all lines together, by `estimate_tokens`
[[nodiscard]] auto fit_evidence(std::shared_ptr<const EvidenceList> evidence, std::size_t room) -> FittedEvidence;

} // namespace dossier::explain
