#include "remediation_catalogue.hpp"

#include "dossier/base/json.hpp"
#include "knowledge_files.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dossier::explain {
namespace {

using testing::HasSubstr;

auto catalogue() -> const RemediationCatalogue& {
    static const auto loaded =
        RemediationCatalogue::parse(knowledge_files(DOSSIER_SOURCE_DIR "/config", "remediation").value()).value();
    return loaded;
}

TEST(Remediation, HasASnippetWithRealNamesForWhatItKnows) {
    struct Row {
        const char* name;
        ControlFamily control;
        Resource resource;
        const char* expected; ///< part of the snippet; "" = none
    };
    const Row rows[] = {
        {"S3 by type",
         ControlFamily::public_access,
         {.name = "acme-payments-exports", .type = "bucket", .cloud = "aws"},
         "--bucket acme-payments-exports"},
        {"S3 by ARN alone",
         ControlFamily::public_access,
         {.id = "arn:aws:s3:::acme-x", .name = "acme-x", .cloud = "aws"},
         "--bucket acme-x"},
        {"S3 encryption", ControlFamily::encryption, {.name = "acme-x", .type = "S3Bucket", .cloud = "aws"}, "aws:kms"},
        {"RDS",
         ControlFamily::network_exposure,
         {.name = "ledger", .type = "rdsInstance", .cloud = "aws", .region = "eu-west-1"},
         "--no-publicly-accessible"},
        {"RDS without region",
         ControlFamily::network_exposure,
         {.name = "ledger", .type = "rdsInstance", .cloud = "aws"},
         ""},
        {"security group by ARN",
         ControlFamily::network_exposure,
         {.id = "arn:aws:ec2:eu-west-1:111122223333:security-group/sg-0a1b2c3d",
          .name = "web",
          .type = "securityGroup",
          .cloud = "aws",
          .region = "eu-west-1"},
         "Values=sg-0a1b2c3d"},
        {"security group by name only",
         ControlFamily::network_exposure,
         {.name = "web", .type = "securityGroup", .cloud = "aws", .region = "eu-west-1"},
         ""},
        {"IAM user",
         ControlFamily::credentials,
         {.name = "svc-etl", .type = "iamUser", .cloud = "aws"},
         "--user-name svc-etl"},
        {"Azure container: the account is meant",
         ControlFamily::public_access,
         {.id = "/subscriptions/1/resourceGroups/rg/providers/Microsoft.Storage/storageAccounts/acmehr/blobServices/"
                "default/containers/x",
          .name = "x",
          .type = "container",
          .cloud = "azure",
          .account = "0a1b"},
         "--name acmehr "},
        {"GCP bucket",
         ControlFamily::public_access,
         {.name = "acme-clinical-archive", .type = "bucket", .cloud = "gcp"},
         "gs://acme-clinical-archive"},
        {"unknown type", ControlFamily::public_access, {.name = "x", .cloud = "aws"}, ""},
        {"unknown name", ControlFamily::public_access, {.type = "bucket", .cloud = "aws"}, ""},
        {"another cloud", ControlFamily::public_access, {.name = "x", .type = "bucket", .cloud = "oci"}, ""},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto& remedy = catalogue().find(row.control, row.resource);
        const auto snippet = remedy.snippet ? fill(*remedy.snippet, row.resource) : std::nullopt;
        ASSERT_EQ(snippet.has_value(), *row.expected != '\0');
        if (!snippet) continue;
        EXPECT_THAT(snippet->text, HasSubstr(row.expected));
        EXPECT_THAT(snippet->text, Not(HasSubstr("{resource"))) << "no hole stays open";
    }
}

TEST(Remediation, JsonSnippetsParse) {
    EXPECT_FALSE(parse_json("{\"a\": }")) << "the parser refuses what is wrong";
    const Resource bucket{.name = "acme-x", .type = "bucket", .cloud = "aws", .account = "111122223333"};
    const auto snippet = fill(*catalogue().find(ControlFamily::excessive_access, bucket).snippet, bucket);
    ASSERT_TRUE(snippet);
    ASSERT_EQ(snippet->language, "json");
    const auto policy = parse_json(snippet->text);
    ASSERT_TRUE(policy) << policy.error().message;
    const auto& statement = policy->at("Statement").at(0);
    EXPECT_EQ(statement.at("Effect"), "Deny");
    EXPECT_EQ(statement.at("Resource").at(1), "arn:aws:s3:::acme-x/*");
    EXPECT_EQ(statement.at("Condition").at("StringNotEquals").at("aws:PrincipalAccount"), "111122223333");
}

TEST(Remediation, HostileNamesFillNoHole) {
    const std::string hostile[] = {"x; rm -rf /",
                                   "$(curl evil)",
                                   "`id`",
                                   "a b",
                                   "--profile=evil",
                                   "-x",
                                   "a\"b",
                                   "a'b",
                                   "a\nb",
                                   "a|b",
                                   "a&b",
                                   "a>b",
                                   "\xE2\x80\xAE"
                                   "abc",
                                   "a{b}",
                                   "../../etc",
                                   "{account}",
                                   "a\\b",
                                   "a/b",
                                   std::string(300, 'a'),
                                   "\"}, {\"Effect\": \"Allow\"",
                                   "a\tb",
                                   "",
                                   "b\xC3\xBC"
                                   "cket"};
    for (const auto& name : hostile) {
        SCOPED_TRACE(name);
        for (const auto control :
             {ControlFamily::public_access, ControlFamily::encryption, ControlFamily::excessive_access}) {
            const Resource bucket{.name = name, .type = "bucket", .cloud = "aws", .account = "111122223333"};
            EXPECT_FALSE(fill(*catalogue().find(control, bucket).snippet, bucket));
        }
        const Resource hostile_account{.name = "good", .type = "bucket", .cloud = "aws", .account = name};
        EXPECT_FALSE(
            fill(*catalogue().find(ControlFamily::excessive_access, hostile_account).snippet, hostile_account));
    }
}

TEST(Remediation, RefusesWrongKnowledgeWithFileAndLine) {
    struct Row {
        const char* name;
        const char* yaml;
        const char* message;
    };
    const std::string last = "  - controls: []\n    steps: [a, b, c]\n";
    const Row rows[] = {
        {"two steps", "remedies:\n  - controls: []\n    steps: [a, b]\n",
         "x.yaml:2: a remedy has at least three steps"},
        {"unknown control", "remedies:\n  - controls: [magic]\n    steps: [a, b, c]\n", "'magic' is no control family"},
        {"unknown key", "remedies:\n  - steeps: [a]\n", "x.yaml:2: unknown key 'steeps'"},
        {"no fall-back", "remedies:\n  - controls: [logging]\n    steps: [a, b, c]\n", "has to fit every finding"},
        {"no YAML", "remedies: [", "x.yaml:"},
        {"unknown language",
         "remedies:\n  - controls: []\n    steps: [a, b, c]\n    snippet: { title: t, language: perl, text: x }\n",
         "language is"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto parsed = RemediationCatalogue::parse({{.name = "x.yaml", .content = row.yaml}});
        ASSERT_FALSE(parsed);
        EXPECT_THAT(parsed.error().message, HasSubstr(row.message));
    }
    EXPECT_TRUE(RemediationCatalogue::parse({{.name = "x.yaml", .content = "remedies:\n" + last}}));
}

} // namespace
} // namespace dossier::explain
