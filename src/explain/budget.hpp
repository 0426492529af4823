#pragma once
// What LLM calls may cost. The most that a call can cost is booked in the store before it is made, against the limits
// of the minute, the day, the source and the route, and replaced by what it used afterwards. Where nobody can tell what
// a call used (no answer came, a stream broke) the booking stays: money is never freed on a guess. The store decides in
// one transaction, so that neither calls at the same time nor replicas nor a restart overspend.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/net/in_flight_limit.hpp"
#include "dossier/store/store.hpp"

#include <atomic>
#include <memory>

namespace dossier::explain {

/// What a call is expected to take at most.
struct CallEstimate {
    std::size_t prompt_tokens = 0;
    std::size_t answer_tokens = 0;
};

/// A call that may be made.
struct Booking {
    std::string id;
    store::SpendAccount account;
    LlmPrice price;
    CallEstimate estimate;
    std::shared_ptr<void> under_way{}; ///< for as long as the booking lives
};

/// What a call cost, as far as it is known.
struct Charge {
    std::int64_t prompt_tokens = 0;
    std::int64_t completion_tokens = 0;
    double usd = 0;
};

class Budget {
public:
    /// @param store nullptr = nothing is limited and nothing is kept
    Budget(LlmBudget config, store::SpendStore* store, const Clock& clock, Metrics& metrics)
        : config_(std::move(config)), store_(store), clock_(clock), metrics_(metrics), turn_(1) {}

    /// Where only what is reserved for calls under way takes the room, they are waited for a while: most cost a
    /// fraction of what they might. `overloaded` with the limit in words where one has no room; also where a limit is
    /// set and can't be held, because the store fails.
    /// @param flow whose turn it takes among those who wait
    auto reserve(store::SpendAccount account, LlmPrice price, CallEstimate estimate, Deadline deadline, Flow flow = {})
        -> Task<Result<Booking>>;
    /// To be called when the call has ended, however it did.
    auto settle(Booking booking, Result<LlmAnswer> answer) -> Task<Charge>;

private:
    auto wait_for_room(store::Reservation reservation, Deadline deadline, Flow flow)
        -> Task<Result<std::optional<store::SpendRefusal>>>;
    [[nodiscard]] auto limits_of(const store::SpendAccount& account) const -> store::SpendLimits;

    LlmBudget config_;
    store::SpendStore* store_;
    const Clock& clock_;
    Metrics& metrics_;
    net::InFlightLimit turn_; ///< one of those who wait looks for room, the others stand behind it by turns
    std::shared_ptr<std::atomic<int>> under_way_ = std::make_shared<std::atomic<int>>(0); ///< bookings of this process
};

} // namespace dossier::explain
