#pragma once
// What LLM calls may cost. The most that a call can cost is booked in the store before it is made, against the limits
// of the minute, the day, the source and the route, and replaced by what it used afterwards. Where nobody can tell what
// a call used (no answer came, a stream broke) the booking stays: money is never freed on a guess. The store decides in
// one transaction, so that neither calls at the same time nor replicas nor a restart overspend.

#include "dossier/base/metrics.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/time.hpp"
#include "dossier/explain/llm_provider.hpp"
#include "dossier/store/store.hpp"

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
        : config_(std::move(config)), store_(store), clock_(clock), metrics_(metrics) {}

    /// `overloaded` with the limit in words where one has no room; also where a limit is set and can't be held, because
    /// the store fails.
    auto reserve(store::SpendAccount account, LlmPrice price, CallEstimate estimate) -> Task<Result<Booking>>;
    /// To be called when the call has ended, however it did.
    auto settle(Booking booking, Result<LlmAnswer> answer) -> Task<Charge>;

private:
    [[nodiscard]] auto limits_of(const store::SpendAccount& account) const -> store::SpendLimits;

    LlmBudget config_;
    store::SpendStore* store_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::explain
