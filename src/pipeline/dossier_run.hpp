#pragma once
// The work on one claimed dossier: its stages in order, each from what the store holds of the one before.

#include "completion.hpp"
#include "dossier_case.hpp"
#include "follow_stage.hpp"

#include "dossier/pipeline/dossier_builder.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::pipeline {

inline constexpr std::chrono::minutes enrich_limit{10};  ///< over the wait for a turn; each source has its own
inline constexpr std::chrono::minutes explain_limit{10}; ///< over all providers and repair tries

/// One run over one claimed dossier. Members are the stages in order.
class DossierRun {
public:
    DossierRun(const Stations& stations, store::Claim claim) : stations_(stations), claim_(std::move(claim)) {}

    /// Each part is a coroutine of its own: what a finding holds while it waits for a model is the frames that are open
    /// then, and a frame is as large as all that it ever needs.
    auto run() -> Task<Result<store::Release>>;

    Stage failed_stage = Stage::received; ///< where an error belongs
    [[nodiscard]] auto attempts() const -> int { return claim_.attempts; }

private:
    using Ended = std::optional<store::Release>;

    /// Opens the dossier as `work_`, or ends the run where there is nothing to work through.
    auto open() -> Task<Result<Ended>>;
    auto close_all(DossierCase& work) -> Task<Result<store::Release>>;
    /// Whatever of context, assessment and narrative this revision lacks.
    auto make_results(DossierCase& work) -> Task<Result<void>>;
    /// From the results to drafts, tickets and what is told outside.
    auto bring_out(DossierCase& work) -> Task<Result<store::Release>>;
    auto now() const -> Timestamp { return stations_.clock.now(); }
    auto finished() const -> store::Release;
    /// From payload to canonical finding, for the findings that have not been through it in their current version.
    /// @param row and thin live in whoever awaits this; `row` is brought up to what is stored then
    /// @return those whose documents need not be read any more
    auto normalise(store::DossierRow& row, const ThinOutcome& thin) -> Task<Result<std::vector<Finding>>>;
    auto enrich(DossierCase& work) -> Task<Result<void>>;
    auto assess(DossierCase& work) -> Task<Result<void>>;
    auto explain(DossierCase& work) -> Task<Result<void>>;
    auto keep(DossierCase& work, std::unique_ptr<explain::Narration> narration) -> Task<Result<void>>;
    auto wish_of(const DossierCase& work) -> Task<Result<std::string>>;
    /// A place is held for the wait alone: others take it while this one's text is saved and its draft is made.
    auto narrate(DossierCase& work) -> Task<Result<std::unique_ptr<explain::Narration>>>;
    /// No coroutine: what the narrator is given is its alone while it waits.
    auto begin_narration(const DossierCase& work, std::string why_no_llm, Deadline deadline)
        -> Task<std::unique_ptr<explain::Narration>>;
    [[nodiscard]] auto route_of(const DossierCase& work) const -> const RouteConfig*;
    [[nodiscard]] auto narration_input(const DossierCase& work, std::string why_no_llm) const
        -> explain::NarrationInput;
    [[nodiscard]] auto explained(const DossierCase& work, explain::Narration& narration) const -> store::StageCommit;
    /// A member is where its group's draft is; a delivery that changed nothing of it moves it back there.
    auto rest_in_group(DossierCase& work) -> Task<Result<void>>;
    /// Every finding is over: nothing is left to decide.
    auto close(DossierCase& work) -> Task<Result<store::Release>>;
    static auto all_closed(const DossierCase& work) -> bool;

    const Stations& stations_;
    store::Claim claim_;
    TicketTurn turn_;
    std::unique_ptr<DossierCase> work_; ///< once it is open
};

} // namespace dossier::pipeline
