#include "policy_stage.hpp"

#include "delivery_stage.hpp"
#include "stage_timer.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/finding/redelivery.hpp"
#include "dossier/ticket/policy_text.hpp"
#include "dossier/ticket/ticket_facts.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto posting_limit = 2min; // for the calls of one draft
constexpr auto internal_sink = "outbox";

/// A draft of its text; the text alone decides whether it is another draft.
auto policy_draft(const std::string& dossier_id, const std::string& sink, ticket::RenderedPolicy text, Timestamp at)
    -> Draft {
    Draft draft;
    draft.id = new_id("drf");
    draft.dossier_id = dossier_id;
    draft.kind = "policy";
    draft.sink = sink.empty() ? internal_sink : sink;
    draft.approval = "before_create"; // whatever a route says: a policy is always read before it leaves
    draft.title = std::move(text.title);
    draft.body = std::move(text.body);
    draft.created_at = at;
    draft.content_hash = content_hash(draft);
    return draft;
}

auto created_entry(const Draft& draft, const std::string& actor) -> store::AuditEntry {
    return {.time = draft.created_at,
            .actor_type = "user",
            .actor_id = actor,
            .action = "draft.created",
            .finding_id = draft.finding_ids.size() == 1 ? draft.finding_ids.front() : "",
            .dossier_id = draft.dossier_id,
            .details = dump_json({{"draft", draft.id},
                                  {"kind", draft.kind},
                                  {"sink", draft.sink},
                                  {"approval", draft.approval},
                                  {"content_hash", draft.content_hash}})};
}

auto check_sink(const Stations& stations, const std::string& sink) -> Result<void> {
    if (sink.empty() || stations.delivery.has_sink(sink)) return {};
    if (stations.actions != nullptr && stations.actions->serves(sink, "policy")) return {};
    return fail(Errc::invalid_argument, "no ticket sink and no target of policies is called '" + sink + "'");
}

/// The newest result of a stage.
auto newest_result(const store::DossierRow& row, Stage stage) -> const store::StageResult* {
    const store::StageResult* newest = nullptr;
    for (const auto& result : row.results)
        if (result.stage == stage && (newest == nullptr || result.revision >= newest->revision)) newest = &result;
    return newest;
}

/// Stores of a group, the legal basis and what the draft covers, after the policy itself.
auto governance_text(const explain::GovernanceDraft& draft) -> ticket::RenderedPolicy {
    constexpr std::size_t most_listed = 200;
    auto text = ticket::render_policy(draft.policy, draft.group);
    if (!draft.basis.empty()) {
        text.body += "\n### Legal basis\n";
        for (const auto& one : draft.basis) text.body += "\n- " + one.framework + " " + one.citation;
        text.body += "\n";
    }
    text.body += "\n### Stores of the group\n\n" + ticket::store_table([&] {
                     std::vector<std::vector<std::string>> rows;
                     for (const auto& store : draft.stores) {
                         if (rows.size() == most_listed) break;
                         rows.push_back({store.name.empty() ? store.id : store.name, store.region, store.environment,
                                         store.owner});
                     }
                     return rows;
                 }());
    if (draft.stores.size() > most_listed)
        text.body += "\nAnd " + std::to_string(draft.stores.size() - most_listed) + " more.\n";
    return text;
}

class PolicyPosting {
public:
    PolicyPosting(const Stations& stations, const store::Claim& claim, store::Release end)
        : stations_(stations), claim_(claim), end_(std::move(end)) {}

    auto run() -> Task<Result<store::Release>> {
        // Read anew: the steps before have changed its drafts.
        auto row = co_await stations_.store.get_dossier(claim_.dossier_id);
        if (!row) co_return fail(std::move(row.error()));
        for (auto& draft : row->drafts) {
            const bool is_action = stations_.actions != nullptr && stations_.actions->serves(draft.sink, draft.kind);
            if ((draft.kind != "policy" && !is_action) || draft.state != DraftState::approved) continue;
            if (stations_.config.mode == Mode::observe && !stations_.delivery.is_internal(draft.sink)) {
                wait_until(now() + observe_pause);
                continue;
            }
            auto posted = is_action ? act(*row, draft) : post(*row, draft);
            if (auto done = co_await std::move(posted); !done) co_return fail(std::move(done.error()));
        }
        co_return std::move(end_);
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }

    void wait_until(Timestamp at) {
        if (end_.kind == store::Release::Kind::wait) {
            end_.ready_at = std::min(end_.ready_at, at);
        } else if (end_.kind == store::Release::Kind::done) {
            end_.kind = store::Release::Kind::wait;
            end_.ready_at = at;
        }
    }

    auto post(const store::DossierRow& row, Draft draft) -> Task<Result<void>> {
        if (draft.approved_hash != content_hash(draft))
            co_return fail(Errc::rejected, "the policy is not what was approved; it has to be approved again");
        auto progress = co_await stations_.delivery.ensure_ticket(draft, deadline_in(posting_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (!progress->ticket) {
            wait_until(progress->wait_until.value_or(now() + 1s));
            co_return Result<void>{};
        }
        co_return co_await keep_as_posted(row, std::move(draft), *progress->ticket);
    }

    /// What is done outside of the trackers; what is given up stays approved, with the reason beside it.
    auto act(const store::DossierRow& row, Draft draft) -> Task<Result<void>> {
        auto progress = co_await stations_.actions->carry_out(draft, deadline_in(posting_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (progress->again_at) wait_until(*progress->again_at);
        if (progress->settled_now) wait_until(now()); // the ticket hears of it with the next claim
        if (!progress->done) co_return Result<void>{};
        co_return co_await keep_as_posted(row, std::move(draft), *progress->done);
    }

    auto keep_as_posted(const store::DossierRow& row, Draft draft, TicketRef place) -> Task<Result<void>> {
        draft.state = DraftState::posted;
        draft.ticket = std::move(place);
        store::StageCommit commit;
        commit.claim = claim_;
        commit.at = now();
        commit.stage = row.findings.empty() ? Stage::delivered : row.stage; // of findings, the stage is the ticket's
        commit.revision = row.revision;
        commit.inputs_hash = row.inputs_hash;
        commit.save_drafts.push_back(draft);
        commit.audit.push_back({.time = commit.at,
                                .action = draft.kind + ".delivered",
                                .finding_id = draft.finding_ids.empty() ? "" : draft.finding_ids.front(),
                                .dossier_id = row.id,
                                .details = dump_json({{"draft", draft.id},
                                                      {"sink", draft.sink},
                                                      {"key", draft.ticket->key},
                                                      {"content_hash", draft.content_hash}})});
        if (auto saved = co_await stations_.store.commit_stage(std::move(commit)); !saved) co_return saved;
        log::info("policy.delivered",
                  {{"kind", draft.kind}, {"dossier", row.id}, {"sink", draft.sink}, {"key", draft.ticket->key}});
        co_return Result<void>{};
    }

    const Stations& stations_;
    const store::Claim& claim_;
    store::Release end_;
};

} // namespace

auto policy_drafts_of(const std::string& dossier_id, const std::vector<Finding>& findings, const Context& context,
                      const Assessment& assessment, const std::string& sink, int revision, Timestamp at)
    -> std::vector<Draft> {
    std::vector<Draft> drafts;
    if (findings.empty()) return drafts;
    const auto& resource = findings.front().resource;
    const Narrative untold;
    const RouteDecision undecided;
    const ticket::DossierView view{.dossier_id = dossier_id,
                                   .findings = findings,
                                   .context = context,
                                   .assessment = assessment,
                                   .narrative = untold,
                                   .route = undecided,
                                   .revision = revision};
    for (const auto& policy : assessment.policies) {
        if (policy.effect == "fails") continue;
        auto draft = policy_draft(
            dossier_id, sink, ticket::render_policy(policy, resource.name.empty() ? resource.id : resource.name), at);
        draft.facts = ticket::facts_of(view);
        draft.facts.emplace_back("policy.id", policy.id);
        draft.links = ticket::links_of(view);
        draft.revision = revision;
        draft.severity = findings.front().severity;
        draft.owner = owner_column(context.owner);
        for (const auto& finding : findings) draft.finding_ids.push_back(finding.id);
        drafts.push_back(std::move(draft));
    }
    return drafts;
}

auto takes_out_same(std::vector<Draft>& drafts, const Draft& known) -> bool {
    return std::erase_if(drafts, [&](const Draft& one) { return one.title == known.title && one.body == known.body; }) >
           0;
}

auto post_policies(const Stations& stations, const store::Claim& claim, store::Release end)
    -> Task<Result<store::Release>> {
    PolicyPosting posting(stations, claim, std::move(end));
    co_return co_await posting.run();
}

auto DossierBuilder::draft_policies(std::string finding_id, std::string sink, std::string actor)
    -> Task<Result<AskedPolicies>> {
    if (auto good = check_sink(stations_, sink); !good) co_return fail(std::move(good.error()));
    auto stored = co_await stations_.store.get_finding(std::move(finding_id));
    if (!stored) co_return fail(std::move(stored.error()));
    auto row = co_await stations_.store.get_dossier(stored->dossier_id);
    if (!row) co_return fail(std::move(row.error()));
    std::vector<Finding> findings;
    for (const auto& one : row->findings) {
        if (is_over(one.status) || one.doc.empty()) continue;
        auto finding = from_text<Finding>(one.doc);
        if (!finding) co_return fail(std::move(finding.error()));
        finding->id = one.id;
        findings.push_back(std::move(*finding));
    }
    const auto* enriched = newest_result(*row, Stage::enriched);
    if (findings.empty() && is_over(stored->status))
        co_return fail(Errc::conflict, "the finding is over: there is nothing to close");
    if (findings.empty() || enriched == nullptr)
        co_return fail(Errc::unavailable, "this finding is still being worked on; try again");
    auto context = from_text<Context>(enriched->body);
    if (!context) co_return fail(std::move(context.error()));
    most_severe_first(findings);
    const auto assessment = stations_.assessor.assess(findings, *context);

    AskedPolicies asked{.dossier_id = row->id};
    for (const auto& policy : assessment.policies)
        if (policy.effect == "fails") asked.refused.push_back(policy.title + ": " + policy.verdict);
    if (assessment.policies.empty())
        asked.refused.emplace_back("no template fits this resource and the control that failed");
    auto drafts = policy_drafts_of(row->id, findings, *context, assessment, sink, row->revision, stations_.clock.now());
    // Who decides depends on the route that the dossier took.
    const auto* drafted = newest_result(*row, Stage::drafted);
    const auto route =
        drafted == nullptr ? Result<RouteDecision>(RouteDecision{}) : from_text<RouteDecision>(drafted->body);
    if (!route) co_return fail(route.error());
    for (auto& draft : drafts) draft.route = route->route;
    for (const auto& known : row->drafts)
        if (known.kind == "policy" && known.state == DraftState::pending && takes_out_same(drafts, known))
            asked.drafts.push_back(known);
    if (!drafts.empty()) {
        std::vector<store::AuditEntry> audit;
        for (const auto& draft : drafts) audit.push_back(created_entry(draft, actor));
        auto added = co_await stations_.store.add_drafts(drafts, false, stations_.clock.now(), std::move(audit));
        if (!added) co_return fail(std::move(added.error()));
    }
    for (auto& draft : drafts) asked.drafts.push_back(std::move(draft));
    co_return asked;
}

auto DossierBuilder::draft_governance(std::vector<explain::InventoryStore> stores, std::string sink, std::string actor)
    -> Task<Result<AskedPolicies>> {
    if (auto good = check_sink(stations_, sink); !good) co_return fail(std::move(good.error()));
    const auto at = stations_.clock.now();
    auto result = stations_.governor.draft(std::move(stores), at);
    AskedPolicies asked{.dossier_id = {}, .drafts = {}, .refused = std::move(result.not_covered)};
    if (result.drafts.empty()) co_return asked;
    asked.dossier_id = new_id("dos");
    std::vector<store::AuditEntry> audit;
    for (const auto& group : result.drafts) {
        auto draft = policy_draft(asked.dossier_id, sink, governance_text(group), at);
        draft.facts = {{"resource.name", group.group}, {"policy.id", group.policy.id}};
        audit.push_back(created_entry(draft, actor));
        asked.drafts.push_back(std::move(draft));
    }
    auto added = co_await stations_.store.add_drafts(asked.drafts, true, at, std::move(audit));
    if (!added) co_return fail(std::move(added.error()));
    co_return asked;
}

} // namespace dossier::pipeline
