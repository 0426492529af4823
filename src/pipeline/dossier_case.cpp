#include "dossier_case.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/finding/json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::pipeline {

namespace {

auto is_open(Status status) -> bool { return status == Status::open || status == Status::in_progress; }

/// What a revision is made from: what the open findings say. That somebody works on one is no news to a reader, and
/// most often it was this service that told the platform so.
auto inputs_of(const std::vector<Finding>& findings) -> std::string {
    std::vector<std::string> parts;
    for (auto finding : findings) {
        finding.status = Status::open;
        parts.push_back(fmt::format("{}@{}", finding.id, content_hash(finding)));
    }
    std::ranges::sort(parts);
    return sha256_hex(fmt::format("{}", fmt::join(parts, ","))).substr(0, 32);
}

} // namespace

auto DossierCase::open(store::DossierRow row, store::Claim claim, std::vector<Finding> known) -> Result<DossierCase> {
    DossierCase result;
    result.row_ = std::move(row);
    result.claim_ = std::move(claim);
    for (const auto& stored : result.row_.findings) {
        if (!is_open(stored.status)) continue;
        const auto at = std::ranges::find(known, stored.id, &Finding::id);
        auto finding = at != known.end() ? Result<Finding>(std::move(*at)) : from_text<Finding>(stored.doc);
        if (!finding) return std::unexpected(std::move(finding.error()).with("finding", stored.id));
        finding->id = stored.id;
        result.open_.push_back(std::move(*finding));
    }
    most_severe_first(result.open_);
    result.begin_revision();
    if (auto read = result.read_results(); !read) return std::unexpected(std::move(read.error()));
    result.let_go_of_what_was_read();
    return result;
}

void DossierCase::begin_revision() {
    inputs_hash_ = inputs_of(open_);
    const bool changed = row_.revision == 0 || row_.inputs_hash != inputs_hash_;
    is_new_revision_ = changed || row_.replay_from.has_value();
    revision_ = is_new_revision_ ? row_.revision + 1 : row_.revision;
    if (!is_new_revision_) {
        results_ = std::move(row_.results);
    } else if (!changed) {
        // A replay keeps what comes before the stage that was asked for.
        std::ranges::copy_if(row_.results, std::back_inserter(results_),
                             [&](const auto& result) { return result.stage < *row_.replay_from; });
    }
}

auto DossierCase::read_results() -> Result<void> {
    for (const auto& result : results_) {
        const auto read = [&](auto& into) -> Result<void> {
            auto value = from_text<typename std::decay_t<decltype(into)>::value_type>(result.body);
            if (!value)
                return std::unexpected(std::move(value.error()).with("stage", std::string(to_string(result.stage))));
            into = std::move(*value);
            return {};
        };
        Result<void> outcome;
        switch (result.stage) {
        case Stage::enriched:
            outcome = read(context);
            break;
        case Stage::assessed:
            outcome = read(assessment);
            break;
        case Stage::explained:
            outcome = read(narrative);
            break;
        case Stage::drafted:
            outcome = read(route);
            break;
        default:
            break;
        }
        if (!outcome) return outcome;
    }
    return {};
}

/// What was read is there as values; a finding that waits for its model's answer keeps it once.
void DossierCase::let_go_of_what_was_read() {
    row_.results = decltype(row_.results)(); // `= {}` would leave the room of a list
    if (!is_new_revision_) results_ = decltype(results_)();
    // Their documents were made of them. Assigning an empty text would leave the room of the old one.
    for (auto& finding : row_.findings) std::string().swap(finding.raw);
}

auto DossierCase::current_draft() const -> const Draft* {
    if (!route) return nullptr;
    const auto found = std::ranges::find_if(
        row_.drafts, [&](const Draft& draft) { return draft.revision == revision_ && draft.kind == "ticket"; });
    return found == row_.drafts.end() ? nullptr : &*found;
}

auto DossierCase::replaceable_drafts() const -> std::vector<Draft> {
    std::vector<Draft> drafts;
    std::ranges::copy_if(row_.drafts, std::back_inserter(drafts), [](const Draft& draft) {
        if (draft.kind == "scan" && draft.state == DraftState::approved) return false; // may be under way
        return draft.state == DraftState::pending || draft.state == DraftState::approved;
    });
    return drafts;
}

auto DossierCase::orders() const -> const explain::Orders& {
    if (!orders_) orders_ = explain::orders_in(open_, *context);
    return *orders_;
}

auto DossierCase::commit(Stage stage, std::string body, Timestamp at) const -> store::StageCommit {
    store::StageCommit commit;
    commit.claim = claim_;
    commit.at = at;
    commit.stage = stage;
    commit.revision = revision_;
    commit.inputs_hash = inputs_hash_;
    commit.body = std::move(body);
    if (is_new_revision_) {
        commit.carried = results_;
        commit.replay_begun = true;
    }
    for (const auto& finding : open_) {
        store::StageCommit::FindingUpdate update;
        update.id = finding.id;
        commit.findings.push_back(std::move(update));
    }
    // What is over among others that are not has come to its end: nobody works on it any more.
    for (const auto& finding : row_.findings) {
        if (is_open(finding.status) || finding.stage == Stage::closed) continue;
        store::StageCommit::FindingUpdate update;
        update.id = finding.id;
        update.stage = Stage::closed;
        commit.findings.push_back(std::move(update));
    }
    return commit;
}

void DossierCase::committed(store::StageCommit commit) {
    is_new_revision_ = false;
    row_.revision = revision_;
    row_.inputs_hash = inputs_hash_;
    row_.stage = commit.stage;
    row_.replay_from.reset();
    if (commit.ticket) row_.ticket = commit.ticket;
    results_ = decltype(results_)(); // in the store from now on
    for (auto& saved : commit.save_drafts) {
        const auto known = std::ranges::find(row_.drafts, saved.id, &Draft::id);
        if (known != row_.drafts.end())
            *known = std::move(saved);
        else
            row_.drafts.insert(row_.drafts.begin(), std::move(saved));
    }
}

} // namespace dossier::pipeline
