#pragma once
// A loop in the background that brings findings: one a queue, one a platform's API. The service starts the pollers of
// the wiring in force and ends them before it starts those of the next, so that two never run for one source.

#include "dossier/base/task.hpp"

#include <string>

namespace dossier::ingest {

class Poller {
public:
    virtual ~Poller() = default;
    /// "sqs:findings"; for logs.
    [[nodiscard]] virtual auto name() const -> std::string = 0;
    /// Runs until it is cancelled, which may be said several times: work that must not be torn apart (a commit and what
    /// follows from it) masks cancellation and looks again afterwards. Outlived by everything it was made from.
    virtual auto run() -> Task<void> = 0;
};

} // namespace dossier::ingest
