// What happens to a finding, on a real store: stages in order, crashes between them, revisions, people who are faster.
#include "support/house.hpp"

#include "dossier/finding/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::pipeline {
namespace {

using store::Release;
using test::House;
using test::run_task;
using test::value_of;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const std::vector<Stage> whole_way = {Stage::normalised, Stage::enriched, Stage::assessed,
                                      Stage::explained,  Stage::drafted,  Stage::awaiting_approval};

auto states_of(const store::DossierRow& row) -> std::vector<DraftState> {
    std::vector<DraftState> states; // newest first
    for (const auto& draft : row.drafts) states.push_back(draft.state);
    return states;
}

auto revisions_with(const store::DossierRow& row, Stage stage) -> std::vector<int> {
    std::vector<int> revisions;
    for (const auto& result : row.results)
        if (result.stage == stage) revisions.push_back(result.revision);
    std::ranges::sort(revisions);
    return revisions;
}

TEST(DossierBuilder, CommitsEachStageInOrderAndThenWaitsForAPerson) {
    House house;
    const auto id = house.deliver(1).dossier_id;
    const auto ends = house.work();
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].kind, Release::Kind::done) << ends[0].error;
    EXPECT_EQ(house.store.committed, whole_way);
    const auto row = house.dossier(id);
    EXPECT_EQ(row.stage, Stage::awaiting_approval);
    EXPECT_EQ(row.revision, 1);
    ASSERT_THAT(row.drafts, SizeIs(1));
    EXPECT_EQ(row.drafts[0].state, DraftState::pending);
    EXPECT_EQ(row.drafts[0].assignee, "alice@acme.example");
    EXPECT_EQ(row.drafts[0].content_hash, content_hash(row.drafts[0]));
    ASSERT_TRUE(row.ticket) << "before_assign: the ticket is there, unassigned";
    EXPECT_EQ(row.ticket->key, "SEC-1");
    EXPECT_EQ(house.tracker->tickets.at(0).assignee, "");
    EXPECT_THAT(house.work(), IsEmpty());
    for (const char* action : {"finding.normalised", "dossier.enriched", "dossier.assessed", "dossier.explained",
                               "draft.created", "draft.awaiting_approval"})
        EXPECT_EQ(house.audited(action), 1U) << action;
}

TEST(DossierBuilder, GoesOnBehindTheLastStoredStageAfterACrash) {
    House calm;
    calm.deliver(1);
    calm.work();
    const auto calls_for_one_explanation = calm.llm_calls;
    ASSERT_GT(calls_for_one_explanation, 0);

    constexpr int explained = 4; // the commit that stores the explanation
    for (int good = 0; good < static_cast<int>(whole_way.size()); ++good) {
        SCOPED_TRACE(good);
        House house;
        const auto id = house.deliver(1).dossier_id;
        house.store.good_commits = good;
        const auto ends = house.work(true);
        ASSERT_THAT(ends, SizeIs(1));
        EXPECT_EQ(ends[0].kind, Release::Kind::retry);
        EXPECT_THAT(house.store.committed, SizeIs(good));

        house.store.good_commits = -1;
        const auto second = house.work();
        ASSERT_THAT(second, SizeIs(1));
        EXPECT_EQ(second[0].kind, Release::Kind::done) << second[0].error;
        EXPECT_EQ(house.store.committed, whole_way) << "no stage twice, none left out";
        const auto row = house.dossier(id);
        EXPECT_EQ(row.revision, 1);
        EXPECT_THAT(row.drafts, SizeIs(1));
        EXPECT_EQ(house.tracker->creates, 1);
        // Asked twice only where the explanation itself was lost.
        EXPECT_EQ(house.llm_calls, (good == explained - 1 ? 2 : 1) * calls_for_one_explanation);
    }
}

TEST(DossierBuilder, ClosesADossierWhoseFindingsAreAllResolved) {
    House house;
    const auto id = house.deliver(1).dossier_id;
    ASSERT_EQ(house.deliver(2).dossier_id, id);
    house.work();
    house.deliver(1, "resolved");
    house.work();
    EXPECT_THAT(states_of(house.dossier(id)), ElementsAre(DraftState::pending, DraftState::expired))
        << "one finding is open yet";
    house.deliver(2, "resolved");
    ASSERT_THAT(house.work(), SizeIs(1));
    const auto row = house.dossier(id);
    EXPECT_EQ(row.stage, Stage::closed);
    EXPECT_THAT(states_of(row), ElementsAre(DraftState::expired, DraftState::expired));
    for (const auto& finding : row.findings) EXPECT_EQ(finding.stage, Stage::closed);
    EXPECT_EQ(house.store.backlog(), 0U);
    EXPECT_EQ(house.audited("dossier.closed"), 1U);
    EXPECT_THAT(house.work(), IsEmpty());
}

TEST(DossierBuilder, ADraftIsKeptTogetherWithTheWaitForAPerson) {
    House house;
    house.approval = "before_create";
    const auto id = house.deliver(1).dossier_id;
    house.work();
    const std::vector<Stage> commits = {Stage::normalised, Stage::enriched, Stage::assessed, Stage::explained,
                                        Stage::awaiting_approval};
    EXPECT_EQ(house.store.committed, commits);
    const auto row = house.dossier(id);
    EXPECT_EQ(row.stage, Stage::awaiting_approval);
    EXPECT_THAT(revisions_with(row, Stage::drafted), ElementsAre(1));
    EXPECT_THAT(states_of(row), ElementsAre(DraftState::pending));
    EXPECT_EQ(house.audited("draft.created"), 1U);
    EXPECT_EQ(house.audited("draft.awaiting_approval"), 1U);
    EXPECT_THAT(house.work(), IsEmpty());
    EXPECT_EQ(house.tracker->creates, 0);
}

TEST(DossierBuilder, AReplayKeepsTheEarlierResultsBesideTheNewOnes) {
    struct Row {
        Stage from;
        bool asks_the_llm;
        std::vector<Stage> commits;
    };
    const Row rows[] = {
        {Stage::normalised, true, {Stage::normalised, Stage::enriched, Stage::assessed, Stage::explained}},
        {Stage::enriched, true, {Stage::enriched, Stage::assessed, Stage::explained}},
        {Stage::assessed, true, {Stage::assessed, Stage::explained}},
        {Stage::explained, true, {Stage::explained}},
        {Stage::drafted, false, {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(to_string(row.from));
        House house;
        const auto taken = house.deliver(1);
        house.work();
        const auto calls = house.llm_calls;
        house.store.committed.clear();
        value_of(house.store.request_replay(taken.id, row.from, house.clock.now(), {}));
        ASSERT_THAT(house.work(), SizeIs(1));
        auto commits = row.commits;
        commits.push_back(Stage::awaiting_approval); // with the draft, in one
        EXPECT_EQ(house.store.committed, commits);
        EXPECT_EQ(house.llm_calls > calls, row.asks_the_llm);
        const auto dossier = house.dossier(taken.dossier_id);
        EXPECT_EQ(dossier.revision, 2);
        EXPECT_FALSE(dossier.replay_from);
        EXPECT_THAT(revisions_with(dossier, Stage::explained), ElementsAre(1, 2));
        EXPECT_THAT(revisions_with(dossier, Stage::drafted), ElementsAre(1, 2));
        EXPECT_THAT(states_of(dossier), ElementsAre(DraftState::pending, DraftState::expired));
        EXPECT_EQ(house.tracker->creates, 1) << "the dossier keeps its ticket";
        EXPECT_THAT(house.work(), IsEmpty());
    }
}

TEST(DossierBuilder, AFindingThatJoinsMakesANewRevisionAndReplacesTheDraft) {
    for (const bool approved : {false, true}) {
        SCOPED_TRACE(approved);
        House house;
        const auto id = house.deliver(1).dossier_id;
        house.work();
        if (approved) run_task(house.decide(house.draft(id).id, DraftState::approved));
        ASSERT_EQ(house.deliver(2).dossier_id, id);
        ASSERT_THAT(house.work(), SizeIs(1));
        const auto row = house.dossier(id);
        EXPECT_EQ(row.revision, 2);
        EXPECT_THAT(states_of(row), ElementsAre(DraftState::pending, DraftState::expired));
        EXPECT_THAT(row.drafts[0].finding_ids, SizeIs(2));
        EXPECT_EQ(row.drafts[1].decided_by, approved ? "bob" : "");
        EXPECT_EQ(house.tracker->updates, 0) << "what nobody approved is not written";
        EXPECT_THAT(house.tracker->tickets, SizeIs(1));
    }
}

TEST(DossierBuilder, APersonWhoIsFasterThanTheWorkerHasTheLastWord) {
    struct Row {
        const char* name;
        DraftState decision; // pending = edits
        Stage end;
        const char* body; // of the ticket in the end, where it is known
    };
    for (const auto& row : {Row{"edits", DraftState::pending, Stage::awaiting_approval, ""},
                            Row{"approves", DraftState::approved, Stage::delivered, ""},
                            Row{"rejects", DraftState::rejected, Stage::closed, ""}}) {
        SCOPED_TRACE(row.name);
        House house;
        const auto id = house.deliver(1).dossier_id;
        house.store.before_stage = Stage::awaiting_approval;
        house.store.before = [&]() -> Task<void> {
            auto drafts = co_await house.real->list_drafts({}, {});
            const auto draft = drafts->items.at(0).id;
            if (row.decision == DraftState::pending) co_return co_await house.edit(draft, "In my own words.");
            co_return co_await house.decide(draft, row.decision);
        };
        house.work();
        house.work();
        const auto dossier = house.dossier(id);
        EXPECT_EQ(dossier.stage, row.end);
        if (row.decision == DraftState::pending) {
            EXPECT_EQ(dossier.drafts[0].body, "In my own words.");
            run_task(house.decide(dossier.drafts[0].id, DraftState::approved));
            house.work();
            EXPECT_EQ(house.tracker->tickets.at(0).body, "In my own words.");
        } else {
            EXPECT_EQ(dossier.drafts[0].decided_by, "bob");
        }
        EXPECT_EQ(house.tracker->tickets.at(0).assignee,
                  row.decision == DraftState::rejected ? "" : "alice@acme.example");
    }
}

TEST(DossierBuilder, ARejectionStaysOneWhenTheDraftIsSupersededInTheSameInstant) {
    House house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    const auto first = house.draft(id).id;
    house.deliver(2);
    house.store.before_stage = Stage::awaiting_approval;
    house.store.before = [&]() -> Task<void> { return house.decide(first, DraftState::rejected); };
    house.work();
    house.work();
    const auto row = house.dossier(id);
    EXPECT_THAT(states_of(row), ElementsAre(DraftState::pending, DraftState::rejected));
    EXPECT_EQ(row.drafts[1].decided_by, "bob");
}

TEST(DossierBuilder, TellsErrorsThatPassFromThoseThatDoNot) {
    using Answer = ticket::test::FakeTracker::Answer;
    struct Row {
        const char* name;
        std::deque<Answer> answers;
        Release::Kind kind;
        int attempts = 0;
    };
    const Row rows[] = {
        {"unreachable", {Answer::unreachable}, Release::Kind::retry},
        {"unreachable, last attempt", {Answer::unreachable}, Release::Kind::dead, 7},
        {"unreachable, one left", {Answer::unreachable}, Release::Kind::retry, 6},
        {"refused", {Answer::refused}, Release::Kind::dead},
        {"circuit open", {Answer::not_asked}, Release::Kind::wait},
        {"circuit open, last attempt", {Answer::not_asked}, Release::Kind::wait, 7},
        {"answer lost", {Answer::lost}, Release::Kind::wait},
        {"answer lost, last attempt", {Answer::nothing_done}, Release::Kind::wait, 7},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        House house;
        house.deliver(1);
        house.tracker->create_answers = row.answers;
        auto claims = house.claim();
        ASSERT_THAT(claims, SizeIs(1));
        claims[0].attempts = row.attempts;
        const auto end = run_task(house.builder().advance(claims[0]));
        EXPECT_EQ(end.kind, row.kind) << end.error;
        EXPECT_EQ(end.failed_stage, Stage::drafted);
        if (end.kind == Release::Kind::wait) EXPECT_GT(end.ready_at, house.clock.now());
        EXPECT_EQ(end.audit.size(), end.kind == Release::Kind::dead ? 1U : 0U);
    }
}

TEST(DossierBuilder, ATrackerThatSaysConflictIsAskedAgainLaterAndNotForEver) {
    House house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    run_task(house.decide(house.draft(id).id, DraftState::approved));
    for (const auto& [attempts, kind] : {std::pair{0, Release::Kind::retry}, std::pair{7, Release::Kind::dead}}) {
        SCOPED_TRACE(attempts);
        house.tracker->errors = {Errc::conflict};
        auto claims = house.claim();
        ASSERT_THAT(claims, SizeIs(1));
        claims[0].attempts = attempts;
        EXPECT_EQ(run_task(house.builder().advance(claims[0])).kind, kind);
        value_of(house.real->abandon_leases("worker"));
    }
    house.work();
    EXPECT_EQ(house.dossier(id).stage, Stage::delivered);
}

TEST(DossierBuilder, BecomesADeadLetterAfterAllAttemptsAndIsRedrivenFromThere) {
    House house;
    house.config.queue.max_attempts = 3;
    const auto id = house.deliver(1).dossier_id;
    house.tracker->create_answers.assign(3, ticket::test::FakeTracker::Answer::unreachable);
    for (const auto kind : {Release::Kind::retry, Release::Kind::retry, Release::Kind::dead}) {
        const auto ends = house.work();
        ASSERT_THAT(ends, SizeIs(1));
        EXPECT_EQ(ends[0].kind, kind);
        house.clock.step(Duration{600'000});
    }
    EXPECT_THAT(house.work(), IsEmpty());
    EXPECT_EQ(house.dossier(id).stage, Stage::dead);
    const auto letters = value_of(house.store.list_dead_letters({}));
    ASSERT_THAT(letters.items, SizeIs(1));
    EXPECT_EQ(letters.items[0].stage, Stage::drafted);
    EXPECT_EQ(house.audited("dossier.dead"), 1U);

    const auto calls = house.llm_calls;
    value_of(house.store.redrive(letters.items[0].id, house.clock.now(), {}));
    ASSERT_THAT(house.work(), SizeIs(1));
    EXPECT_EQ(house.dossier(id).stage, Stage::awaiting_approval);
    EXPECT_EQ(house.llm_calls, calls);
}

TEST(DossierBuilder, AnOutageOfAnyLengthUsesUpNoAttempts) {
    House house;
    const auto id = house.deliver(1).dossier_id;
    house.tracker->create_answers.assign(20, ticket::test::FakeTracker::Answer::not_asked);
    for (int i = 0; i < 20; ++i) {
        const auto ends = house.work();
        ASSERT_THAT(ends, SizeIs(1));
        EXPECT_GE(ends[0].ready_at, house.clock.now() + Duration{30'000})
            << "not before the circuit lets somebody through";
        EXPECT_EQ(house.dossier(id).attempts, 0);
        house.clock.step(Duration{600'000});
    }
    house.work();
    EXPECT_EQ(house.dossier(id).stage, Stage::awaiting_approval);
    EXPECT_THAT(value_of(house.store.list_dead_letters({})).items, IsEmpty());
}

TEST(DossierBuilder, ABrokenInvariantCountsAsAnAttempt) {
    House house;
    house.deliver(1);
    house.store.throws = true;
    const auto ends = house.work();
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].kind, Release::Kind::retry);
    EXPECT_THAT(ends[0].error, HasSubstr("broken invariant"));
    EXPECT_GE(ends[0].ready_at, ends[0].at);
}

TEST(DossierBuilder, WhatWasNotApprovedIsNeverPosted) {
    House house;
    house.approval = "before_create";
    const auto id = house.deliver(1).dossier_id;
    house.work();
    auto draft = house.draft(id);
    run_task(house.decide(draft.id, DraftState::approved));
    auto claims = house.claim();
    ASSERT_THAT(claims, SizeIs(1));
    auto row = house.dossier(id);
    draft = row.drafts[0];
    draft.approved_hash = std::string(64, '0');
    store::StageCommit tampering;
    tampering.claim = claims[0];
    tampering.at = house.clock.now();
    tampering.stage = row.stage;
    tampering.revision = row.revision;
    tampering.save_drafts = {draft};
    value_of(house.store.commit_stage(tampering));
    const auto end = run_task(house.builder().advance(claims[0]));
    EXPECT_EQ(end.kind, Release::Kind::dead);
    EXPECT_THAT(end.error, HasSubstr("not what was approved"));
    EXPECT_EQ(house.tracker->creates, 0);
}

TEST(DossierBuilder, InAutomateModeAHarmlessTicketNeedsNobody) {
    struct Row {
        const char* name;
        const char* severity;
        Environment environment;
        Mode mode;
        bool posted;
    };
    for (const auto& row : {Row{"harmless", "low", Environment::dev, Mode::automate, true},
                            Row{"severe", "critical", Environment::dev, Mode::automate, false},
                            Row{"prod", "low", Environment::prod, Mode::automate, false},
                            Row{"assist", "low", Environment::dev, Mode::assist, false}}) {
        SCOPED_TRACE(row.name);
        House house;
        house.config.mode = row.mode;
        house.config.automate.min_confidence = 0.5;
        house.config.routes = {{.name = "all", .when = {}, .action = "ticket", .sink = "jira", .approval = "none"}};
        house.approval = "before_create";
        house.known.environment = row.environment;
        const auto id = house.deliver(1, "open", "S3 bucket is public", row.severity).dossier_id;
        const auto ends = house.work();
        ASSERT_THAT(ends, SizeIs(1));
        EXPECT_EQ(ends[0].kind, Release::Kind::done) << ends[0].error;
        const auto dossier = house.dossier(id);
        EXPECT_EQ(dossier.stage, row.posted ? Stage::delivered : Stage::awaiting_approval);
        EXPECT_THAT(states_of(dossier), ElementsAre(row.posted ? DraftState::posted : DraftState::pending));
        EXPECT_EQ(house.tracker->creates, row.posted ? 1 : 0);
        EXPECT_EQ(house.audited("ticket.delivered_automatically"), row.posted ? 1U : 0U);
        EXPECT_THAT(house.work(), IsEmpty());
    }
}

/// A dossier in automate mode whose draft is about to be approved by the service itself.
class AutomaticApproval : public testing::Test {
protected:
    AutomaticApproval() {
        house.config.mode = Mode::automate;
        house.config.automate.min_confidence = 0.5;
        house.config.routes = {{.name = "all", .when = {}, .action = "ticket", .sink = "jira", .approval = "none"}};
        id = house.deliver(1, "open", "S3 bucket is public", "low").dossier_id;
    }
    House house;
    std::string id;
};

TEST_F(AutomaticApproval, IsLeftToAPersonWhenTheModeBecameStricterMeanwhile) {
    house.store.good_commits = 5; // up to the draft
    house.work(true);
    house.store.good_commits = -1;
    house.config.mode = Mode::assist;
    house.work();
    EXPECT_THAT(states_of(house.dossier(id)), ElementsAre(DraftState::pending));
    EXPECT_EQ(house.tracker->creates, 0);
}

TEST_F(AutomaticApproval, YieldsToAPersonWhoRejectsInTheSameInstant) {
    house.store.good_commits = 5;
    house.work(true);
    house.store.good_commits = -1;
    const auto draft = house.draft(id).id;
    house.store.before_stage = Stage::drafted;
    house.store.before = [&]() -> Task<void> { return house.decide(draft, DraftState::rejected); };
    house.work();
    house.clock.step(Duration{600'000});
    house.work();
    EXPECT_THAT(states_of(house.dossier(id)), ElementsAre(DraftState::rejected));
    EXPECT_EQ(house.tracker->creates, 0);
}

TEST_F(AutomaticApproval, StaysAutomaticInTheAuditAfterARetry) {
    house.tracker->create_answers = {ticket::test::FakeTracker::Answer::unreachable};
    ASSERT_EQ(house.work().at(0).kind, Release::Kind::retry);
    house.clock.step(Duration{600'000});
    ASSERT_EQ(house.work().at(0).kind, Release::Kind::done);
    EXPECT_EQ(house.audited("draft.approved_automatically"), 1U);
    EXPECT_EQ(house.audited("ticket.delivered_automatically"), 1U);
    EXPECT_EQ(house.audited("ticket.delivered"), 0U);
}

TEST(DossierBuilder, AsksForNoApprovalOfWhatTheTicketSaysAlready) {
    struct Row {
        const char* name;
        std::vector<std::string> owners; // of the revisions after the first, which is alice's
        std::vector<DraftState> states;  // newest first
    };
    const Row rows[] = {
        {"nothing changed", {"alice@acme.example"}, {DraftState::posted}},
        {"another owner", {"bob@acme.example"}, {DraftState::posted, DraftState::posted}},
        {"there and back",
         {"bob@acme.example", "alice@acme.example"},
         {DraftState::posted, DraftState::posted, DraftState::posted}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        House house;
        house.tracker->people = {"alice@acme.example", "bob@acme.example"};
        const auto taken = house.deliver(1);
        house.work();
        run_task(house.decide(house.draft(taken.dossier_id).id, DraftState::approved));
        house.work();
        for (const auto& owner : row.owners) {
            house.known.owner = owner;
            value_of(house.store.request_replay(taken.id, Stage::enriched, house.clock.now(), {}));
            house.work();
            const auto draft = house.draft(taken.dossier_id);
            if (draft.state == DraftState::pending) run_task(house.decide(draft.id, DraftState::approved));
            house.work();
        }
        const auto dossier = house.dossier(taken.dossier_id);
        EXPECT_EQ(dossier.stage, Stage::delivered);
        EXPECT_THAT(states_of(dossier), ElementsAreArray(row.states));
        EXPECT_EQ(house.tracker->tickets.at(0).assignee, row.owners.back());
        EXPECT_THAT(house.tracker->tickets, SizeIs(1));
    }
}

TEST(DossierBuilder, ObserveModeEndsInTheDigest) {
    House house;
    house.config.mode = Mode::observe;
    const auto id = house.deliver(1).dossier_id;
    ASSERT_EQ(house.work().at(0).kind, Release::Kind::done);
    const auto row = house.dossier(id);
    EXPECT_EQ(row.stage, Stage::digested);
    EXPECT_THAT(row.drafts, IsEmpty());
    EXPECT_EQ(house.tracker->creates, 0);
    EXPECT_EQ(house.store.backlog(), 0U);
    EXPECT_THAT(house.work(), IsEmpty());
}

TEST(DossierBuilder, ExplainsWhatIsNotStoredAndLeavesOnlyTheAuditOfItsCalls) {
    House house;
    auto findings = value_of([](House& from) -> Task<Result<std::vector<Finding>>> {
        auto finding =
            from.receiver.normalise("scan", R"({"id":"x","title":"S3 bucket is public","arn":"arn:aws:s3:::b"})");
        if (!finding) co_return fail(finding.error());
        co_return std::vector<Finding>{*finding};
    }(house));
    const auto view = run_task(house.builder().explain(std::move(findings)));
    EXPECT_FALSE(view.narrative.sentences.empty());
    EXPECT_EQ(view.route.action, "ticket");
    EXPECT_THAT(value_of(house.store.list_dossiers({})).items, IsEmpty());
    EXPECT_THAT(house.store.committed, IsEmpty());
    EXPECT_GT(value_of(house.store.audit_head()).seq, 0);
    EXPECT_EQ(house.tracker->creates, 0);
}

TEST(DossierBuilder, AsksAnLlmForThoseOnlyThatTheRouteAllows) {
    struct Row {
        const char* name;
        NarrativeRule rule;
        std::size_t asked; // of ten dossiers of the same risk
        const char* note;
    };
    const Row rows[] = {
        {"always", {}, 10, "llm main failed"},
        {"never", {.who = NarrativeRule::Who::nobody}, 0, "the route all asks no LLM"},
        {"top", {.who = NarrativeRule::Who::top, .top_percent = 20}, 2, "only for the top 20 % by risk of 24 h"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        House house;
        house.config.routes = {{.name = "all", .narrative = row.rule}};
        std::vector<std::string> dossiers;
        for (int i = 0; i < 10; ++i) {
            house.bucket = "store-" + std::to_string(i);
            dossiers.push_back(house.deliver(i).dossier_id);
        }
        while (!house.work().empty()) {
        }
        EXPECT_EQ(static_cast<std::size_t>(house.llm_calls), row.asked);
        std::size_t told = 0;
        for (const auto& id : dossiers) {
            const auto dossier = house.dossier(id);
            for (const auto& result : dossier.results) {
                if (result.stage != Stage::explained) continue;
                const auto narrative = from_text<Narrative>(result.body);
                EXPECT_EQ(narrative->author, "template");
                EXPECT_EQ(narrative->notes.back(), "written by the template narrator");
                told += narrative->notes.front().contains(row.note) ? 1 : 0;
            }
        }
        EXPECT_EQ(told, row.asked > 0 && row.asked < 10 ? 10 - row.asked : 10);
    }
}

} // namespace
} // namespace dossier::pipeline
