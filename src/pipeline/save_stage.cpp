#include "save_stage.hpp"

namespace dossier::pipeline {

auto save_stage(const Stations& stations, DossierCase& work, store::StageCommit commit) -> Task<Result<void>> {
    store::StageCommit kept; // what the case takes in
    kept.stage = commit.stage;
    kept.ticket = commit.ticket;
    kept.save_drafts = commit.save_drafts;
    auto saved = co_await stations.store.commit_stage(std::move(commit));
    if (saved) work.committed(std::move(kept));
    co_return saved;
}

} // namespace dossier::pipeline
