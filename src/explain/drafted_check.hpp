#pragma once
// An answer held against the evidence as a whole: what stands, what doesn't and why, and how much of it stood.

#include "dossier/explain/grounding.hpp"

#include <string>
#include <vector>

namespace dossier::explain {

struct CheckedDraft {
    std::string summary; ///< "" when it doesn't stand
    std::vector<Sentence> kept;
    std::vector<RemovedSentence> removed; ///< the summary, where it fails, comes first
    double score = 0;                     ///< kept ÷ all, the summary counted as one
    [[nodiscard]] auto is_flawless() const -> bool { return removed.empty(); }
};

[[nodiscard]] auto check_draft(const DraftedNarrative& draft, const EvidenceList& evidence) -> CheckedDraft;
/// The user message that asks for a second version, with each failure named.
[[nodiscard]] auto repair_message(const CheckedDraft& checked) -> std::string;

} // namespace dossier::explain
