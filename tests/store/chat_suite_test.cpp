#include "store_suite.hpp"

#include <gmock/gmock.h>

namespace dossier::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

/// What was said about drafts, and what is still to be said.
class ChatSuite : public StoreSuite {
protected:
    /// A finding whose draft waits for a person. @param stage of its dossier
    auto waiting(const std::string& id, Stage stage = Stage::awaiting_approval, std::string kind = "ticket") -> Draft {
        const auto delivered = deliver({.id = id});
        const auto claimed = claim(minute(0)).at(0);
        Draft draft;
        draft.id = "drf_" + id;
        draft.dossier_id = delivered.dossier_id;
        draft.revision = 1;
        draft.finding_ids = {delivered.id};
        draft.kind = std::move(kind);
        draft.approval = "before_assign";
        draft.title = "Close the bucket " + id;
        draft.content_hash = content_hash(draft);
        StageCommit commit{.claim = claimed, .at = minute(1), .stage = stage, .revision = 1};
        commit.save_drafts = {draft};
        value_of(store().commit_stage(commit));
        value_of(store().release({.claim = claimed, .at = minute(1)}));
        return draft;
    }
    static auto message_of(const Draft& draft, const std::string& kind = "channel") -> ChatMessage {
        return {.key = "slack:" + kind + ":" + draft.id, .draft_id = draft.id, .platform = "slack", .kind = kind};
    }
    void save(ChatMessage message) { value_of(store().save_chat({std::move(message)}, {})); }
    auto to_announce(const std::string& kind = "channel") -> std::vector<std::string> {
        std::vector<std::string> ids;
        for (const auto& draft : value_of(store().drafts_to_announce("slack", kind, 10))) ids.push_back(draft.id);
        return ids;
    }
    auto work(Timestamp now) -> std::vector<ChatWork> { return value_of(store().chat_work("slack", now, 10)); }
};

TEST_P(ChatSuite, ADraftThatWaitsIsAnnouncedUntilItHasAMessage) {
    const auto draft = waiting("1");
    waiting("2", Stage::drafted); // its ticket is being made
    waiting("3", Stage::delivered, "tags");
    EXPECT_THAT(to_announce(), ElementsAre("drf_1", "drf_3"));
    save(message_of(draft));
    EXPECT_THAT(to_announce(), ElementsAre("drf_3"));
    EXPECT_THAT(to_announce("owner"), ElementsAre("drf_1", "drf_3")) << "each kind for itself";
    value_of(store().decide_draft("drf_3", "", DraftState::rejected, "paul", "", minute(2), {}));
    EXPECT_THAT(to_announce(), IsEmpty());
}

TEST_P(ChatSuite, AMessageIsWorkUntilItSaysWhatIsTrue) {
    const auto draft = waiting("1");
    auto message = message_of(draft);
    message.next_at = minute(5);
    save(message);
    EXPECT_THAT(work(minute(4)), IsEmpty());
    ASSERT_THAT(work(minute(5)), SizeIs(1));
    EXPECT_EQ(work(minute(5))[0].draft.id, draft.id);

    message.state = ChatMessage::State::done;
    message.shown = shown_of(draft);
    message.channel = "C1";
    message.ts = "17.1";
    message.posted_at = minute(5);
    message.reason = "why";
    save(message);
    EXPECT_THAT(work(minute(9)), IsEmpty());
    reopen();
    const auto kept = value_of(store().chat_messages_of(draft.id)).at(0);
    EXPECT_EQ(kept.key, message.key);
    EXPECT_EQ(kept.state, ChatMessage::State::done);
    EXPECT_EQ(std::tie(kept.channel, kept.ts, kept.shown, kept.reason),
              std::tie(message.channel, message.ts, message.shown, message.reason));
    EXPECT_EQ(kept.posted_at, minute(5));

    auto edited = draft;
    edited.title = "Another title";
    edited = value_of(store().edit_draft(draft.id, draft.content_hash, edited, {}, {}));
    ASSERT_THAT(work(minute(9)), SizeIs(1)) << "the content has changed";
    message.shown = shown_of(edited);
    save(message);
    const auto decided =
        value_of(store().decide_draft(draft.id, "", DraftState::rejected, "paul", "no", minute(6), {}));
    ASSERT_THAT(work(minute(9)), SizeIs(1)) << "somebody decided";
    EXPECT_EQ(work(minute(9))[0].draft.decided_by, "paul");
    message.shown = shown_of(decided);
    save(message);
    EXPECT_THAT(work(minute(9)), IsEmpty());
}

TEST_P(ChatSuite, WhatFailedForGoodIsLeftAlone) {
    const auto draft = waiting("1");
    auto message = message_of(draft);
    message.state = ChatMessage::State::failed;
    save(message);
    EXPECT_THAT(work(minute(9)), IsEmpty());
    EXPECT_THAT(to_announce(), IsEmpty());
}

TEST_P(ChatSuite, RemindersAreDueEachTimeTheSpanHasPassed) {
    const auto draft = waiting("1");
    auto message = message_of(draft);
    message.state = ChatMessage::State::done;
    message.shown = shown_of(draft);
    message.posted_at = minute(10);
    save(message);
    const auto due = [&](Timestamp now) {
        return value_of(store().chat_to_remind("slack", now, std::chrono::minutes(30), 2, 10)).size();
    };
    EXPECT_EQ(due(minute(39)), 0U);
    EXPECT_EQ(due(minute(40)), 1U);
    message.reminders = 1;
    save(message);
    EXPECT_EQ(due(minute(69)), 0U);
    EXPECT_EQ(due(minute(70)), 1U);
    message.reminders = 2;
    save(message);
    EXPECT_EQ(due(minute(500)), 0U) << "enough";
    message.reminders = 0;
    save(message);
    value_of(store().decide_draft(draft.id, "", DraftState::approved, "paul", "", minute(2), {}));
    EXPECT_EQ(due(minute(500)), 0U) << "nothing to wait for";
}

TEST_P(ChatSuite, AnEventIsTakenOnce) {
    EXPECT_TRUE(value_of(store().first_chat_event("slack:Ev1", minute(0))));
    EXPECT_FALSE(value_of(store().first_chat_event("slack:Ev1", minute(1))));
    EXPECT_TRUE(value_of(store().first_chat_event("slack:Ev2", minute(1))));
    reopen();
    EXPECT_FALSE(value_of(store().first_chat_event("slack:Ev1", minute(2))));
    const auto much_later = minute(0) + std::chrono::days(8);
    EXPECT_TRUE(value_of(store().first_chat_event("slack:Ev1", much_later))) << "forgotten after a week";
}

TEST_P(ChatSuite, AFindingIsFoundByItsIdentity) {
    const auto delivered = deliver({.source = "wiz", .id = "known"});
    const auto find = [&](std::vector<std::pair<std::string, std::string>> identities) {
        return value_of(store().finding_known_as(std::move(identities)));
    };
    const auto fingerprint = delivered.fingerprint;
    EXPECT_EQ(find({{"orca", fingerprint}, {"wiz", "other"}, {"wiz", fingerprint}}), delivered.id);
    EXPECT_EQ(find({{"orca", fingerprint}}), "");
    EXPECT_EQ(find({}), "");
}

INSTANTIATE_TEST_SUITE_P(Stores, ChatSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
