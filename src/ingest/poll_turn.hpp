#pragma once
// What the pollers of a platform's API share: taking turns among replicas, handing in what was found without filling
// the queue, and the rhythm of looking.

#include "dossier/ingest/reconciler.hpp"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ingest {

/// The right to poll, held as long as this process lives and prolonged while it works.
class PollTurn {
public:
    static constexpr Duration lease{90'000};
    /// No single call may outlast the lease that was prolonged before it.
    static constexpr Duration longest_call{60'000};

    PollTurn(store::PollStore& store, const Clock& clock, std::string name, std::string replica)
        : store_(store), clock_(clock), name_(std::move(name)), replica_(std::move(replica)) {}

    /// Takes or prolongs it. @return false while another replica has it
    auto take() -> Task<Result<bool>>;
    /// `conflict` when it has been lost.
    auto keep() -> Task<Result<void>>;
    [[nodiscard]] auto name() const -> const std::string& { return name_; }
    [[nodiscard]] auto cursor(std::string value) const -> store::CursorMove;

private:
    store::PollStore& store_;
    const Clock& clock_;
    std::string name_;
    std::string replica_;
    std::optional<store::Singleton> held_;
};

/// Commits what was found piece by piece, waiting for room in the queue; the cursor stands at `from` until the last
/// piece moves it to `to`.
auto hand_in(const PollStation& station, PollTurn& turn, store::Via via, std::vector<store::IntakeItem> items,
             std::string from, std::string to) -> Task<Result<void>>;

/// Looks at once and then `every` so often, until cancelled; after a failure sooner, with growing pauses. Says in the
/// log when looking begins to fail and when it works again.
auto poll_for_ever(const PollStation& station, PollTurn& turn, Duration every, std::function<Task<Result<bool>>()> look)
    -> Task<void>;

} // namespace dossier::ingest
