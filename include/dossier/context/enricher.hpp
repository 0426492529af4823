#pragma once
// The enrich stage: asks every source at once, each under its time limit, waits for all, merges, decides the owner.
// Never fails; what could not be asked is a gap in the Context.

#include "dossier/base/metrics.hpp"
#include "dossier/context/config.hpp"
#include "dossier/context/sources.hpp"

#include <memory>
#include <vector>

namespace dossier::context {

class Enricher {
public:
    Enricher(std::vector<std::unique_ptr<IdentitySource>> identity, std::vector<std::unique_ptr<CmdbSource>> cmdb,
             ContextConfig config, Metrics& metrics);
    ~Enricher();
    /// @param findings the findings of one dossier, of one resource; the first is the most severe
    auto enrich(std::vector<Finding> findings, Deadline deadline) -> Task<Context>;

private:
    std::vector<std::unique_ptr<IdentitySource>> identity_;
    std::vector<std::unique_ptr<CmdbSource>> cmdb_;
    ContextConfig config_;
    Metrics& metrics_;
};

/// The sources of the configuration.
[[nodiscard]] auto make_enricher(const ContextConfig& config, Metrics& metrics) -> std::unique_ptr<Enricher>;

} // namespace dossier::context
