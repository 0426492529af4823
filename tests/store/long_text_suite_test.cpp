// Texts long enough to be packed where the store packs: whichever way one reads them, they are what was written.

#include "store_suite.hpp"

#include "dossier/finding/json.hpp"

#include <gmock/gmock.h>

namespace dossier::store {
namespace {

using testing::ElementsAre;

auto long_text(const std::string& what) -> std::string {
    std::string text;
    for (int i = 0; i < 200; ++i) text += "Line " + std::to_string(i) + " of the " + what + ", \"quoted\" \xC3\xA9. ";
    return text;
}

/// A finding that is drafted, and everything about it is long.
class LongTextSuite : public StoreSuite {
protected:
    void SetUp() override {
        StoreSuite::SetUp();
        if (IsSkipped()) return;
        delivered_ = deliver({});
        document_ = finding({});
        document_.id = delivered_.id;
        document_.description = long_text("finding");
        document_.url = "https://wiz.example/issue/1";
        claim_ = claim(minute(0)).at(0);
        result_ = R"({"risk":7.5,"regulations":[{"framework":"GDPR"}],"text":")" + std::string(5'000, 'r') + "\"}";
        StageCommit assessed{.claim = claim_, .at = minute(1), .stage = Stage::assessed, .revision = 1};
        assessed.body = result_;
        assessed.findings = {{.id = delivered_.id, .doc = to_text(document_)}};
        assessed.audit = {entry(long_text("first"))};
        value_of(store().commit_stage(assessed));

        draft_.id = "drf_1";
        draft_.dossier_id = delivered_.dossier_id;
        draft_.revision = 1;
        draft_.finding_ids = {delivered_.id};
        draft_.kind = "ticket";
        draft_.approval = "before_create";
        draft_.title = "Close the bucket";
        draft_.body = long_text("draft");
        draft_.content_hash = content_hash(draft_);
        StageCommit drafted{.claim = claim_, .at = minute(2), .stage = Stage::awaiting_approval, .revision = 1};
        drafted.carried = {{.stage = Stage::enriched, .revision = 1, .body = long_text("carried"), .at = minute(1)}};
        drafted.save_drafts = {draft_};
        drafted.audit = {entry("short")};
        value_of(store().commit_stage(drafted));
    }
    void end() { value_of(store().release({.claim = claim_, .at = minute(2)})); }

    IntakeResult delivered_;
    Finding document_;
    std::string result_;
    Claim claim_;
    Draft draft_;
};

TEST_P(LongTextSuite, ADossierIsReadAsItWasWritten) {
    reopen();
    for (const auto& row :
         {value_of(store().load_work(delivered_.dossier_id)), value_of(store().get_dossier(delivered_.dossier_id))}) {
        ASSERT_EQ(row.results.size(), 2U);
        EXPECT_EQ(row.results[0].body, result_);
        EXPECT_EQ(row.results[1].body, long_text("carried"));
        ASSERT_EQ(row.drafts.size(), 1U);
        EXPECT_EQ(to_text(row.drafts[0]), to_text(draft_));
        EXPECT_EQ(row.findings.at(0).doc, to_text(document_));
    }
    EXPECT_EQ(value_of(store().get_finding(delivered_.id)).doc, to_text(document_));
    EXPECT_EQ(value_of(store().list_findings({}, {})).items.at(0).doc, to_text(document_));
    const auto facts = value_of(store().scan_findings({}, {})).items.at(0);
    EXPECT_EQ(facts.resource_name, document_.resource.name);
    EXPECT_EQ(facts.risk, 7.5);
    EXPECT_THAT(facts.frameworks, ElementsAre("GDPR"));
}

TEST_P(LongTextSuite, AResultIsReplacedAndADocumentGoesWithItsVersion) {
    StageCommit again{.claim = claim_, .at = minute(3), .stage = Stage::assessed, .revision = 1};
    again.body = "{}";
    again.findings = {{.id = delivered_.id}}; // says nothing of its document
    value_of(store().commit_stage(again));
    auto row = value_of(store().load_work(delivered_.dossier_id));
    EXPECT_EQ(row.results.at(0).body, "{}");
    EXPECT_EQ(row.findings.at(0).doc, to_text(document_));
    again.findings.at(0).doc = "{\"short\":1}";
    value_of(store().commit_stage(again));
    EXPECT_EQ(value_of(store().get_finding(delivered_.id)).doc, "{\"short\":1}");
    again.findings.at(0).doc = to_text(document_);
    value_of(store().commit_stage(again));
    end();
    deliver({.title = "Another title"}, minute(4));
    EXPECT_EQ(value_of(store().get_finding(delivered_.id)).doc, "");
}

TEST_P(LongTextSuite, ADraftIsReadEditedAndDecidedOn) {
    EXPECT_EQ(to_text(value_of(store().get_draft("drf_1"))), to_text(draft_));
    auto edited = draft_;
    edited.body = long_text("edited draft");
    edited = value_of(store().edit_draft("drf_1", draft_.content_hash, edited, {.by = "alice"}, {}));
    EXPECT_EQ(to_text(value_of(store().list_drafts({}, {})).items.at(0)), to_text(edited));

    StageCommit again{.claim = claim_, .at = minute(3), .stage = Stage::awaiting_approval, .revision = 1};
    again.save_drafts = {draft_}; // read before the edit
    value_of(store().commit_stage(again));
    EXPECT_EQ(value_of(store().get_draft("drf_1")).body, edited.body) << "a person's word stands";
    value_of(store().decide_draft("drf_1", edited.content_hash, DraftState::rejected, "alice", "no", minute(4), {}));
    EXPECT_EQ(value_of(store().get_draft("drf_1")).body, edited.body);
    EXPECT_EQ(value_of(store().get_draft("drf_1")).state, DraftState::rejected);
}

TEST_P(LongTextSuite, ChatsAreGivenTheDraft) {
    const auto announced = value_of(store().drafts_to_announce("slack", "channel", 10));
    ASSERT_EQ(announced.size(), 1U);
    EXPECT_EQ(to_text(announced[0]), to_text(draft_));
    ChatMessage message{.key = "k", .draft_id = "drf_1", .platform = "slack", .kind = "channel"};
    message.next_at = minute(5);
    value_of(store().save_chat({message}, {}));
    EXPECT_EQ(to_text(value_of(store().chat_work("slack", minute(5), 10)).at(0).draft), to_text(draft_));
}

TEST_P(LongTextSuite, DraftsThatWaitForNobodyDontKeepOthersFromBeingAnnounced) {
    std::vector<Draft> silent;
    for (int i = 0; i < 5; ++i) {
        auto draft = draft_;
        draft.id = "drf_silent" + std::to_string(i);
        draft.kind = "policy";
        draft.approval = "none";
        silent.push_back(std::move(draft));
    }
    auto loud = draft_;
    loud.id = "drf_loud";
    loud.kind = "policy";
    silent.push_back(loud);
    value_of(store().add_drafts(silent, false, minute(3), {}));
    std::vector<std::string> ids;
    for (const auto& draft : value_of(store().drafts_to_announce("slack", "channel", 2))) ids.push_back(draft.id);
    EXPECT_THAT(ids, ElementsAre("drf_1", "drf_loud"));
}

TEST_P(LongTextSuite, AGroupTellsOfItsMembersWhatTheirDocumentsSay) {
    const auto group = value_of(store().join_group(
        claim_, {.key = "k", .window = std::chrono::minutes(10), .min = 1, .facts = "{}"}, minute(3)));
    const auto members = value_of(store().group_members(group.dossier_id, 10));
    ASSERT_EQ(members.size(), 1U);
    EXPECT_EQ(members[0].resource, document_.resource.name);
    EXPECT_EQ(members[0].url, document_.url);
}

TEST_P(LongTextSuite, TheAuditTrailIsReadAsItWasSealed) {
    const auto head = value_of(store().audit_head());
    auto records = value_of(store().audit_after(0, 10));
    ASSERT_EQ(records.size(), 2U);
    const auto first = plain_seal(entry(long_text("first")), 1, "");
    EXPECT_EQ(records[0].record, first.record);
    EXPECT_EQ(records[0].hash, first.hash);
    EXPECT_EQ(records[1].record, plain_seal(entry("short"), 2, first.hash).record);
    EXPECT_EQ(records[1].hash, head.hash);
    EXPECT_EQ(value_of(store().list_audit({.action = long_text("first")}, {})).items.at(0).record, first.record);
}

INSTANTIATE_TEST_SUITE_P(Stores, LongTextSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
