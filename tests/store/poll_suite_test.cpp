// What pollers need of a store: one of a kind at a time, cursors that move with what they found, thin findings that are
// completed, and the account of what was delivered and what was not.
#include "store_suite.hpp"

#include <algorithm>

namespace dossier::store {
namespace {

constexpr auto lease = std::chrono::minutes(2);
const std::string name = "reconcile:wiz";

class PollSuite : public StoreSuite {
protected:
    auto acquire(const std::string& owner, Timestamp now) -> std::optional<Singleton> {
        return value_of(store().acquire_singleton(name, owner, now, lease));
    }
    auto commit(Via via, const Sample& sample, Timestamp at, const std::string& why = "") -> IntakeResult {
        auto intake = delivery({sample}, at);
        intake.via = via;
        intake.items.front().why_not_delivered = why;
        return value_of(store().commit_intake(std::move(intake), {})).front();
    }
    /// A thin delivery, as of a source that has an API.
    auto thin(const Sample& sample, Timestamp at, const std::string& raw = "{\"id\":1}") -> IntakeResult {
        return value_of(store().commit_intake(thin_intake(sample, at, raw), {})).front();
    }
    static auto thin_intake(const Sample& sample, Timestamp at, const std::string& raw) -> Intake {
        auto intake = delivery({sample}, at);
        auto& item = intake.items.front();
        item.raw = raw;
        item.completable = true;
        item.finding->is_partial = true;
        item.finding->exposure_key = "finding:" + item.finding->fingerprint;
        return intake;
    }
    auto fetched(const Claim& under, const IntakeResult& of, const Sample& sample) -> FetchCommit {
        return {.claim = under,
                .at = minute(2),
                .finding_id = of.id,
                .item = {.finding = finding(sample), .raw = "{\"whole\":true}"},
                .audit = {entry("finding.completed")}};
    }
    auto claim_of(const std::string& dossier, Timestamp now) -> Claim {
        const auto claims = claim(now);
        const auto found = std::ranges::find(claims, dossier, &Claim::dossier_id);
        if (found == claims.end()) throw std::runtime_error("the dossier is not ready");
        return *found;
    }
    auto days(const DeliveryFilter& filter = {}, Timestamp now = minute(1'000)) -> std::vector<DeliveryDay> {
        return value_of(store().deliveries(filter, now));
    }
};

TEST_P(PollSuite, OneHoldsASingletonUntilItsLeaseRunsOut) {
    const auto a = acquire("a", minute(0));
    ASSERT_TRUE(a);
    EXPECT_FALSE(acquire("b", minute(1)));
    value_of(store().renew_singleton(*a, minute(5)));
    EXPECT_FALSE(acquire("b", minute(4)));
    const auto again = acquire("a", minute(4));
    ASSERT_TRUE(again);
    EXPECT_EQ(again->fence, a->fence) << "its own is only prolonged";
    const auto b = acquire("b", minute(6));
    ASSERT_TRUE(b);
    EXPECT_GT(b->fence, a->fence);
    EXPECT_EQ(error_of(store().renew_singleton(*a, minute(9))), Errc::conflict);
    EXPECT_TRUE(value_of(store().acquire_singleton("reconcile:orca", "a", minute(6), lease))) << "another name";

    value_of(store().release_singletons("b"));
    const auto c = acquire("c", minute(6));
    ASSERT_TRUE(c);
    EXPECT_GT(c->fence, b->fence);
    reopen();
    EXPECT_FALSE(acquire("d", minute(7)));
    value_of(store().release_singletons(""));
    EXPECT_TRUE(acquire("d", minute(7)));
}

TEST_P(PollSuite, ACursorMovesWithWhatWasFoundOrNotAtAll) {
    EXPECT_FALSE(value_of(store().get_cursor(name)));
    const auto old = acquire("a", minute(0));
    auto found = delivery({{.id = "1"}}, minute(1));
    found.via = Via::reconcile;
    found.cursor = CursorMove{.name = name, .value = "page-1", .fence = old->fence};
    value_of(store().commit_intake(found, {}));
    const auto cursor = value_of(store().get_cursor(name));
    ASSERT_TRUE(cursor);
    EXPECT_EQ(cursor->value, "page-1");
    EXPECT_EQ(cursor->updated_at, minute(1));

    const auto taken_over = acquire("b", minute(9));
    found.items.front().finding = finding({.id = "2"});
    found.cursor->value = "page-2";
    EXPECT_EQ(error_of(store().commit_intake(found, {entry("a")})), Errc::conflict);
    EXPECT_EQ(value_of(store().get_cursor(name))->value, "page-1");
    EXPECT_EQ(store().backlog(), 1U) << "what a stale poller found is not kept";
    EXPECT_EQ(value_of(store().audit_head()).seq, 0);

    Intake nothing{.source = "wiz", .at = minute(10), .via = Via::reconcile};
    nothing.cursor = CursorMove{.name = name, .value = "page-1", .fence = taken_over->fence};
    EXPECT_TRUE(value_of(store().commit_intake(nothing, {})).empty());
    EXPECT_EQ(value_of(store().get_cursor(name))->updated_at, minute(10)) << "looked and found nothing";
    nothing.cursor->name = "reconcile:nobody";
    EXPECT_EQ(error_of(store().commit_intake(nothing, {})), Errc::conflict);
}

TEST_P(PollSuite, APolledFindingThatIsKnownLeavesNoTrace) {
    deliver({});
    auto again = delivery({{}, {.id = "2"}}, minute(1));
    again.via = Via::reconcile;
    const auto results = value_of(store().commit_intake(again, {entry("received"), entry("received")}));
    EXPECT_EQ(results[0].outcome, Outcome::duplicate);
    EXPECT_EQ(results[1].outcome, Outcome::created);
    const auto records = value_of(store().audit_after(0, 10));
    ASSERT_EQ(records.size(), 1U) << "only what was news";
    EXPECT_EQ(records[0].finding_id, results[1].id);
}

TEST_P(PollSuite, TheSameStateInAnotherFormIsADuplicate) {
    const auto first = deliver({.last_seen = minute(1)});
    const auto poll = [&](const Sample& sample) { return commit(Via::reconcile, sample, minute(5)).outcome; };
    EXPECT_EQ(poll({.title = "Bucket is public (API)", .last_seen = minute(1)}), Outcome::duplicate);
    EXPECT_EQ(poll({.title = "Bucket is public (API)", .last_seen = minute(3)}), Outcome::duplicate);
    EXPECT_EQ(poll({.title = "Bucket is public (API 2)", .last_seen = minute(2)}), Outcome::duplicate) << "stale";
    EXPECT_EQ(poll({.title = "Renamed (API)", .last_seen = minute(4)}), Outcome::updated);
    EXPECT_EQ(deliver({.title = "Renamed", .last_seen = minute(4)}, minute(6)).outcome, Outcome::duplicate);
    EXPECT_EQ(deliver({.last_seen = minute(1)}, minute(7)).outcome, Outcome::duplicate) << "an old redelivery";
    EXPECT_EQ(poll({.title = "Renamed (API)", .status = Status::resolved, .last_seen = minute(8)}), Outcome::resolved);
    EXPECT_EQ(value_of(store().get_finding(first.id)).version, 3);
}

TEST_P(PollSuite, WorkThatHasBegunShowsWithoutANewVersion) {
    const auto first = deliver({});
    EXPECT_EQ(commit(Via::reconcile, {.status = Status::in_progress}, minute(5)).outcome, Outcome::duplicate);
    const auto row = value_of(store().get_finding(first.id));
    EXPECT_EQ(row.status, Status::in_progress);
    EXPECT_EQ(row.version, 1);
}

TEST_P(PollSuite, AThinFindingMovesIntoTheDossierOfItsExposure) {
    const auto first = deliver({.source = "orca", .id = "o", .exposure = "bucket", .severity = Severity::low});
    const auto mine = thin({.id = "w", .title = "Wiz issue w"}, minute(1));
    EXPECT_EQ(mine.outcome, Outcome::created);
    ASSERT_NE(mine.dossier_id, first.dossier_id);
    const auto under = claim_of(mine.dossier_id, minute(2));
    const auto waiting = value_of(store().load_work(mine.dossier_id)).findings.at(0);
    EXPECT_TRUE(waiting.wants_fetch);

    const auto outcome = value_of(store().complete_finding(
        fetched(under, mine, {.id = "w", .exposure = "bucket", .severity = Severity::critical})));
    EXPECT_EQ(outcome.outcome, Outcome::updated);
    EXPECT_TRUE(outcome.moved);
    EXPECT_EQ(outcome.dossier_id, first.dossier_id);

    const auto joined = value_of(store().load_work(first.dossier_id));
    ASSERT_EQ(joined.findings.size(), 2U);
    const auto& row = joined.findings[1];
    EXPECT_EQ(row.raw, "{\"whole\":true}");
    EXPECT_EQ(row.via, Via::reconcile);
    EXPECT_EQ(row.title, "Bucket is public");
    EXPECT_EQ(row.severity, Severity::critical);
    EXPECT_EQ(row.exposure_key, "bucket");
    EXPECT_EQ(row.version, 2);
    EXPECT_FALSE(row.wants_fetch);
    EXPECT_EQ(value_of(store().list_findings({.q = "payments-w"}, {})).items.size(), 1U);

    EXPECT_EQ(value_of(store().list_dossiers({})).items.size(), 1U) << "no empty one shows up";
    EXPECT_EQ(value_of(store().get_dossier(mine.dossier_id)).id, first.dossier_id) << "its old id leads there";
    EXPECT_EQ(error_of(store().release({.claim = under, .at = minute(3)})), Errc::conflict);
    for (const auto& ready : claim(minute(90))) EXPECT_EQ(ready.dossier_id, first.dossier_id);
    EXPECT_EQ(store().backlog(), 2U);
    const auto trail = value_of(store().audit_after(0, 10));
    ASSERT_EQ(trail.size(), 2U);
    EXPECT_EQ(trail[0].action, "dossier.merged");
    EXPECT_EQ(trail[1].action, "finding.completed");
    auto earlier = entry("finding.received");
    earlier.finding_id = mine.id;
    earlier.dossier_id = mine.dossier_id;
    value_of(store().append_audit({earlier}));
    EXPECT_EQ(value_of(store().list_audit({.dossier_id = mine.dossier_id}, {})).items.size(), 1U)
        << "found by its finding, which is in another dossier now";
    EXPECT_EQ(thin({.id = "w", .title = "Wiz issue w"}, minute(4)).dossier_id, first.dossier_id);
}

TEST_P(PollSuite, AThinFindingGivesItsDossierTheExposureThatNobodyHas) {
    const auto mine = thin({.id = "w"}, minute(1));
    const auto under = claim_of(mine.dossier_id, minute(2));
    const auto outcome =
        value_of(store().complete_finding(fetched(under, mine, {.id = "w", .exposure = "bucket", .title = "Whole"})));
    EXPECT_FALSE(outcome.moved);
    EXPECT_EQ(value_of(store().get_dossier(mine.dossier_id)).exposure_key, "bucket");
    StageCommit commit{.claim = under, .at = minute(2), .stage = Stage::normalised};
    commit.findings.push_back({.id = mine.id, .doc = "{}"});
    value_of(store().commit_stage(commit));
    value_of(store().release({.claim = under, .at = minute(2)}));
    EXPECT_TRUE(claim(minute(90)).empty()) << "its own completion is no news for the one who works on it";
    EXPECT_EQ(deliver({.source = "orca", .id = "o", .exposure = "bucket"}, minute(3)).dossier_id, mine.dossier_id);
}

TEST_P(PollSuite, ADossierWithATicketStaysWhereItIs) {
    const auto first = deliver({.source = "orca", .id = "o", .exposure = "bucket"});
    const auto mine = thin({.id = "w"}, minute(1));
    const auto under = claim_of(mine.dossier_id, minute(2));
    StageCommit commit{.claim = under, .at = minute(2), .stage = Stage::delivered};
    commit.ticket = TicketRef{.sink = "jira", .key = "SEC-1"};
    value_of(store().commit_stage(commit));
    EXPECT_FALSE(value_of(store().complete_finding(fetched(under, mine, {.id = "w", .exposure = "bucket"}))).moved);
    EXPECT_EQ(value_of(store().list_dossiers({})).items.size(), 2U);
}

TEST_P(PollSuite, AMovedFindingLeavesNoDraftToDecide) {
    const auto first = deliver({.source = "orca", .id = "o", .exposure = "bucket"});
    const auto mine = thin({.id = "w"}, minute(1));
    const auto under = claim_of(mine.dossier_id, minute(2));
    StageCommit commit{.claim = under, .at = minute(2), .stage = Stage::awaiting_approval, .revision = 1};
    Draft draft;
    draft.id = "drf_1";
    draft.dossier_id = mine.dossier_id;
    draft.finding_ids = {mine.id};
    commit.save_drafts = {draft};
    value_of(store().commit_stage(commit));
    // Not by us: a poller finds the whole of it.
    EXPECT_EQ(this->commit(Via::reconcile, {.id = "w", .exposure = "bucket"}, minute(5)).dossier_id, first.dossier_id);
    EXPECT_EQ(value_of(store().get_draft("drf_1")).state, DraftState::expired);
    EXPECT_EQ(error_of(store().commit_stage(commit)), Errc::conflict) << "whoever worked on it is turned away";
}

TEST_P(PollSuite, AThinDeliveryOfAKnownFindingAsksForALook) {
    const auto known = deliver({.last_seen = minute(0)});
    value_of(store().release({.claim = claim_of(known.dossier_id, minute(0)), .at = minute(0)}));
    const auto same = thin({.title = "Wiz issue 1"}, minute(1), "{\"id\":\"thin\"}");
    EXPECT_EQ(same.id, known.id);
    const auto under = claim_of(known.dossier_id, minute(1));
    auto row = value_of(store().load_work(known.dossier_id)).findings.at(0);
    EXPECT_TRUE(row.wants_fetch);
    EXPECT_EQ(row.thin_raw, "{\"id\":\"thin\"}");
    EXPECT_EQ(row.title, "Bucket is public") << "a thin one says nothing of what is known";
    EXPECT_EQ(row.version, 1);

    // One that comes while the platform is being asked is a wish of its own.
    // Long enough to be packed where the store does that.
    const auto later = "{\"id\":\"" + std::string(5000, 'l') + "\"}";
    thin({.title = "Wiz issue 1"}, minute(2), later);
    EXPECT_EQ(value_of(store().complete_finding(fetched(under, known, {.last_seen = minute(0)}))).outcome,
              Outcome::duplicate);
    row = value_of(store().load_work(known.dossier_id)).findings.at(0);
    EXPECT_TRUE(row.wants_fetch);
    EXPECT_EQ(row.thin_raw, later);
    value_of(store().release({.claim = under, .at = minute(2)}));

    const auto second = claim_of(known.dossier_id, minute(3));
    const auto changed = value_of(
        store().complete_finding(fetched(second, known, {.status = Status::resolved, .last_seen = minute(3)})));
    EXPECT_EQ(changed.outcome, Outcome::resolved);
    row = value_of(store().load_work(known.dossier_id)).findings.at(0);
    EXPECT_FALSE(row.wants_fetch);
    EXPECT_EQ(row.status, Status::resolved);
    EXPECT_EQ(row.version, 2);
}

TEST_P(PollSuite, ACompletionUnderAStaleClaimOrOfAnotherFindingIsRefused) {
    const auto mine = thin({.id = "w"}, minute(1));
    const auto under = claim_of(mine.dossier_id, minute(2));
    EXPECT_EQ(error_of(store().complete_finding(fetched(under, mine, {.id = "x"}))), Errc::invalid_argument);
    auto stale = under;
    --stale.fence;
    EXPECT_EQ(error_of(store().complete_finding(fetched(stale, mine, {.id = "w"}))), Errc::conflict);
    auto none = fetched(under, mine, {.id = "w"});
    none.finding_id = "fnd_none";
    EXPECT_EQ(error_of(store().complete_finding(none)), Errc::not_found);

    deliver({.id = "w", .title = "Delivered whole meanwhile"}, minute(3));
    EXPECT_EQ(value_of(store().complete_finding(fetched(under, mine, {.id = "w"}))).outcome, Outcome::duplicate);
    EXPECT_EQ(value_of(store().get_finding(mine.id)).title, "Delivered whole meanwhile");
    EXPECT_FALSE(value_of(store().get_finding(mine.id)).wants_fetch);
}

TEST_P(PollSuite, GivingUpEndsTheWish) {
    const auto mine = thin({.id = "w"}, minute(1));
    auto given_up = fetched(claim_of(mine.dossier_id, minute(2)), mine, {});
    given_up.item.finding.reset();
    EXPECT_EQ(value_of(store().complete_finding(given_up)).outcome, Outcome::duplicate);
    EXPECT_FALSE(value_of(store().get_finding(mine.id)).wants_fetch);
}

TEST_P(PollSuite, OpenBacklogIsListedInPages) {
    for (const auto* id : {"a", "b", "c"}) commit(Via::backlog, {.id = id}, minute(1));
    commit(Via::backlog, {.id = "b", .status = Status::resolved, .last_seen = minute(2)}, minute(2));
    commit(Via::backlog, {.source = "orca", .id = "d"}, minute(1));
    deliver({.id = "e"});
    const auto first = value_of(store().open_backlog("wiz", "", 1));
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].fingerprint, "fp-a");
    EXPECT_EQ(first[0].raw, "{\"title\":\"Bucket is public\"}");
    const auto rest = value_of(store().open_backlog("wiz", first[0].id, 10));
    ASSERT_EQ(rest.size(), 1U);
    EXPECT_EQ(rest[0].fingerprint, "fp-c");
}

TEST_P(PollSuite, DeliveriesAreAccountedBySourceAndDay) {
    const auto tomorrow = minute(0) + std::chrono::days(1);
    commit(Via::webhook, {.id = "1"}, minute(1));
    commit(Via::webhook, {.id = "1"}, minute(2)); // a duplicate
    commit(Via::event, {.id = "2"}, minute(3));
    commit(Via::reconcile, {.id = "1"}, minute(4));                   // nothing new
    commit(Via::reconcile, {.id = "3"}, minute(5), "no rule for it"); // never came
    commit(Via::reconcile, {.id = "4"}, minute(6));                   // came late
    commit(Via::webhook, {.id = "4"}, minute(16));
    commit(Via::webhook, {.id = "4"}, minute(17));   // and twice
    commit(Via::reconcile, {.id = "5"}, minute(59)); // within the grace
    commit(Via::backlog, {.id = "6"}, minute(7));    // nobody delivers these
    commit(Via::reconcile, {.source = "orca", .id = "7"}, tomorrow);
    commit(Via::reconcile, {.source = "orca", .id = "8"}, tomorrow, "muted");
    commit(Via::reconcile, {.source = "orca", .id = "9"}, tomorrow, "muted");
    auto unreadable = delivery({{}}, minute(8));
    unreadable.items.front().finding.reset();
    value_of(store().commit_intake(unreadable, {}));

    auto found = days({}, minute(65));
    ASSERT_EQ(found.size(), 1U) << "tomorrow is not over yet";
    const auto& wiz = found[0];
    EXPECT_EQ(wiz.source, "wiz");
    EXPECT_EQ(wiz.day, minute(0));
    EXPECT_EQ(wiz.webhook, 4);
    EXPECT_EQ(wiz.event, 1);
    EXPECT_EQ(wiz.late, 1);
    EXPECT_EQ(wiz.late_by, std::chrono::minutes(10));
    EXPECT_EQ(wiz.never, 1);
    EXPECT_EQ(wiz.duplicates, 2);
    EXPECT_EQ(wiz.quarantined, 1);
    using Reasons = std::vector<std::pair<std::string, std::int64_t>>;
    EXPECT_EQ(wiz.reasons, (Reasons{{"no rule for it", 1}}));

    const auto later = tomorrow + std::chrono::hours(1);
    found = days({}, later);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].source, "orca");
    EXPECT_EQ(found[0].day, tomorrow);
    EXPECT_EQ(found[0].never, 3);
    EXPECT_EQ(found[0].reasons, (Reasons{{"muted", 2}, {"", 1}}));
    EXPECT_EQ(found[1].never, 2);
    EXPECT_EQ(days({.source = "wiz"}, later).size(), 1U);
    EXPECT_EQ(days({.since = tomorrow}, later).size(), 1U);
    EXPECT_EQ(days({.until = minute(3)}, later).size(), 1U);
    EXPECT_EQ(days({.since = later + std::chrono::days(1)}, later).size(), 0U);

    // What is missing is noted once; one that comes after all is no longer missing, only late.
    EXPECT_EQ(value_of(store().note_missing("wiz", minute(65))), (Reasons{{"no rule for it", 1}}));
    EXPECT_EQ(value_of(store().note_missing("wiz", minute(65))), Reasons{});
    const auto came = commit(Via::webhook, {.id = "3"}, tomorrow);
    EXPECT_EQ(came.late_by, std::chrono::minutes(24 * 60 - 5));
    found = days({.source = "wiz", .until = minute(0)}, minute(65));
    EXPECT_EQ(found[0].never, 0);
    EXPECT_EQ(found[0].late, 2) << "counted on the day on which it was found";
}

TEST_P(PollSuite, AccountsSurviveAReopening) {
    commit(Via::reconcile, {}, minute(1));
    reopen();
    ASSERT_EQ(days().size(), 1U);
    EXPECT_EQ(days()[0].never, 1);
    EXPECT_EQ(value_of(store().note_missing("wiz", minute(65))).size(), 1U);
}

INSTANTIATE_TEST_SUITE_P(Stores, PollSuite, testing::ValuesIn(store_kinds()), kind_name);

} // namespace
} // namespace dossier::store
