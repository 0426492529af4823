// What people correct is kept together with the draft that they corrected it in, for every kind of store.

#include "store_suite.hpp"

#include <gmock/gmock.h>

namespace dossier::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class CorrectionSuite : public StoreSuite {
protected:
    /// A pending draft of tags, with its dossier at rest.
    auto tags_draft() -> Draft {
        const auto delivered = deliver({});
        Draft draft;
        draft.id = "drf_1";
        draft.dossier_id = delivered.dossier_id;
        draft.revision = 1;
        draft.kind = "tags";
        draft.finding_ids = {delivered.id};
        draft.title = "Classify the bucket";
        draft.body = "It holds addresses.";
        draft.content_hash = content_hash(draft);
        StageCommit commit{
            .claim = claim(minute(0)).at(0), .at = minute(1), .stage = Stage::awaiting_approval, .revision = 1};
        commit.save_drafts = {draft};
        value_of(store().commit_stage(commit));
        value_of(store().release({.claim = commit.claim, .at = minute(1)}));
        return value_of(store().get_draft("drf_1"));
    }
    static auto word(std::string key, std::vector<std::string> classes, std::string by = "sam") -> Correction {
        return {.key = std::move(key), .classes = std::move(classes), .by = std::move(by), .at = minute(3)};
    }
    auto correct(const Draft& draft, std::vector<Correction> corrections, const std::string& hash = "") {
        auto edited = draft;
        edited.body += "Corrected.";
        return store().correct_draft(draft.id, hash, edited, {}, std::move(corrections), minute(3),
                                     {entry("classification.corrected")});
    }
    auto kept(const std::string& key) -> std::vector<Correction> { return value_of(store().corrections_of({key})); }
};

TEST_P(CorrectionSuite, AnEditAndItsCorrectionsAreOneCommit) {
    const auto draft = tags_draft();
    EXPECT_TRUE(claim(minute(2)).empty());
    const auto edited = value_of(correct(draft, {word("a/email", {"EMAIL"}), word("b/x", {})}, draft.content_hash));
    EXPECT_NE(edited.content_hash, draft.content_hash);
    EXPECT_EQ(value_of(store().get_draft("drf_1")).body, edited.body);
    ASSERT_EQ(kept("a/email").size(), 1U);
    EXPECT_THAT(kept("a/email")[0].classes, ElementsAre("EMAIL"));
    EXPECT_EQ(kept("a/email")[0].by, "sam");
    EXPECT_EQ(kept("a/email")[0].at, minute(3));
    EXPECT_THAT(kept("b/x").at(0).classes, IsEmpty()) << "that it needs no care is a word, too";
    EXPECT_EQ(value_of(store().list_audit({.action = "classification.corrected"}, {})).items.size(), 1U);
    EXPECT_EQ(claim(minute(3)).size(), 1U) << "the dossier follows";
}

TEST_P(CorrectionSuite, ARefusedEditCorrectsNothing) {
    const auto draft = tags_draft();
    EXPECT_EQ(error_of(correct(draft, {word("a/email", {"EMAIL"})}, "another hash")), Errc::conflict);
    auto nobodys = draft;
    nobodys.id = "drf_none";
    EXPECT_EQ(error_of(correct(nobodys, {word("a/email", {"EMAIL"})})), Errc::not_found);
    value_of(store().decide_draft("drf_1", draft.content_hash, DraftState::approved, "alice", "", minute(2), {}));
    EXPECT_EQ(error_of(correct(draft, {word("a/email", {"EMAIL"})})), Errc::conflict);
    EXPECT_THAT(kept("a/email"), IsEmpty());
    EXPECT_TRUE(value_of(store().list_audit({.action = "classification.corrected"}, {})).items.empty());
    EXPECT_EQ(value_of(store().get_draft("drf_1")).body, draft.body);
}

TEST_P(CorrectionSuite, TheLaterWordOnAKeyReplacesTheEarlierOneAndOthersStay) {
    const auto draft = tags_draft();
    value_of(correct(draft, {word("k", {"EMAIL", "PHONE"}), word("other", {"SSN"})}));
    value_of(correct(draft, {word("k", {"USER_ID"}, "pat")}));
    ASSERT_EQ(kept("k").size(), 1U);
    EXPECT_THAT(kept("k")[0].classes, ElementsAre("USER_ID"));
    EXPECT_EQ(kept("k")[0].by, "pat");
    EXPECT_THAT(kept("other").at(0).classes, ElementsAre("SSN"));
    EXPECT_EQ(value_of(store().corrections_of({"none", "k", "other", "'; --"})).size(), 2U);
    EXPECT_THAT(value_of(store().corrections_of({})), IsEmpty());
}

TEST_P(CorrectionSuite, CorrectionsOutliveTheProcess) {
    value_of(correct(tags_draft(), {word("k", {"Ünïcode, \"quoted\""})}));
    reopen();
    EXPECT_THAT(kept("k").at(0).classes, ElementsAre("Ünïcode, \"quoted\""));
}

INSTANTIATE_TEST_SUITE_P(Stores, CorrectionSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
