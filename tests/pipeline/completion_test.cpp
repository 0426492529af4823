// Findings that came thin: completed by their platform before they are normalised, or said to be thin.
#include "support/changing_platform.hpp"
#include "support/house.hpp"

#include "dossier/finding/json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::pipeline {
namespace {

using store::Release;
using test::ChangingPlatform;
using test::House;
using test::value_of;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* thin = R"({"issue":{"id":"i1"}})";

class Completion : public testing::Test {
protected:
    Completion() { house.platforms = {platform}; }

    auto finding(const std::string& id) -> store::FindingRow { return value_of(house.store.get_finding(id)); }
    auto context_of(const std::string& dossier) -> Context {
        for (const auto& result : house.dossier(dossier).results)
            if (result.stage == Stage::enriched) return *from_text<Context>(result.body);
        return {};
    }
    /// Works through attempts as the queue would, without waiting.
    auto work_through() -> std::vector<Release::Kind> {
        std::vector<Release::Kind> kinds;
        for (int i = 0; i < 30; ++i) {
            for (const auto& end : house.work()) kinds.push_back(end.kind);
            house.clock.step(std::chrono::minutes(10));
        }
        return kinds;
    }

    House house;
    std::shared_ptr<ChangingPlatform> platform = std::make_shared<ChangingPlatform>();
};

TEST_F(Completion, AThinFindingIsFetchedAndGoesItsWayOnce) {
    platform->put("i1", "payments", house.clock.now(), "OPEN", "CRITICAL");
    const auto taken = house.deliver_wiz(thin);
    EXPECT_EQ(taken.outcome, Outcome::created);
    ASSERT_THAT(house.work(), SizeIs(1));
    const auto row = finding(taken.id);
    EXPECT_EQ(row.title, "Publicly exposed bucket");
    EXPECT_EQ(row.severity, Severity::critical);
    EXPECT_EQ(row.stage, Stage::awaiting_approval);
    EXPECT_THAT(row.raw, HasSubstr("entitySnapshot"));
    const auto doc = from_text<Finding>(row.doc);
    ASSERT_TRUE(doc);
    EXPECT_FALSE(doc->is_partial);
    EXPECT_EQ(doc->resource.id, "arn:aws:s3:::payments");
    const auto dossier = house.dossier(row.dossier_id);
    EXPECT_EQ(dossier.revision, 1);
    EXPECT_THAT(dossier.drafts, SizeIs(1));
    EXPECT_EQ(house.audited("finding.completed"), 1U);

    // Later stages and replays need no platform.
    platform->errors.assign(10, Errc::unavailable);
    value_of(house.store.request_replay(taken.id, Stage::normalised, house.clock.now(), {}));
    ASSERT_THAT(house.work(), SizeIs(1));
    EXPECT_THAT(platform->fetched, ElementsAre("i1"));
    EXPECT_EQ(house.dossier(row.dossier_id).revision, 2);
}

TEST_F(Completion, JoinsTheDossierOfItsExposure) {
    platform->put("i0", "payments", house.clock.now());
    platform->put("i1", "payments", house.clock.now());
    const auto first = house.deliver_wiz(R"({"issue":{"id":"i0"}})");
    house.work();
    const auto second = house.deliver_wiz(thin);
    ASSERT_NE(second.dossier_id, first.dossier_id);
    house.work();
    house.work();
    EXPECT_EQ(finding(second.id).dossier_id, first.dossier_id);
    EXPECT_THAT(value_of(house.store.list_dossiers({})).items, SizeIs(1));
    const auto row = house.dossier(first.dossier_id);
    EXPECT_THAT(row.findings, SizeIs(2));
    EXPECT_EQ(row.stage, Stage::awaiting_approval);
    EXPECT_EQ(house.tracker->creates, 1) << "one exposure, one ticket";
    EXPECT_THAT(house.work(), IsEmpty());
    EXPECT_EQ(house.store.backlog(), 0U);
}

TEST_F(Completion, APlatformThatIsDownForAWhileIsAskedAgain) {
    platform->put("i1", "payments", house.clock.now());
    platform->errors = {Errc::unavailable, Errc::timeout, Errc::rate_limited};
    const auto taken = house.deliver_wiz(thin);
    EXPECT_THAT(work_through(),
                ElementsAre(Release::Kind::retry, Release::Kind::retry, Release::Kind::retry, Release::Kind::done));
    EXPECT_EQ(finding(taken.id).title, "Publicly exposed bucket");
    EXPECT_THAT(context_of(taken.dossier_id).gaps, IsEmpty());
}

TEST_F(Completion, GoesOnWithWhatIsThereAndSaysSo) {
    struct Row {
        const char* name;
        Errc error;
        std::size_t asked;
        const char* reason;
    };
    const Row rows[] = {
        {"down for good", Errc::unavailable, 8, "the platform is down"},
        {"no rights", Errc::forbidden, 1, "the platform is down"},
        {"unknown there", Errc::not_found, 1, "knows no such finding"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        House one;
        const auto api = std::make_shared<ChangingPlatform>();
        one.platforms = {api};
        api->errors.assign(20, row.error);
        const auto taken = one.deliver_wiz(thin);
        Release last;
        for (int i = 0; i < 12; ++i) {
            for (auto& end : one.work()) last = end;
            one.clock.step(std::chrono::minutes(10));
        }
        EXPECT_EQ(last.kind, Release::Kind::done) << last.error;
        EXPECT_THAT(api->fetched, SizeIs(row.asked));
        const auto dossier = one.dossier(taken.dossier_id);
        EXPECT_EQ(dossier.stage, Stage::awaiting_approval) << "a platform that is silent blocks nothing";
        EXPECT_EQ(dossier.attempts, 0);
        Context context;
        for (const auto& result : dossier.results)
            if (result.stage == Stage::enriched) context = *from_text<Context>(result.body);
        ASSERT_THAT(context.gaps, SizeIs(1));
        EXPECT_EQ(context.gaps[0].source, "platform:wiz");
        EXPECT_THAT(context.gaps[0].reason, HasSubstr(row.reason));
        EXPECT_EQ(one.audited("finding.not_completed"), 1U);

        // A replay asks again, and what is complete then is written about anew.
        api->errors.clear();
        api->put("i1", "payments", one.clock.now());
        value_of(one.store.request_replay(taken.id, Stage::normalised, one.clock.now(), {}));
        one.work();
        EXPECT_EQ(value_of(one.store.get_finding(taken.id)).title, "Publicly exposed bucket");
    }
}

TEST_F(Completion, ASilentPlatformLeavesTheNextStagesTheirAttempts) {
    platform->errors.assign(20, Errc::unavailable);
    house.deliver_wiz(thin);
    house.config.queue.max_attempts = 2;
    house.work();
    house.clock.step(std::chrono::minutes(10));
    house.store.good_commits = 1; // the normalised finding, and then the disk is full
    const auto ends = house.work();
    ASSERT_THAT(ends, SizeIs(1));
    EXPECT_EQ(ends[0].kind, Release::Kind::retry);
    house.store.good_commits = -1;
    house.clock.step(std::chrono::minutes(10));
    EXPECT_EQ(house.work().at(0).kind, Release::Kind::done);
}

TEST_F(Completion, AThinBodyAgainIsComparedWithThePlatform) {
    platform->put("i1", "payments", house.clock.now());
    const auto taken = house.deliver_wiz(thin);
    house.work();
    const auto asked = house.llm_calls;
    EXPECT_EQ(house.deliver_wiz(thin).outcome, Outcome::duplicate);
    ASSERT_THAT(house.work(), SizeIs(1)) << "it may mean a change";
    EXPECT_THAT(platform->fetched, SizeIs(2));
    EXPECT_EQ(finding(taken.id).version, 2) << "thin, then whole";
    EXPECT_EQ(house.dossier(taken.dossier_id).revision, 1);
    EXPECT_EQ(house.llm_calls, asked);
    EXPECT_THAT(house.work(), IsEmpty());

    house.clock.step(std::chrono::minutes(1));
    platform->put("i1", "payments", house.clock.now(), "RESOLVED");
    house.deliver_wiz(thin);
    house.work();
    EXPECT_EQ(finding(taken.id).status, Status::resolved);
    EXPECT_EQ(house.dossier(taken.dossier_id).stage, Stage::closed);
}

TEST_F(Completion, AnEndThatAThinBodyReportsIsBelievedWhenNobodyCanBeAsked) {
    platform->put("i1", "payments", house.clock.now());
    const auto taken = house.deliver_wiz(thin);
    house.work();
    platform->errors.assign(20, Errc::forbidden);
    house.deliver_wiz(R"({"issue":{"id":"i1","status":"OPEN"}})");
    house.work();
    EXPECT_EQ(finding(taken.id).status, Status::open);
    house.deliver_wiz(R"({"issue":{"id":"i1","status":"RESOLVED"}})");
    house.work();
    const auto row = finding(taken.id);
    EXPECT_EQ(row.status, Status::resolved);
    EXPECT_EQ(row.title, "Publicly exposed bucket") << "what is known stays";
    EXPECT_EQ(from_text<Finding>(row.doc)->resource.name, "payments");
    EXPECT_EQ(house.dossier(taken.dossier_id).stage, Stage::closed);
}

TEST_F(Completion, WithoutAnApiAThinBodyIsTakenAsItIs) {
    house.platforms.clear();
    const auto taken = house.deliver_wiz(thin);
    ASSERT_THAT(house.work(), SizeIs(1));
    EXPECT_EQ(finding(taken.id).stage, Stage::awaiting_approval);
    EXPECT_THAT(context_of(taken.dossier_id).gaps, IsEmpty());
    EXPECT_EQ(house.deliver_wiz(thin).outcome, Outcome::duplicate);
}

TEST_F(Completion, AnAnswerAboutSomethingElseIsNotTaken) {
    platform->put("i1", "payments", house.clock.now());
    platform->put("i2", "other", house.clock.now());
    platform->items["i1"] = platform->items["i2"];
    const auto taken = house.deliver_wiz(thin);
    house.work();
    EXPECT_THAT(finding(taken.id).title, HasSubstr("i1"));
    platform->items["i1"].raw = "no JSON";
    house.deliver_wiz(R"({"issue":{"id":"i1","note":"again"}})");
    house.work();
    EXPECT_THAT(finding(taken.id).title, HasSubstr("i1"));
    EXPECT_EQ(house.audited("finding.not_completed"), 2U);
}

} // namespace
} // namespace dossier::pipeline
