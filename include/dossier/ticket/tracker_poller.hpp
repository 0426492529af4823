#pragma once
// Asks a tracker that may not call back which of our tickets have changed (`tickets.sinks[].poll`). What its search
// says is taken as a call-back is: the tickets are read afterwards. Each look goes back to the last complete one and
// further by an overlap, since search indexes lag behind writes; a change that was seen before is no news. Among all
// replicas one looks at a time (a singleton of the store), and none looks again too soon after another one.

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/ingest/poller.hpp"
#include "dossier/store/store.hpp"
#include "dossier/ticket/ticket_sink.hpp"

#include <memory>
#include <string>

namespace dossier::ticket {

struct TrackerPollConfig {
    Duration every{0};
    Duration overlap{180'000};       ///< beyond the last look: what a search index may lag
    Duration first_back{86'400'000}; ///< how far the first look goes back
    std::string replica;             ///< names this process in the singleton
};

class TrackerPoller final : public ingest::Poller {
public:
    TrackerPoller(std::shared_ptr<TicketSink> sink, store::PollStore& polls, store::TicketStore& tickets,
                  TrackerPollConfig config, const Clock& clock, Metrics& metrics);
    [[nodiscard]] auto name() const -> std::string override; ///< "tracker:jira"
    auto run() -> Task<void> override;
    /// One look, if it is ours to do. @return false when another replica does it or has just done it
    auto look() -> Task<Result<bool>>;

private:
    auto read_all(store::Singleton held, Duration back, Timestamp began) -> Task<Result<void>>;

    std::shared_ptr<TicketSink> sink_;
    store::PollStore& polls_;
    store::TicketStore& tickets_;
    TrackerPollConfig config_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
