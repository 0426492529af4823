#pragma once
// Stores whose sensitivity nobody knows, as findings of type `unclassified_data`: asked for at the start and then every
// `api.backlog_every`, by one replica at a time. Sample values are masked before anything is stored or logged; what is
// kept as the payload is our own masked form. A store that a whole look no longer shows was classified or is gone, and
// its finding is resolved.

#include "dossier/ingest/reconciler.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace dossier::ingest {

/// What may be kept of a sample value: its kind and length, never any of its text.
using MaskSample = std::function<std::string(std::string_view field, std::string_view value)>;

/// The finding that a store makes. Its fingerprint is the store's own, whatever was sampled.
[[nodiscard]] auto unclassified_finding(const std::string& source, const std::string& platform,
                                        const UnclassifiedStore& found, const MaskSample& mask, Timestamp seen_at)
    -> Finding;

class BacklogPoller final : public Poller {
public:
    /// @param platform the source's kind
    BacklogPoller(PollStation station, std::string platform, MaskSample mask);
    ~BacklogPoller() override;
    [[nodiscard]] auto name() const -> std::string override; ///< "backlog:wiz"
    auto run() -> Task<void> override;
    /// One look, if it is ours to do. @return false when another replica does it
    auto look() -> Task<Result<bool>>;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace dossier::ingest
