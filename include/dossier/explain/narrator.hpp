#pragma once
// The explain stage: redact → prompt → LLM (explain/llm_gateway.hpp) → schema → grounding → template. Never fails: the
// last narrator is the built-in template, deterministic and offline.

#include "dossier/base/metrics.hpp"
#include "dossier/explain/llm_gateway.hpp"
#include "dossier/explain/prompt_catalogue.hpp"
#include "dossier/redact/redactor.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace dossier::explain {

/// What a narrative is written from.
struct NarrationInput {
    std::string dossier_id; ///< "" for explain on demand
    std::vector<Finding> findings;
    /// Makes the evidence, the same each time. It is asked again where no model gives a text: what waits for one keeps
    /// what it was shown and no more. Called within `narrate`, or as long as a `narrative_question` lives.
    std::function<EvidenceList()> evidence;
    std::string traceparent;
    std::string route;                    ///< that the findings take, "" before it is known
    std::string why_no_llm;               ///< where the route asks no LLM for this one; the narrative says so
    net::InFlightLimit* places = nullptr; ///< as in LlmQuestion
    /// As in LlmQuestion: raw text of a model as it comes, unverified. May be empty.
    std::function<void(std::string_view delta)> on_text;
    std::function<void()> on_restart;
};

struct Narration {
    Narrative narrative;
    std::vector<store::AuditEntry> audit; ///< one for each LLM call; to be committed with the stage
    std::optional<Error> no_place;        ///< as in LlmReply: the narrative is then none
};

/// Deterministic narrative from the evidence alone; every sentence cites. Marked author=template.
[[nodiscard]] auto narrate_by_template(const EvidenceList& evidence) -> Narrative;

/// The question that a narrative is asked by: what it shows a model and how its answer is judged. For whoever asks it
/// of somebody else than the configured providers. The error of a prompt catalogue without a prompt for it.
[[nodiscard]] auto narrative_question(NarrationInput input, const PromptCatalogue& prompts,
                                      std::shared_ptr<const redact::Redactor> redactor) -> Result<LlmQuestion>;

/// The evidence with every statement, value and origin redacted. Same evidence, same pseudonyms: whoever may restore
/// originals (`redaction.restore_in_tickets`) gets the Redaction of a narrative by calling this on its input again.
[[nodiscard]] auto redact_evidence(const EvidenceList& evidence, const redact::Redactor& redactor,
                                   redact::Redaction& redaction) -> EvidenceList;

class SharedTexts;
struct Telling;

/// Where texts for like findings are kept (`llm.share`).
struct Sharing {
    store::EffectStore& store;
    const Clock& clock;
    std::size_t from = 0; ///< like findings in the making at once, from which on they share; 0 = always
};

class Narrator {
public:
    /// @param gateway, metrics and what stands in `sharing` outlive the narrator @param sharing none = each finding has
    /// a text of its own
    Narrator(LlmGateway& gateway, std::shared_ptr<const PromptCatalogue> prompts,
             std::shared_ptr<const redact::Redactor> redactor, Metrics& metrics,
             std::optional<Sharing> sharing = std::nullopt);
    ~Narrator();
    auto narrate(NarrationInput input, Deadline deadline) -> Task<Narration>;
    /// The same, for whoever waits among thousands: a frame that waits has no room for the narration.
    auto narrate_apart(NarrationInput input, Deadline deadline) -> Task<std::unique_ptr<Narration>>;

private:
    auto tell(const std::shared_ptr<Telling>& telling, NarrationInput& input, Deadline deadline) -> Task<void>;
    auto narration_of(Telling& telling, const NarrationInput& input) -> std::unique_ptr<Narration>;
    auto ask(std::shared_ptr<Telling> telling, LlmQuestion question, Deadline deadline) -> Task<void>;
    auto share(std::shared_ptr<Telling> telling, LlmQuestion question, Deadline deadline) -> Task<void>;

    LlmGateway& gateway_;
    std::shared_ptr<const PromptCatalogue> prompts_;
    std::shared_ptr<const redact::Redactor> redactor_;
    Metrics& metrics_;
    std::unique_ptr<SharedTexts> shared_;
};

} // namespace dossier::explain
