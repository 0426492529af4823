#pragma once
// The review queue: drafts that wait for a person. An approval is bound to the hash of the exact content; an edit makes
// a new hash. A second decision is `conflict` and says who decided.

#include "dossier/base/metrics.hpp"
#include "dossier/base/time.hpp"
#include "dossier/store/store.hpp"

#include <functional>
#include <optional>
#include <string>

namespace dossier::approve {

struct Reviewer {
    std::string id; ///< token name or e-mail
};

struct Edit {
    std::optional<std::string> title;
    std::optional<std::string> body;
    std::optional<std::string> payload; ///< of a draft of kind `tags`, whose title and body follow from it
};

/// An edit that was found good and not written yet.
struct PreparedEdit {
    std::string before_hash; ///< content that it was made for
    Draft edited;            ///< with its new hash; the same one where nothing changes
    std::vector<store::AuditEntry> audit;
};

class ReviewQueue {
public:
    ReviewQueue(store::DraftStore& store, const Clock& clock, Metrics& metrics);
    auto list(store::DraftFilter filter, store::Page page) -> Task<Result<store::Listing<Draft>>>;
    auto get(std::string id) -> Task<Result<Draft>>;
    /// @param expected_hash content the editor saw; "" = whatever is there
    auto edit(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<Draft>>;
    /// The edit without the writing, for whoever has more to write in the same commit (store::CorrectionStore).
    auto prepare(std::string id, Edit edit, std::string expected_hash, Reviewer reviewer) -> Task<Result<PreparedEdit>>;
    auto decide(std::string id, DraftState decision, std::string comment, std::string expected_hash, Reviewer reviewer)
        -> Task<Result<Draft>>;

private:
    store::DraftStore& store_;
    const Clock& clock_;
    Metrics& metrics_;
};

} // namespace dossier::approve
