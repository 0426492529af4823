#pragma once
// Hands ready dossiers to workers: claims them in blocks from the store (the durable queue), runs one coroutine each on
// the lanes, at most `queue.in_flight` at once, renews leases while they run, retries failures with full jitter and
// makes dead letters after `max_attempts`. What is ready is asked from the store when it says so and when the next wait
// is over, so a restart, a retry and a replica are the same path.

#include "dossier/base/metrics.hpp"
#include "dossier/base/runtime.hpp"
#include "dossier/pipeline/config.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <memory>

namespace dossier::pipeline {

/// Works on a claimed dossier and says how the claim ends; asked anew for each claim, so that what stands behind it may
/// be replaced while others still run (configuration reload).
using Advance = std::function<Task<store::Release>(store::Claim claim)>;

class WorkerPool {
public:
    WorkerPool(Runtime& runtime, store::Store& store, Advance advance, QueueConfig config, const Clock& clock,
               Metrics& metrics);
    ~WorkerPool();
    void start();
    /// Claims nothing more, lets what is in flight reach its next checkpoint until `deadline`, cancels the rest and
    /// gives the leases back.
    auto stop(Deadline deadline) -> Task<void>;
    [[nodiscard]] auto in_flight() const -> std::size_t;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_; ///< shared with wake-ups under way
};

} // namespace dossier::pipeline
