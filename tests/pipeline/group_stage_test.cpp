// One ticket for many like findings: who joins, what stands in the table, and when it is over.
#include "support/house.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::pipeline {
namespace {

using test::House;
using test::run_task;
using test::value_of;
using testing::AllOf;
using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct Street : House {
    Street() {
        approval = "before_create";
        group.by = {"rule", "owner"};
        group.min = 3;
        group.window = std::chrono::hours(1);
        group.refresh = Duration{10'000};
        rule = "public-bucket";
    }
    void settle() {
        for (int round = 0; round < 500; ++round) {
            work();
            const auto next = value_of(store.next_ready_at());
            if (!next) return;
            clock.step_to(*next);
        }
        FAIL() << "no end";
    }
    auto report(int number, const std::string& status = "open", const std::string& severity = "high")
        -> store::IntakeResult {
        bucket = "bucket-" + std::to_string(number);
        auto result = deliver(number, status, "S3 bucket is public", severity);
        settle();
        return result;
    }
    auto storm(int from, int to) -> std::vector<std::string> {
        std::vector<std::string> dossiers;
        for (int number = from; number <= to; ++number) {
            bucket = "bucket-" + std::to_string(number);
            dossiers.push_back(deliver(number).dossier_id);
        }
        settle();
        return dossiers;
    }
    auto pending() -> std::vector<Draft> {
        return value_of(store.list_drafts({.state = DraftState::pending}, {.limit = 200})).items;
    }
    auto group_draft() -> Draft {
        for (auto& one : pending())
            if (one.title.starts_with("Many findings")) return one;
        throw std::runtime_error("no draft of a group");
    }
    void approve(const std::string& draft_id) {
        run_task(decide(draft_id, DraftState::approved));
        settle();
    }
};

TEST(GroupStage, ManyLikeFindingsHaveOneDraftAndOneTicket) {
    Street street;
    const auto dossiers = street.storm(1, 20);
    ASSERT_THAT(street.pending(), SizeIs(1)) << "drafts of their own were given up";
    const auto draft = street.group_draft();
    EXPECT_THAT(draft.body, AllOf(HasSubstr("public-bucket"), HasSubstr("alice@acme.example"),
                                  HasSubstr("AI-Generated Guidance"), HasSubstr("What to do")));
    EXPECT_EQ(draft.assignee, "alice@acme.example");
    for (const auto& id : dossiers) EXPECT_EQ(street.dossier(id).stage, Stage::awaiting_approval);
    EXPECT_EQ(street.tracker->creates, 0);

    street.approve(draft.id);
    ASSERT_THAT(street.tracker->tickets, SizeIs(1));
    const auto& ticket = street.tracker->tickets[0];
    EXPECT_EQ(ticket.assignee, "alice@acme.example");
    EXPECT_THAT(ticket.body, AllOf(HasSubstr("20 of 20 are open"), HasSubstr("bucket-1 "), HasSubstr("bucket-20")));
    for (const auto& id : dossiers) {
        EXPECT_EQ(street.dossier(id).stage, Stage::delivered);
        EXPECT_EQ(street.dossier(id).ticket->key, "SEC-1");
    }
}

TEST(GroupStage, TheTableFollowsAndWritesSeldom) {
    Street street;
    street.storm(1, 5);
    street.approve(street.group_draft().id);
    const int before = street.tracker->updates;
    street.storm(6, 60);
    EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("60 of 60 are open"));
    EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("And 10 more"));
    EXPECT_LE(street.tracker->updates - before, 3) << "a storm is written at most once in a while";
    street.report(7, "resolved");
    EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("59 of 60 are open"));
    EXPECT_THAT(street.tracker->tickets, SizeIs(1));
    EXPECT_THAT(street.pending(), IsEmpty()) << "who joins after the approval is covered by it";
}

TEST(GroupStage, TheTicketIsOverWhenAllAreAndComesBackWithOne) {
    Street street;
    street.storm(1, 4);
    street.approve(street.group_draft().id);
    for (int number = 1; number <= 3; ++number) street.report(number, "resolved");
    EXPECT_FALSE(street.tracker->tickets[0].closed);
    street.report(4, "resolved");
    EXPECT_TRUE(street.tracker->tickets[0].closed);
    EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("0 of 4 are open"));
    const auto back = street.report(2, "open", "critical").dossier_id;
    EXPECT_EQ(street.dossier(back).stage, Stage::delivered) << "its ticket is there";
    EXPECT_FALSE(street.tracker->tickets[0].closed);
    EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("1 of 4 is open"));
    EXPECT_EQ(street.tracker->creates, 1);
}

TEST(GroupStage, FewStayByThemselvesAndSoDoOthers) {
    Street street;
    street.storm(1, 2);
    EXPECT_THAT(street.pending(), SizeIs(2));
    street.rule = "unencrypted-bucket";
    street.storm(3, 4);
    EXPECT_THAT(street.pending(), SizeIs(4));
    for (const auto& draft : street.pending()) EXPECT_THAT(draft.title, Not(HasSubstr("Many findings")));
    street.rule = "public-bucket";
    street.clock.step(std::chrono::hours(2));
    street.storm(5, 6);
    EXPECT_THAT(street.pending(), SizeIs(6)) << "the window of the first two is over";
}

TEST(GroupStage, WhatHadATicketBeforeKeepsIt) {
    Street street;
    const auto first = street.report(1).dossier_id;
    street.approve(street.pending().at(0).id);
    ASSERT_THAT(street.tracker->tickets, SizeIs(1));
    street.storm(2, 6);
    ASSERT_THAT(street.pending(), SizeIs(1));
    street.approve(street.group_draft().id);
    ASSERT_THAT(street.tracker->tickets, SizeIs(2));
    EXPECT_THAT(street.tracker->tickets[1].body, HasSubstr("SEC-1"));
    EXPECT_EQ(street.dossier(first).ticket->key, "SEC-1");
}

TEST(GroupStage, ARejectedGroupAsksNobodyAgain) {
    Street street;
    const auto dossiers = street.storm(1, 5);
    run_task(street.decide(street.group_draft().id, DraftState::rejected));
    street.settle();
    EXPECT_THAT(street.pending(), IsEmpty());
    for (const auto& id : dossiers) EXPECT_EQ(street.dossier(id).stage, Stage::closed);
    street.storm(6, 8);
    EXPECT_THAT(street.pending(), IsEmpty());
    EXPECT_EQ(street.tracker->creates, 0);
}

TEST(GroupStage, ATicketThatNobodyWantsSaysSoAndIsNotAskedForAgain) {
    for (const auto state : {DraftState::rejected, DraftState::expired}) {
        SCOPED_TRACE(to_string(state));
        Street street;
        street.approval = "before_assign";
        street.group.min = 2;
        street.report(1);
        street.storm(2, 4);
        const auto draft = street.group_draft();
        ASSERT_TRUE(draft.ticket);
        run_task(street.decide(draft.id, state));
        street.settle();
        street.storm(5, 7);
        EXPECT_THAT(street.pending(), Not(Contains(Field(&Draft::title, HasSubstr("Many findings")))));
        const auto& comments = street.tracker->tickets.at(1).comments;
        EXPECT_THAT(comments, ElementsAre(HasSubstr("nobody is assigned"))) << "once";
        EXPECT_EQ(street.tracker->tickets.at(1).assignee, "");
    }
}

TEST(GroupStage, WhatTheTableHasNoRoomForIsAFileOnceNobodyJoinsAnyMore) {
    Street street;
    street.tracker->keeps_files = true;
    street.storm(1, 5);
    street.approve(street.group_draft().id);
    EXPECT_THAT(street.tracker->tickets[0].files, IsEmpty()) << "all of them are in the table";
    const auto begun = street.clock.now();
    street.storm(6, 60);
    EXPECT_GE(street.clock.now() - begun, std::chrono::minutes(50)) << "the group's hour is over";
    ASSERT_THAT(street.tracker->tickets[0].files, SizeIs(1));
    const auto& [name, bytes] = *street.tracker->tickets[0].files.begin();
    EXPECT_THAT(name, HasSubstr("dossier-findings-"));
    EXPECT_EQ(std::ranges::count(bytes, '\n'), 61);
    EXPECT_THAT(bytes, HasSubstr("bucket-60"));
    street.report(7, "resolved");
    EXPECT_THAT(street.tracker->tickets[0].files, SizeIs(1)) << "the table alone follows from there";
}

TEST(GroupStage, ACrashAtAnyCommitMakesOneTicket) {
    for (int good = 0; good < 8; ++good) {
        SCOPED_TRACE(good);
        Street street;
        for (int number = 1; number <= 4; ++number) {
            street.bucket = "bucket-" + std::to_string(number);
            street.deliver(number);
            street.store.good_commits = good;
            street.work(true);
            street.store.good_commits = -1;
        }
        street.settle();
        ASSERT_THAT(street.pending(), SizeIs(1));
        run_task(street.decide(street.group_draft().id, DraftState::approved));
        street.tracker->create_answers = {ticket::test::FakeTracker::Answer::lost};
        street.store.good_commits = good % 3;
        street.work(true);
        street.store.good_commits = -1;
        street.settle();
        EXPECT_THAT(street.tracker->tickets, SizeIs(1));
        EXPECT_THAT(street.tracker->tickets[0].body, HasSubstr("4 of 4 are open"));
    }
}

TEST(GroupStage, AnEditKeepsItsWordAndLeavesWithTheApprovalOnly) {
    Street street;
    street.approval = "before_assign";
    street.group.min = 2;
    street.report(1);
    street.storm(2, 4);
    ASSERT_GE(street.tracker->tickets.size(), 2U);
    auto& shared = street.tracker->tickets[1];
    const auto draft = street.group_draft();
    ASSERT_TRUE(draft.ticket);
    run_task(street.edit(draft.id, "Close all of them today."));
    street.storm(5, 8);
    EXPECT_THAT(shared.body, Not(HasSubstr("today")));
    street.approve(draft.id);
    EXPECT_THAT(shared.body, AllOf(HasSubstr("today"), HasSubstr("are open")));
}

/// With `DOSSIER_STORM` ten thousand findings of four rules and a few owners; a handful of tickets comes out.
TEST(GroupStage, AStormEndsInAReadableNumberOfTickets) {
    Street street;
    const int findings = std::getenv("DOSSIER_STORM") != nullptr ? 10'000 : 120;
    street.group.min = 5;
    for (int number = 1; number <= findings; ++number) {
        street.rule = "rule-" + std::to_string(number % 4);
        street.bucket = "bucket-" + std::to_string(number);
        street.deliver(number);
        if (number % 50 == 0) street.work();
    }
    street.settle();
    const auto drafts = street.pending();
    EXPECT_THAT(drafts, SizeIs(4));
    for (const auto& draft : drafts) street.approve(draft.id);
    ASSERT_THAT(street.tracker->tickets, SizeIs(4));
    for (const auto& ticket : street.tracker->tickets)
        EXPECT_THAT(ticket.body, HasSubstr(std::to_string(findings / 4) + " of " + std::to_string(findings / 4)));
}

} // namespace
} // namespace dossier::pipeline
