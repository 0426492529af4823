// What follows a decision: platforms are told once, tags wait for a word of their own, nothing of it holds the ticket
// up.
#include "support/house.hpp"

#include "dossier/base/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::pipeline {
namespace {

using store::Release;
using test::House;
using test::run_task;
using test::value_of;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Answer = test::FakePlatform::Answer;

struct Connected : House {
    Connected() { is_connected = true; }

    auto decide_now(const std::string& draft_id, DraftState decision) -> std::vector<Release> {
        value_of_void(decide(draft_id, decision));
        return work();
    }
    static void value_of_void(Task<void> task) { run_task(std::move(task)); }
    /// Works until nothing waits, stepping the clock to what is next.
    void work_to_the_end() {
        for (int round = 0; round < 100; ++round) {
            work();
            const auto next = value_of(store.next_ready_at());
            if (!next) return;
            clock.step_to(*next);
        }
        FAIL() << "no end";
    }
    auto tags_of(const std::string& dossier_id) -> std::vector<Draft> {
        std::vector<Draft> tags;
        for (const auto& one : dossier(dossier_id).drafts)
            if (one.kind == "tags") tags.push_back(one);
        return tags;
    }
    auto ticket_of(const std::string& dossier_id) -> Draft {
        for (const auto& one : dossier(dossier_id).drafts)
            if (one.kind == "ticket") return one;
        throw std::runtime_error("no ticket draft");
    }
};

const std::string pii = R"(,"classes":["pii"])";

TEST(WriteBackStage, NothingIsWrittenBeforeAPersonApprovesAndThenOnce) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    EXPECT_EQ(house.platform->calls, 0);
    house.decide_now(house.draft(id).id, DraftState::approved);
    EXPECT_EQ(house.dossier(id).stage, Stage::delivered);
    ASSERT_THAT(house.platform->written("comment"), SizeIs(1));
    const auto comment = house.platform->written("comment")[0];
    EXPECT_EQ(comment.source_id, "f1");
    EXPECT_THAT(comment.what, AllOf(HasSubstr("SEC-1"), HasSubstr("alice@acme.example"),
                                    HasSubstr("AI-Generated Guidance"), HasSubstr("approved by bob")));
    EXPECT_THAT(house.platform->written("status"), SizeIs(1));
    house.deliver(1); // the same again
    house.work_to_the_end();
    EXPECT_EQ(house.platform->calls, 2) << "the fake tracker gives no address, so no link is written";
    EXPECT_EQ(house.audited("writeback.done"), 2U);
    EXPECT_EQ(house.audited("writeback.skipped"), 1U);
}

TEST(WriteBackStage, ARejectedDraftIsTalkedAboutToNobody) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.decide_now(house.draft(id).id, DraftState::rejected);
    house.work_to_the_end();
    EXPECT_EQ(house.platform->calls, 0);
}

TEST(WriteBackStage, APlatformThatIsDownDelaysItsCommentAndNotTheTicket) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.platform->answers.assign(7, Answer::unreachable);
    const auto ends = house.decide_now(house.draft(id).id, DraftState::approved);
    EXPECT_EQ(ends.at(0).kind, Release::Kind::wait);
    EXPECT_EQ(house.dossier(id).stage, Stage::delivered);
    EXPECT_EQ(house.ticket_of(id).state, DraftState::posted);
    EXPECT_THAT(house.platform->writes, IsEmpty());
    house.work_to_the_end();
    EXPECT_THAT(house.platform->written("comment"), SizeIs(1));
    EXPECT_EQ(house.dossier(id).attempts, 0) << "waiting for a platform is no failed attempt";
    EXPECT_EQ(house.tracker->creates, 1);
}

TEST(WriteBackStage, WhatThePlatformRefusesForGoodKillsNothing) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.platform->answers.assign(9, Answer::refused);
    house.decide_now(house.draft(id).id, DraftState::approved);
    house.work_to_the_end();
    EXPECT_EQ(house.dossier(id).stage, Stage::delivered);
    EXPECT_EQ(house.audited("writeback.failed"), 2U);
    EXPECT_THAT(value_of(house.store.list_dead_letters({.limit = 9})).items, IsEmpty());
}

TEST(WriteBackStage, ACrashAtAnyCommitWritesOnce) {
    for (int good = 0; good < 4; ++good) {
        SCOPED_TRACE(good);
        Connected house;
        house.extra = pii;
        const auto id = house.deliver(1).dossier_id;
        house.work();
        house.value_of_void(house.decide(house.ticket_of(id).id, DraftState::approved));
        house.value_of_void(house.decide(house.tags_of(id).at(0).id, DraftState::approved));
        house.platform->answers = {Answer::lost, Answer::ok, Answer::lost};
        house.store.good_commits = good;
        house.work(true);
        house.store.good_commits = -1;
        house.work_to_the_end();
        for (const auto* kind : {"comment", "status", "tags"})
            EXPECT_THAT(house.platform->written(kind), SizeIs(1)) << kind;
        EXPECT_EQ(house.tags_of(id).at(0).state, DraftState::posted);
        EXPECT_EQ(house.tracker->creates, 1);
    }
}

TEST(WriteBackStage, ALaterRevisionThatIsApprovedSaysWhatChanged) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.decide_now(house.draft(id).id, DraftState::approved);
    house.deliver(1, "open", "S3 bucket is public", "critical");
    house.work_to_the_end();
    EXPECT_THAT(house.platform->written("comment"), SizeIs(1)) << "not before it is approved";
    house.decide_now(house.ticket_of(id).id, DraftState::approved);
    house.work_to_the_end();
    ASSERT_THAT(house.platform->written("comment"), SizeIs(2));
    EXPECT_THAT(house.platform->written("comment")[1].what, HasSubstr("severity high → critical"));
}

TEST(WriteBackStage, ThatThePlatformNowCallsItInProgressIsNoNews) {
    Connected house;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.decide_now(house.draft(id).id, DraftState::approved);
    house.deliver(1, "in_progress"); // as the platform tells everybody, after what we wrote
    house.work_to_the_end();
    const auto dossier = house.dossier(id);
    EXPECT_EQ(dossier.revision, 1);
    EXPECT_EQ(dossier.stage, Stage::delivered);
    EXPECT_EQ(dossier.findings.at(0).status, Status::in_progress);
    EXPECT_EQ(dossier.findings.at(0).stage, Stage::delivered);
    EXPECT_THAT(dossier.drafts, SizeIs(1)) << "nobody is asked again";
    EXPECT_THAT(house.platform->written("comment"), SizeIs(1));
    EXPECT_EQ(house.store.backlog(), 0U);
}

TEST(WriteBackStage, NorIsItInTheDigest) {
    Connected house;
    house.config.routes = {{.name = "rest", .when = {}, .action = "digest"}};
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.deliver(1, "in_progress");
    house.work_to_the_end();
    EXPECT_EQ(house.dossier(id).revision, 1);
    EXPECT_EQ(house.dossier(id).stage, Stage::digested);
    EXPECT_EQ(house.store.backlog(), 0U);
}

TEST(WriteBackStage, ObserveWritesNothingNotEvenWhatWasApprovedBefore) {
    Connected house;
    house.extra = pii;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.platform->answers = {Answer::unreachable, Answer::unreachable};
    house.value_of_void(house.decide(house.tags_of(id).at(0).id, DraftState::approved));
    house.decide_now(house.ticket_of(id).id, DraftState::approved);
    house.config.mode = Mode::observe;
    const auto calls = house.platform->calls;
    for (int i = 0; i < 3; ++i) {
        house.clock.step(std::chrono::minutes{10});
        house.work();
    }
    EXPECT_EQ(house.platform->calls, calls);
    house.config.mode = Mode::assist;
    house.work_to_the_end();
    EXPECT_THAT(house.platform->written("comment"), SizeIs(1));
    EXPECT_THAT(house.platform->written("tags"), SizeIs(1));
}

TEST(WriteBackStage, WithoutAPlatformNothingIsDifferent) {
    House house;
    house.extra = pii;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    EXPECT_THAT(house.dossier(id).drafts, SizeIs(1));
    run_task(house.decide(house.draft(id).id, DraftState::approved));
    EXPECT_EQ(house.work().at(0).kind, Release::Kind::done);
    EXPECT_EQ(house.platform->calls, 0);
}

TEST(TagsDraft, WaitsBesideTheTicketForAWordOfItsOwn) {
    Connected house;
    house.extra = pii;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    ASSERT_THAT(house.tags_of(id), SizeIs(1));
    const auto tags = house.tags_of(id)[0];
    EXPECT_EQ(tags.state, DraftState::pending);
    EXPECT_EQ(tags.sink, "scan");
    EXPECT_EQ(tags.approval, "before_create");
    EXPECT_EQ(tags.content_hash, content_hash(tags));
    EXPECT_THAT(tags.payload, HasSubstr(R"("flat":{"data_classification":"PII")"));
    house.decide_now(tags.id, DraftState::approved);
    EXPECT_EQ(house.tags_of(id)[0].state, DraftState::posted);
    ASSERT_THAT(house.platform->written("tags"), SizeIs(1));
    EXPECT_EQ(
        house.platform->written("tags")[0].what,
        R"({"data_classification":"PII","data_domain":"Customer","regulatory_framework":"GDPR","classified_by":"dossier"})")
        << tags.payload;
    EXPECT_EQ(house.ticket_of(id).state, DraftState::pending) << "the ticket has its own approval";
    EXPECT_EQ(house.dossier(id).stage, Stage::awaiting_approval);
    EXPECT_THAT(house.platform->written("comment"), IsEmpty());
    EXPECT_EQ(house.audited("tags.delivered"), 1U);
}

TEST(TagsDraft, RejectedTagsAreNotWrittenAndNotAskedForAgain) {
    Connected house;
    house.extra = pii;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    house.decide_now(house.tags_of(id).at(0).id, DraftState::rejected);
    house.deliver(1, "open", "S3 bucket is still public");
    house.work_to_the_end();
    ASSERT_THAT(house.tags_of(id), SizeIs(1));
    EXPECT_THAT(house.platform->written("tags"), IsEmpty());
}

TEST(TagsDraft, OutlivesARevisionThatChangesNoneOfItAndIsReplacedByOneThatDoes) {
    Connected house;
    house.extra = pii;
    const auto id = house.deliver(1).dossier_id;
    house.work();
    const auto first = house.tags_of(id).at(0).id;
    house.deliver(1, "open", "S3 bucket is still public");
    house.work();
    EXPECT_THAT(house.tags_of(id), SizeIs(1));
    EXPECT_EQ(house.tags_of(id)[0].state, DraftState::pending);
    house.extra = R"(,"classes":["pii","pci"])";
    house.deliver(1, "open", "S3 bucket is public again");
    house.work();
    ASSERT_THAT(house.tags_of(id), SizeIs(2));
    EXPECT_EQ(house.tags_of(id)[0].state, DraftState::pending) << "newest first";
    EXPECT_EQ(house.tags_of(id)[1].id, first);
    EXPECT_EQ(house.tags_of(id)[1].state, DraftState::expired);
    house.deliver(1, "resolved");
    house.work();
    EXPECT_EQ(house.tags_of(id)[0].state, DraftState::expired);
}

struct ClassifyRow {
    const char* name;
    std::string extra;
    double min_confidence;
    bool can_tag;
    Stage stage;
    const char* reason;
};

TEST(TagsDraft, ARouteThatClassifiesMakesTagsAloneWhereSomethingIsKnown) {
    const ClassifyRow rows[] = {
        {"known", pii, 0, true, Stage::awaiting_approval, ""},
        {"nobody has classified it", "", 0, true, Stage::digested, "nobody has classified the store yet"},
        {"not sure enough", pii, 0.7, true, Stage::digested, "how sure"},
        {"nobody takes tags", pii, 0, false, Stage::digested, "no platform"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        Connected house;
        house.extra = row.extra;
        house.platform->can.tags = row.can_tag;
        house.config.routes = {
            {.name = "unclassified", .when = {}, .action = "classify", .min_confidence = row.min_confidence}};
        const auto id = house.deliver(1).dossier_id;
        house.work();
        const auto dossier = house.dossier(id);
        EXPECT_EQ(dossier.stage, row.stage);
        EXPECT_EQ(house.tracker->creates, 0);
        const auto route = std::ranges::find(dossier.results, Stage::drafted, &store::StageResult::stage);
        ASSERT_NE(route, dossier.results.end());
        EXPECT_THAT(route->body, HasSubstr(row.reason));
        EXPECT_THAT(dossier.drafts, SizeIs(row.stage == Stage::awaiting_approval ? 1 : 0));
        if (dossier.drafts.empty()) continue;
        house.decide_now(dossier.drafts[0].id, DraftState::approved);
        EXPECT_EQ(house.dossier(id).stage, Stage::delivered);
        EXPECT_THAT(house.platform->written("tags"), SizeIs(1));
        EXPECT_THAT(house.platform->written("comment"), IsEmpty()) << "there is no ticket to speak of";
        EXPECT_THAT(house.work(), IsEmpty());
    }
}

TEST(WriteBackStage, WhatTheRouteDecidesByItselfIsWrittenAndCountedAsAutomatic) {
    Connected house;
    house.extra = pii;
    house.config.mode = Mode::automate;
    house.config.automate.max_severity = Severity::high;
    house.config.routes = {{.name = "all", .when = {}, .action = "ticket", .approval = "none"}};
    const auto id = house.deliver(1).dossier_id;
    house.work_to_the_end();
    EXPECT_EQ(house.ticket_of(id).state, DraftState::posted);
    EXPECT_THAT(house.platform->written("comment"), SizeIs(1));
    EXPECT_EQ(house.audited("writeback.done_automatically"), 2U);
    EXPECT_EQ(value_of(house.store.automatic_actions_since(house.clock.now() - std::chrono::hours{1})), 3U);
    EXPECT_EQ(house.tags_of(id).at(0).approval, "before_create") << "nobody says how sure the classification is";
    EXPECT_THAT(house.platform->written("tags"), IsEmpty());
}

TEST(WriteBackStage, APersonInProductionIsAskedHoweverTheRouteReads) {
    Connected house;
    house.known.environment = Environment::prod;
    house.config.mode = Mode::automate;
    house.config.automate.max_severity = Severity::critical;
    house.config.routes = {{.name = "all", .when = {}, .action = "ticket", .approval = "none"}};
    house.deliver(1);
    house.work_to_the_end();
    EXPECT_EQ(house.platform->calls, 0);
}

} // namespace
} // namespace dossier::pipeline
