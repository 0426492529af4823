#include "dossier/finding/redelivery.hpp"

#include <gtest/gtest.h>

namespace dossier {
namespace {

auto at(int minute) -> Timestamp { return Timestamp{std::chrono::minutes{29'000'000 + minute}}; }

auto state(Status status, Severity severity = Severity::high) -> FindingState {
    return {.status = status, .severity = severity, .rule = "rule-1", .title = "Bucket is public"};
}

struct Row {
    std::string name;
    std::optional<KnownFinding> known;
    IncomingFinding incoming;
    Outcome expected;
};

void judge(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(to_string(outcome_of(row.known ? &*row.known : nullptr, row.incoming)), to_string(row.expected));
    }
}

TEST(Redelivery, IsJudgedByContentAndTime) {
    const auto known = [](Status status, const char* hash, std::optional<Timestamp> seen = {},
                          std::vector<std::string> earlier = {}) {
        return KnownFinding{.state = state(status),
                            .content_hash = hash,
                            .last_seen = seen,
                            .earlier_hashes = std::move(earlier),
                            .was_delivered = true};
    };
    const auto open = known(Status::open, "A");
    const auto open_dated = known(Status::open, "A", at(10));
    const auto resolved = known(Status::resolved, "R", {}, {"A"});
    const auto resolved_dated = known(Status::resolved, "R", at(20), {"A"});
    const auto incoming = [](Status status, const char* hash, std::optional<Timestamp> seen = {}, bool first = false) {
        return IncomingFinding{
            .state = state(status), .content_hash = hash, .last_seen = seen, .is_first_report = first};
    };
    judge({
        {"never seen", {}, incoming(Status::open, "A"), Outcome::created},
        {"never seen and over already", {}, incoming(Status::resolved, "A"), Outcome::resolved},
        {"the same again", open, incoming(Status::open, "A"), Outcome::duplicate},
        {"the same, seen later", open_dated, incoming(Status::open, "A", at(30)), Outcome::duplicate},
        {"changed", open, incoming(Status::open, "B"), Outcome::updated},
        {"resolved", open, incoming(Status::resolved, "R"), Outcome::resolved},
        {"suppressed", open, incoming(Status::suppressed, "S"), Outcome::resolved},
        {"an older version comes late", open_dated, incoming(Status::open, "Z", at(5)), Outcome::duplicate},
        {"creation overtaken by its update", open, incoming(Status::open, "Z", {}, true), Outcome::duplicate},
        {"creation redelivered after the resolution", resolved, incoming(Status::open, "A"), Outcome::duplicate},
        {"opened again with a later date", resolved_dated, incoming(Status::open, "A", at(30)), Outcome::updated},
        {"opened again with new content", resolved, incoming(Status::open, "C"), Outcome::updated},
    });
}

/// A finding that a webhook brought (hash W) at minute 10 of our clock.
auto delivered(FindingState is = state(Status::open)) -> KnownFinding {
    return {.state = std::move(is),
            .form = Form::delivery,
            .content_hash = "W",
            .twin_hash = {},
            .last_seen = {},
            .received_at = at(10),
            .earlier_hashes = {},
            .was_delivered = true};
}

auto polled(FindingState is, std::optional<Timestamp> seen = at(5), std::string hash = "P") -> IncomingFinding {
    return {.state = std::move(is), .form = Form::api, .content_hash = std::move(hash), .last_seen = seen};
}

TEST(Redelivery, TheApisWordOnWhatAWebhookBrought) {
    auto twin = delivered();
    twin.twin_hash = "P";
    twin.last_seen = at(5);
    auto overtaken = delivered(state(Status::resolved)); // P was said of the version before
    overtaken.earlier_hashes = {"W0", "P"};
    overtaken.last_seen = at(5);
    auto unknown_exposure = state(Status::open);
    auto is_public = state(Status::open);
    is_public.exposure = Exposure::public_;
    auto retitled = state(Status::open);
    retitled.title = "Bucket is exposed";
    auto other_rule = state(Status::open);
    other_rule.rule = "rule-2";
    auto untitled = other_rule;
    untitled.title = "";
    auto says_less = state(Status::open, Severity::medium);
    says_less.severity_assumed = true;
    says_less.rule = says_less.title = "";
    judge({
        {"the same state in other words", delivered(), polled(state(Status::open)), Outcome::duplicate},
        {"again", twin, polled(state(Status::open)), Outcome::duplicate},
        {"again, rescanned", twin, polled(state(Status::open), at(30)), Outcome::duplicate},
        {"resolved", delivered(), polled(state(Status::resolved)), Outcome::resolved},
        {"reopened", delivered(state(Status::resolved)), polled(state(Status::open), at(20)), Outcome::updated},
        {"work has begun", delivered(), polled(state(Status::in_progress)), Outcome::duplicate},
        {"severity", delivered(), polled(state(Status::open, Severity::critical)), Outcome::updated},
        {"exposure made known", delivered(unknown_exposure), polled(is_public), Outcome::updated},
        {"exposure not said", delivered(is_public), polled(unknown_exposure), Outcome::duplicate},
        {"less than the webhook said", delivered(), polled(says_less, at(20)), Outcome::duplicate},
        {"another title, from before", delivered(), polled(retitled, at(5)), Outcome::duplicate},
        {"another title, dated later", delivered(), polled(retitled, at(11)), Outcome::updated},
        {"another id of the rule", delivered(), polled(other_rule, at(11)), Outcome::duplicate},
        {"another rule without a title, dated later", delivered(), polled(untitled, at(11)), Outcome::updated},
        {"changed since the API spoke of it last", twin, polled(state(Status::open), at(6), "P2"), Outcome::updated},
        {"other words, date stands still", twin, polled(state(Status::open), at(5), "P2"), Outcome::duplicate},
        {"an API behind its own webhook", overtaken, polled(state(Status::open)), Outcome::duplicate},
        {"that API, with a later date", overtaken, polled(state(Status::open), at(12)), Outcome::updated},
    });
}

TEST(Redelivery, ALateWebhookOfWhatAPollFound) {
    const auto found = [](FindingState is) {
        auto known = delivered(std::move(is));
        known.form = Form::api;
        known.content_hash = "P";
        known.last_seen = at(5);
        known.was_delivered = false;
        return known;
    };
    auto seen_before = found(state(Status::resolved));
    seen_before.was_delivered = true;
    seen_before.earlier_hashes = {"W0"};
    const auto webhook = [](FindingState is, const char* hash = "W", std::optional<Timestamp> seen = {},
                            bool first = false) {
        return IncomingFinding{
            .state = std::move(is), .content_hash = hash, .last_seen = seen, .is_first_report = first};
    };
    auto retitled = state(Status::open);
    retitled.title = "By our template: bucket is public";
    judge({
        {"the same state", found(state(Status::open)), webhook(state(Status::open)), Outcome::duplicate},
        {"in a template of its own", found(state(Status::open)), webhook(retitled), Outcome::duplicate},
        {"creation, resolved meanwhile", found(state(Status::resolved)), webhook(state(Status::open), "W", {}, true),
         Outcome::duplicate},
        {"the same, without saying so", found(state(Status::resolved)), webhook(state(Status::open)),
         Outcome::duplicate},
        {"the resolution that the poll saw", found(state(Status::resolved)), webhook(state(Status::resolved)),
         Outcome::duplicate},
        {"a resolution since", found(state(Status::open)), webhook(state(Status::resolved)), Outcome::resolved},
        {"reopened since, dated", found(state(Status::resolved)), webhook(state(Status::open), "W", at(9)),
         Outcome::updated},
        {"reopened since, in new words", seen_before, webhook(state(Status::open), "W1"), Outcome::updated},
        {"an old one again", seen_before, webhook(state(Status::open), "W0"), Outcome::duplicate},
    });
}

TEST(Redelivery, PollsAreComparedByWhatDecidesUnlessTheirDateMoves) {
    auto known = delivered();
    known.form = Form::api;
    known.content_hash = "P";
    known.last_seen = at(5);
    auto gone = known;
    gone.state.status = Status::resolved;
    gone.content_hash = "R";
    gone.earlier_hashes = {"P"};
    judge({
        {"there again as before", gone, polled(state(Status::open)), Outcome::updated},
        {"the same", known, polled(state(Status::open)), Outcome::duplicate},
        {"other words, same date", known, polled(state(Status::open), at(5), "P2"), Outcome::duplicate},
        {"other words, later date", known, polled(state(Status::open), at(6), "P2"), Outcome::updated},
        {"other words, no date", known, polled(state(Status::open), {}, "P2"), Outcome::updated},
        {"resolved, same date", known, polled(state(Status::resolved), at(5), "P2"), Outcome::resolved},
        {"a stale page", known, polled(state(Status::resolved), at(4), "P0"), Outcome::duplicate},
    });
}

TEST(Redelivery, WhatCompletesAThinOneIsAChange) {
    auto thin = delivered();
    thin.state.is_partial = true;
    auto first = polled(state(Status::open));
    first.is_first_report = true;
    judge({
        {"by the API", thin, polled(state(Status::open)), Outcome::updated},
        {"by a full report of the creation", thin, first, Outcome::updated},
        {"over already", thin, polled(state(Status::resolved)), Outcome::resolved},
    });
}

TEST(FindingState, SurvivesItsTextForm) {
    FindingState all{.status = Status::suppressed,
                     .severity = Severity::low,
                     .severity_assumed = true,
                     .exposure = Exposure::cross_account,
                     .rule = "r\"1",
                     .title = "ü\n[",
                     .is_partial = true};
    const auto read = parse_state(state_text(all));
    ASSERT_TRUE(read);
    EXPECT_EQ(state_text(*read), state_text(all));
    for (const std::string bad :
         {"", "{}", "[]", "[1,2,3,4,5,6,7]", R"(["open"])", R"(["open","bad",false,"none","","",false])"})
        EXPECT_FALSE(parse_state(bad)) << bad;
}

TEST(ContentHash, LeavesOutWhatIsNoChangeInAnApiObject) {
    Finding finding;
    finding.title = "Bucket";
    auto begun = finding;
    begun.status = Status::in_progress;
    EXPECT_EQ(content_hash(finding, Form::api), content_hash(begun, Form::api));
    EXPECT_NE(content_hash(finding, Form::delivery), content_hash(begun, Form::delivery));
    finding.finding_type = FindingType::unclassified_data;
    auto sampled = finding;
    sampled.data.samples = {"name=<TEXT 4>"};
    sampled.data.objects = {"new.csv"};
    EXPECT_EQ(content_hash(finding, Form::api), content_hash(sampled, Form::api));
    sampled.data.fields = {{.name = "email"}};
    EXPECT_NE(content_hash(finding, Form::api), content_hash(sampled, Form::api));
}

} // namespace
} // namespace dossier
