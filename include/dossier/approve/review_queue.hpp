#pragma once
// The review queue: drafts that wait for a person. The one place where a draft is edited, handed to somebody else or
// decided on, whoever asks for it (REST, a chat, a call-back, the clock). Who may is `ApprovalRules`. An approval is
// bound to the hash of the exact content; an edit makes a new hash and is kept as a revision. A second decision is
// `conflict` and says who decided.

#include "dossier/approve/rules.hpp"
#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <optional>
#include <string>

namespace dossier::approve {

struct Edit {
    std::optional<std::string> title;
    std::optional<std::string> body;
    std::optional<std::string> payload{}; ///< of a draft of kind `tags`, whose title and body follow from it
};

/// An edit that was found good and not written yet.
struct PreparedEdit {
    std::string before_hash; ///< content that it was made for
    Draft edited;            ///< with its new hash; the same one where nothing changes
    store::DraftRevision revision;
    std::vector<store::AuditEntry> audit;
};

class ReviewQueue {
public:
    ReviewQueue(store::DraftStore& store, const Clock& clock, Metrics& metrics, ApprovalConfig config = {});
    auto list(store::DraftFilter filter, store::Page page) -> Task<Result<store::Listing<Draft>>>;
    auto get(std::string id) -> Task<Result<Draft>>;
    /// What people changed, the first change first.
    auto revisions(std::string id) -> Task<Result<std::vector<store::DraftRevision>>>;
    /// @param expected_hash content the editor saw; "" = whatever is there
    auto edit(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<Draft>>;
    /// The edit without the writing, for whoever has more to write in the same commit (store::CorrectionStore).
    auto prepare(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<PreparedEdit>>;
    /// Hands the draft to somebody else, "" = nobody. Another assignee is another content.
    auto reassign(std::string id, std::string assignee, std::string comment, std::string expected_hash,
                  Reviewer reviewer) -> Task<Result<Draft>>;
    /// @param decision approved, rejected or expired. `forbidden` where the rules leave it to others, or where the
    ///        reviewer has edited what four eyes must see
    auto decide(std::string id, DraftState decision, std::string comment, std::string expected_hash, Reviewer reviewer)
        -> Task<Result<Draft>>;
    /// Ends what nobody has decided on for `approval.expire_after`. @return how many
    auto expire_due() -> Task<Result<std::size_t>>;
    [[nodiscard]] auto rules() const -> const ApprovalRules& { return rules_; }

private:
    store::DraftStore& store_;
    const Clock& clock_;
    Metrics& metrics_;
    ApprovalRules rules_;
};

} // namespace dossier::approve
