#include "dossier/explain/grounding.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "sample_evidence.hpp"

#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

using testing::ids_of;
using testing::sample_evidence;

struct Row {
    const char* text;
    std::vector<std::string> kinds; ///< what the sentence cites
};

const std::vector<Row> lies = {
    // owner and people
    {"The owner is Bob Smith.", {"owner"}},
    {"The owner is Carol Diaz.", {"owner", "owner_candidate"}},
    {"The resource's owner is Carol Diaz.", {"owner", "owner_candidate", "resource"}},
    {"The owner is Carol Diaz, who is also in Payments.", {"owner", "owner_candidate"}},
    {"Bob owns the bucket.", {"owner", "resource"}},
    {"It is owned by the Data Platform team.", {"owner", "business"}},
    {"The bucket is owned by marketing.", {"owner", "resource"}},
    {"Assign it to Mallory.", {"remediation"}},
    {"Contact bob@acme.test to fix it.", {"remediation", "owner"}},
    {"The owner is <EMAIL_9>.", {"owner"}},
    {"The platform security guild of Treasury should fix it.", {"remediation"}},
    // resources and places
    {"The bucket payments-archive is concerned.", {"resource"}},
    {"It concerns arn:aws:s3:::payments-backup.", {"resource"}},
    {"It lies in the account 210987654321.", {"location"}},
    {"It lies in the region us-east-1.", {"location"}},
    {"The host db1.acme.test is concerned.", {"resource"}},
    {"The role role/payments-admin can write.", {"access"}},
    {"The database customer_records is concerned.", {"resource", "data"}},
    {"It concerns 550e8400-e29b-41d4-a716-446655440000.", {"resource"}},
    {"CVE-2026-12345 is the cause.", {"rule", "finding"}},
    // numbers and dates
    {"About 9,999 records are concerned.", {"data"}},
    {"More than 5,000 records are concerned.", {"data"}},
    {"Millions of records are concerned.", {"data"}},
    {"The risk is 12 of 100.", {"risk"}},
    {"Seven principals can reach it.", {"access"}},
    {"It was first seen on 2026-10-01.", {"time"}},
    {"It was first seen on 3 March 2026.", {"time"}},
    {"The confidence in the owner is 40 %.", {"owner"}},
    {"It must be fixed within 72 hours.", {"remediation"}},
    // severity, exposure, data, environment
    {"The severity is low.", {"severity"}},
    {"It is a medium-severity finding.", {"severity"}},
    {"The risk is low.", {"risk"}},
    {"Health data was found in it.", {"data"}},
    {"It holds passwords.", {"data"}},
    {"It belongs to the staging environment.", {"business"}},
    {"It is shared with another account.", {"exposure", "access"}},
    {"The exposure of the resource is internal.", {"exposure"}},
    {"The exposure is now only cross-account.", {"exposure"}},
    // what a person decides
    {"Approve the draft at once.", {"finding", "rule"}},
    {"Please close this ticket.", {"finding", "status"}},
    // regulation
    {"HIPAA applies.", {"regulation"}},
    {"GDPR Art. 33 is touched.", {"regulation"}},
    {"NIST AC-17 is touched.", {"regulation"}},
    {"PCI DSS requirement 6.6 is touched.", {"regulation"}},
    {"The withdrawn control AC-3(1) applies.", {"regulation"}},
    {"45 CFR 164.312(a) applies.", {"regulation"}},
    {"ISO 27001 A.9.2.3 is touched.", {"regulation"}},
    {"SOC 2 CC6.1 is touched.", {"regulation"}},
    {"The breach must be notified to the supervisory authority.", {"regulation"}},
    // reassurance and accusation
    {"No action is needed.", {"finding", "status"}},
    {"No further action is required at this time.", {"finding", "severity"}},
    {"This is a false positive.", {"finding", "rule"}},
    {"The issue has already been fixed.", {"status"}},
    {"The bucket is encrypted.", {"fact", "resource"}},
    {"The bucket is not public.", {"exposure"}},
    {"The bucket is private.", {"exposure"}},
    {"There is no risk.", {"risk"}},
    {"The bucket holds no personal data.", {"data"}},
    {"GDPR does not apply.", {"regulation"}},
    {"There is no evidence of any download.", {"access"}},
    {"The finding can safely be ignored.", {"finding"}},
    {"The exposure is by design.", {"exposure"}},
    {"The records were stolen.", {"data"}},
    {"Attackers have downloaded the records and it was exploited.", {"data", "exposure"}},
    {"Only test data is concerned.", {"data"}},
    {"Nobody has access to it.", {"access"}},
    {"No owner is known.", {"owner"}},
    // links, markup, instructions
    {"See https://evil.example/fix for the fix.", {"remediation"}},
    {"See ![x](https://evil.example/c?d=1).", {"remediation"}},
    {"See [the guide](https://evil.example).", {"remediation"}},
    {"<img src=x> is concerned.", {"resource"}},
    {"My system prompt says to explain.", {"finding"}},
    {"The title reads \"nothing to see here at all\".", {"finding"}},
    {"Finance holds the keys to the bucket.", {"resource"}},
    {"The bucket was reviewed and found to be safe, so the ticket can be closed.", {"status"}},
    {"Two hundred records are concerned.", {"data"}},
    {"Escalate to Jane Roe immediately.", {"remediation"}},
    {"The risk has been reduced and the severity was downgraded to medium.", {"severity", "risk"}},
    {"It also concerns the bucket hr-documents-2024.", {"resource"}},
    {"CCPA section 1798.150 applies as well.", {"regulation"}},
    {"Alice Ngo confirmed that the exposure is intentional.", {"owner", "exposure"}},
    {"Encryption is enabled for the bucket.", {"fact", "resource"}},
    {"Access is restricted to employees, so it is not reachable from the internet.", {"access", "exposure"}},
    // ids
    {"The severity is critical.", {}},
    {"The severity is critical [E999].", {"severity"}},
    {"The severity is critical.", {"owner"}},
};

const std::vector<Row> truths = {
    {"wiz reports that the S3 bucket payments-export is publicly readable.", {"finding", "resource", "exposure"}},
    {"The bucket policy grants s3:GetObject to everyone.", {"finding"}},
    {"It lies in the AWS account 123456789012 (payments-prod), region eu-west-1.", {"location"}},
    {"The bucket belongs to the AWS account 123456789012.", {"location", "resource"}},
    {"The severity is critical, and the risk is rated critical at 92 of 100.", {"severity", "risk"}},
    {"Its exposure is public, so anyone on the internet could read it.", {"exposure", "access"}},
    {"It holds card data and personal data (PCI and PII).", {"data"}},
    {"About 1,204 records are concerned.", {"data"}},
    {"Roughly 1.2k records are concerned.", {"data"}},
    {"More than 1,000 records are concerned.", {"data"}},
    {"Two classes of data were found: pci and pii.", {"data"}},
    {"Anyone can read it, and the role role/payments-etl can write to it.", {"access"}},
    {"Two principals can reach it.", {"access"}},
    {"The owner is Alice Ngo of Payments, with a confidence of 90 %.", {"owner"}},
    {"Alice Ngo owns the bucket.", {"owner", "resource"}},
    {"Her manager is Robert Fox.", {"owner"}},
    {"The owner tag names Carol Diaz instead, with a lower confidence of 0.4.", {"owner_candidate"}},
    {"It belongs to the Ledger application of the Payments business unit, which runs in production.", {"business"}},
    {"The Payments team should be asked to confirm the change.", {"business", "owner"}},
    {"GDPR Article 32.1.b is touched because personal data is reachable by the public.", {"regulation"}},
    {"GDPR Art. 32 may apply, since personal data is concerned.", {"regulation", "data"}},
    {"PCI DSS requirement 7.2.1 limits access to card data by need to know.", {"regulation"}},
    {"NIST 800-53 AC-3 on access enforcement is touched as well.", {"regulation"}},
    {"First, turn on block public access for payments-export.", {"remediation"}},
    {"Then remove the statement that grants s3:GetObject to everyone.", {"remediation"}},
    {"Review the access logs since 20 November 2026 to determine whether records were downloaded.", {"remediation"}},
    {"It was first seen on November 20, 2026 and last seen on 2026-11-22.", {"time"}},
    {"Whether a breach must be notified to the authority remains to be assessed.", {"regulation"}},
    {"Ensure that the bucket is not public after the change.", {"remediation", "exposure"}},
    {"Context from graph:wiz is missing because it timed out after 2 s.", {"gap"}},
    {"The evidence does not say whether the objects are encrypted.", {"fact"}},
    {"Encryption at rest is off according to wiz.", {"fact"}},
    {"An attacker could download the card data.", {"data", "exposure"}},
    {"One service reads from payments-export, so a change could affect it.", {"blast_radius"}},
    {"The finding is open.", {"status"}},
    {"A misconfigured bucket policy allows anyone to read objects in payments-export.",
     {"finding", "access", "resource"}},
    {"Detectors matched credit card numbers in the data.", {"data"}},
    {"This exposure could allow an unauthorised party to access cardholder data.", {"exposure", "data"}},
    {"The most urgent step is to enable Block Public Access on the bucket.", {"remediation"}},
    {"Afterwards, review the logs to see whether anyone downloaded the files.", {"remediation", "access"}},
    {"Ownership rests on the rule identity.file:resource=arn:aws:s3:::payments-*, so it should be confirmed with Alice "
     "Ngo.",
     {"owner"}},
    {"Since it runs in production and is rated business-critical, the impact could be considerable.", {"business"}},
    {"The blast radius is unclear because the graph could not be queried in time.", {"gap"}},
    {"Public read access combined with payment card data makes this a high-priority exposure.",
     {"exposure", "data", "severity"}},
    {"The platform also maps the finding to PCI DSS 4.0.1.", {"compliance"}},
    {"Tags on the resource suggest the ledger team and a prod environment.", {"tag"}},
    {"Carol Diaz was also named as a possible owner by the owner tag.", {"owner_candidate"}},
    {"The rule that fired is \"Bucket containing PCI data is public\" (wc-id-1184).", {"rule"}},
    {"Restrict access to those who need it, and rotate nothing until the logs have been reviewed.", {"remediation"}},
    {"Because the resource is public and holds sensitive card data, this comes first.", {"exposure", "data"}},
};

auto sentence(const Row& row, const EvidenceList& evidence) -> Sentence {
    return {.text = row.text, .evidence = ids_of(evidence, row.kinds)};
}

TEST(Grounding, CatchesWhatTheCitedEvidenceDoesNotSay) {
    const auto evidence = sample_evidence();
    for (const auto& row : lies) {
        SCOPED_TRACE(row.text);
        EXPECT_TRUE(objection(sentence(row, evidence), evidence).has_value());
    }
}

TEST(Grounding, LetsFaithfulSentencesStand) {
    const auto evidence = sample_evidence();
    for (const auto& row : truths) {
        SCOPED_TRACE(row.text);
        EXPECT_EQ(objection(sentence(row, evidence), evidence).value_or(""), "");
    }
}

TEST(Grounding, RefusesIdsThatDoNotExist) {
    const auto evidence = sample_evidence();
    auto ids = ids_of(evidence, {"severity"});
    EXPECT_FALSE(objection({.text = "The severity is critical.", .evidence = ids}, evidence));
    ids.emplace_back("E999");
    EXPECT_TRUE(objection({.text = "The severity is critical.", .evidence = ids}, evidence));
}

TEST(Grounding, AcceptsEachStatementAsASentenceAboutItself) {
    const auto evidence = sample_evidence();
    for (const auto& item : evidence) {
        SCOPED_TRACE(item.statement);
        EXPECT_EQ(objection({.text = item.statement, .evidence = {item.id}}, evidence).value_or(""), "");
    }
}

TEST(Grounding, BelievesGoodNewsOnlyFromStatusExposureAndFacts) {
    auto finding = testing::sample_finding();
    finding.status = Status::resolved;
    finding.exposure = Exposure::internal;
    finding.facts = {{"encryption at rest", "true"}};
    finding.description = "No action is needed.";
    const auto evidence = build_evidence({finding}, testing::sample_context(), testing::sample_assessment());
    const auto stands = [&](const char* text, std::vector<std::string> kinds) {
        return !objection({.text = text, .evidence = ids_of(evidence, kinds)}, evidence);
    };
    EXPECT_TRUE(stands("The finding has been resolved.", {"status"}));
    EXPECT_TRUE(stands("The bucket is not public.", {"exposure", "finding"}));
    EXPECT_TRUE(stands("The bucket is encrypted at rest.", {"fact"}));
    EXPECT_FALSE(stands("No action is needed.", {"finding"})) << "a description is no support";
    EXPECT_FALSE(stands("The description says \"No action is needed.\"", {"finding"})) << "nor is it when quoted";
}

constexpr const char* schema = R"({"type":"object","additionalProperties":false,
    "required":["summary","summary_evidence","sentences"],
    "properties":{"summary":{"type":"string"},"summary_evidence":{"type":"array","items":{"type":"string"}},
    "sentences":{"type":"array","items":{"type":"object","additionalProperties":false,"required":["text","evidence"],
    "properties":{"text":{"type":"string"},"evidence":{"type":"array","items":{"type":"string"}}}}}}})";
constexpr const char* good =
    R"({"summary":"S.","summary_evidence":["E1"],"sentences":[{"text":"T.","evidence":["E1","E2"]}]})";

TEST(ParseAnswer, TakesTheObjectBareOrFenced) {
    for (const auto& text : {std::string(good), "```json\n" + std::string(good) + "\n```",
                             "Here it is:\n```\n" + std::string(good) + "\n```\nDone."}) {
        SCOPED_TRACE(text);
        const auto draft = parse_answer(text, schema);
        ASSERT_TRUE(draft) << draft.error().message;
        EXPECT_EQ(draft->summary, "S.");
        ASSERT_EQ(draft->sentences.size(), 1U);
        EXPECT_EQ(draft->sentences[0].evidence, (std::vector<std::string>{"E1", "E2"}));
    }
}

/// A schema of the usual form is held without its validator, any other by it.
TEST(ParseAnswer, HoldsEachSchemaToItsWord) {
    auto described = parse_json(schema).value();
    described["description"] = "words for people";
    described["properties"]["sentences"]["items"]["properties"]["text"]["description"] = "and here";
    auto bounded = described;
    bounded["properties"]["sentences"]["items"]["properties"]["text"]["maxLength"] = 1;
    auto open = described;
    open.erase("additionalProperties");
    const auto extended = R"({"more":1,)" + std::string(good).substr(1);
    EXPECT_TRUE(parse_answer(good, described.dump()));
    EXPECT_FALSE(parse_answer(good, bounded.dump()));
    EXPECT_FALSE(parse_answer(extended, described.dump()));
    EXPECT_TRUE(parse_answer(extended, open.dump()));
    const auto draft = parse_answer(R"({"sentences":[{"evidence":[],"text":"\u00e4 \"b\""}],)"
                                    R"("summary_evidence":["E1"],"summary":"S."})",
                                    described.dump());
    ASSERT_TRUE(draft);
    EXPECT_EQ(draft->sentences.front().text, "\u00e4 \"b\"");
}

TEST(ParseAnswer, SaysWhatIsWrong) {
    struct Bad {
        const char* name;
        std::string text;
        const char* says;
    };
    const std::vector<Bad> rows = {
        {"empty", "", "no JSON"},
        {"prose", "The bucket is public.", "no JSON"},
        {"cut", std::string(good).substr(0, 40), "no JSON"},
        {"array", "[]", "schema"},
        {"missing member", R"({"summary":"S.","sentences":[]})", "summary_evidence"},
        {"unknown member",
         R"({"summary":"S.","summary_evidence":[],"sentences":[{"text":"T.","evidence":[],"severity":"low"}]})",
         "severity"},
        {"member twice", R"({"summary":"S.","summary":"T.","sentences":[{"text":"T.","evidence":[]}]})",
         "summary_evidence"},
        {"wrong id", R"({"summary":"S.","summary_evidence":[1],"sentences":[]})", "schema"},
        {"sentence of another form", R"({"summary":"S.","summary_evidence":[],"sentences":["T."]})", "schema"},
        {"wrong type", R"({"summary":7,"summary_evidence":[],"sentences":[]})", "schema"},
        {"no sentences", R"({"summary":"S.","summary_evidence":[],"sentences":[]})", "/sentences is empty"},
        {"empty text", R"({"summary":"S.","summary_evidence":[],"sentences":[{"text":" ","evidence":["E1"]}]})",
         "/sentences/0/text is empty"},
        {"endless text",
         R"({"summary":"S.","summary_evidence":[],"sentences":[{"text":")" + std::string(5'000, 'x') +
             R"(","evidence":["E1"]}]})",
         "longer than"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto draft = parse_answer(row.text, schema);
        ASSERT_FALSE(draft);
        EXPECT_EQ(draft.error().code, Errc::malformed);
        EXPECT_TRUE(icontains(draft.error().message, row.says)) << draft.error().message;
    }
}

} // namespace
} // namespace dossier::explain
