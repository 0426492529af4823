#pragma once
// Finds by asking what no webhook brought: created, changed or resolved meanwhile. One look goes through all pages of
// `PlatformApi::changes`, on a cursor that moves in the transaction that commits what it stands for, so that a crash
// between the two repeats a page and never leaves one out. Among all replicas one looks at a time (a singleton of the
// store, with a fence); the first look goes back by `api.lookback`. While the queue is half full it waits.

#include "dossier/ingest/platform_api.hpp"
#include "dossier/ingest/poller.hpp"
#include "dossier/ingest/receiver.hpp"

#include <memory>

namespace dossier::ingest {

/// What the pollers of a platform's API work with. What is named by reference outlives them.
struct PollStation {
    std::shared_ptr<PlatformApi> api;
    ApiConfig config;
    Receiver& receiver;
    store::PollStore& store;
    const Clock& clock;
    Metrics& metrics;
    std::string replica; ///< names this process in singletons
};

class Reconciler final : public Poller {
public:
    explicit Reconciler(PollStation station);
    ~Reconciler() override;
    [[nodiscard]] auto name() const -> std::string override; ///< "reconcile:wiz"
    auto run() -> Task<void> override;
    /// One look, if it is ours to do. @return false when another replica does it
    auto look() -> Task<Result<bool>>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::ingest
