#pragma once
// What was approved goes back to the platforms that the findings came from: a comment, a link to the ticket, a status,
// and classification tags on the asset. Each is one effect of one finding, with an intent under a key of its own that
// is committed before the call: done once over retries, crashes, replicas and lost answers (a platform's client looks
// for the key before it writes again). A platform that is down delays an effect and nothing else; what can't be done is
// kept with its reason.
//
//   key                                             effect
//   writeback:comment:<finding>:<draft>             the approved text, again for each later revision that is approved
//   writeback:ticket_link:<finding>:<sink>/<key>    once for a ticket
//   writeback:status:<finding>:<draft>              in_progress, while the platform still calls the finding open
//   writeback:tags:<finding>:<draft>                the approved payload
//   writeback:ticket_closed:<finding>:<closing>     that a person closed the ticket while the finding is open

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/net/upstream.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// A platform that may be written to, and what of it the configuration allows.
struct WriteBackPlatform {
    std::shared_ptr<ingest::PlatformApi> api;
    ingest::WriteBackConfig config;
};

/// One round of effects on the findings of an approved draft.
struct WriteBackOrder {
    Draft draft;                   ///< as approved; `decided_at` is when trying began
    std::vector<Finding> findings; ///< those of the draft, with their ids
    TicketRef ticket;              ///< comment, link, status: where the work goes on
    std::string text;              ///< of the comment
    std::string author;            ///< who wrote the text and how well it stands, one line for the audit trail
    bool is_automatic = false;     ///< no person decided
    std::string closing;           ///< set: `text` tells of that closing of the ticket, and nothing else is to be done
};

struct WriteBackProgress {
    std::optional<Timestamp> again_at; ///< something is left to be tried then
    std::size_t done = 0;              ///< effects that are there, now or since earlier
    std::size_t failed = 0;            ///< for good
};

class WriteBack {
public:
    /// @param pauses base and longest pause between two tries of an effect
    WriteBack(std::vector<WriteBackPlatform> platforms, store::EffectStore& store, net::RetryPolicy pauses,
              const Clock& clock, Metrics& metrics);

    /// Whether anything can ever be written to a finding of this source.
    [[nodiscard]] auto serves(const std::string& source) const -> bool;
    [[nodiscard]] auto can_tag(const std::string& source) const -> bool;

    /// Comment, ticket link and status on each finding. Call again at `again_at`. An error is the store's.
    auto report(WriteBackOrder order, Deadline deadline) -> Task<Result<WriteBackProgress>>;
    /// The classification that the draft's payload holds, on the asset of each finding. `malformed` for a payload that
    /// doesn't say the same in both its forms.
    auto tag(WriteBackOrder order, Deadline deadline) -> Task<Result<WriteBackProgress>>;

private:
    struct Effect;
    struct Round;

    [[nodiscard]] auto platform_of(const std::string& source) const -> const WriteBackPlatform*;
    [[nodiscard]] static auto effects_on(const WriteBackPlatform& platform, const WriteBackOrder& order,
                                         const Finding& finding, Deadline deadline) -> std::vector<Effect>;
    auto begin(const WriteBackOrder& order) -> Task<Result<Round>>;
    auto carry_out(Effect effect, const WriteBackOrder& order, Round& round) -> Task<Result<void>>;
    auto attempt(Effect effect, store::Intent intent, const WriteBackOrder& order, Round& round) -> Task<Result<void>>;
    auto settle(store::Intent intent, const Effect& effect, const WriteBackOrder& order, std::string outcome,
                bool was_there) -> Task<Result<void>>;

    std::vector<WriteBackPlatform> platforms_;
    store::EffectStore& store_;
    net::RetryPolicy pauses_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::ticket
