#pragma once
// The enrich stage: asks every source at once, each under its time limit, waits for all, merges, decides the owner.
// Never fails; what could not be asked is a gap in the Context. What many findings ask for is asked once: answers are
// kept for a while (answer_cache.hpp), and an expired one stands in, with its age as the gap, while a source is down.

#include "dossier/base/metrics.hpp"
#include "dossier/context/config.hpp"
#include "dossier/context/sources.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/net/http_client.hpp"
#include "dossier/net/in_flight_limit.hpp"

#include <memory>
#include <vector>

namespace dossier::context {

struct Round;

/// Everybody who can be asked.
struct ContextSources {
    std::vector<std::unique_ptr<IdentitySource>> identity;
    std::vector<std::unique_ptr<CmdbSource>> cmdb;
    std::vector<std::unique_ptr<GraphSource>> graphs;
    std::vector<std::unique_ptr<PolicySource>> policies;
    ingest::GraphLimits graph_limits{}; ///< of what the graphs become together
};

class Enricher {
public:
    Enricher(ContextSources sources, ContextConfig config, Metrics& metrics);
    ~Enricher();
    /// @param findings the findings of one dossier, of one resource; the first is the most severe
    /// @param deadline for the wait for a turn and everything after it
    auto enrich(std::vector<Finding> findings, Deadline deadline) -> Task<Context>;
    /// One check a source, for `dossier check --connect`.
    auto check(Deadline deadline) -> Task<std::vector<net::ConnectCheck>>;

private:
    struct Caches;

    /// Asks when it is this finding's turn. `context.timeout` counts from then: in a storm the wait for the processor
    /// is no fault of a source.
    auto ask_in_turn(std::vector<Task<void>> questions, Round& round, Flow flow, Deadline deadline) -> Task<void>;

    ContextSources sources_;
    ContextConfig config_;
    Metrics& metrics_;
    std::unique_ptr<Caches> caches_;
    net::InFlightLimit turns_; ///< `context.max_in_flight` findings at once
};

/// What sources are made with; outlives them.
struct SourceMakings {
    net::HttpClient& client;
    Metrics& metrics;
    /// APIs of the configured platforms: blast radius, access log, policies.
    std::vector<std::shared_ptr<ingest::PlatformApi>> platforms;
    /// Limits of each platform's graph, in the same order.
    std::vector<ingest::GraphLimits> graph_limits;
};

/// The sources of the configuration, behind one cache. `invalid_argument` names the source that can't be made.
[[nodiscard]] auto make_enricher(const ContextConfig& config, SourceMakings makings)
    -> Result<std::unique_ptr<Enricher>>;

} // namespace dossier::context
