#pragma once
// Checks an answer against the closed evidence, in code: cited ids exist; identifiers, numbers, dates, e-mails,
// regions, severity and exposure words, regulations and names in a sentence occur in the evidence it cites; claims that
// nothing need be done or that all is well need evidence that says so. Facts in TRUST notes: evidence is closed, so
// this can be decided.

#include "dossier/base/error.hpp"
#include "dossier/finding/dossier.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::explain {

/// The parsed answer of the narrative prompt.
struct DraftedNarrative {
    std::string summary;
    std::vector<std::string> summary_evidence;
    std::vector<Sentence> sentences;
};

/// Parses and checks against `schema` (JSON Schema as text). `malformed` lists what is wrong, for the repair try.
[[nodiscard]] auto parse_answer(std::string_view text, std::string_view schema) -> Result<DraftedNarrative>;

/// Holds sentences against one evidence list. What an item claims, and whether tampering took its weight, is worked out
/// when it is first cited and then kept. The evidence outlives it; for one thread at a time.
class Grounding {
public:
    explicit Grounding(const EvidenceList& evidence);
    ~Grounding();
    Grounding(const Grounding&) = delete;
    auto operator=(const Grounding&) -> Grounding& = delete;

    /// Why a sentence doesn't stand; nullopt = it does.
    [[nodiscard]] auto objection(const Sentence& sentence) -> std::optional<std::string>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// The same for a single sentence.
[[nodiscard]] auto objection(const Sentence& sentence, const EvidenceList& evidence) -> std::optional<std::string>;

} // namespace dossier::explain
