#include "simulated_windows.hpp"

#include <chrono>

namespace dossier::pipeline {
namespace {

constexpr Timestamp far_away = std::chrono::sys_days{std::chrono::year{2190} / 1 / 1}; // later than all of the past
constexpr std::chrono::days for_ever{365};
constexpr std::size_t most_claims = 100;

/// What a dossier of the history is in the scratch store: something that can join a group.
auto stand_in(const std::string& dossier_id) -> store::Intake {
    Finding finding;
    finding.source = "simulation";
    finding.source_id = dossier_id;
    finding.fingerprint = dossier_id;
    finding.exposure_key = dossier_id;
    store::Intake intake{.source = finding.source, .request_id = {}, .at = {}, .items = {}, .cursor = {}};
    intake.items.push_back(
        {.finding = std::move(finding), .raw = "{}", .quarantine_reason = {}, .why_not_delivered = {}});
    return intake;
}

} // namespace

auto SimulatedWindows::actions_before(Timestamp at) -> Task<Result<std::size_t>> {
    return scratch_.automatic_actions_since(at - std::chrono::hours{1});
}

auto SimulatedWindows::act(Timestamp at) -> Task<Result<void>> {
    std::vector<store::AuditEntry> entries;
    entries.push_back({.time = at, .action = "draft.approved_automatically"});
    return scratch_.append_audit(std::move(entries));
}

auto SimulatedWindows::claim_of(std::string dossier_id) -> Task<Result<store::Claim>> {
    if (const auto known = claims_.find(dossier_id); known != claims_.end()) co_return known->second;
    auto taken = co_await scratch_.commit_intake(stand_in(dossier_id), {});
    if (!taken) co_return fail(std::move(taken.error()));
    const auto id = taken->front().dossier_id;
    for (;;) { // groups that have formed meanwhile are ready, too: nobody works on them here
        auto claims = co_await scratch_.claim_ready("simulation", far_away, for_ever, most_claims);
        if (!claims) co_return fail(std::move(claims.error()));
        if (claims->empty()) co_return fail(Errc::internal, "the scratch store gave no claim");
        for (const auto& claim : *claims)
            if (claim.dossier_id == id) co_return claims_.emplace(dossier_id, claim).first->second;
    }
}

auto SimulatedWindows::join(std::string dossier_id, store::GroupWish wish, Timestamp at)
    -> Task<Result<store::GroupView>> {
    auto claim = co_await claim_of(std::move(dossier_id));
    if (!claim) co_return fail(std::move(claim.error()));
    co_return co_await scratch_.join_group(std::move(*claim), std::move(wish), at);
}

} // namespace dossier::pipeline
