#pragma once
// A finding whose delivery was thin is completed by its platform's API before it is normalised: the whole of it is
// fetched and kept as its payload, so that everything after this works offline. A platform that can't be reached is
// asked again by the queue's own backoff; after the attempts the dossier goes on with what is there, and says so.

#include "dossier/pipeline/dossier_builder.hpp"

#include <map>
#include <string>

namespace dossier::pipeline {

struct ThinOutcome {
    bool changed = false;                        ///< stored findings are newer than what was read before
    bool moved = false;                          ///< the claimed dossier is no more: its finding joined another
    bool attempts_over = false;                  ///< given up after failures that the dossier's attempts count
    std::map<std::string, std::string> given_up; ///< finding id → why
};

/// @param work as load_work gave it; it lives in whoever awaits this. An error that is retryable asks for another
/// attempt of the whole dossier.
auto complete_thin(const Stations& stations, store::Claim claim, const store::DossierRow& work)
    -> Task<Result<ThinOutcome>>;

/// What a thin version says of a finding that is known whole: nothing but its status.
[[nodiscard]] auto over_known(Finding thin, const store::FindingRow& stored) -> Finding;

/// Name of the fact under which a finding keeps why it could not be completed.
inline constexpr const char* not_completed = "not_completed";

} // namespace dossier::pipeline
