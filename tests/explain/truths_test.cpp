// What a careful LLM writes about the sample dossier, in its own words: it has to stand, or the guard costs more than
// it is worth. Hedged conclusions and advice belong to it.

#include "dossier/explain/grounding.hpp"
#include "sample_evidence.hpp"

#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

using testing::ids_of;
using testing::sample_evidence;

struct Truth {
    const char* text;
    std::vector<std::string> kinds; ///< what it cites
};

const std::vector<Truth> truths_of_all_kinds = {
    // what was found
    {"The S3 bucket payments-export is publicly readable.", {"finding", "resource", "exposure"}},
    {"wiz found that the S3 bucket payments-export can be read by anyone.", {"finding", "resource", "access"}},
    {"wiz has flagged the bucket payments-export as publicly readable.", {"finding", "resource"}},
    {"The bucket's policy grants s3:GetObject to everyone.", {"finding"}},
    {"Its bucket policy allows s3:GetObject for everyone, which makes the objects readable by the public.",
     {"finding", "exposure"}},
    {"The finding was raised by the rule \"Bucket containing PCI data is public\".", {"rule"}},
    {"The rule wc-id-1184 fired because a bucket containing PCI data is public.", {"rule"}},
    {"This is a sensitive data finding.", {"finding"}},
    {"The finding concerns a public access control that failed.", {"control"}},
    {"The failed control is public access.", {"control"}},
    {"The finding is still open.", {"status"}},
    {"It remains open as of 2026-11-22.", {"status", "time"}},
    {"The current status is open.", {"status"}},
    {"The finding was reported by wiz.", {"finding"}},
    {"The issue was detected on November 20, 2026.", {"time"}},
    {"It was first observed on 20 November 2026 and most recently on 22 November 2026.", {"time"}},
    {"It was first seen on 2026-11-20 at 10:15 UTC.", {"time"}},
    {"It was last seen on Nov. 22, 2026.", {"time"}},
    {"The exposure has been known since 2026-11-20.", {"time"}},
    // where
    {"The bucket lives in the AWS account 123456789012 (payments-prod) in eu-west-1.", {"location"}},
    {"It is hosted in AWS region eu-west-1.", {"location"}},
    {"The resource is an S3 bucket in the account payments-prod.", {"resource", "location"}},
    {"The full identifier is arn:aws:s3:::payments-export.", {"resource"}},
    {"The ARN arn:aws:s3:::payments-export identifies the bucket.", {"resource"}},
    {"The bucket carries the tags env=prod and team=ledger.", {"tag"}},
    {"A tag points to the ledger team.", {"tag"}},
    // how bad
    {"The severity is critical.", {"severity"}},
    {"This is a critical finding.", {"severity"}},
    {"wiz rates the severity as critical.", {"severity", "finding"}},
    {"It is rated critical in severity.", {"severity"}},
    {"The computed risk is 92 out of 100, which is critical.", {"risk"}},
    {"The risk score is 92/100.", {"risk"}},
    {"With a risk of 92 of 100, it should be handled before other work.", {"risk"}},
    {"The assessment puts the risk at 92 (critical).", {"risk"}},
    {"Public exposure is the main driver of the risk.", {"risk", "exposure"}},
    {"The risk is driven by the public exposure, since anyone can reach it.", {"risk"}},
    {"Given the critical severity, this needs immediate attention.", {"severity"}},
    {"The combination of public access and card data makes this urgent.", {"exposure", "data"}},
    {"This deserves immediate attention.", {"severity"}},
    // data
    {"The bucket contains cardholder data and personally identifiable information.", {"data"}},
    {"Data of the classes PCI and PII was found.", {"data"}},
    {"The data includes PCI and PII.", {"data"}},
    {"It holds payment card data as well as personal data.", {"data"}},
    {"The Credit Card Number detector matched.", {"data"}},
    {"Credit card numbers were detected in the bucket.", {"data", "resource"}},
    {"Around 1,200 records are concerned.", {"data"}},
    {"Approximately 1,204 records or objects are involved.", {"data"}},
    {"1204 records are affected.", {"data"}},
    {"Over 1,200 records may be affected.", {"data"}},
    {"More than a thousand records are concerned.", {"data"}},
    {"Roughly 1.2 thousand records or objects are in scope.", {"data"}},
    {"The 1,204 records include card and personal data.", {"data"}},
    {"Encryption at rest is not enabled.", {"fact"}},
    {"The data is not encrypted at rest.", {"fact"}},
    {"According to wiz, encryption at rest is set to false.", {"fact"}},
    {"Encryption at rest is false, so stolen objects could be read as they are.", {"fact"}},
    // who can reach it
    {"Anyone can read the bucket.", {"access"}},
    {"Anyone on the internet can read the objects.", {"access", "exposure"}},
    {"Everyone has read access to it.", {"access"}},
    {"The role role/payments-etl has write access.", {"access"}},
    {"Besides the public, role/payments-etl can write to the bucket.", {"access", "exposure"}},
    {"Two principals have access: anyone (read) and role/payments-etl (write).", {"access"}},
    {"No authentication is needed to read the objects.", {"access", "exposure"}},
    {"An unauthenticated user could read the objects.", {"access", "exposure"}},
    {"The exposure is public.", {"exposure"}},
    {"The bucket is exposed to the public internet.", {"exposure"}},
    {"The resource is publicly accessible.", {"exposure"}},
    {"One service reads from payments-export.", {"blast_radius"}},
    {"Tightening the policy could affect the service that reads from payments-export.", {"blast_radius"}},
    {"The known blast radius is one service that reads from the bucket.", {"blast_radius"}},
    // owner
    {"The owner is Alice Ngo (alice@acme.test).", {"owner"}},
    {"Alice Ngo is the owner of the bucket.", {"owner"}},
    {"Alice Ngo from Payments is the likely owner.", {"owner"}},
    {"Ownership is attributed to Alice Ngo with 90% confidence.", {"owner"}},
    {"The confidence in this ownership is 0.9.", {"owner"}},
    {"Alice Ngo, who works in the Payments department, owns the bucket.", {"owner"}},
    {"Alice's manager is Robert Fox.", {"owner"}},
    {"Her manager, Robert Fox, can be asked if she is not available.", {"owner"}},
    {"If Alice Ngo is unavailable, her manager Robert Fox could be contacted.", {"owner"}},
    {"The owner was determined by the rule identity.file:resource=arn:aws:s3:::payments-*.", {"owner"}},
    {"A tag names Carol Diaz as owner, but with a confidence of only 40 %.", {"owner_candidate"}},
    {"Another source, the owner tag, suggests Carol Diaz (confidence 0.4).", {"owner_candidate"}},
    {"Carol Diaz is named by the tag tag:owner as a candidate.", {"owner_candidate"}},
    {"Confirm the ownership with Alice Ngo before changing the policy.", {"owner", "remediation"}},
    {"Contact Alice Ngo to confirm the change.", {"owner"}},
    {"The bucket belongs to the Payments business unit.", {"business"}},
    {"The support group is payments-oncall.", {"business"}},
    {"The on-call group payments-oncall supports the application.", {"business"}},
    // business
    {"It is part of the Ledger application.", {"business"}},
    {"The application is Ledger, in the business unit Payments.", {"business"}},
    {"The environment is production.", {"business"}},
    {"It runs in the prod environment.", {"business"}},
    {"The business criticality of Ledger is critical.", {"business"}},
    {"This is a production system of critical importance to the business.", {"business"}},
    {"Since the environment is prod, changes should be coordinated with the owner.", {"business", "owner"}},
    // regulations
    {"GDPR Art. 32(1)(b) is touched, as personal data is reachable by the public.", {"regulation"}},
    {"Article 32(1)(b) GDPR on the security of processing is relevant here.", {"regulation"}},
    {"The exposure touches GDPR Article 32.", {"regulation"}},
    {"The GDPR's rules on security of processing (Art. 32) are relevant.", {"regulation"}},
    {"PCI DSS 4.0.1 requirement 7.2.1 is touched because card data can be read by anyone.", {"regulation"}},
    {"PCI DSS requirement 7.2.1 calls for access to card data by need to know.", {"regulation"}},
    {"From a PCI DSS perspective, requirement 7.2.1 applies.", {"regulation"}},
    {"NIST SP 800-53 control AC-3 (access enforcement) is not met.", {"regulation"}},
    {"NIST 800-53 r5 AC-3 is touched since access is not enforced.", {"regulation"}},
    {"Three frameworks are touched: PCI DSS, GDPR and NIST 800-53.", {"regulation"}},
    {"The finding may have implications under GDPR and PCI DSS.", {"regulation"}},
    {"This could constitute a violation of GDPR Art. 32(1)(b).", {"regulation"}},
    {"The platform maps the finding to PCI DSS 4.0.1.", {"compliance"}},
    {"Whether the incident has to be notified is to be assessed.", {"regulation"}},
    {"Legal should assess whether a notification duty exists.", {"regulation"}},
    {"The regulatory exposure is considerable because both card and personal data are public.",
     {"regulation", "data", "exposure"}},
    // what to do
    {"Turn on block public access for payments-export.", {"remediation"}},
    {"First, enable Block Public Access on payments-export.", {"remediation"}},
    {"The first step is to turn on Block Public Access.", {"remediation"}},
    {"Next, remove the policy statement that grants s3:GetObject to everyone.", {"remediation"}},
    {"The statement granting s3:GetObject to everyone should be removed.", {"remediation"}},
    {"Then review the access logs since 2026-11-20 for downloads.", {"remediation"}},
    {"Finally, check the access logs from November 20, 2026 onwards for downloads.", {"remediation"}},
    {"wiz recommends turning on Block Public Access.", {"remediation", "finding"}},
    {"The platform recommends: \"Turn on Block Public Access.\"", {"remediation"}},
    {"Public access should be blocked immediately.", {"remediation", "exposure"}},
    {"Before that, make sure that the service reading from payments-export keeps its access.",
     {"remediation", "blast_radius"}},
    {"After the change, verify that the bucket is no longer public.", {"remediation", "exposure"}},
    {"Verify that the objects can no longer be read anonymously.", {"remediation", "exposure"}},
    {"Once Block Public Access is on, anonymous reads should fail.", {"remediation", "exposure"}},
    {"Consider enabling encryption at rest, since it is off.", {"fact"}},
    {"Reviewing the logs will show whether anyone downloaded the records.", {"remediation", "access", "data"}},
    {"It should be determined whether the data was accessed before the fix.", {"remediation"}},
    {"The owner should apply the fix and confirm it.", {"owner", "remediation"}},
    {"Coordinate the change with payments-oncall.", {"business", "remediation"}},
    {"Restrict read access to the role role/payments-etl and those with a need to know.",
     {"remediation", "access", "regulation"}},
    {"Remediation should start with the bucket policy.", {"remediation", "finding"}},
    // what is missing and hedged conclusions
    {"Context from graph:wiz is missing because it timed out after 2 s.", {"gap"}},
    {"The graph of wiz could not be queried (timed out after 2 s), so the blast radius may be incomplete.", {"gap"}},
    {"The blast radius is incomplete, since graph:wiz timed out.", {"gap"}},
    {"The evidence does not say whether the records were downloaded.", {"access"}},
    {"It is not known whether anyone has accessed the data.", {"access"}},
    {"The evidence does not show whether the exposure was exploited.", {"exposure"}},
    {"It is unclear how long the bucket has been public.", {"exposure", "time"}},
    {"Attackers could use the exposed card data for fraud.", {"data", "exposure"}},
    {"A malicious actor may download the records without credentials.", {"access", "exposure", "data"}},
    {"If the data was downloaded, customers could be harmed.", {"data", "exposure"}},
    {"Exposure of this data could lead to financial and reputational damage.", {"data", "exposure"}},
    {"This may result in unauthorised access to card data.", {"data", "exposure"}},
    {"The exposure increases the likelihood of data theft.", {"exposure"}},
    {"Because the bucket is public, its objects could be indexed by search engines.", {"exposure"}},
    {"Data exposed this way should be treated as potentially compromised.", {"data", "exposure"}},
    {"Left as it is, the bucket allows anyone to read card data.", {"access", "data"}},
    {"The bucket policy is the root cause.", {"finding"}},
    {"The misconfiguration stems from a bucket policy that grants read access to everyone.", {"finding", "access"}},
    {"Since sensitive data is publicly readable in production, this is the highest priority.",
     {"data", "exposure", "business", "severity"}},
    {"In short, a production bucket with card data is open to the internet.",
     {"finding", "business", "data", "exposure"}},
    {"Taken together, the public exposure, the sensitive data and the production environment explain the critical "
     "rating.",
     {"exposure", "data", "business", "risk"}},
    {"The bucket stores data in scope of PCI DSS.", {"data", "regulation"}},
    {"Payments should treat this as an incident until the logs have been reviewed.", {"business", "remediation"}},
    {"The write access of role/payments-etl appears to serve the export job.", {"access"}},
    {"Immediate containment is advisable.", {"severity", "exposure"}},
    {"The bucket should not be public.", {"exposure"}},
    {"There is no indication in the evidence of who uses the data.", {"access"}},
};

TEST(Truths, StandAtLeastNinetyEightInAHundred) {
    const auto evidence = sample_evidence();
    std::size_t removed = 0;
    std::string said;
    for (const auto& truth : truths_of_all_kinds) {
        const auto objected = objection({.text = truth.text, .evidence = ids_of(evidence, truth.kinds)}, evidence);
        if (!objected) continue;
        ++removed;
        said += std::string("\n  ") + truth.text + "\n    " + *objected;
    }
    RecordProperty("removed", static_cast<int>(removed));
    EXPECT_GE(truths_of_all_kinds.size(), 150U);
    EXPECT_LE(removed * 100, truths_of_all_kinds.size() * 2) << removed << " of " << truths_of_all_kinds.size() << said;
}

} // namespace
} // namespace dossier::explain
