#pragma once
// The windows of time of a simulation: what counts, within an hour, a day or a group's window, is booked in a scratch
// store and asked of it, so that the statements of the service count here too. Times come from the past, in their
// order.

#include "dossier/pipeline/config.hpp"
#include "dossier/store/store.hpp"

#include <optional>
#include <string>
#include <unordered_map>

namespace dossier::pipeline {

class SimulatedWindows {
public:
    explicit SimulatedWindows(store::Store& scratch) : scratch_(scratch) {}

    auto actions_before(Timestamp at) -> Task<Result<std::size_t>>;
    auto act(Timestamp at) -> Task<Result<void>>;
    /// @param dossier_id of the history @return the group as it is now; its dossier is one of the scratch store
    auto join(std::string dossier_id, store::GroupWish wish, Timestamp at) -> Task<Result<store::GroupView>>;
    auto store() -> store::Store& { return scratch_; }

private:
    auto claim_of(std::string dossier_id) -> Task<Result<store::Claim>>;

    store::Store& scratch_;
    std::unordered_map<std::string, store::Claim> claims_; ///< of the stand-ins, by the dossiers of the history
};

} // namespace dossier::pipeline
