#include "dossier/approve/review_queue.hpp"

#include "dossier/base/json.hpp"
#include "support/run_task.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace dossier::approve {
namespace {

using test::run_task;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr Timestamp noon{std::chrono::milliseconds{1'700'000'000'000}};

class StoppedClock final : public Clock {
public:
    [[nodiscard]] auto now() const -> Timestamp override { return noon; }
};

/// Drafts in memory with the promises of store::DraftStore: compare by hash, decide once, audit with the write.
class FakeDraftStore final : public store::DraftStore {
public:
    std::map<std::string, Draft> drafts;
    std::map<std::string, std::vector<store::DraftRevision>> revisions;
    std::vector<store::AuditEntry> audit;
    std::function<void()> before_write; ///< what somebody else does between our look and our write

    auto list_drafts(store::DraftFilter filter, store::Page /*page*/) -> Task<Result<store::Listing<Draft>>> override {
        store::Listing<Draft> out;
        for (const auto& [id, draft] : drafts)
            if ((!filter.state || *filter.state == draft.state) &&
                (!filter.created_before || draft.created_at < *filter.created_before))
                out.items.push_back(draft);
        co_return out;
    }
    auto get_draft(std::string id) -> Task<Result<Draft>> override {
        if (!drafts.contains(id)) co_return fail(Errc::not_found, "no such draft");
        co_return drafts[id];
    }
    auto add_drafts(std::vector<Draft> added, bool /*opens_dossier*/, Timestamp /*at*/,
                    std::vector<store::AuditEntry> /*entries*/) -> Task<Result<void>> override {
        for (auto& draft : added) drafts[draft.id] = std::move(draft);
        co_return Result<void>{};
    }
    auto draft_revisions(std::string id) -> Task<Result<std::vector<store::DraftRevision>>> override {
        co_return revisions[id];
    }
    auto edit_draft(std::string id, std::string expected_hash, Draft edited, store::DraftRevision revision,
                    std::vector<store::AuditEntry> entries) -> Task<Result<Draft>> override {
        if (before_write) std::exchange(before_write, nullptr)();
        auto& draft = drafts.at(id);
        if (draft.state != DraftState::pending || draft.content_hash != expected_hash)
            co_return fail(Errc::conflict, "the store says no");
        draft = edited;
        revision.number = static_cast<int>(revisions[id].size()) + 1;
        revisions[id].push_back(revision);
        audit.insert(audit.end(), entries.begin(), entries.end());
        co_return draft;
    }
    auto decide_draft(std::string id, std::string expected_hash, DraftState decision, std::string actor,
                      std::string comment, Timestamp at, std::vector<store::AuditEntry> entries)
        -> Task<Result<Draft>> override {
        if (before_write) std::exchange(before_write, nullptr)();
        auto& draft = drafts.at(id);
        if (draft.state != DraftState::pending || draft.content_hash != expected_hash)
            co_return fail(Errc::conflict, "the store says no");
        draft.state = decision;
        draft.decided_by = actor;
        draft.decided_at = at;
        draft.comment = comment;
        if (decision == DraftState::approved) draft.approved_hash = expected_hash;
        audit.insert(audit.end(), entries.begin(), entries.end());
        co_return draft;
    }
};

class ReviewQueueTest : public testing::Test {
protected:
    ReviewQueueTest() : queue_(store_, clock_, metrics_) {
        Draft draft;
        draft.id = "drf_1";
        draft.dossier_id = "dos_1";
        draft.finding_ids = {"fnd_1"};
        draft.sink = "jira";
        draft.title = "Bucket is public";
        draft.body = "Close it.";
        draft.content_hash = content_hash(draft);
        store_.drafts[draft.id] = draft;
    }

    auto edit(Edit what, std::string expected_hash = "") -> Result<Draft> {
        return run_task(queue_.edit("drf_1", std::move(what), std::move(expected_hash), {.id = "alice"}));
    }
    auto decide(DraftState decision, std::string expected_hash = "", std::string who = "alice",
                std::string comment = "looks right") -> Result<Draft> {
        return run_task(
            queue_.decide("drf_1", decision, std::move(comment), std::move(expected_hash), {.id = std::move(who)}));
    }
    [[nodiscard]] auto stored() -> Draft& { return store_.drafts.at("drf_1"); }

    FakeDraftStore store_;
    StoppedClock clock_;
    Metrics metrics_;
    ReviewQueue queue_;
};

TEST_F(ReviewQueueTest, AnEditMakesANewHashAndLeavesAnEntryWithBoth) {
    const auto before = stored().content_hash;
    const auto edited = edit({.title = "Bucket acme-x is public", .body = {}}, before);
    ASSERT_TRUE(edited) << edited.error().describe();
    EXPECT_EQ(edited->title, "Bucket acme-x is public");
    EXPECT_EQ(edited->body, "Close it.");
    EXPECT_NE(edited->content_hash, before);
    EXPECT_EQ(edited->content_hash, content_hash(*edited));
    ASSERT_THAT(store_.audit, SizeIs(1));
    const auto& entry = store_.audit[0];
    EXPECT_EQ(entry.action, "draft.edited");
    EXPECT_EQ(entry.actor_type, "user");
    EXPECT_EQ(entry.actor_id, "alice");
    EXPECT_EQ(entry.dossier_id, "dos_1");
    EXPECT_EQ(entry.finding_id, "fnd_1");
    EXPECT_EQ(entry.time, noon);
    const auto details = parse_json(entry.details).value();
    EXPECT_EQ(details["before_hash"], before);
    EXPECT_EQ(details["after_hash"], edited->content_hash);
    EXPECT_EQ(details["draft_id"], "drf_1");
    EXPECT_THAT(entry.details, Not(HasSubstr("acme-x"))); // hashes, not content
}

TEST_F(ReviewQueueTest, AnEditThatChangesNothingWritesNothing) {
    EXPECT_TRUE(edit({.title = stored().title, .body = stored().body}));
    EXPECT_THAT(store_.audit, IsEmpty());
}

TEST_F(ReviewQueueTest, RefusesEditsThatNoTrackerWouldTake) {
    const auto long_title = std::string(255, 'x');
    std::string long_umlauts;
    for (int i = 0; i < 255; ++i) long_umlauts += "ü";
    const struct {
        const char* name;
        Edit edit;
        bool is_good;
    } rows[] = {
        {"nothing", {}, false},
        {"empty title", {.title = "", .body = {}}, false},
        {"blank title", {.title = "  ", .body = {}}, false},
        {"two lines", {.title = "a\nb", .body = {}}, false},
        {"carriage return", {.title = "a\rb", .body = {}}, false},
        {"NUL in the title", {.title = std::string("a\0b", 3), .body = {}}, false},
        {"invalid UTF-8 in the title", {.title = "a\xFF", .body = {}}, false},
        {"title of 256", {.title = long_title + "x", .body = {}}, false},
        {"title of 255", {.title = long_title, .body = {}}, true},
        {"title of 255 characters in more bytes", {.title = long_umlauts, .body = {}}, true},
        {"empty body", {.title = {}, .body = ""}, false},
        {"invalid UTF-8 in the body", {.title = {}, .body = "a\xC3"}, false},
        {"NUL in the body", {.title = {}, .body = std::string("a\0b", 3)}, false},
        {"body of 64 KiB and one", {.title = {}, .body = std::string(64 * 1024 + 1, 'x')}, false},
        {"body of 64 KiB", {.title = {}, .body = std::string(64 * 1024, 'x')}, true},
        {"good title, bad body", {.title = "a", .body = ""}, false},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto before = stored();
        const auto edited = edit(row.edit);
        ASSERT_EQ(edited.has_value(), row.is_good);
        if (row.is_good) continue;
        EXPECT_EQ(edited.error().code, Errc::invalid_argument);
        EXPECT_EQ(stored().content_hash, before.content_hash);
    }
}

TEST_F(ReviewQueueTest, TagsAreEditedByTheirPayloadAndATicketHasNone) {
    const auto no_tags = edit({.body = "other", .payload = "{}"});
    ASSERT_FALSE(no_tags);
    EXPECT_EQ(no_tags.error().code, Errc::invalid_argument);
    stored().kind = "tags";
    stored().payload = "{}";
    stored().content_hash = content_hash(stored());
    const auto before = stored().content_hash;
    const auto text_only = edit({.body = "other"});
    ASSERT_FALSE(text_only);
    EXPECT_EQ(text_only.error().code, Errc::invalid_argument);
    EXPECT_THAT(text_only.error().message, HasSubstr("payload"));
    const auto edited = edit({.title = "Classify", .body = "other", .payload = R"({"flat":1})"});
    ASSERT_TRUE(edited) << edited.error().describe();
    EXPECT_EQ(edited->payload, R"({"flat":1})");
    EXPECT_EQ(edited->content_hash, content_hash(*edited));
    EXPECT_NE(edited->content_hash, before);
}

TEST_F(ReviewQueueTest, ADecisionIsBoundToTheContentAndTold) {
    const struct {
        DraftState decision;
        const char* action;
        const char* metric;
    } rows[] = {
        {DraftState::approved, "draft.approved", R"(dossier_decisions_total{decision="approved"} 1)"},
        {DraftState::rejected, "draft.rejected", R"(dossier_decisions_total{decision="rejected"} 1)"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.action);
        stored().state = DraftState::pending;
        store_.audit.clear();
        EXPECT_THAT(metrics_.render(), Not(HasSubstr(row.metric)));
        const auto decided = decide(row.decision, stored().content_hash);
        ASSERT_TRUE(decided) << decided.error().describe();
        EXPECT_EQ(decided->state, row.decision);
        EXPECT_EQ(decided->decided_by, "alice");
        EXPECT_EQ(decided->decided_at, noon);
        EXPECT_EQ(decided->comment, "looks right");
        ASSERT_THAT(store_.audit, SizeIs(1));
        EXPECT_EQ(store_.audit[0].action, row.action);
        EXPECT_EQ(parse_json(store_.audit[0].details).value()["content_hash"], stored().content_hash);
        EXPECT_THAT(metrics_.render(), HasSubstr(row.metric));
    }
}

TEST_F(ReviewQueueTest, ASecondDecisionSaysWhoDecided) {
    ASSERT_TRUE(decide(DraftState::approved));
    for (const auto second : {DraftState::approved, DraftState::rejected}) {
        const auto again = decide(second, "", "bob");
        ASSERT_FALSE(again);
        EXPECT_EQ(again.error().code, Errc::conflict);
        EXPECT_THAT(again.error().message, HasSubstr("alice"));
    }
    EXPECT_EQ(edit({.title = "late", .body = {}}).error().code, Errc::conflict);
    EXPECT_THAT(store_.audit, SizeIs(1));
    EXPECT_EQ(stored().decided_by, "alice");
}

TEST_F(ReviewQueueTest, NobodyApprovesWhatTheyHaveNotSeen) {
    const auto seen = stored().content_hash;
    ASSERT_TRUE(edit({.title = "changed meanwhile", .body = {}}));
    EXPECT_EQ(decide(DraftState::approved, seen).error().code, Errc::conflict);
    EXPECT_EQ(edit({.title = "mine", .body = {}}, seen).error().code, Errc::conflict);
    EXPECT_EQ(stored().state, DraftState::pending);
    EXPECT_EQ(stored().title, "changed meanwhile");
}

TEST_F(ReviewQueueTest, WhatComesBetweenLookAndWriteIsAConflict) {
    const auto somebody_edits = [this] {
        stored().body = "Make it public.";
        stored().content_hash = content_hash(stored());
    };
    store_.before_write = somebody_edits;
    EXPECT_EQ(decide(DraftState::approved).error().code, Errc::conflict);
    EXPECT_EQ(stored().state, DraftState::pending);
    EXPECT_THAT(metrics_.render(), Not(HasSubstr("dossier_decisions_total{")));

    stored().body = "Close it.";
    stored().content_hash = content_hash(stored());
    store_.before_write = somebody_edits;
    EXPECT_EQ(edit({.title = "mine", .body = {}}).error().code, Errc::conflict);
    EXPECT_EQ(stored().body, "Make it public.");
    EXPECT_THAT(store_.audit, IsEmpty());
}

TEST_F(ReviewQueueTest, RefusesWhatIsNoDecision) {
    for (const auto state : {DraftState::pending, DraftState::posted})
        EXPECT_EQ(decide(state).error().code, Errc::invalid_argument);
    EXPECT_EQ(decide(DraftState::approved, "", "alice", std::string(5000, 'x')).error().code, Errc::invalid_argument);
    EXPECT_EQ(decide(DraftState::approved, "", "alice", "\xFF").error().code, Errc::invalid_argument);
    EXPECT_EQ(run_task(queue_.decide("drf_none", DraftState::approved, "", "", {.id = "alice"})).error().code,
              Errc::not_found);
    EXPECT_EQ(stored().state, DraftState::pending);
}

TEST_F(ReviewQueueTest, ListsAndGivesWhatTheStoreHas) {
    EXPECT_THAT(run_task(queue_.list({.state = DraftState::pending}, {})).value().items, SizeIs(1));
    EXPECT_THAT(run_task(queue_.list({.state = DraftState::rejected}, {})).value().items, IsEmpty());
    EXPECT_EQ(run_task(queue_.get("drf_1")).value().title, "Bucket is public");
    EXPECT_EQ(run_task(queue_.get("drf_none")).error().code, Errc::not_found);
}

TEST_F(ReviewQueueTest, AnEditIsKeptWithItsAuthorAndWhatChanged) {
    ASSERT_TRUE(edit({.title = "Bucket acme-x is public", .body = "Close it.\nToday."}));
    const auto revisions = run_task(queue_.revisions("drf_1"));
    ASSERT_TRUE(revisions);
    ASSERT_THAT(*revisions, SizeIs(1));
    const auto& one = revisions->front();
    EXPECT_EQ(one.by, "alice");
    EXPECT_EQ(one.at, noon);
    EXPECT_EQ(one.after_hash, stored().content_hash);
    EXPECT_NE(one.before_hash, one.after_hash);
    const auto changes = parse_json(one.changes).value();
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0]["before"], "Bucket is public");
    EXPECT_EQ(changes[0]["diff"], "@@ -1 +1 @@\n-Bucket is public\n+Bucket acme-x is public\n");
    EXPECT_EQ(changes[1]["diff"], "@@ -1 +1,2 @@\n Close it.\n+Today.\n");
    EXPECT_EQ(run_task(queue_.revisions("drf_none")).error().code, Errc::not_found);
}

TEST_F(ReviewQueueTest, AReassignmentIsAnotherContent) {
    const auto before = stored().content_hash;
    const auto handed = run_task(queue_.reassign("drf_1", "bob@acme.example", "his bucket", before, {.id = "alice"}));
    ASSERT_TRUE(handed) << handed.error().describe();
    EXPECT_EQ(handed->assignee, "bob@acme.example");
    EXPECT_NE(handed->content_hash, before);
    EXPECT_EQ(store_.audit.back().action, "draft.reassigned");
    EXPECT_EQ(decide(DraftState::approved, before).error().code, Errc::conflict);
    for (const auto* bad : {"two words", "a\nb", " bob@acme.example"})
        EXPECT_EQ(run_task(queue_.reassign("drf_1", bad, "", "", {.id = "alice"})).error().code, Errc::invalid_argument)
            << bad;
}

TEST_F(ReviewQueueTest, WhereFourEyesAreOnNobodyApprovesTheirOwnEdit) {
    ReviewQueue strict(store_, clock_, metrics_, {.four_eyes = true});
    const Reviewer alice{.id = "alice-token", .email = "alice@acme.example"};
    ASSERT_TRUE(run_task(strict.edit("drf_1", {.title = "Mine", .body = {}}, "", alice)));
    // By whatever name: from a chat she comes by her e-mail.
    for (const auto& herself :
         {alice, Reviewer{.id = "Alice@acme.example"}, Reviewer{.id = "x", .email = "alice-token"}}) {
        const auto refused = run_task(strict.decide("drf_1", DraftState::approved, "", "", herself));
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, Errc::forbidden);
    }
    EXPECT_TRUE(run_task(strict.decide("drf_1", DraftState::approved, "", "", {.id = "bob"})));
}

TEST_F(ReviewQueueTest, ARejectionSaysWhyWhereThatIsWanted) {
    ReviewQueue strict(store_, clock_, metrics_, {.wants_reason = true});
    EXPECT_EQ(run_task(strict.decide("drf_1", DraftState::rejected, "  ", "", {.id = "bob"})).error().code,
              Errc::invalid_argument);
    EXPECT_TRUE(run_task(strict.decide("drf_1", DraftState::rejected, "known", "", {.id = "bob"})));
}

TEST_F(ReviewQueueTest, WhatNobodyDecidesOnExpiresOnce) {
    ReviewQueue queue(store_, clock_, metrics_, {.expire_after = std::chrono::hours{24}});
    stored().created_at = noon - std::chrono::hours{23};
    EXPECT_EQ(run_task(queue.expire_due()).value(), 0U);
    stored().created_at = noon - std::chrono::hours{25};
    EXPECT_EQ(run_task(queue_.expire_due()).value(), 0U) << "without expire_after nothing expires";
    EXPECT_EQ(run_task(queue.expire_due()).value(), 1U);
    EXPECT_EQ(stored().state, DraftState::expired);
    EXPECT_EQ(stored().decided_by, "dossier");
    EXPECT_EQ(stored().comment, "nobody decided within 1 day");
    EXPECT_EQ(store_.audit.back().actor_type, "service_account");
    EXPECT_EQ(run_task(queue.expire_due()).value(), 0U);
    const auto late = decide(DraftState::approved);
    ASSERT_FALSE(late);
    EXPECT_THAT(late.error().message, HasSubstr("expired"));
}

} // namespace
} // namespace dossier::approve
