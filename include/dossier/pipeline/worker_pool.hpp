#pragma once
// Hands ready dossiers to workers: claims them in blocks from the store (the durable queue), runs one coroutine each on
// the lanes, at most `queue.in_flight` at once, renews leases while they run, retries failures with full jitter and
// makes dead letters after `max_attempts`. What is ready is asked from the store when it says so and when the next wait
// is over, so a restart, a retry and a replica are the same path.

#include "dossier/base/runtime.hpp"
#include "dossier/pipeline/dossier_builder.hpp"

#include <memory>

namespace dossier::pipeline {

class WorkerPool {
public:
    WorkerPool(Runtime& runtime, store::Store& store, DossierBuilder& builder, QueueConfig config, const Clock& clock,
               Metrics& metrics);
    ~WorkerPool();
    void start();
    /// Claims nothing more, lets what is in flight reach its next checkpoint until `deadline`, cancels the rest and
    /// gives the leases back.
    auto stop(Deadline deadline) -> Task<void>;
    [[nodiscard]] auto in_flight() const -> std::size_t;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::pipeline
