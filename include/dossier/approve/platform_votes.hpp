#pragma once
// An approval given inside the platform counts where the configuration says so: somebody notes "dossier approve" on the
// finding there. The platform's API is asked for the notes of findings whose ticket's draft waits. A note counts when
// it came after the draft and after its last edit, and when the platform names its author by an e-mail that may decide;
// the decision is then theirs, in the review queue like any other. A note is judged once.

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
    Duration every{60'000};
};
[[nodiscard]] auto read_platform_votes(config::Section section) -> PlatformVoteConfig;

/// What one note says.
struct PlatformVote {
    std::string note_id;
    std::string email;
    DraftState decision = DraftState::approved;
    std::string reason; ///< what follows the words
    Timestamp at{};
};
/// The votes in a finding as the platform's API gives it: only its own list of notes is looked at, never what else may
/// stand in it. Notes without id, time or author's e-mail are none.
[[nodiscard]] auto votes_in(std::string_view raw, const PlatformVoteConfig& config) -> std::vector<PlatformVote>;

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
