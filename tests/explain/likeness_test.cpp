// Findings are alike when their evidence says the same but for particulars, and a text changes hands with those
// replaced.
#include "likeness.hpp"

#include "sample_evidence.hpp"

#include <gtest/gtest.h>

#include <functional>

namespace dossier::explain {
namespace {

/// The dossier of the samples, changed.
struct Like {
    Finding finding = testing::sample_finding();
    Context context = testing::sample_context();
    Assessment assessment = testing::sample_assessment();

    [[nodiscard]] auto evidence() const -> EvidenceList { return build_evidence({finding}, context, assessment); }
    [[nodiscard]] auto key() const -> std::string { return Likeness(evidence()).key(); }
};

/// Another resource of another owner, of the same kind.
auto another() -> Like {
    Like like;
    like.finding.resource.id = "arn:aws:s3:::claims-archive";
    like.finding.resource.name = "claims-archive";
    like.finding.resource.account = "210987654321";
    like.finding.resource.account_name = "claims-prod";
    like.finding.resource.tags = {{"env", "prod"}, {"team", "claims"}};
    like.finding.data.volume = 77;
    like.finding.first_seen = parse_time("2026-10-01T00:00:00Z");
    like.finding.last_seen = parse_time("2026-11-01T00:00:00Z");
    like.context.owner.name = "Bob Stone";
    like.context.owner.email = "bob@acme.test";
    like.context.owner.department = "Claims";
    like.context.owner.manager = "Ann Lee";
    like.context.owner.rule = "identity.file:resource=arn:aws:s3:::claims-*";
    like.context.owner.signals[0].person = {.id = "bob", .name = "Bob Stone", .email = "bob@acme.test"};
    like.context.owner.signals[1].person.name = "Dan Poe";
    like.context.access[0].id = "role/claims-etl";
    like.context.asset->business_unit = "Insurance";
    like.context.asset->application = "Archive";
    like.context.asset->support_group = "claims-oncall";
    like.assessment.remediation[0].text = "Turn on block public access for claims-archive.";
    like.assessment.remediation[2].text = "Review the access logs since 2026-10-01 for downloads.";
    like.assessment.reach = {"1 service reads from claims-archive"};
    return like;
}

TEST(Likeness, FindingsThatDifferInParticularsAreAlike) {
    ASSERT_FALSE(Like().key().empty());
    EXPECT_EQ(Like().key(), another().key());
}

TEST(Likeness, WhatATextRestsOnMakesTheDifference) {
    struct Row {
        const char* name;
        std::function<void(Like&)> change;
    };
    const Row rows[] = {
        {"severity", [](Like& like) { like.finding.severity = Severity::high; }},
        {"exposure", [](Like& like) { like.finding.exposure = Exposure::internal; }},
        {"rule", [](Like& like) { like.finding.rule.name = "Another rule"; }},
        {"classes", [](Like& like) { like.finding.data.classes = {"pii"}; }},
        {"region", [](Like& like) { like.finding.resource.region = "us-east-1"; }},
        {"type", [](Like& like) { like.finding.resource.type = "database"; }},
        {"environment tag", [](Like& like) { like.finding.resource.tags[0].second = "dev"; }},
        {"no count", [](Like& like) { like.finding.data.volume.reset(); }},
        {"environment", [](Like& like) { like.context.environment = Environment::dev; }},
        {"criticality", [](Like& like) { like.context.asset->criticality = Criticality::low; }},
        {"no owner", [](Like& like) { like.context.owner = {}; }},
        {"who may do what", [](Like& like) { like.context.access[0].level = "admin"; }},
        {"one more may", [](Like& like) { like.context.access.push_back(like.context.access[0]); }},
        {"missing context", [](Like& like) { like.context.gaps.clear(); }},
        {"risk", [](Like& like) { like.assessment.risk = 91; }},
        {"regulations", [](Like& like) { like.assessment.regulations.pop_back(); }},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        auto changed = another();
        row.change(changed);
        if (row.name == std::string("one more may")) changed.context.access.back().id = "role/second";
        EXPECT_NE(changed.key(), Like().key());
    }
}

TEST(Likeness, ATextChangesHandsWithItsParticularsReplaced) {
    const auto mine = Like().evidence();
    const auto of = [&](const std::vector<std::string>& kinds) { return testing::ids_of(mine, kinds); };
    const Likeness from(mine);
    const Likeness to(another().evidence());
    const auto moved = [&](const std::string& text, const std::vector<std::string>& kinds) {
        DraftedNarrative drafted{.summary = text, .summary_evidence = of(kinds), .sentences = {{text, of(kinds)}}};
        const auto general = from.generalise(drafted);
        const auto filled = to.fill(general);
        EXPECT_EQ(filled.summary, filled.sentences.at(0).text);
        EXPECT_FALSE(filled.summary.contains('{')) << filled.summary;
        EXPECT_EQ(from.fill(general).summary, text) << "and back";
        return filled.summary;
    };
    EXPECT_EQ(moved("The bucket payments-export (arn:aws:s3:::payments-export) is public.", {"resource"}),
              "The bucket claims-archive (arn:aws:s3:::claims-archive) is public.");
    EXPECT_EQ(moved("Alice Ngo owns it, of Payments.", {"owner"}), "Bob Stone owns it, of Claims.");
    EXPECT_EQ(moved("About 1204 records.", {"data"}), "About 77 records.");
    EXPECT_EQ(moved("First seen on 2026-11-20, last on 2026-11-22.", {"time"}),
              "First seen on 2026-10-01, last on 2026-11-01.");
    EXPECT_EQ(moved("The account 123456789012 (payments-prod).", {"location"}),
              "The account 210987654321 (claims-prod).");
    EXPECT_EQ(moved("About 1000 of 1204.", {"data"}), "About 1000 of 77.");
}

TEST(Likeness, NothingOfOneFindingStandsInTheTextOfAnother) {
    const auto mine = Like().evidence();
    const auto severity = testing::ids_of(mine, {"severity"});
    const Likeness from(mine);
    const char* rows[] = {
        "Alice should look at it.", "Mrs. Ngo should look at it.",
        "The bucket payments-exporter is another one.",     // a word of the resource's name
        "1204 is a count, and not where it is cited from.", // so it may be anything
    };
    for (const auto* text : rows) {
        SCOPED_TRACE(text);
        const auto general = from.generalise({.summary = text,
                                              .summary_evidence = severity,
                                              .sentences = {{text, severity}, {"It is critical.", severity}}});
        EXPECT_EQ(general.summary, "");
        ASSERT_EQ(general.sentences.size(), 1U);
        EXPECT_EQ(general.sentences[0].text, "It is critical.");
    }
}

TEST(Likeness, EvidenceThatHoldsOurMarksIsNotShared) {
    auto hostile = another();
    hostile.finding.description = "Give it to {OWNER_1}.";
    EXPECT_EQ(hostile.key(), "");
    hostile.finding.description = "Give it to {NOBODY_1}.";
    EXPECT_NE(hostile.key(), "");
}

} // namespace
} // namespace dossier::explain
