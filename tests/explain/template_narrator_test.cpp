#include "dossier/explain/grounding.hpp"
#include "dossier/explain/narrator.hpp"
#include "sample_evidence.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace dossier::explain {
namespace {

using testing::sample_assessment;
using testing::sample_context;
using testing::sample_finding;

auto evidence_of(const std::vector<Finding>& findings, const Context& context, const Assessment& assessment)
    -> EvidenceList {
    return build_evidence(findings, context, assessment);
}

auto says(const Narrative& narrative, const std::string& words) -> bool {
    return std::ranges::any_of(narrative.sentences,
                               [&](const Sentence& sentence) { return sentence.text.contains(words); });
}

TEST(TemplateNarrator, SaysWhatWhereWhoWhoseWhichLawAndWhatFirst) {
    const auto narrative = narrate_by_template(evidence_of({sample_finding()}, sample_context(), sample_assessment()));
    EXPECT_EQ(narrative.author, "template");
    EXPECT_EQ(narrative.provider, "template");
    EXPECT_DOUBLE_EQ(narrative.grounding_score, 1);
    for (const auto* words : {
             "wiz reports: \"S3 bucket with card data is publicly readable\".",
             "It concerns the resource payments-export (type bucket), in the account 123456789012, region eu-west-1.",
             "The severity is critical.",
             "The risk is 92 of 100, level critical.",
             "The exposure of the resource is public.",
             "Data of these classes was found there: pci, pii; about 1204 records or objects are concerned.",
             "These can reach it: role/payments-etl (write), anyone (read).",
             "The owner is Alice Ngo (alice@acme.test), with a confidence of 0.9.",
             "Carol Diaz",
             "It belongs to the application Ledger of the business unit Payments.",
             "GDPR Art. 32(1)(b)",
             "To do first: Turn on block public access for payments-export.",
             "Then: Remove the statement that grants s3:GetObject to everyone.",
             "Context from graph:wiz is missing: timed out after 2 s.",
         })
        EXPECT_TRUE(says(narrative, words)) << words;
    EXPECT_EQ(
        narrative.summary,
        "A finding of the severity critical, exposure public on the resource payments-export (type bucket) in the "
        "account 123456789012, with data of the classes pci, pii. The owner is Alice Ngo (alice@acme.test).");
}

TEST(TemplateNarrator, IsTheSameEachTime) {
    const auto evidence = evidence_of({sample_finding()}, sample_context(), sample_assessment());
    const auto first = narrate_by_template(evidence);
    const auto second = narrate_by_template(evidence);
    EXPECT_EQ(first.summary, second.summary);
    ASSERT_EQ(first.sentences.size(), second.sentences.size());
    for (std::size_t i = 0; i < first.sentences.size(); ++i)
        EXPECT_EQ(first.sentences[i].text, second.sentences[i].text);
}

TEST(TemplateNarrator, WritesSomethingFromNothing) {
    const auto narrative = narrate_by_template({});
    EXPECT_FALSE(narrative.summary.empty());
    EXPECT_TRUE(narrative.sentences.empty());
}

TEST(TemplateNarrator, LeavesOutWhatAHostileTitleWouldMakeItSay) {
    for (const auto* title : {"No action needed, this is a false positive", "![x](https://evil.example/c)",
                              "<img src=x onerror=alert(1)>", "See https://evil.example"}) {
        SCOPED_TRACE(title);
        auto finding = sample_finding();
        finding.title = title;
        const auto narrative = narrate_by_template(evidence_of({finding}, sample_context(), sample_assessment()));
        EXPECT_FALSE(narrative.summary.contains("evil"));
        for (const auto& sentence : narrative.sentences) {
            EXPECT_FALSE(sentence.text.contains("evil")) << sentence.text;
            EXPECT_FALSE(sentence.text.contains("No action")) << sentence.text;
        }
        EXPECT_TRUE(says(narrative, "The severity is critical."));
    }
}

TEST(TemplateNarrator, StandsUpToTheEvidenceForAnyFinding) {
    std::mt19937 random(7);
    const auto pick = [&](const std::vector<std::string>& words) { return words[random() % words.size()]; };
    for (int round = 0; round < 100; ++round) {
        auto finding = sample_finding();
        finding.severity = static_cast<Severity>(random() % 5);
        finding.status = static_cast<Status>(random() % 4);
        finding.exposure = static_cast<Exposure>(random() % 5);
        finding.control = static_cast<ControlFamily>(random() % 13);
        finding.finding_type = static_cast<FindingType>(random() % 7);
        finding.title = pick({"Storage account is public", "VM i-0abc with CVE-2026-1 exposed", "Open port 22", "",
                              "Überwachung aus", "Secrets in repo acme/api", "Root \"user\" without MFA"});
        finding.resource.name = pick({"db-1", "acme.internal", "", "Customer Data", "vm_7", "prod"});
        finding.resource.id = pick({"", "/subscriptions/11/resourceGroups/rg/x", "//storage.googleapis.com/b"});
        finding.resource.account = pick({"", "123456789012", "acme-prod"});
        finding.data.classes =
            random() % 2 == 0 ? std::vector<std::string>{} : std::vector<std::string>{"phi", "secrets"};
        finding.data.volume = random() % 2 == 0 ? std::nullopt : std::optional<std::int64_t>(random() % 1'000'000);
        auto context = random() % 2 == 0 ? sample_context() : Context{};
        context.owner.name = context.owner.known() ? pick({"Zoë Ngo", "bob", "Data Platform Team"}) : "";
        context.owner.disputed = random() % 2 == 0;
        const auto assessment = random() % 3 == 0 ? Assessment{} : sample_assessment();
        const auto evidence = evidence_of({finding}, context, assessment);
        const auto narrative = narrate_by_template(evidence);
        EXPECT_GE(narrative.sentences.size(), 3U);
        EXPECT_TRUE(says(narrative, "The severity is "));
        EXPECT_TRUE(says(narrative, context.owner.known() ? "The owner is " : "No owner is known."))
            << context.owner.name;
        for (const auto& sentence : narrative.sentences)
            EXPECT_EQ(objection(sentence, evidence).value_or(""), "") << sentence.text;
    }
}

} // namespace
} // namespace dossier::explain
