#include "draft_stage.hpp"

#include "delivery_stage.hpp"
#include "due_stage.hpp"
#include "group_stage.hpp"
#include "policy_stage.hpp"
#include "save_stage.hpp"
#include "scan_stage.hpp"
#include "stage_timer.hpp"
#include "tags_draft.hpp"

#include "dossier/base/ids.hpp"
#include "dossier/base/log.hpp"
#include "dossier/explain/evidence_builder.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/pipeline/router.hpp"
#include "dossier/ticket/ticket_facts.hpp"

#include <algorithm>
#include <chrono>

namespace dossier::pipeline {

namespace {

using namespace std::chrono_literals;

/// Nobody, where the owner has left: a tracker refuses them, and whom to ask instead is for a person to decide.
auto assignee_of(const Owner& owner) -> std::string {
    return owner.inactive.empty() ? owner_column(owner) : std::string();
}

auto ids_of(const std::vector<Finding>& findings) -> std::vector<std::string> {
    std::vector<std::string> ids;
    for (const auto& finding : findings) ids.push_back(finding.id);
    return ids;
}

class DraftStage {
public:
    DraftStage(const Stations& stations, TicketTurn turn, const store::Claim& claim)
        : stations_(stations), turn_(std::move(turn)), claim_(claim) {}

    /// The route, and with it the drafts for a person; or the digest, where the way ends here.
    auto run(DossierCase& work) -> Task<Result<void>> {
        StageTimer timer(stations_.metrics, "draft");
        auto facts = co_await routing_facts(work);
        if (!facts) co_return fail(std::move(facts.error()));
        auto route = decide_route(stations_.config, *facts, stations_.default_approval, stations_.default_sink);

        const bool is_ticket = route.action == "ticket";
        std::optional<store::GroupView> group;
        if (is_ticket && stations_.group.is_on() && turn_.generation == 1) {
            auto joined = co_await join_like(stations_, work, route, claim_);
            if (!joined) co_return fail(std::move(joined.error()));
            group = std::move(*joined);
            if (group) route.group = group->dossier_id;
        }
        auto commit = work.commit(is_ticket ? Stage::drafted : Stage::digested, {}, now());
        auto tags = decide_tags(stations_, work, route, commit.revision, commit.at);
        if (tags.draft) {
            tags.draft->owner = owner_column(work.context->owner);
            tags.draft->route = route.route;
        }
        if (!tags.reason.empty()) route.reasons.push_back(tags.reason);
        auto scan = wanted_scan(stations_, work, route, commit.revision, commit.at);
        if (scan.draft) scan.draft->owner = owner_column(work.context->owner);
        if (!scan.reason.empty()) route.reasons.push_back(scan.reason);
        // Waiting for a person, unless they have had their say on exactly these tags.
        if (tags.draft && !is_ticket) commit.stage = Stage::awaiting_approval;
        // Kept under `drafted` in both cases: the decision is a result like any other.
        commit.carried.push_back(
            {.stage = Stage::drafted, .revision = commit.revision, .body = to_text(route), .at = commit.at});
        auto replaceable = work.replaceable_drafts();
        auto policies = policies_for(work, route, replaceable, commit);
        for (auto& old : replaceable) {
            if (old.kind == "policy" && takes_out_same(policies, old)) continue; // still what would be drafted today
            if (outlives_revision(old, scan)) continue;
            if (old.kind == "tags" && tags.draft && old.content_hash == tags.draft->content_hash) continue;
            old.state = DraftState::expired;
            old.comment = "superseded by revision " + std::to_string(commit.revision);
            commit.save_drafts.push_back(std::move(old));
        }
        Json details{{"revision", commit.revision},
                     {"route", route.route},
                     {"action", route.action},
                     {"reasons", route.reasons}};
        const bool has_group = !route.group.empty();
        auto made = is_ticket && !has_group ? make_draft(work, route, commit.revision, commit.at) : Draft{};
        bool awaits = false;
        if (has_group) {
            commit.stage = stage_of_member(*group);
            commit.ticket = group->ticket;
            details["group"] = route.group;
        } else if (is_ticket && was_posted(work, route, commit.at)) {
            // The ticket says exactly this already: nobody has to approve it twice.
            commit.stage = Stage::delivered;
            details["unchanged"] = true;
        } else if (is_ticket) {
            details["draft"] = made.id;
            details["content_hash"] = made.content_hash;
            details["sink"] = made.sink;
            details["approval"] = made.approval;
            // groups may take the draft over before anybody sees it
            awaits = waits_at_once(stations_, made) && !stations_.group.is_on();
            if (awaits) commit.stage = Stage::awaiting_approval;
            commit.save_drafts.push_back(std::move(made));
        }
        if (is_ticket || !tags.draft) {
            const auto* action = has_group ? "dossier.grouped" : is_ticket ? "draft.created" : "dossier.digested";
            commit.audit.push_back(stage_entry(work, action, details, commit.at));
        }
        if (awaits) commit.audit.push_back(awaiting_entry(work, commit.save_drafts.back(), commit.at));
        if (tags.draft && !tags.is_known) {
            commit.audit.push_back(created_entry(work, route, *tags.draft, commit.revision, commit.at));
            commit.save_drafts.push_back(std::move(*tags.draft));
        }
        if (scan.draft && !scan.is_known) {
            commit.audit.push_back(created_entry(work, route, *scan.draft, commit.revision, commit.at));
            commit.save_drafts.push_back(std::move(*scan.draft));
        }
        if (wants_policies(route.route)) keep_new_policies(work, route, std::move(policies), commit);
        auto saved = co_await save_stage(stations_, work, std::move(commit));
        if (!saved) co_return saved;
        work.route = std::move(route);
        timer.done();
        const auto& first = work.row().findings.front();
        stations_.metrics.observe("dossier_delivery_to_draft_seconds",
                                  std::chrono::duration<double>(now() - first.updated_at).count());
        log::info("dossier.drafted", {{"dossier", work.row().id},
                                      {"finding", first.id},
                                      {"route", work.route->route},
                                      {"action", work.route->action},
                                      {"author", work.narrative->author}});
        co_return saved;
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }

    auto routing_facts(const DossierCase& work) -> Task<Result<RoutingFacts>> {
        auto actions = co_await stations_.store.automatic_actions_since(now() - 1h);
        if (!actions) co_return fail(std::move(actions.error()));
        co_return RoutingFacts{.worst = work.open_findings().front(),
                               .environment = work.context->environment,
                               .owner_confidence = work.context->owner.confidence,
                               .grounding_score = work.narrative->grounding_score,
                               .automatic_actions_last_hour = *actions};
    }

    auto wants_policies(const std::string& route) const -> bool {
        const auto found = std::ranges::find(stations_.config.routes, route, &RouteConfig::name);
        return found != stations_.config.routes.end() && found->policy_drafts;
    }

    auto policy_sink(const std::string& route) const -> std::string {
        const auto found = std::ranges::find(stations_.config.routes, route, &RouteConfig::name);
        return found == stations_.config.routes.end() ? std::string() : found->policy_sink;
    }

    /// What would be drafted today; nothing where no route wants it and no earlier draft has to be held against it.
    auto policies_for(const DossierCase& work, const RouteDecision& route, const std::vector<Draft>& replaceable,
                      const store::StageCommit& commit) const -> std::vector<Draft> {
        const auto is_policy = [](const Draft& one) { return one.kind == "policy"; };
        if (!wants_policies(route.route) && std::ranges::none_of(replaceable, is_policy)) return {};
        auto policies = policy_drafts_of(work.row().id, work.open_findings(), *work.context, *work.assessment,
                                         policy_sink(route.route), commit.revision, commit.at);
        for (auto& policy : policies) policy.route = route.route;
        return policies;
    }

    static auto created_entry(const DossierCase& work, const RouteDecision& route, const Draft& draft, int revision,
                              Timestamp at) -> store::AuditEntry {
        return stage_entry(work, "draft.created",
                           {{"revision", revision},
                            {"route", route.route},
                            {"draft", draft.id},
                            {"kind", draft.kind},
                            {"sink", draft.sink},
                            {"approval", draft.approval},
                            {"content_hash", draft.content_hash}},
                           at);
    }

    /// A draft whose content somebody has had before them already is not made again.
    void keep_new_policies(const DossierCase& work, const RouteDecision& route, std::vector<Draft> policies,
                           store::StageCommit& commit) const {
        for (auto& draft : policies) {
            const bool is_known = std::ranges::any_of(work.row().drafts, [&](const Draft& one) {
                return one.kind == "policy" && one.content_hash == draft.content_hash &&
                       one.state != DraftState::expired;
            });
            if (is_known) continue;
            commit.audit.push_back(created_entry(work, route, draft, commit.revision, commit.at));
            commit.save_drafts.push_back(std::move(draft));
        }
    }

    auto make_draft(const DossierCase& work, const RouteDecision& route, int revision, Timestamp at) const -> Draft {
        std::optional<Narrative> restored;
        if (stations_.restore_in_tickets) restored = with_names(work);
        const ticket::DossierView view{.dossier_id = work.row().id,
                                       .findings = work.open_findings(),
                                       .context = *work.context,
                                       .assessment = *work.assessment,
                                       .narrative = restored ? *restored : *work.narrative,
                                       .route = route,
                                       .revision = revision,
                                       .due = due_now(stations_, work.row(), turn_, route.route),
                                       .orders = &work.orders()};
        auto rendered = ticket::render_draft(view);
        Draft draft;
        draft.id = new_id("drf");
        draft.dossier_id = work.row().id;
        draft.revision = revision;
        draft.finding_ids = ids_of(view.findings);
        draft.sink = route.sink;
        draft.approval = route.approval;
        draft.title = std::move(rendered.title);
        draft.body = std::move(rendered.body);
        draft.assignee = assignee_of(view.context.owner);
        draft.owner = owner_column(view.context.owner);
        draft.route = route.route;
        draft.facts = ticket::facts_of(view);
        draft.links = ticket::links_of(view);
        draft.due = view.due;
        draft.severity = view.findings.front().severity;
        draft.created_at = at;
        draft.generation = turn_.generation;
        draft.ticket = turn_.ticket;
        draft.content_hash = content_hash(draft);
        return draft;
    }

    /// Whether the ticket says this already, but for the number of the revision. Only the last posted draft counts.
    auto was_posted(const DossierCase& work, const RouteDecision& route, Timestamp at) const -> bool {
        const auto& drafts = work.row().drafts;
        const auto last = std::ranges::find_if(
            drafts, [](const Draft& one) { return one.state == DraftState::posted && one.kind == "ticket"; });
        return last != drafts.end() && last->generation == turn_.generation &&
               last->content_hash == make_draft(work, route, last->revision, at).content_hash;
    }

    /// Pseudonyms are given in the order of the evidence, so redacting it again gives the same ones back.
    auto with_names(const DossierCase& work) const -> Narrative {
        redact::Redaction redaction;
        static_cast<void>(explain::redact_evidence(
            explain::build_evidence(work.open_findings(), *work.context, *work.assessment, work.orders()),
            stations_.redactor, redaction));
        auto narrative = *work.narrative;
        narrative.summary = redaction.restore(std::move(narrative.summary));
        for (auto& sentence : narrative.sentences) sentence.text = redaction.restore(std::move(sentence.text));
        return narrative;
    }

    const Stations& stations_;
    TicketTurn turn_;
    const store::Claim& claim_;
};

} // namespace

auto draft_dossier(const Stations& stations, DossierCase& work, const TicketTurn& turn, const store::Claim& claim)
    -> Task<Result<void>> {
    DraftStage stage(stations, turn, claim);
    co_return co_await stage.run(work);
}

} // namespace dossier::pipeline
