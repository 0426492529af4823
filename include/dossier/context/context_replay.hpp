#pragma once
// The context of a stored dossier as another configuration would have it, without a call: sources that answer from
// files are asked anew; what a remote source said is taken from the dossier, as long as that source still is
// configured. Everything is then merged and decided by the enricher itself. What a source would say that was never
// asked, nobody knows: it says nothing.

#include "dossier/context/config.hpp"
#include "dossier/context/enricher.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::context {

struct RecordedContext;

class ContextReplay {
public:
    ContextReplay(const ContextConfig& config, Metrics& metrics);
    ~ContextReplay();
    /// One at a time: no call while another one is under way.
    /// @param findings as for Enricher::enrich @param stored the context that the dossier was made with
    /// @return `unavailable` where a file can't be read
    auto context_of(std::vector<Finding> findings, Context stored) -> Task<Result<Context>>;

private:
    std::shared_ptr<RecordedContext> record_;
    std::vector<std::string> files_; ///< names of the gaps that would be theirs
    std::unique_ptr<Enricher> enricher_;
};

} // namespace dossier::context
