#pragma once
// Explanations that serve all like findings. The first of them is explained by an LLM from its own evidence; its text
// is kept without its particulars, and each other one fills in its own. However many like findings are explained at the
// same time, one of them asks and the others wait for its text. Nothing is taken on trust: a filled text is held
// against the evidence of the finding it is for like any answer.

#include "dossier/base/single_flight.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/grounding.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

struct SharedText {
    std::string dossier_id; ///< for which it was written
    std::string provider;
    std::string model;
    std::string session_id;
    std::vector<std::string> left_out;
    DraftedNarrative text; ///< with marks in the place of particulars
};

class SharedTexts {
public:
    SharedTexts(store::EffectStore& store, const Clock& clock) : store_(store), clock_(clock) {}

    /// Has an LLM write a text, and generalises it; nullopt where nobody wrote one.
    using Write = std::function<Task<std::optional<SharedText>>()>;
    /// The text under `key`: kept, or written by one of those who ask meanwhile. nullopt: it could not be had.
    auto get(std::string key, Write write, Deadline deadline) -> Task<std::optional<SharedText>>;
    [[nodiscard]] auto now() const -> Timestamp { return clock_.now(); }

private:
    auto kept(std::string key) -> Task<std::optional<SharedText>>;

    store::EffectStore& store_;
    const Clock& clock_;
    SingleFlight<SharedText> flights_;
};

} // namespace dossier::explain
