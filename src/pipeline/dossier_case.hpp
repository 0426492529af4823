#pragma once
// A dossier under work: what the store has of it, opened up into values, and the bookkeeping of its revision. It
// decides what comes next; it does no work itself.

#include "dossier/base/error.hpp"
#include "dossier/explain/withheld.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/store/records.hpp"

#include <optional>
#include <vector>

namespace dossier::pipeline {

class DossierCase {
public:
    /// Opens the stored dossier; `malformed` when a stored document can't be read.
    /// @param known findings of it whose documents need not be read any more
    [[nodiscard]] static auto open(store::DossierRow row, store::Claim claim, std::vector<Finding> known = {})
        -> Result<DossierCase>;

    /// Without the results of stages, which are the values below, and without payloads.
    [[nodiscard]] auto row() const -> const store::DossierRow& { return row_; }
    /// Findings that still are open, the most severe first.
    [[nodiscard]] auto open_findings() const -> const std::vector<Finding>& { return open_; }
    [[nodiscard]] auto has_open_findings() const -> bool { return !open_.empty(); }
    /// The ticket's draft of the current revision, if it has been made.
    [[nodiscard]] auto current_draft() const -> const Draft*;
    /// Drafts, of any kind, that a new one replaces: still undecided, or decided and not carried out.
    [[nodiscard]] auto replaceable_drafts() const -> std::vector<Draft>;

    // Results of the revision under work, absent until their stage is done.
    std::optional<Context> context;
    std::optional<Assessment> assessment;
    std::optional<Narrative> narrative;
    std::optional<RouteDecision> route;

    /// In the open findings and their context, which is there. Looked for once: evidence and draft need them.
    [[nodiscard]] auto orders() const -> const explain::Orders&;

    /// A commit for the end of `stage`, with the revision's bookkeeping filled in.
    [[nodiscard]] auto commit(Stage stage, std::string body, Timestamp at) const -> store::StageCommit;
    /// To be called once the commit is in the store (save_stage.hpp).
    void committed(store::StageCommit commit);

private:
    void begin_revision();
    [[nodiscard]] auto read_results() -> Result<void>;
    void let_go_of_what_was_read();

    store::DossierRow row_;
    store::Claim claim_;
    std::vector<Finding> open_;
    mutable std::optional<explain::Orders> orders_;
    int revision_ = 0;
    std::string inputs_hash_;
    bool is_new_revision_ = false;
    std::vector<store::StageResult> results_; ///< that the revision takes over; empty once it has begun
};

} // namespace dossier::pipeline
