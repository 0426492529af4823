#include "simulated_history.hpp"

#include "classify_stage.hpp"
#include "delivery_stage.hpp"
#include "dossier_case.hpp"
#include "group_stage.hpp"
#include "stage_timer.hpp"

#include "dossier/finding/json.hpp"
#include "dossier/pipeline/router.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <unordered_map>

namespace dossier::pipeline {
namespace {

constexpr std::size_t page_of_history = 200;
constexpr std::chrono::minutes longest_claim{1}; // from the claim to the first result

auto still_open(Status status) -> bool { return status == Status::open || status == Status::in_progress; }

auto result_of(const store::DossierRow& row, int revision, Stage stage) -> const store::StageResult* {
    const auto found = std::ranges::find_if(
        row.results, [&](const auto& one) { return one.revision == revision && one.stage == stage; });
    return found == row.results.end() ? nullptr : &*found;
}

/// A result of the revision before, that was taken over.
auto is_carried(const store::DossierRow& row, const store::StageResult& result) -> bool {
    const auto* earlier = result_of(row, result.revision - 1, result.stage);
    return earlier != nullptr && earlier->at == result.at;
}

auto ticket_draft_of(const store::DossierRow& row, int revision) -> const Draft* {
    const auto found = std::ranges::find_if(
        row.drafts, [&](const Draft& one) { return one.kind == "ticket" && one.revision == revision; });
    return found == row.drafts.end() ? nullptr : &*found;
}

/// The worst severity that the evidence of a narrative states.
auto severity_said(const Narrative& narrative) -> std::optional<Severity> {
    std::optional<Severity> worst;
    for (const auto& evidence : narrative.evidence) {
        const auto severity =
            evidence.kind == "severity" ? parse_word<Severity>(evidence.value) : std::optional<Severity>{};
        if (severity && (!worst || *severity > *worst)) worst = severity;
    }
    return worst;
}

/// The number of automatic actions that kept a person in the loop.
auto actions_in(const RouteDecision& route) -> std::optional<std::size_t> {
    for (const auto& reason : route.reasons) {
        std::size_t number = 0;
        const auto [end, error] = std::from_chars(reason.data(), reason.data() + reason.size(), number);
        if (error == std::errc{} && std::string_view(end, reason.data() + reason.size()) == full_hour_reason)
            return number;
    }
    return std::nullopt;
}

/// Those that the revision was made from: what its draft names, else what had not come to its end by then.
auto findings_of_revision(const store::DossierRow& row, const StoredRevision& stored) -> Result<std::vector<Finding>> {
    const int revision = stored.number;
    const auto* draft = ticket_draft_of(row, revision);
    std::vector<Finding> findings;
    for (const auto& one : row.findings) {
        const bool is_named =
            draft != nullptr && std::ranges::find(draft->finding_ids, one.id) != draft->finding_ids.end();
        const bool was_open = still_open(one.status) || one.updated_at > stored.decided_at;
        if (one.doc.empty() || !(draft != nullptr ? is_named : was_open)) continue;
        auto finding = from_text<Finding>(one.doc);
        if (!finding) return fail(std::move(finding.error()).with("finding", one.id));
        finding->id = one.id;
        finding->status = still_open(one.status) ? one.status : Status::open;
        findings.push_back(std::move(*finding));
    }
    most_severe_first(findings);
    // It was of what its evidence says, whatever the findings have become since.
    if (const auto severity = severity_said(stored.narrative); severity && !findings.empty())
        findings.front().severity = *severity;
    return findings;
}

template <class T>
auto read_part(const store::StageResult* result, T& into) -> Result<void> {
    if (result == nullptr) return {};
    auto value = from_text<T>(result->body);
    if (!value) return fail(std::move(value.error()).with("stage", std::string(to_string(result->stage))));
    into = std::move(*value);
    return {};
}

/// What deciding looks at, without the content.
auto without_content(Finding finding) -> Finding {
    finding.description.clear();
    finding.recommendation.clear();
    finding.facts.clear();
    finding.compliance.clear();
    finding.data.samples.clear();
    finding.data.fields.clear();
    finding.data.objects.clear();
    finding.data.texts.clear();
    return finding;
}

/// A listing read to its end, page by page.
template <class List, class Take>
auto each_of(List list, Take take) -> Task<Result<void>> {
    store::Page page{.limit = page_of_history};
    for (;;) {
        auto listing = co_await list(page);
        if (!listing) co_return fail(std::move(listing.error()));
        for (auto& item : listing->items) {
            auto taken = co_await take(std::move(item));
            if (!taken) co_return taken;
        }
        if (!listing->next_cursor) co_return Result<void>{};
        page.cursor = *listing->next_cursor;
    }
}

class HistoryReader {
public:
    HistoryReader(const SimulationRooms& rooms, context::ContextReplay& replay, HistoryTimes times, bool needs_risk)
        : rooms_(rooms),
          replay_(replay),
          from_(times.from),
          since_(times.since),
          until_(times.until),
          needs_risk_(needs_risk) {}

    auto run() -> Task<Result<History>> {
        if (auto done = co_await read_dossiers(); !done) co_return fail(std::move(done.error()));
        for (const auto* action : {"draft.approved_automatically", "writeback.done_automatically"}) {
            auto done = co_await read_audit(action, from_ - std::chrono::hours{1},
                                            [this](const Json& record, Timestamp at) { take_action(record, at); });
            if (!done) co_return fail(std::move(done.error()));
        }
        auto done = co_await read_audit("mode.switched", Timestamp{}, [this](const Json& record, Timestamp at) {
            // A word that this version doesn't know was meant to stop something.
            const auto to = text_at(record, "to");
            const auto mode = to == text_at(record, "configured") ? Mode::automate : parse_mode(to);
            history_.switches.emplace_back(at, mode.value_or(Mode::observe));
        });
        if (!done) co_return fail(std::move(done.error()));
        std::ranges::sort(history_.switches);
        std::ranges::sort(history_.orphaned_actions);
        co_return std::move(history_);
    }

private:
    auto read_dossiers() -> Task<Result<void>> {
        co_return co_await each_of([this](store::Page page) { return rooms_.history.list_dossiers(std::move(page)); },
                                   [this](store::DossierRow row) { return take_row(std::move(row)); });
    }

    template <class Take>
    auto read_audit(std::string action, Timestamp since, Take take) -> Task<Result<void>> {
        co_return co_await each_of(
            [this, action, since](store::Page page) {
                return rooms_.history.list_audit({.action = action, .since = since}, std::move(page));
            },
            [take](store::AuditRow row) -> Task<Result<void>> {
                const auto record = parse_json(row.record);
                const auto at = record ? parse_time(text_at(*record, "time")) : std::nullopt;
                if (!at) co_return fail(Errc::malformed, "an audit record can't be read");
                take(*record, *at);
                co_return Result<void>{};
            });
    }

    auto take_row(store::DossierRow row) -> Task<Result<void>> {
        if (is_group(row)) {
            take_group(row);
            co_return Result<void>{};
        }
        // What a revision was made from keeps its time: nothing of an older dossier is wanted.
        if (row.findings.empty() || row.updated_at < from_) co_return Result<void>{};
        const auto stage = row.stage;
        const auto updated_at = row.updated_at;
        const bool is_decided = was_decided(row);
        auto whole = co_await rooms_.history.get_dossier(row.id);
        if (!whole) co_return fail(std::move(whole.error()));
        if (!is_decided && updated_at >= since_) ++(stage == Stage::dead ? history_.dead : history_.under_way);
        PastDossier dossier{.id = whole->id, .finding_id = {}, .title = {}, .window = {}, .was_grouped = false};
        auto group = co_await rooms_.history.group_of(whole->id);
        if (!group) co_return fail(std::move(group.error()));
        if (auto& view = *group)
            dossier.window = PastWindow{.key = std::move(view->key),
                                        .begins_at = view->begins_at,
                                        .ends_at = view->ends_at,
                                        .has_formed = !view->dossier_id.empty(),
                                        .facts = std::move(view->facts)};
        const auto index = history_.dossiers.size();
        history_.dossiers.push_back(std::move(dossier));
        for (int number = 1; number <= whole->revision; ++number) {
            auto taken = co_await take_revision(*whole, number, index, is_decided && number == whole->revision);
            if (!taken) co_return taken;
        }
        co_return Result<void>{};
    }

    /// Whether what stands is of the findings as they are now.
    static auto was_decided(const store::DossierRow& row) -> bool {
        if (row.stage == Stage::dead || row.replay_from) return false;
        if (std::ranges::any_of(row.findings, [](const auto& one) { return one.doc.empty(); })) return false;
        if (std::ranges::none_of(row.findings, [](const auto& one) { return still_open(one.status); }))
            return result_of(row, row.revision, Stage::drafted) != nullptr;
        const auto work = DossierCase::open(row, {});
        return work && work->route.has_value();
    }

    auto take_revision(const store::DossierRow& row, int number, std::size_t index, bool is_standing)
        -> Task<Result<void>> {
        auto read = stored_revision(row, number);
        if (!read) co_return fail(std::move(read.error()).with("dossier", row.id));
        if (!*read) co_return Result<void>{};
        auto& stored = **read;
        if (stored.decided_at < from_ || stored.decided_at > until_) co_return Result<void>{};
        auto context = co_await replay_.context_of(stored.findings, stored.context);
        if (!context) co_return fail(std::move(context.error()));
        auto risk = stored.assessment.risk;
        if (needs_risk_)
            risk =
                rooms_.assessor.assess(with_classes(stored.findings, stored.assessment.classification), *context).risk;
        PastDecision past{.dossier = index,
                          .revision = number,
                          .is_standing = is_standing,
                          .begun_at = stored.begun_at,
                          .decided_at = stored.decided_at,
                          .told_at = {},
                          .worst = without_content(stored.findings.front()),
                          .context = {},
                          .assessment = {.risk = risk},
                          .owner_before = owner_column(stored.context.owner),
                          .risk_before = stored.assessment.risk,
                          .narrative = {},
                          .route = std::move(stored.route),
                          .approval_of_tags = {},
                          .settled_at = {},
                          .actions = {}};
        past.context.owner = std::move(context->owner);
        past.context.owner.signals.clear();
        past.context.environment = context->environment;
        auto& told = past.narrative;
        told.author = stored.narrative.author;
        told.provider = stored.narrative.provider;
        told.grounding_score = stored.narrative.grounding_score;
        told.notes = std::move(stored.narrative.notes);
        told.cost = stored.narrative.cost;
        history_.narrative_notes.insert(told.notes.begin(), told.notes.end());
        // A turn or a call's money is taken when a narrative is begun; who got no money had waited for it to the end.
        const bool was_refused = std::ranges::any_of(
            told.notes, [](const auto& note) { return note.find(" was not asked: the budget") != std::string::npos; });
        if (stored.was_narrated) past.told_at = was_refused ? stored.explained_at : stored.assessed_at;
        past.actions_seen = actions_in(past.route);
        if (past.actions_seen)
            history_.hourly_limit = std::min(history_.hourly_limit.value_or(*past.actions_seen), *past.actions_seen);
        take_drafts(row, number, past);
        past.was_said_already =
            past.route.action == "ticket" && past.route.group.empty() && ticket_draft_of(row, number) == nullptr;
        auto& dossier = history_.dossiers[index];
        dossier.finding_id = past.worst.id;
        dossier.title = past.worst.title;
        dossier.was_grouped = dossier.was_grouped || !past.route.group.empty();
        by_dossier_.emplace(row.id, history_.decisions.size());
        history_.decisions.push_back(std::move(past));
        co_return Result<void>{};
    }

    static void take_drafts(const store::DossierRow& row, int number, PastDecision& past) {
        for (const auto& draft : row.drafts) {
            if (draft.revision != number) continue;
            if (draft.kind == "tags") past.approval_of_tags = draft.approval;
            const bool is_own = draft.kind == (past.route.action == "classify" ? "tags" : "ticket");
            if (is_own && draft.decided_by == own_name && draft.approval == "none") past.was_decided_by_service = true;
            if (draft.kind != "ticket") continue;
            past.generation = draft.generation;
            if (draft.decided_at) past.settled_at = draft.decided_at;
        }
    }

    void take_group(const store::DossierRow& row) {
        const auto draft = std::ranges::find(row.drafts, "ticket", &Draft::kind);
        if (draft == row.drafts.end()) return;
        PastGroup group{.approval = draft->approval, .draft = *draft};
        group.draft.body.clear();
        group.draft.facts.clear();
        history_.groups.emplace(row.id, std::move(group));
    }

    /// Belongs to the last decision before it.
    void take_action(const Json& record, Timestamp at) {
        PastDecision* last = nullptr;
        const auto [begin, end] = by_dossier_.equal_range(text_at(record, "dossier_id"));
        for (auto one = begin; one != end; ++one) {
            auto& decision = history_.decisions[one->second];
            if (decision.decided_at <= at && (last == nullptr || decision.decided_at > last->decided_at))
                last = &decision;
        }
        if (last != nullptr)
            last->actions.push_back(at);
        else
            history_.orphaned_actions.push_back(at);
    }

    const SimulationRooms& rooms_;
    context::ContextReplay& replay_;
    Timestamp from_;
    Timestamp since_;
    Timestamp until_;
    bool needs_risk_;
    History history_;
    std::unordered_multimap<std::string, std::size_t> by_dossier_; ///< decisions by their dossier's id
};

} // namespace

auto stored_revision(const store::DossierRow& row, int revision) -> Result<std::optional<StoredRevision>> {
    using Read = std::optional<StoredRevision>;
    const auto* enriched = result_of(row, revision, Stage::enriched);
    const auto* assessed = result_of(row, revision, Stage::assessed);
    const auto* explained = result_of(row, revision, Stage::explained);
    const auto* drafted = result_of(row, revision, Stage::drafted);
    if (enriched == nullptr || assessed == nullptr || explained == nullptr || drafted == nullptr) return Read{};
    StoredRevision stored{.number = revision, .explained_at = explained->at, .decided_at = drafted->at};
    if (auto read = read_part(enriched, stored.context); !read) return fail(std::move(read.error()));
    if (auto read = read_part(assessed, stored.assessment); !read) return fail(std::move(read.error()));
    if (auto read = read_part(explained, stored.narrative); !read) return fail(std::move(read.error()));
    if (auto read = read_part(drafted, stored.route); !read) return fail(std::move(read.error()));
    stored.was_narrated = !is_carried(row, *explained);
    stored.assessed_at = is_carried(row, *assessed) ? explained->at : assessed->at;
    stored.begun_at = is_carried(row, *enriched) ? stored.assessed_at : enriched->at;
    // Whoever gave up a draft of its own for a group had been decided on before, and the result says when it gave up.
    if (!stored.route.group.empty() && stored.was_narrated) stored.decided_at = explained->at;
    auto findings = findings_of_revision(row, stored);
    if (!findings) return fail(std::move(findings.error()));
    if (findings->empty()) return Read{};
    stored.findings = std::move(*findings);
    return Read{std::move(stored)};
}

auto History::switched_at(Timestamp at) const -> Mode {
    Mode mode = Mode::automate;
    for (const auto& [since, allowed] : switches)
        if (since <= at) mode = allowed;
    return mode;
}

auto History::switched_for(const PastDecision& past) const -> Mode {
    const auto has_reason = [&past](std::string_view reason) {
        return std::ranges::find(past.route.reasons, reason) != past.route.reasons.end();
    };
    const auto agrees = [&](Mode mode) {
        if (mode == Mode::observe) return past.route.action == "digest";
        if (has_reason(observe_reason)) return false;
        return mode == Mode::automate ? !has_reason(not_automate_reason) : past.route.approval != "none";
    };
    std::vector<Mode> candidates{switched_at(past.begun_at - longest_claim)};
    for (const auto& [at, allowed] : switches)
        if (at > past.begun_at - longest_claim && at <= past.decided_at) candidates.push_back(allowed);
    const auto last = std::ranges::find_if(candidates.rbegin(), candidates.rend(), agrees);
    return last == candidates.rend() ? candidates.back() : *last;
}

auto read_history(const TriedConfig& config, const SimulationRooms& rooms, context::ContextReplay& replay,
                  HistoryTimes times) -> Task<Result<History>> {
    // Assessing is most of the work, and of what it says only the risk decides anything, and only here.
    const bool needs_risk = std::ranges::any_of(config.pipeline.routes, [](const RouteConfig& route) {
        return route.narrative.who == NarrativeRule::Who::top;
    });
    HistoryReader reader(rooms, replay, times, needs_risk);
    co_return co_await reader.run();
}

} // namespace dossier::pipeline
