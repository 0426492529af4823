// Section `classification`: each key where it is right, and what is said where it is not.

#include "dossier/explain/classification_config.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct ReadSection {
    ClassificationConfig config;
    std::vector<std::string> errors;
};

auto read_section(const std::string& text) -> ReadSection {
    auto document = config::Document::parse("classification: {" + text + "}", "d.yaml");
    ReadSection read;
    {
        auto root = document.root();
        read.config = read_classification(root.child("classification"));
    }
    for (const auto& problem : document.problems())
        if (!problem.is_warning) read.errors.push_back(problem.describe());
    return read;
}

TEST(ClassificationConfig, NothingIsNeeded) {
    const auto [config, errors] = read_section("");
    EXPECT_THAT(errors, IsEmpty());
    EXPECT_EQ(config.classifier.min_confidence, 0.7);
    EXPECT_TRUE(config.use_llm);
    EXPECT_THAT(config.classifier.policy_critical, IsEmpty());
    EXPECT_THAT(config.classifier.domains, IsEmpty());
    EXPECT_THAT(config.location_rules, IsEmpty());
}

TEST(ClassificationConfig, TakesEveryKey) {
    const auto [config, errors] = read_section(
        "min_confidence: 0.85, policy_critical: [SSN, phi], steward: s@a.example, stewards: {Health: h@a.example}, "
        "llm: false, domains: [{name: Claims, words: [claim, policy no]}, {name: Health}], location_rules: ["
        "{name: eu, data: [PII, EMAIL], environment: [prod, unknown], allowed: [eu-*], forbidden: [eu-south-2], "
        "severity: critical}, {name: dev, data: [phi], forbidden: ['*']}, {name: old, data: [pci], regions: [us-*]}]");
    EXPECT_THAT(errors, IsEmpty());
    const auto& classifier = config.classifier;
    EXPECT_EQ(classifier.min_confidence, 0.85);
    EXPECT_THAT(classifier.policy_critical, ElementsAre("SSN", "phi"));
    EXPECT_EQ(classifier.steward, "s@a.example");
    EXPECT_EQ(classifier.stewards.at("Health"), "h@a.example");
    EXPECT_FALSE(config.use_llm);
    ASSERT_EQ(classifier.domains.size(), 2U);
    EXPECT_EQ(classifier.domains[0].name, "Claims");
    EXPECT_THAT(classifier.domains[0].words, ElementsAre("claim", "policy no"));
    ASSERT_EQ(config.location_rules.size(), 3U);
    const auto& rule = config.location_rules[0];
    EXPECT_EQ(rule.name, "eu");
    EXPECT_THAT(rule.data, ElementsAre("PII", "EMAIL"));
    EXPECT_THAT(rule.environment, ElementsAre("prod", "unknown"));
    EXPECT_THAT(rule.allowed, ElementsAre("eu-*"));
    EXPECT_THAT(rule.forbidden, ElementsAre("eu-south-2"));
    EXPECT_EQ(rule.severity, Severity::critical);
    EXPECT_EQ(config.location_rules[1].severity, Severity::high);
    EXPECT_THAT(config.location_rules[2].allowed, ElementsAre("us-*")) << "`regions` is the same as `allowed`";
}

TEST(ClassificationConfig, TellsWhatIsWrong) {
    struct Row {
        const char* text;
        const char* expected;
    };
    const Row rows[] = {
        {"min_confidence: 1.5", "classification.min_confidence: must lie in 0…1"},
        {"min_confidence: -0.1", "classification.min_confidence: must lie in 0…1"},
        {"min_confidence: high", "classification.min_confidence: "},
        {"policy_critical: {a: b}", "classification.policy_critical: "},
        {"steward: [a]", "classification.steward: "},
        {"stewards: [a]", "classification.stewards: "},
        {"llm: maybe", "classification.llm: "},
        {"domains: [{words: [x]}]", "classification.domains[0].name: is required"},
        {"domains: [{name: x, wrods: [x]}]", "did you mean `words`?"},
        {"min_confidance: 1", "did you mean `min_confidence`?"},
        {"location_rules: [{data: [pii], allowed: ['*']}]", "classification.location_rules[0].name: "},
        {"location_rules: [{name: a, data: [pii], allowed: ['*']}, {name: a, data: [pii], allowed: ['*']}]",
         "classification.location_rules[1].name: "},
        {"location_rules: [{name: a, allowed: ['*']}]", "classification.location_rules[0].data: is required"},
        {"location_rules: [{name: a, data: [pii]}]", "says nothing about places"},
        {"location_rules: [{name: a, data: [pii], allowed: [x], regions: [y]}]", "is the same as `regions`; name one"},
        {"location_rules: [{name: a, data: [pii], allowed: [x], environment: [production]}]",
         "classification.location_rules[0].environment"},
        {"location_rules: [{name: a, data: [pii], allowed: [x], severity: grave}]",
         "classification.location_rules[0].severity: "},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.text);
        EXPECT_THAT(read_section(row.text).errors, Contains(HasSubstr(row.expected)));
    }
}

} // namespace
} // namespace dossier::explain
