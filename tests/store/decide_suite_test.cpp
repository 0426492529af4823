#include "store_suite.hpp"

#include <algorithm>

namespace dossier::store {
namespace {

/// Drafts, effects and the audit chain.
class DecideSuite : public StoreSuite {
protected:
    auto draft_of(const IntakeResult& result, std::string id) -> Draft {
        Draft draft;
        draft.id = std::move(id);
        draft.dossier_id = result.dossier_id;
        draft.revision = 1;
        draft.finding_ids = {result.id};
        draft.title = "Close the bucket";
        draft.body = "It is open.";
        draft.content_hash = content_hash(draft);
        return draft;
    }
    void save(const Claim& claim, const std::vector<Draft>& drafts) {
        StageCommit commit{.claim = claim, .at = minute(1), .stage = Stage::awaiting_approval, .revision = 1};
        commit.save_drafts = drafts;
        value_of(store().commit_stage(commit));
    }
    void end(const Claim& claim) { value_of(store().release({.claim = claim, .at = minute(1)})); }
    auto decide(const std::string& id, const std::string& hash, DraftState decision, const std::string& who)
        -> Result<Draft> {
        return await(store().decide_draft(id, hash, decision, who, "fine", minute(2), {entry("draft.decided")}));
    }
};

TEST_P(DecideSuite, ADraftIsDecidedOnceOnTheContentThatWasSeen) {
    const auto draft = draft_of(deliver({}), "drf_1");
    const auto claimed = claim(minute(0)).at(0);
    save(claimed, {draft});
    end(claimed);
    EXPECT_TRUE(claim(minute(2)).empty());

    EXPECT_EQ(decide("drf_none", "", DraftState::approved, "alice").error().code, Errc::not_found);
    EXPECT_EQ(decide("drf_1", "", DraftState::posted, "alice").error().code, Errc::invalid_argument);
    EXPECT_EQ(decide("drf_1", "another hash", DraftState::approved, "alice").error().code, Errc::conflict);
    EXPECT_TRUE(value_of(store().list_audit({}, {})).items.empty());

    const auto decided = decide("drf_1", draft.content_hash, DraftState::approved, "alice").value();
    EXPECT_EQ(decided.state, DraftState::approved);
    EXPECT_EQ(decided.approved_hash, draft.content_hash);
    EXPECT_EQ(decided.decided_at, minute(2));
    EXPECT_EQ(claim(minute(2)).size(), 1U);

    const auto second = decide("drf_1", "", DraftState::rejected, "bob");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Errc::conflict);
    EXPECT_NE(second.error().message.find("alice"), std::string::npos);
    EXPECT_EQ(error_of(store().edit_draft("drf_1", "", draft, {}, {})), Errc::conflict);
    EXPECT_EQ(value_of(store().list_audit({}, {})).items.size(), 1U);
}

TEST_P(DecideSuite, AnEditLeavesARevisionAndTheQueueIsAskedByWhatADraftIs) {
    const auto result = deliver({});
    auto draft = draft_of(result, "drf_1");
    draft.sink = "jira";
    draft.route = "critical";
    draft.owner = "owner@acme.example";
    draft.assignee = "first@acme.example";
    draft.severity = Severity::high;
    draft.created_at = minute(1);
    const auto claimed = claim(minute(0)).at(0);
    save(claimed, {draft});
    end(claimed);
    auto edited = draft;
    edited.assignee = "second@acme.example";
    const auto stored = value_of(store().edit_draft("drf_1", draft.content_hash, edited,
                                                    {.by = "alice",
                                                     .email = "alice@acme.example",
                                                     .at = minute(2),
                                                     .before_hash = draft.content_hash,
                                                     .changes = "[]"},
                                                    {}));
    EXPECT_EQ(stored.assignee, "second@acme.example");
    EXPECT_NE(stored.content_hash, draft.content_hash);
    const auto revisions = value_of(store().draft_revisions("drf_1"));
    ASSERT_EQ(revisions.size(), 1U);
    EXPECT_EQ(revisions[0].number, 1);
    EXPECT_EQ(revisions[0].email, "alice@acme.example");
    EXPECT_EQ(revisions[0].after_hash, stored.content_hash);
    EXPECT_TRUE(value_of(store().draft_revisions("drf_none")).empty());

    struct Row {
        const char* name;
        DraftFilter filter;
        std::size_t found;
    };
    const Row rows[] = {
        {"kind", {.kind = "ticket"}, 1},
        {"another kind", {.kind = "tags"}, 0},
        {"sink", {.sink = "jira"}, 1},
        {"another sink", {.sink = "snow"}, 0},
        {"assignee as edited, any case", {.assignee = "SECOND@acme.example"}, 1},
        {"assignee before the edit", {.assignee = "first@acme.example"}, 0},
        {"owner", {.owner = "owner@acme.example"}, 1},
        {"route", {.route = "critical"}, 1},
        {"another route", {.route = "rest"}, 0},
        {"severity", {.severity = Severity::high}, 1},
        {"another severity", {.severity = Severity::low}, 0},
        {"older", {.created_before = minute(2)}, 1},
        {"not older", {.created_before = minute(1)}, 0},
        {"younger", {.created_after = minute(1)}, 1},
        {"not younger", {.created_after = minute(2)}, 0},
        {"all at once",
         {.state = DraftState::pending, .finding_id = result.id, .kind = "ticket", .severity = Severity::high},
         1},
    };
    for (const auto& row : rows)
        EXPECT_EQ(value_of(store().list_drafts(row.filter, {})).items.size(), row.found) << row.name;
}

TEST_P(DecideSuite, AnAutomaticDecisionFindsItsPlaceTakenInTheSameInstant) {
    const auto first = deliver({});
    const auto claimed = claim(minute(0)).at(0);
    StageCommit commit{.claim = claimed, .at = minute(1), .stage = Stage::drafted, .revision = 1};
    commit.action_limit = ActionLimit{.since = minute(0), .most = 1};
    auto act = entry("draft.approved_automatically");
    act.time = minute(1);
    commit.audit = {act};
    value_of(store().commit_stage(commit));
    commit.stage = Stage::delivered;
    EXPECT_EQ(error_of(store().commit_stage(commit)), Errc::quota_exhausted);
    EXPECT_EQ(value_of(store().get_dossier(first.dossier_id)).stage, Stage::drafted) << "nothing of it happened";
    commit.action_limit->since = minute(2);
    value_of(store().commit_stage(commit));
}

TEST_P(DecideSuite, ASettingHoldsUntilItIsTakenBack) {
    EXPECT_FALSE(value_of(store().get_setting("mode")));
    value_of(store().put_setting({.name = "mode", .value = "observe", .by = "alice", .comment = "odd", .at = minute(1)},
                                 {entry("mode.switched")}));
    const auto kept = value_of(store().get_setting("mode"));
    ASSERT_TRUE(kept);
    EXPECT_EQ(kept->value, "observe");
    EXPECT_EQ(kept->by, "alice");
    EXPECT_EQ(kept->at, minute(1));
    EXPECT_EQ(value_of(store().list_audit({}, {})).items.size(), 1U);
    value_of(store().put_setting({.name = "mode"}, {}));
    EXPECT_FALSE(value_of(store().get_setting("mode")));
}

TEST_P(DecideSuite, DraftsThatAPersonAskedForJoinADossierOrOpenOne) {
    const auto result = deliver({});
    end(claim(minute(0)).at(0));
    auto asked = draft_of(result, "drf_asked");
    asked.kind = "policy";
    value_of(store().add_drafts({asked}, false, minute(1), {entry("draft.created")}));
    EXPECT_EQ(value_of(store().get_dossier(result.dossier_id)).drafts.at(0).id, "drf_asked");
    EXPECT_TRUE(claim(minute(1)).empty()) << "nothing is to be done before somebody decides";
    EXPECT_TRUE(decide("drf_asked", asked.content_hash, DraftState::approved, "alice"));
    EXPECT_EQ(claim(minute(2)).size(), 1U);

    auto alone = asked;
    alone.id = "drf_alone";
    alone.dossier_id = "dos_alone";
    alone.finding_ids.clear();
    EXPECT_EQ(error_of(store().add_drafts({alone}, false, minute(1), {})), Errc::not_found);
    value_of(store().add_drafts({alone}, true, minute(1), {}));
    const auto dossier = value_of(store().get_dossier("dos_alone"));
    EXPECT_TRUE(dossier.findings.empty());
    EXPECT_EQ(dossier.stage, Stage::awaiting_approval);
    EXPECT_EQ(store().backlog(), 1U) << "a person's turn counts for nothing";
    EXPECT_TRUE(decide("drf_alone", "", DraftState::approved, "alice"));
    EXPECT_EQ(claim(minute(2)).size(), 1U);
    auto other = asked;
    other.dossier_id = "dos_other";
    EXPECT_EQ(error_of(store().add_drafts({alone, other}, false, minute(1), {})), Errc::invalid_argument);
    EXPECT_EQ(error_of(store().add_drafts({}, true, minute(1), {})), Errc::invalid_argument);
}

TEST_P(DecideSuite, AnEditMakesNewContentToDecideOn) {
    const auto draft = draft_of(deliver({}), "drf_1");
    save(claim(minute(0)).at(0), {draft});
    auto edited = draft;
    edited.title = "Close it today";
    edited.assignee = "bob@acme.example";
    edited.sink = "elsewhere"; // where it goes is no reviewer's to say
    const auto stored = value_of(store().edit_draft("drf_1", draft.content_hash, edited, {}, {}));
    EXPECT_EQ(stored.title, "Close it today");
    EXPECT_EQ(stored.assignee, "bob@acme.example");
    EXPECT_EQ(stored.sink, draft.sink);
    EXPECT_NE(stored.content_hash, draft.content_hash);
    EXPECT_EQ(error_of(store().edit_draft("drf_1", draft.content_hash, edited, {}, {})), Errc::conflict);
    EXPECT_EQ(decide("drf_1", draft.content_hash, DraftState::approved, "alice").error().code, Errc::conflict);
    EXPECT_EQ(decide("drf_1", stored.content_hash, DraftState::approved, "alice")->approved_hash, stored.content_hash);
}

TEST_P(DecideSuite, AWorkerThatSawTheDraftBeforeAPersonDidKeepsTheirWord) {
    auto draft = draft_of(deliver({}), "drf_1");
    const auto claimed = claim(minute(0)).at(0);
    save(claimed, {draft});
    auto edited = draft;
    edited.body = "Rewritten.";
    const auto hash = value_of(store().edit_draft("drf_1", "", edited, {}, {})).content_hash;
    ASSERT_TRUE(decide("drf_1", hash, DraftState::approved, "alice"));

    draft.ticket = TicketRef{.sink = "jira", .key = "SEC-1", .url = "", .id = ""};
    save(claimed, {draft});
    auto now = value_of(store().get_draft("drf_1"));
    EXPECT_EQ(now.state, DraftState::approved);
    EXPECT_EQ(now.decided_by, "alice");
    EXPECT_EQ(now.body, "Rewritten.");
    EXPECT_EQ(now.content_hash, hash);
    ASSERT_TRUE(now.ticket);

    now.state = DraftState::posted; // who has seen the decision may go on from it
    save(claimed, {now});
    EXPECT_EQ(value_of(store().get_draft("drf_1")).state, DraftState::posted);
}

TEST_P(DecideSuite, DraftFiltersTellDraftsApart) {
    const auto a = deliver({.id = "a"});
    const auto b = deliver({.id = "b"});
    for (const auto& claimed : claim(minute(0))) {
        if (claimed.dossier_id == a.dossier_id) save(claimed, {draft_of(a, "drf_1"), draft_of(a, "drf_2")});
        if (claimed.dossier_id == b.dossier_id) save(claimed, {draft_of(b, "drf_3")});
    }
    ASSERT_TRUE(decide("drf_2", "", DraftState::rejected, "alice"));
    struct Row {
        std::string name;
        DraftFilter filter;
        std::size_t expected;
    };
    for (const auto& row : std::vector<Row>{{"all", {}, 3},
                                            {"pending", {.state = DraftState::pending}, 2},
                                            {"dossier", {.dossier_id = a.dossier_id}, 2},
                                            {"finding", {.finding_id = b.id}, 1},
                                            {"part of an id", {.finding_id = b.id.substr(0, 8)}, 0},
                                            {"both", {.state = DraftState::rejected, .finding_id = a.id}, 1}}) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(value_of(store().list_drafts(row.filter, {})).items.size(), row.expected);
    }
    const auto page = value_of(store().list_drafts({}, {.limit = 2, .cursor = ""}));
    ASSERT_TRUE(page.next_cursor);
    EXPECT_EQ(value_of(store().list_drafts({}, {.limit = 2, .cursor = *page.next_cursor})).items.size(), 1U);
}

TEST_P(DecideSuite, OfTwoThatBeginOneEffectTheSecondIsTurnedAway) {
    const auto planned = value_of(store().begin_intent({.key = "ticket:dos_1", .dossier_id = "dos_1", .sink = "jira"}));
    const auto trying = [](Intent intent, const char* who) {
        intent.state = Intent::State::attempting;
        intent.attempts += 1;
        intent.reason = who;
        return intent;
    };
    // Both have read it; the first stood still so long that its lease ran out.
    value_of(store().save_intent(trying(planned, "two"), {}));
    EXPECT_EQ(error_of(store().save_intent(trying(planned, "one"), {entry("tried")})), Errc::conflict);
    EXPECT_TRUE(value_of(store().list_audit({}, {})).items.empty());
    EXPECT_EQ(error_of(store().save_intent(planned, {})), Errc::conflict) << "nor may it say how it ended";
    auto done = trying(planned, "two");
    done.state = Intent::State::done;
    value_of(store().save_intent(done, {}));
    value_of(store().save_intent(done, {})); // the sweep's word
    EXPECT_EQ(error_of(store().save_intent(trying(planned, "one"), {})), Errc::conflict);
    EXPECT_EQ(value_of(store().intents_of("dos_1")).at(0).reason, "two");
}

TEST_P(DecideSuite, WhoWasOvertakenSaysWhatCameOfItAndTheOtherHearsOfIt) {
    auto overtaken = value_of(store().begin_intent({.key = "ticket:dos_1", .dossier_id = "dos_1", .sink = "jira"}));
    overtaken.state = Intent::State::attempting;
    overtaken.attempts = 1;
    value_of(store().save_intent(overtaken, {}));
    auto other = value_of(store().begin_intent(overtaken)); // takes over, and looks
    other.state = Intent::State::unknown;
    other.unknown_since = minute(1);
    value_of(store().save_intent(other, {}));
    overtaken.state = Intent::State::done;
    overtaken.ticket = TicketRef{.sink = "jira", .key = "SEC-1", .url = "", .id = "1"};
    value_of(store().save_intent(overtaken, {entry("ticket.created")}));

    other.lookups = 1;
    EXPECT_EQ(error_of(store().save_intent(other, {})), Errc::conflict) << "it found nothing and would look again";
    other.state = Intent::State::attempting;
    other.attempts = 2;
    EXPECT_EQ(error_of(store().save_intent(other, {})), Errc::conflict) << "it would make a second ticket";
    const auto kept = value_of(store().begin_intent(overtaken));
    EXPECT_EQ(kept.state, Intent::State::done);
    EXPECT_EQ(kept.ticket.value_or(TicketRef{}).key, "SEC-1");
    value_of(store().save_intent(kept, {})); // the sweep's word
}

TEST_P(DecideSuite, AnIntentIsBegunOnceHoweverOftenItIsAskedFor) {
    Intent intent{.key = "ticket:jira:dos_1", .dossier_id = "dos_1", .sink = "jira", .content_hash = "h"};
    intent.state = Intent::State::done; // a beginner's claim doesn't count
    auto begun = value_of(store().begin_intent(intent));
    EXPECT_EQ(begun.state, Intent::State::planned);
    begun.state = Intent::State::unknown;
    begun.attempts = 1;
    begun.attempted_at = minute(1);
    begun.unknown_since = minute(1);
    value_of(store().save_intent(begun, {entry("ticket.unknown")}));
    reopen();
    auto again = value_of(store().begin_intent(intent));
    EXPECT_EQ(again.state, Intent::State::unknown);
    EXPECT_EQ(again.unknown_since, minute(1));

    again.state = Intent::State::done;
    again.ticket = TicketRef{.sink = "jira", .key = "SEC-1", .url = "", .id = ""};
    again.next_at = minute(10);
    value_of(store().save_intent(again, {}));
    EXPECT_TRUE(value_of(store().intents_to_sweep(minute(9), 5)).empty());
    EXPECT_EQ(value_of(store().intents_to_sweep(minute(10), 5)).at(0).ticket->key, "SEC-1");
}

TEST_P(DecideSuite, TheIntentsOfADossierTellHowEachEnded) {
    for (const auto* key : {"writeback:status:f:d", "writeback:comment:f:d"}) {
        auto intent = value_of(store().begin_intent({.key = key, .dossier_id = "dos_1", .sink = "wiz"}));
        EXPECT_FALSE(intent.is_over());
        const bool is_comment = std::string_view(key).find("comment") != std::string_view::npos;
        intent.state = is_comment ? Intent::State::failed : Intent::State::skipped;
        intent.reason = "the finding is archived";
        value_of(store().save_intent(intent, {}));
    }
    value_of(store().begin_intent({.key = "other", .dossier_id = "dos_2", .sink = "wiz"}));
    reopen();
    const auto intents = value_of(store().intents_of("dos_1"));
    ASSERT_EQ(intents.size(), 2U);
    EXPECT_EQ(intents[0].key, "writeback:comment:f:d");
    EXPECT_EQ(intents[0].state, Intent::State::failed);
    EXPECT_EQ(intents[0].reason, "the finding is archived");
    EXPECT_EQ(intents[1].state, Intent::State::skipped);
    EXPECT_TRUE(intents[1].is_over());
    EXPECT_TRUE(value_of(store().intents_of("dos_3")).empty());
}

TEST_P(DecideSuite, OnlyWhatTheServiceDidByItselfIsAnAutomaticAction) {
    auto by_itself = entry("draft.approved_automatically");
    by_itself.time = minute(1);
    auto written = entry("writeback.done_automatically");
    written.time = minute(1);
    auto by_a_person = entry("draft.approved");
    by_a_person.time = minute(1);
    value_of(store().append_audit({by_itself, written, by_a_person}));
    EXPECT_EQ(value_of(store().automatic_actions_since(minute(1))), 2U);
    EXPECT_EQ(value_of(store().automatic_actions_since(minute(2))), 0U);
}

TEST_P(DecideSuite, AnswersAreKeptByExactKey) {
    EXPECT_EQ(value_of(store().cached_answer("k")), std::nullopt);
    value_of(store().cache_answer("k", "first", minute(0)));
    value_of(store().cache_answer("k", "second", minute(1)));
    EXPECT_EQ(value_of(store().cached_answer("k")), "second");
    EXPECT_EQ(value_of(store().cached_answer("K")), std::nullopt);
}

/// Each record follows the one before it.
auto chain_holds(const std::vector<AuditRow>& records) -> bool {
    std::string prev;
    std::int64_t seq = 0;
    for (const auto& record : records) {
        if (!record.record.starts_with(std::to_string(++seq) + "|" + prev + "|")) return false;
        prev = record.hash;
    }
    return true;
}

TEST_P(DecideSuite, TheChainIsUnbrokenWhateverFailsInBetween) {
    value_of(store().append_audit({entry("one"), entry("two")}));
    // Fails after nothing, and after sealing: neither leaves a gap.
    EXPECT_EQ(error_of(store().redrive("dlt_none", minute(0), {entry("lost")})), Errc::not_found);
    deliver({});
    const auto claimed = claim(minute(0)).at(0);
    StageCommit commit{.claim = claimed, .at = minute(0), .stage = Stage::enriched};
    commit.findings = {{.id = "fnd_none"}};
    commit.audit = {entry("lost")};
    EXPECT_EQ(error_of(store().commit_stage(commit)), Errc::not_found);
    value_of(store().append_audit({entry("three")}));
    reopen();
    value_of(store().append_audit({entry("four")}));

    auto records = value_of(store().audit_after(0, 100));
    std::string order;
    for (const auto& record : records) order += record.action + " ";
    EXPECT_EQ(order, "one two three four ");
    EXPECT_TRUE(chain_holds(records));
    EXPECT_EQ(value_of(store().audit_head()).seq, 4);
    EXPECT_EQ(value_of(store().audit_head()).hash, records.back().hash);
    EXPECT_EQ(value_of(store().audit_after(2, 1)).at(0).action, "three");
    std::swap(records[1], records[2]);
    EXPECT_FALSE(chain_holds(records)); // the check can fail
}

TEST_P(DecideSuite, AuditFiltersTellRecordsApart) {
    const auto result = value_of(store().commit_intake(delivery({{}}, minute(0)), {entry("finding.received")})).at(0);
    auto whole = entry("ticket.created"); // about the dossier, not one finding
    whole.dossier_id = result.dossier_id;
    whole.actor_id = "alice";
    whole.time = minute(3);
    auto other = entry("finding.received");
    other.finding_id = deliver({.id = "beside", .exposure = "exp-1"}).id;
    ASSERT_NE(other.finding_id, result.id);
    other.dossier_id = result.dossier_id;
    value_of(store().append_audit({whole, other}));
    struct Row {
        std::string name;
        AuditFilter filter;
        std::size_t expected;
    };
    for (const auto& row : std::vector<Row>{{"all", {}, 3},
                                            {"finding, with its dossier's", {.finding_id = result.id}, 2},
                                            {"unknown finding", {.finding_id = "fnd_none"}, 0},
                                            {"dossier", {.dossier_id = result.dossier_id}, 3},
                                            {"actor", {.actor = "alice"}, 1},
                                            {"action", {.action = "finding.received"}, 2},
                                            {"since", {.since = minute(1)}, 1}}) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(value_of(store().list_audit(row.filter, {})).items.size(), row.expected);
    }
    EXPECT_EQ(value_of(store().list_audit({}, {})).items.at(0).seq, 3);
}

INSTANTIATE_TEST_SUITE_P(Stores, DecideSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
