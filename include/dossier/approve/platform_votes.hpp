#pragma once
// An approval given inside the platform counts where the configuration says so: somebody notes "dossier approve" on the
// finding there, or sets it to a status that is named for it. The platform's API is asked for the remarks on findings
// whose ticket's draft waits. A remark counts when it came after the draft and after its last edit, and when the
// platform names its author by an e-mail that may decide; the decision is then theirs, in the review queue like any
// other. A remark is judged once.

#include "dossier/approve/chat_people.hpp"
#include "dossier/approve/review_queue.hpp"
#include "dossier/base/config.hpp"
#include "dossier/ingest/platform_api.hpp"
#include "dossier/ingest/poller.hpp"
#include "dossier/store/store.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::approve {

/// Section `approval.platform`.
struct PlatformVoteConfig {
    std::vector<std::string> sources;        ///< whose notes count; empty = off
    std::string approve = "dossier approve"; ///< a note begins with it, in whatever case
    std::string reject = "dossier reject";
    std::vector<std::string> approving; ///< statuses that approve when a person sets them; empty = none does
    std::vector<std::string> rejecting;
    /// Whose decision a change of status is where the platform doesn't tell who made it (Wiz): an e-mail; "" =
    /// nobody's.
    std::string status_by;
    Duration every{60'000};
};
[[nodiscard]] auto read_platform_votes(config::Section section) -> PlatformVoteConfig;

/// What one remark decides.
struct PlatformVote {
    std::string id; ///< of the remark
    std::string email;
    DraftState decision = DraftState::approved;
    std::string reason; ///< what follows the words
    std::string means;  ///< "a note" or "the status dismissed"
    Timestamp at{};
};
/// The votes among remarks, the earliest first. What names nobody is none.
[[nodiscard]] auto votes_in(std::vector<ingest::Remark> remarks, const PlatformVoteConfig& config)
    -> std::vector<PlatformVote>;

class PlatformVotes final : public ingest::Poller {
public:
    struct Hands {
        store::Store& store;
        ReviewQueue& reviews;
        const Clock& clock;
        std::vector<std::shared_ptr<ingest::PlatformApi>> platforms;
        ChatPeople people;
        std::string replica;
    };
    PlatformVotes(PlatformVoteConfig config, Hands hands) : config_(std::move(config)), hands_(std::move(hands)) {}

    [[nodiscard]] auto name() const -> std::string override { return "platform_votes"; }
    auto run() -> Task<void> override;
    /// One look at all drafts that wait. @return decisions taken
    auto look() -> Task<Result<std::size_t>>;

private:
    auto judge(Draft draft) -> Task<Result<bool>>;
    auto since_when(const Draft& draft) -> Task<Result<Timestamp>>;
    [[nodiscard]] auto platform_of(const std::string& source) const -> ingest::PlatformApi*;

    PlatformVoteConfig config_;
    Hands hands_;
};

} // namespace dossier::approve
