#include "group_stage.hpp"

#include "delivery_stage.hpp"
#include "due_stage.hpp"
#include "follow_stage.hpp"
#include "save_stage.hpp"

#include "dossier/base/crypto.hpp"
#include "dossier/base/ids.hpp"
#include "dossier/base/json.hpp"
#include "dossier/base/log.hpp"
#include "dossier/finding/json.hpp"
#include "dossier/ticket/enclosures.hpp"
#include "dossier/ticket/group_text.hpp"

#include <algorithm>

namespace dossier::pipeline {
namespace {

using namespace std::chrono_literals;

constexpr auto group_limit = 2min;          // for the calls of one step
constexpr std::size_t most_listed = 10'000; // of a group's members, in the file on its ticket

/// What the members have in common, by the configured names.
auto common_value(const std::string& by, const Finding& worst, const Context& context) -> std::string {
    if (by == "rule") return worst.rule.id.empty() ? worst.rule.name : worst.rule.id;
    if (by == "owner") return context.owner.email.empty() ? context.owner.id : context.owner.email;
    if (by == "account") return worst.resource.account;
    if (by == "source") return worst.source;
    if (by == "severity") return std::string(to_string(worst.severity));
    if (by == "environment") return std::string(to_string(context.environment));
    return worst.resource.region;
}

auto facts_of(const ticket::GroupConfig& config, const RouteDecision& route, const GroupCandidate& one)
    -> ticket::GroupFacts {
    const auto& worst = one.worst;
    ticket::GroupFacts facts;
    facts.sink = route.sink;
    facts.route = route.route;
    // Nobody but a person decides for many at once.
    facts.approval = route.approval == "none" ? "before_create" : route.approval;
    facts.rule = worst.rule.name.empty() ? worst.rule.id : worst.rule.name;
    facts.title = worst.title;
    facts.severity = worst.severity;
    const auto& owner = one.context.owner;
    const bool by_owner = std::ranges::find(config.by, "owner") != config.by.end();
    if (by_owner && owner.inactive.empty()) facts.assignee = owner.email.empty() ? owner.id : owner.email;
    for (const auto& by : config.by)
        facts.common.emplace_back(by, by == "rule" ? facts.rule : common_value(by, worst, one.context));
    for (const auto& step : one.assessment.remediation) facts.remediation.push_back(step.text);
    for (const auto& regulation : one.assessment.regulations)
        facts.regulations.push_back(regulation.framework + " " + regulation.citation);
    return facts;
}

class GroupStage {
public:
    GroupStage(const Stations& stations, store::Claim claim, store::DossierRow row, store::GroupView view)
        : stations_(stations), claim_(std::move(claim)), row_(std::move(row)), view_(std::move(view)) {}

    auto run() -> Task<Result<store::Release>> {
        auto turn = co_await ticket_turn(stations_, row_);
        if (!turn) co_return fail(std::move(turn.error()));
        turn_ = *turn;
        auto members = co_await stations_.store.group_members(row_.id, ticket::most_group_rows);
        if (!members) co_return fail(std::move(members.error()));
        table_ = ticket::group_table(*members, view_.members, view_.open);
        const auto* draft = current();
        if (draft == nullptr && view_.open == 0) co_return end();
        if (draft == nullptr) {
            auto made = co_await make();
            if (!made) co_return fail(std::move(made.error()));
            draft = current();
        }
        auto decided = *draft;
        decided.appendix = table_;
        const bool is_external = !stations_.delivery.is_internal(decided.sink);
        if (stations_.config.mode == Mode::observe && is_external) {
            wait_until(now() + observe_pause);
            co_return end();
        }
        if (auto done = co_await carry(std::move(decided)); !done) co_return fail(std::move(done.error()));
        if (auto done = co_await refresh(); !done) co_return fail(std::move(done.error()));
        co_return co_await follow();
    }

private:
    auto now() const -> Timestamp { return stations_.clock.now(); }
    auto end() const -> store::Release { return end_; }
    void wait_until(Timestamp at) {
        if (end_.kind == store::Release::Kind::wait) at = std::min(end_.ready_at, at);
        end_.kind = store::Release::Kind::wait;
        end_.ready_at = at;
    }

    auto current() const -> const Draft* {
        const auto found = std::ranges::find_if(row_.drafts, [&](const Draft& one) {
            // What gave way to another draft is expired, too, and nobody decided that.
            const bool gave_way = one.state == DraftState::expired && one.decided_by.empty();
            return one.kind == "ticket" && one.generation == turn_.generation && !gave_way;
        });
        return found == row_.drafts.end() ? nullptr : &*found;
    }

    auto commit_of(Stage stage) const -> store::StageCommit {
        store::StageCommit commit;
        commit.claim = claim_;
        commit.at = now();
        commit.stage = stage;
        commit.revision = row_.revision;
        return commit;
    }

    auto entry(std::string action, const Draft& draft) const -> store::AuditEntry {
        return {.time = now(),
                .action = std::move(action),
                .dossier_id = row_.id,
                .details = dump_json({{"draft", draft.id},
                                      {"sink", draft.sink},
                                      {"members", view_.members},
                                      {"content_hash", draft.content_hash}})};
    }

    auto save(store::StageCommit commit) -> Task<Result<void>> {
        auto saved = co_await stations_.store.commit_stage(commit);
        if (!saved) co_return saved;
        row_.stage = commit.stage;
        if (commit.ticket) row_.ticket = commit.ticket;
        for (const auto& one : commit.save_drafts) {
            const auto known = std::ranges::find(row_.drafts, one.id, &Draft::id);
            if (known != row_.drafts.end())
                *known = one;
            else
                row_.drafts.insert(row_.drafts.begin(), one);
        }
        co_return saved;
    }

    auto make() -> Task<Result<void>> {
        const auto facts = ticket::group_facts_from(view_.facts);
        // One that follows another has its time from now on.
        const auto due = ticket::due_date(due_days(stations_, facts.route), stations_.due.calendar, facts.severity,
                                          turn_.generation > 1 ? now() : view_.begins_at);
        auto text = ticket::group_text(facts, view_.begins_at, due);
        Draft draft;
        draft.due = due;
        draft.id = new_id("drf");
        draft.dossier_id = row_.id;
        draft.revision = row_.revision;
        draft.sink = facts.sink;
        draft.approval = facts.approval;
        draft.title = std::move(text.title);
        draft.body = std::move(text.body);
        draft.assignee = facts.assignee;
        draft.owner = facts.assignee;
        draft.route = facts.route;
        draft.severity = facts.severity;
        draft.created_at = now();
        draft.generation = turn_.generation;
        draft.ticket = turn_.ticket;
        draft.content_hash = content_hash(draft);
        auto commit = commit_of(Stage::awaiting_approval);
        commit.audit.push_back(entry("group.drafted", draft));
        commit.save_drafts.push_back(std::move(draft));
        co_return co_await save(std::move(commit));
    }

    auto record_of(const Draft& draft) const -> std::optional<store::TicketRow> {
        if (!draft.ticket || stations_.delivery.is_internal(draft.ticket->sink)) return std::nullopt;
        store::TicketRow record;
        record.dossier_id = row_.id;
        record.generation = draft.generation;
        record.ticket = *draft.ticket;
        record.told = ticket::to_text(ticket::told_at_birth({as_finding()}, draft.due));
        return record;
    }

    /// A group as its ticket hears of it: open while any member is.
    auto as_finding() const -> Finding {
        Finding finding;
        finding.id = row_.id;
        finding.source = "dossier";
        finding.title = ticket::group_facts_from(view_.facts).rule;
        finding.status = view_.open > 0 ? Status::open : Status::resolved;
        return finding;
    }

    auto carry(Draft draft) -> Task<Result<void>> {
        switch (draft.state) {
        case DraftState::pending:
            co_return co_await show(std::move(draft));
        case DraftState::approved:
            co_return co_await post(std::move(draft));
        case DraftState::posted:
            co_return co_await settle(Stage::delivered, draft.ticket);
        case DraftState::rejected:
        case DraftState::expired:
            break;
        }
        auto said = co_await tell_undelivered(stations_, std::move(draft), deadline_in(group_limit));
        if (!said) co_return said;
        co_return co_await settle(Stage::closed, std::nullopt);
    }

    auto settle(Stage stage, std::optional<TicketRef> ticket) -> Task<Result<void>> {
        if (row_.stage != stage && !(stage == Stage::delivered && view_.open == 0)) {
            if (auto saved = co_await save(commit_of(stage)); !saved) co_return saved;
        }
        co_return co_await stations_.store.settle_members(claim_, stage, std::move(ticket), now());
    }

    auto show(Draft draft) -> Task<Result<void>> {
        const bool wants_ticket = draft.approval == "before_assign" && !draft.ticket &&
                                  !stations_.delivery.is_internal(draft.sink) && view_.open > 0;
        if (!wants_ticket) co_return Result<void>{};
        auto progress = co_await stations_.delivery.ensure_ticket(draft, deadline_in(group_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (!progress->ticket) {
            wait_until(progress->wait_until.value_or(now() + 1s));
            co_return Result<void>{};
        }
        draft.ticket = progress->ticket;
        auto commit = commit_of(Stage::awaiting_approval);
        commit.ticket = progress->ticket;
        commit.opens_ticket = record_of(draft);
        commit.save_drafts.push_back(std::move(draft));
        co_return co_await save(std::move(commit));
    }

    auto post(Draft draft) -> Task<Result<void>> {
        if (draft.approved_hash != content_hash(draft))
            co_return fail(Errc::rejected, "the draft is not what was approved; it has to be approved again");
        auto progress = co_await stations_.delivery.ensure_ticket(draft, deadline_in(group_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (!progress->ticket) {
            wait_until(progress->wait_until.value_or(now() + 1s));
            co_return Result<void>{};
        }
        std::string note;
        if (!progress->created_now) note = "Approved by " + draft.decided_by + ". " + draft.comment;
        auto applied = co_await stations_.delivery.apply_approval(draft, *progress->ticket, std::move(note),
                                                                  deadline_in(group_limit));
        if (!applied) co_return applied;
        draft.state = DraftState::posted;
        draft.ticket = progress->ticket;
        auto commit = commit_of(Stage::delivered);
        commit.ticket = progress->ticket;
        commit.opens_ticket = record_of(draft);
        commit.audit.push_back(entry("ticket.delivered", draft));
        commit.save_drafts.push_back(draft);
        if (auto saved = co_await save(std::move(commit)); !saved) co_return saved;
        log::info("group.delivered",
                  {{"dossier", row_.id}, {"members", view_.members}, {"key", progress->ticket->key}});
        co_return co_await stations_.store.settle_members(claim_, Stage::delivered, draft.ticket, now());
    }

    /// The ticket's table follows the members, a while after each change so that a storm writes it seldom.
    auto refresh() -> Task<Result<void>> {
        const auto* draft = current();
        if (draft == nullptr || !draft->ticket || stations_.delivery.is_internal(draft->ticket->sink) ||
            draft->state == DraftState::rejected || draft->state == DraftState::expired)
            co_return Result<void>{};
        auto shown = *draft;
        shown.appendix = table_;
        auto again = co_await stations_.delivery.refresh(shown, stations_.group.refresh, deadline_in(group_limit));
        if (!again) co_return fail(std::move(again.error()));
        if (*again) wait_until(**again);
        co_return co_await enclose_members(std::move(shown));
    }

    /// What the table has no room for, as a file: once, when nobody joins any more.
    auto enclose_members(Draft draft) -> Task<Result<void>> {
        if (view_.members <= ticket::most_group_rows) co_return Result<void>{};
        const auto ends_at = view_.begins_at + stations_.group.window;
        if (now() < ends_at) {
            wait_until(ends_at);
            co_return Result<void>{};
        }
        auto members = co_await stations_.store.group_members(row_.id, most_listed);
        if (!members) co_return fail(std::move(members.error()));
        const auto key = *draft.ticket;
        auto again = co_await stations_.delivery.enclose(std::move(draft), key, {ticket::members_file(*members)},
                                                         "members", deadline_in(group_limit));
        if (!again) co_return fail(std::move(again.error()));
        if (*again) wait_until(**again);
        co_return Result<void>{};
    }

    /// Counted for the group when it was drafted, and anew when it comes back.
    auto group_due() const -> std::optional<DueDate> {
        const auto* draft = current();
        if (draft == nullptr || draft->state == DraftState::rejected || !turn_.due) return std::nullopt;
        const auto& days = due_days(stations_, draft->route);
        if (days.empty() || !turn_.is_over || view_.open == 0) return days.empty() ? std::nullopt : turn_.due;
        return ticket::due_date(days, stations_.due.calendar, draft->severity, now());
    }

    auto follow() -> Task<Result<store::Release>> {
        if (view_.open == 0 && row_.stage != Stage::closed) {
            auto commit = commit_of(Stage::closed);
            for (auto draft : row_.drafts) {
                if (draft.state != DraftState::pending && draft.state != DraftState::approved) continue;
                draft.state = DraftState::expired;
                draft.comment = "every finding of this group is over";
                commit.save_drafts.push_back(std::move(draft));
            }
            if (auto saved = co_await save(std::move(commit)); !saved) co_return fail(std::move(saved.error()));
        }
        if (stations_.lifecycle == nullptr) co_return end();
        ticket::FollowOrder order{.claim = claim_,
                                  .findings = {as_finding()},
                                  .due = group_due(),
                                  .due_names = names_for_breach(stations_, row_, turn_.generation)};
        auto progress = co_await stations_.lifecycle->follow(std::move(order), deadline_in(group_limit));
        if (!progress) co_return fail(std::move(progress.error()));
        if (progress->again_at) wait_until(*progress->again_at);
        auto turn = co_await ticket_turn(stations_, row_);
        if (!turn) co_return fail(std::move(turn.error()));
        if (turn->is_new && !turn_.is_new) wait_until(now()); // another ticket has to follow: it is drafted at once
        co_return end();
    }

    const Stations& stations_;
    store::Claim claim_;
    store::DossierRow row_;
    store::GroupView view_;
    TicketTurn turn_;
    std::string table_;
    store::Release end_{.claim = claim_, .at = stations_.clock.now(), .kind = store::Release::Kind::done};
};

} // namespace

auto is_group(const store::DossierRow& row) -> bool { return row.exposure_key.starts_with(store::group_exposure); }

auto stage_of_member(const store::GroupView& group) -> Stage {
    return group.stage == Stage::delivered || group.stage == Stage::closed ? group.stage : Stage::awaiting_approval;
}

auto group_wish(const ticket::GroupConfig& config, const RouteDecision& route, const GroupCandidate& one)
    -> std::optional<store::GroupWish> {
    const auto& rule = one.worst.rule;
    if (!config.is_on() || route.action != "ticket" || (rule.id.empty() && rule.name.empty())) return std::nullopt;
    std::string common = route.route + '\0' + route.sink;
    for (const auto& by : config.by) common += '\0' + common_value(by, one.worst, one.context);
    return store::GroupWish{.key = sha256_hex(common),
                            .window = config.window,
                            .min = config.min,
                            .facts = ticket::to_text(facts_of(config, route, one))};
}

auto join_like(const Stations& stations, const DossierCase& work, const RouteDecision& route, store::Claim claim)
    -> Task<Result<std::optional<store::GroupView>>> {
    using View = std::optional<store::GroupView>;
    const bool has_own = work.row().ticket || std::ranges::any_of(work.row().drafts, [](const Draft& one) {
                             return one.kind == "ticket" && (one.ticket || one.state == DraftState::posted);
                         });
    const auto known = co_await stations.store.group_of(work.row().id);
    if (!known) co_return fail(known.error());
    const bool is_member = known->has_value() && !(*known)->dossier_id.empty();
    if (has_own &&
        !(is_member && work.row().ticket && (*known)->ticket && work.row().ticket->key == (*known)->ticket->key))
        co_return View{};
    auto wish =
        group_wish(stations.group, route,
                   {.worst = work.open_findings().front(), .context = *work.context, .assessment = *work.assessment});
    if (!wish) co_return View{};
    auto joined = co_await stations.store.join_group(std::move(claim), std::move(*wish), stations.clock.now());
    if (!joined) co_return fail(std::move(joined.error()));
    if (joined->dossier_id.empty()) co_return View{};
    co_return View{std::move(*joined)};
}

auto yield_to_group(const Stations& stations, DossierCase& work, store::Claim claim) -> Task<Result<bool>> {
    if (!work.route || !work.route->group.empty() || work.row().ticket) co_return false;
    const auto* draft = work.current_draft();
    if (draft == nullptr || draft->state != DraftState::pending || draft->ticket) co_return false;
    auto group = co_await stations.store.group_of(work.row().id);
    if (!group) co_return fail(std::move(group.error()));
    if (!*group || (*group)->dossier_id.empty()) co_return false;
    auto route = *work.route;
    route.group = (*group)->dossier_id;
    auto commit = work.commit(stage_of_member(**group), {}, stations.clock.now());
    commit.ticket = (*group)->ticket;
    commit.carried.push_back(
        {.stage = Stage::drafted, .revision = commit.revision, .body = dossier::to_text(route), .at = commit.at});
    auto expired = *draft;
    expired.state = DraftState::expired;
    expired.comment = "its like have a ticket together: " + route.group;
    commit.save_drafts.push_back(std::move(expired));
    commit.audit.push_back({.time = commit.at,
                            .action = "dossier.grouped",
                            .finding_id = work.row().findings.front().id,
                            .dossier_id = work.row().id,
                            .details = dump_json({{"group", route.group}})});
    if (auto saved = co_await save_stage(stations, work, std::move(commit)); !saved)
        co_return fail(std::move(saved.error()));
    work.route = std::move(route);
    co_return true;
}

auto tell_group(const Stations& stations, store::Claim claim) -> Task<Result<void>> {
    if (!stations.group.is_on()) co_return Result<void>{};
    co_return co_await stations.store.tell_group(claim.dossier_id, stations.clock.now());
}

auto advance_group(const Stations& stations, store::Claim claim, store::DossierRow row)
    -> Task<Result<store::Release>> {
    auto view = co_await stations.store.group_of(row.id);
    if (!view) co_return fail(std::move(view.error()));
    if (!*view) co_return fail(Errc::malformed, "the group of this dossier is gone");
    GroupStage stage(stations, std::move(claim), std::move(row), std::move(**view));
    co_return co_await stage.run();
}

} // namespace dossier::pipeline
