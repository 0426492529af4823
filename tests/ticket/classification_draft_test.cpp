#include "dossier/ticket/classification_draft.hpp"

#include "dossier/ingest/classification_payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::ticket {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

auto finding(std::vector<std::string> classes) -> Finding {
    Finding finding;
    finding.source = "wiz";
    finding.resource = {.id = "arn:aws:s3:::payments", .name = "payments"};
    finding.data.classes = std::move(classes);
    return finding;
}

TEST(Classification, SaysWhatThePlatformsHaveFound) {
    struct Row {
        const char* name;
        std::vector<std::string> classes;
        std::optional<Asset> asset;
        const char* label;
        const char* domain;
    };
    const Row rows[] = {
        {"one class", {"pii"}, {}, "PII", "Customer"},
        {"the most sensitive first", {"customer", "pci", "pii"}, {}, "PCI, PII, Customer", "Payments"},
        {"health", {"phi"}, {}, "PHI", "Health"},
        {"the business unit names the domain",
         {"pii"},
         Asset{.business_unit = "Retail", .application = "Shop"},
         "PII",
         "Retail"},
        {"else the application", {"financial"}, Asset{.application = "Ledger"}, "Financial", "Ledger"},
        {"a word of the platform's own", {"source code"}, {}, "Source code", ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto known = known_classification({finding(row.classes)}, {.asset = row.asset}, {});
        ASSERT_TRUE(known);
        EXPECT_EQ(known->data_classification, row.label);
        EXPECT_EQ(known->data_domain, row.domain);
        EXPECT_EQ(known->classified_by, "dossier");
        EXPECT_EQ(known->confidence, std::nullopt) << "nobody states one";
    }
    EXPECT_FALSE(known_classification({finding({})}, {}, {})) << "nobody has classified it";
}

TEST(Classification, NamesLawsOnDataAndNoCatalogues) {
    Assessment assessment;
    for (const auto* framework :
         {"GDPR", "NIST 800-53 r5", "CCPA", "GDPR", "ISO 27001:2022", "SOC 2", "CIS AWS 3.0", "PCI DSS 4.0.1"})
        assessment.regulations.push_back({.framework = framework, .citation = {}, .title = {}, .reason = {}});
    EXPECT_THAT(known_classification({finding({"pii"})}, {}, assessment)->regulatory_frameworks,
                ElementsAre("GDPR", "CCPA", "PCI DSS 4.0.1"));
}

TEST(Classification, TakesTheLeastConfidenceThatAPlatformStates) {
    auto sure = finding({"pii"});
    sure.facts = {{"confidence", "92 %"}};
    auto less = finding({"pii"});
    less.facts = {{"classification_confidence", "0.8"}, {"confidence", "very"}, {"risk confidence", "0.1"}};
    EXPECT_EQ(known_classification({sure}, {}, {})->confidence, 0.92);
    EXPECT_EQ(known_classification({sure, less}, {}, {})->confidence, 0.8);
    less.facts = {{"confidence", "7"}};
    EXPECT_EQ(known_classification({less}, {}, {})->confidence, std::nullopt) << "a seven out of what?";
}

const ingest::Classification whole{.data_classification = "PII",
                                   .data_domain = "Customer",
                                   .regulatory_frameworks = {"GDPR", "CCPA"},
                                   .confidence = 0.92,
                                   .reasoning = "Found by wiz."};

TEST(Classification, ItsPayloadHoldsBothFormsByteForByte) {
    EXPECT_EQ(payload_of(whole),
              R"({"flat":{"data_classification":"PII","data_domain":"Customer","regulatory_framework":"GDPR, CCPA",)"
              R"("classification_confidence":"0.92","classified_by":"dossier"},)"
              R"("list":{"tags":[{"key":"data_classification","value":"PII","source":"dossier","confidence":0.92},)"
              R"({"key":"data_domain","value":"Customer","source":"dossier","confidence":0.92},)"
              R"({"key":"regulatory_framework","value":"GDPR, CCPA","source":"dossier","confidence":0.92}],)"
              R"("reasoning":"Found by wiz."}})");
    EXPECT_THAT(payload_of({.data_classification = "PII"}), Not(HasSubstr("confidence"))) << "left out, not null";
    for (const auto& one : {whole, ingest::Classification{.data_classification = "PHI"}}) {
        const auto again = classification_of_payload(payload_of(one));
        ASSERT_TRUE(again) << again.error().describe();
        EXPECT_EQ(payload_of(*again), payload_of(one));
    }
}

TEST(Classification, RefusesAPayloadThatIsNotWhole) {
    const auto good = payload_of(whole);
    const auto with = [&](const std::string& from, const std::string& to) {
        auto text = good;
        return text.replace(text.find(from), from.size(), to);
    };
    for (const auto& bad :
         {std::string(), std::string("[]"), std::string(R"({"flat":{}})"), with("PII", "PHI"), with("0.92", "0.93"),
          with("Found", "Lost") + " ", std::string(R"({"flat":{"data_classification":7},"list":{}})")}) {
        const auto read = classification_of_payload(bad);
        ASSERT_FALSE(read) << bad;
        EXPECT_EQ(read.error().code, Errc::malformed);
    }
}

TEST(Classification, AnEditOfTheFlatFormMovesBothAndTheText) {
    Draft draft;
    draft.kind = "tags";
    draft.sink = "wiz, orca";
    draft.payload = payload_of(whole);
    const auto edited = with_edited_payload(draft, R"({"data_classification":"PHI","classification_confidence":"0.5"})",
                                            finding({}).resource);
    ASSERT_TRUE(edited) << edited.error().describe();
    EXPECT_EQ(edited->title, "Classify payments as PHI");
    EXPECT_THAT(edited->body, HasSubstr("| data_classification | PHI |"));
    EXPECT_THAT(edited->body, HasSubstr("wiz, orca"));
    const auto read = classification_of_payload(edited->payload);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->confidence, 0.5);
    EXPECT_EQ(read->reasoning, "Found by wiz.");
    EXPECT_EQ(read->data_domain, "") << "what the editor leaves out is left out";
    struct Row {
        const char* flat;
        const char* reason;
    };
    const Row refused[] = {
        {R"({"data_domain":"Customer"})", "needs data_classification"},
        {R"({"data_classification":"PII","owner":"x"})", "no member owner"},
        {R"({"data_classification":["PII"]})", "must be a string"},
        {R"({"data_classification":"PII","classification_confidence":"high"})", "0 to 1"},
        {R"({"data_classification":"PII","classification_confidence":"1.2"})", "0 to 1"},
        {R"({"data_classification":"a\nb"})", "one line"},
        {R"("PII")", "flat form"},
    };
    for (const auto& row : refused) {
        const auto answer = with_edited_payload(draft, row.flat, {});
        ASSERT_FALSE(answer) << row.flat;
        EXPECT_EQ(answer.error().code, Errc::invalid_argument);
        EXPECT_THAT(answer.error().message, HasSubstr(row.reason));
    }
}

TEST(Classification, ItsTextLetsNoNameOutOfItsPlace) {
    auto hostile = whole;
    hostile.data_domain = "a|b\n# c <script>";
    const auto text = render_classification(hostile, {.id = "x`|y"}, {"wiz"});
    EXPECT_THAT(text.body, Not(HasSubstr("<script>")));
    EXPECT_THAT(text.body, Not(HasSubstr("\n# c")));
}

} // namespace
} // namespace dossier::ticket
