#include "scan_stage.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/finding/redelivery.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::pipeline {
namespace {

auto scanner_named(const Stations& stations, const std::string& name) -> const ticket::PurviewConfig* {
    if (stations.scanners == nullptr) return nullptr;
    const auto found = std::ranges::find(*stations.scanners, name, &ticket::PurviewConfig::name);
    return found == stations.scanners->end() ? nullptr : &*found;
}

/// The same scan again is the same wish, whatever else its text says.
auto is_same_scan(const Draft& one, const Draft& other) -> bool {
    return one.kind == "scan" && other.kind == "scan" && one.sink == other.sink && one.payload == other.payload;
}

auto known_scan(const store::DossierRow& row, const Draft& draft) -> const Draft* {
    const auto known = std::ranges::find_if(
        row.drafts, [&](const Draft& one) { return is_same_scan(one, draft) && one.state != DraftState::expired; });
    return known == row.drafts.end() ? nullptr : &*known;
}

void complete_scan(Draft& draft, const store::DossierRow& row, int revision, Timestamp at) {
    draft.id = new_id("drf");
    draft.dossier_id = row.id;
    draft.revision = revision;
    draft.created_at = at;
    draft.content_hash = content_hash(draft);
}

} // namespace

auto wanted_scan(const Stations& stations, const DossierCase& work, const RouteDecision& route, int revision,
                 Timestamp at) -> WantedScan {
    WantedScan wanted;
    const auto chosen = std::ranges::find(stations.config.routes, route.route, &RouteConfig::name);
    if (chosen == stations.config.routes.end() || chosen->scan.empty()) return wanted;
    if (stations.config.mode == Mode::observe) return wanted;
    const auto* scanner = scanner_named(stations, chosen->scan);
    if (scanner == nullptr) return wanted; // the configuration was checked
    const auto& worst = work.open_findings().front();
    const auto order = ticket::scan_for(*scanner, worst.resource);
    if (!order) {
        wanted.reason = fmt::format("no scan of {} covers this store", scanner->name);
        return wanted;
    }
    wanted.draft = ticket::scan_draft(*scanner, worst, *order);
    wanted.draft->route = route.route;
    complete_scan(*wanted.draft, work.row(), revision, at);
    wanted.is_known = known_scan(work.row(), *wanted.draft) != nullptr;
    return wanted;
}

auto outlives_revision(const Draft& old, const WantedScan& wanted) -> bool {
    return wanted.draft && is_same_scan(old, *wanted.draft);
}

auto DossierBuilder::draft_scan(std::string finding_id, std::string target, std::string actor) -> Task<Result<Draft>> {
    const bool is_only_one = target.empty() && stations_.scanners != nullptr && stations_.scanners->size() == 1;
    const auto* scanner = is_only_one ? &stations_.scanners->front() : scanner_named(stations_, target);
    if (scanner == nullptr)
        co_return fail(Errc::invalid_argument, target.empty() ? "name the target: there isn't exactly one that scans"
                                                              : "no target that scans is called '" + target + "'");
    auto stored = co_await stations_.store.get_finding(std::move(finding_id));
    if (!stored) co_return fail(std::move(stored.error()));
    if (is_over(stored->status)) co_return fail(Errc::conflict, "the finding is over: there is nothing to scan for");
    if (stored->doc.empty()) co_return fail(Errc::unavailable, "this finding is still being worked on; try again");
    auto finding = from_text<Finding>(stored->doc);
    if (!finding) co_return fail(std::move(finding.error()));
    finding->id = stored->id;
    const auto order = ticket::scan_for(*scanner, finding->resource);
    if (!order) co_return fail(Errc::invalid_argument, fmt::format("no scan of {} covers this store", scanner->name));
    auto row = co_await stations_.store.get_dossier(stored->dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    auto draft = ticket::scan_draft(*scanner, *finding, *order);
    // One that waits or is under way is the answer; one that is over may be wanted again.
    if (const auto* known = known_scan(*row, draft);
        known != nullptr && (known->state == DraftState::pending || known->state == DraftState::approved))
        co_return *known;
    const auto at = stations_.clock.now();
    complete_scan(draft, *row, row->revision, at);
    std::vector<store::AuditEntry> audit{{.time = at,
                                          .actor_type = "user",
                                          .actor_id = std::move(actor),
                                          .action = "draft.created",
                                          .finding_id = stored->id,
                                          .dossier_id = row->id,
                                          .details = dump_json({{"draft", draft.id},
                                                                {"kind", draft.kind},
                                                                {"sink", draft.sink},
                                                                {"approval", draft.approval},
                                                                {"content_hash", draft.content_hash}})}};
    std::vector<Draft> drafts{draft};
    auto added = co_await stations_.store.add_drafts(std::move(drafts), false, at, std::move(audit));
    if (!added) co_return fail(std::move(added.error()));
    co_return draft;
}

} // namespace dossier::pipeline
