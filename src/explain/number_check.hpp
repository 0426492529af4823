#pragma once
// Numbers, quantities, amounts of money, dates and times of a sentence against those of the cited evidence: the same
// value, of the same sort of thing. A count of principals is no count of records, and last seen is not first seen.

#include "cited.hpp"
#include "claim_extractor.hpp"

namespace dossier::explain {

/// @param claims of the sentence @param facts of the cited evidence
[[nodiscard]] auto number_objection(const std::string& text, const Claims& claims, const Claims& facts,
                                    const Cited& cited) -> Objection;
[[nodiscard]] auto date_objection(const std::string& text, const Claims& claims, const Claims& facts,
                                  const Cited& cited) -> Objection;

} // namespace dossier::explain
