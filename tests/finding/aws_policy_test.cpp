// Policy evaluation as tables, and where the shared contracts are at hand, against the verdicts of two other
// evaluators (a real Ceph RGW and a third-party simulator).

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"
#include "dossier/finding/aws_policy.hpp"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

namespace dossier::aws {
namespace {

auto word(Tri verdict) -> std::string {
    if (verdict == Tri::maybe) return "maybe";
    return verdict == Tri::yes ? "yes" : "no";
}

TEST(AwsArn, ReadsNamesAndRefusesOthers) {
    const auto table = parse_arn("arn:aws:dynamodb:eu-west-1:123456789012:table/orders");
    ASSERT_TRUE(table);
    EXPECT_EQ(table->service + "|" + table->region + "|" + table->account + "|" + table->resource,
              "dynamodb|eu-west-1|123456789012|table/orders");
    EXPECT_EQ(table->name(), "orders");
    EXPECT_EQ(table->text(), "arn:aws:dynamodb:eu-west-1:123456789012:table/orders");
    EXPECT_EQ(parse_arn("arn:aws:sns:us-east-1:123456789012:alarms")->name(), "alarms");
    for (const auto* text : {"", "arn", "arn:aws:s3:::", "arn:gcp:s3:::b", "arn:aws:iam::12:role/x", "urn:aws:s3:::b",
                             "arn:aws:s3:::b c", "arn:aws::::x"})
        EXPECT_FALSE(parse_arn(text)) << text;
}

TEST(AwsArn, IsFoundInAFinding) {
    struct Row {
        const char* name;
        Resource resource;
        const char* arn; ///< "" = not one of AWS'
        const char* place;
    };
    const Row rows[] = {
        {"an ARN",
         {.id = "arn:aws:s3:::payments", .cloud = "aws", .account = "123456789012", .region = "eu-west-1"},
         "arn:aws:s3:::payments",
         "123456789012/eu-west-1"},
        {"an object's", {.id = "arn:aws:s3:::payments/2026/x.csv", .cloud = "aws"}, "arn:aws:s3:::payments", "/"},
        {"a bucket's name",
         {.id = "wiz-1", .name = "payments", .type = "bucket", .cloud = "aws"},
         "arn:aws:s3:::payments",
         "/"},
        {"an ARN without a cloud",
         {.id = "arn:aws:sqs:eu-west-1:123456789012:q"},
         "arn:aws:sqs:eu-west-1:123456789012:q",
         "123456789012/eu-west-1"},
        {"another cloud", {.id = "arn:aws:s3:::payments", .cloud = "azure"}, "", ""},
        {"a platform's id", {.id = "8f0c-…", .name = "db", .type = "database", .cloud = "aws"}, "", ""},
        {"a hostile bucket", {.id = "x", .name = "../iam", .type = "bucket", .cloud = "aws"}, "", ""},
        {"dots in a bucket's ARN", {.id = "arn:aws:s3:::..", .cloud = "aws"}, "", ""},
        {"the global region",
         {.id = "arn:aws:s3:::payments", .cloud = "aws", .region = "global"},
         "arn:aws:s3:::payments",
         "/"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto arn = arn_of(row.resource);
        EXPECT_EQ(arn ? arn->text() : "", row.arn);
        if (arn) EXPECT_EQ(arn->account + "/" + arn->region, row.place);
    }
}

TEST(AwsPolicy, RefusesWhatAwsRefuses) {
    const std::pair<const char*, const char*> rows[] = {
        {"no JSON", "{"},
        {"a list", "[]"},
        {"misspelt Statement", R"({"Version":"2012-10-17","Statment":[]})"},
        {"no statements", R"({"Statement":[]})"},
        {"effect in lower case", R"({"Statement":{"Effect":"allow","Action":"s3:*","Resource":"*"}})"},
        {"no effect", R"({"Statement":{"Action":"s3:*","Resource":"*"}})"},
        {"no action", R"({"Statement":{"Effect":"Allow","Resource":"*"}})"},
        {"both actions", R"({"Statement":{"Effect":"Allow","Action":"a:b","NotAction":"a:c","Resource":"*"}})"},
        {"unknown key", R"({"Statement":{"Effect":"Allow","Actions":"s3:*","Resource":"*"}})"},
        {"action of another type", R"({"Statement":{"Effect":"Allow","Action":7,"Resource":"*"}})"},
        {"list with a map", R"({"Statement":{"Effect":"Allow","Action":["a:b",{}],"Resource":"*"}})"},
        {"principal word", R"({"Statement":{"Effect":"Allow","Principal":"me","Action":"a:b"}})"},
        {"principal kind", R"({"Statement":{"Effect":"Allow","Principal":{"Google":"x"},"Action":"a:b"}})"},
        {"condition word", R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":"x"}})"},
        {"operator word",
         R"({"Statement":{"Effect":"Allow","Action":"a:b","Resource":"*","Condition":{"StringEquals":"x"}}})"},
    };
    for (const auto& [name, text] : rows) {
        SCOPED_TRACE(name);
        const auto policy = parse_policy(text);
        ASSERT_FALSE(policy);
        EXPECT_EQ(policy.error().code, Errc::malformed);
    }
}

TEST(AwsPolicy, ReadsDocumentsAsIamSendsThem) {
    const auto policy = parse_encoded_policy(
        "%7B%22Statement%22%3A%7B%22Effect%22%3A%22Allow%22%2C%22Action%22%3A%22s3%3A%2A%22%2C%22Resource%22%3A%22%2A%"
        "22%7D%7D");
    ASSERT_TRUE(policy);
    EXPECT_EQ(policy->statements.front().actions.front(), "s3:*");
    EXPECT_FALSE(parse_encoded_policy("%7B%2"));
}

TEST(AwsPolicy, DecidesConditionsAsFarAsTheyAreKnown) {
    struct Row {
        const char* name;
        Condition condition;
        const char* anonymous;
    };
    const Row rows[] = {
        {"organisation, absent", {"StringEquals", "aws:PrincipalOrgID", {"o-1"}}, "no"},
        {"organisation, absent and negated", {"StringNotEquals", "aws:PrincipalOrgID", {"o-1"}}, "yes"},
        {"organisation, if it exists", {"StringEqualsIfExists", "aws:PrincipalOrgID", {"o-1"}}, "yes"},
        {"for all values of nothing", {"ForAllValues:StringEquals", "aws:PrincipalOrgID", {"o-1"}}, "yes"},
        {"for any value of nothing", {"ForAnyValue:StringEquals", "aws:PrincipalOrgID", {"o-1"}}, "no"},
        {"null is true", {"Null", "aws:PrincipalOrgID", {"true"}}, "yes"},
        {"null is false", {"Null", "aws:PrincipalOrgID", {"false"}}, "no"},
        {"TLS", {"Bool", "aws:SecureTransport", {"false"}}, "no"},
        {"TLS, key in another case", {"bool", "AWS:securetransport", {"TRUE"}}, "yes"},
        {"an office's addresses", {"IpAddress", "aws:SourceIp", {"192.0.2.0/24"}}, "maybe"},
        {"every address", {"IpAddress", "aws:SourceIp", {"0.0.0.0/0"}}, "yes"},
        {"a key nobody knows", {"StringLike", "s3:prefix", {"public/*"}}, "maybe"},
        {"a date", {"DateLessThan", "aws:CurrentTime", {"2030-01-01T00:00:00Z"}}, "maybe"},
        {"an operator nobody knows", {"Fuzzy", "aws:SecureTransport", {"true"}}, "maybe"},
        {"an endpoint", {"StringNotEquals", "aws:SourceVpce", {"vpce-1"}}, "yes"},
        {"no values", {"StringEquals", "aws:SecureTransport", {}}, "no"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        EXPECT_EQ(word(holds(row.condition, anonymous_circumstances())), row.anonymous);
    }
    Circumstances office{{"aws:sourceip", {"192.0.2.77"}}};
    EXPECT_EQ(holds({"IpAddress", "aws:SourceIp", {"192.0.2.64/27"}}, office), Tri::yes);
    EXPECT_EQ(holds({"IpAddress", "aws:SourceIp", {"192.0.2.96/27", "2001:db8::/32"}}, office), Tri::no);
    EXPECT_EQ(holds({"NotIpAddress", "aws:SourceIp", {"192.0.2.0/24"}}, office), Tri::no);
    EXPECT_EQ(holds({"IpAddress", "aws:SourceIp", {"nonsense/99"}}, office), Tri::no);
}

TEST(AwsPolicy, KnowsWhatAStatementSpeaksOf) {
    struct Row {
        const char* name;
        const char* statement; ///< without Effect
        const char* verdict;   ///< on reading all objects of the bucket b
    };
    const Row rows[] = {
        {"exactly", R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*")", "yes"},
        {"everything", R"("Action":"*","Resource":"*")", "yes"},
        {"by a wildcard, in another case", R"("Action":"S3:get*","Resource":"arn:aws:s3:::b/*")", "yes"},
        {"a question mark", R"("Action":"s3:GetObjec?","Resource":"arn:aws:s3:::?/*")", "yes"},
        {"some of the objects", R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*")", "maybe"},
        {"only the bucket", R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::b")", "no"},
        {"another bucket", R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::bb/*")", "no"},
        {"a variable", R"("Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*")", "maybe"},
        {"another service", R"("Action":"sqs:*","Resource":"*")", "no"},
        {"not the action", R"("NotAction":"iam:*","Resource":"*")", "yes"},
        {"not this action", R"("NotAction":["iam:*","s3:GetObject"],"Resource":"*")", "no"},
        {"not the resource", R"("Action":"s3:*","NotResource":"arn:aws:s3:::other/*")", "yes"},
        {"not this resource", R"("Action":"s3:*","NotResource":"arn:aws:s3:::b/*")", "no"},
        {"under a condition", R"("Action":"s3:*","Resource":"*","Condition":{"StringLike":{"s3:prefix":"x"}})",
         "maybe"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto policy = parse_policy(std::string(R"({"Statement":{"Effect":"Allow",)") + row.statement + "}}");
        ASSERT_TRUE(policy);
        const auto opinion = opinion_of(
            *policy, Asker{.arn = "arn:aws:iam::123456789012:role/r", .account = "123456789012", .circumstances = {}},
            {.action = "s3:GetObject", .resource = "arn:aws:s3:::b/*"}, false);
        EXPECT_EQ(word(opinion.allowed), row.verdict);
    }
}

TEST(AwsPolicy, KnowsWhomAStatementNames) {
    struct Row {
        const char* name;
        const char* principal;
        const char* who; ///< of anonymous, role, root-only: which are named (directly)
    };
    constexpr const char* role = "arn:aws:iam::123456789012:role/etl";
    const Row rows[] = {
        {"everyone", R"("Principal":"*")", "anonymous role"},
        {"everyone, written otherwise", R"("Principal":{"AWS":["*"]})", "anonymous role"},
        {"the role", R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/etl"})", "role"},
        {"another role", R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/other"})", ""},
        {"the account hands it to IAM", R"("Principal":{"AWS":"123456789012"})", ""},
        {"the account's root hands it to IAM", R"("Principal":{"AWS":"arn:aws:iam::123456789012:root"})", ""},
        {"a service", R"("Principal":{"Service":"ec2.amazonaws.com"})", ""},
        {"all but the role", R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/etl"})", "anonymous"},
        {"all but the root", R"("NotPrincipal":{"AWS":"arn:aws:iam::123456789012:root"})", "anonymous role"},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto policy = parse_policy(
            std::string(R"({"Statement":{"Effect":"Allow","Action":"s3:*","Resource":"*",)") + row.principal + "}}");
        ASSERT_TRUE(policy);
        std::vector<std::string> named;
        if (names_directly(policy->statements[0], Asker{})) named.emplace_back("anonymous");
        if (names_directly(policy->statements[0], Asker{.arn = role, .account = "123456789012"}))
            named.emplace_back("role");
        EXPECT_EQ(join(named, " "), row.who);
    }
}

/// Statements and conditions are looked at once for many deeds and askers; each answer is that of a look of its own.
TEST(AwsPolicy, AnswersManyDeedsAsItAnswersOne) {
    const auto policy = parse_policy(R"({"Statement":[
        {"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/public/*"},
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/etl"},"Action":"s3:*","Resource":"*"},
        {"Effect":"Allow","Principal":"*","Action":"s3:List*","Resource":"arn:aws:s3:::b",
         "Condition":{"StringLike":{"s3:prefix":"public/*"}}},
        {"Effect":"Deny","Principal":"*","NotAction":"s3:GetObject","Resource":"*",
         "Condition":{"StringNotEquals":{"aws:PrincipalAccount":"123456789012"}}}]})");
    ASSERT_TRUE(policy);
    const Deed deeds[] = {{.action = "s3:GetObject", .resource = "arn:aws:s3:::b/*"},
                          {.action = "s3:ListBucket", .resource = "arn:aws:s3:::b"},
                          {.action = "s3:PutObject", .resource = "arn:aws:s3:::b/*"},
                          {.action = "s3:GetObject", .resource = "arn:aws:s3:::other/*"}};
    Asker role{.arn = "arn:aws:iam::123456789012:role/etl", .account = "123456789012"};
    role.circumstances["aws:principalaccount"] = {"123456789012"};
    for (const auto& asker : {Asker{}, role}) {
        for (const bool by_principal : {true, false}) {
            Hearing hearing(*policy, asker, by_principal);
            for (int round = 0; round < 2; ++round) {
                for (const auto& deed : deeds) {
                    const auto many = hearing.opinion_of(spoken_of(*policy, deed));
                    const auto one = opinion_of(*policy, asker, deed, by_principal);
                    EXPECT_EQ(word(many.allowed), word(one.allowed)) << deed.action;
                    EXPECT_EQ(word(many.denied), word(one.denied)) << deed.action;
                    EXPECT_EQ(many.allowed_by, one.allowed_by);
                    EXPECT_EQ(many.denied_by, one.denied_by);
                }
            }
        }
    }
    EXPECT_EQ(word(opinion_of(*policy, role, deeds[2], true).allowed), "yes");
    EXPECT_EQ(word(opinion_of(*policy, Asker{}, deeds[2], true).denied), "yes");
}

TEST(AwsPolicy, SaysInWordsWhatAStatementDoes) {
    const auto policy = parse_policy(
        R"({"Statement":{"Sid":"Office","Effect":"Allow","Principal":"*","Action":["s3:GetObject","s3:ListBucket"],
            "Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":["192.0.2.0/24"]}}}})");
    ASSERT_TRUE(policy);
    EXPECT_EQ(
        describe(policy->statements.front()),
        "Allow s3:GetObject, s3:ListBucket on arn:aws:s3:::b/* to anyone, if aws:SourceIp IpAddress 192.0.2.0/24");
}

/// The owner of the cases' bucket: a user of its account who may do everything by IAM.
auto owner_may_read(const PolicyDocument& policy) -> bool {
    const Asker owner{.arn = "arn:aws:iam::123456789012:user/sec", .account = "123456789012", .circumstances = {}};
    const auto opinion =
        opinion_of(policy, owner, {.action = "s3:GetObject", .resource = "arn:aws:s3:::acme-phi/file.txt"}, true);
    return opinion.denied != Tri::yes; // his own policy allows it
}

TEST(AwsPolicy, AgreesWithOtherEvaluators) {
    const char* shared = std::getenv("DOSSIER_SHARED");
    const std::string root = shared != nullptr ? shared : DOSSIER_SOURCE_DIR "/../shared";
    std::ifstream file(root + "/contracts/upstream/aws/bucket-policy-cases.json");
    if (!file) GTEST_SKIP() << "no shared contracts here";
    std::stringstream text;
    text << file.rdbuf();
    const auto cases = parse_json(text.str());
    ASSERT_TRUE(cases);
    int judged = 0;
    for (const auto& row : (*cases)["cases"]) {
        SCOPED_TRACE(row["name"].get<std::string>());
        ++judged;
        const auto policy = parse_policy(row["policy"].dump());
        const auto& rgw = row["ceph_rgw_16_2"];
        if (row.contains("iam_policy_errors")) {
            EXPECT_FALSE(policy);
            continue;
        }
        ASSERT_TRUE(policy) << policy.error().message;
        Asker anonymous;
        for (const auto& [key, value] : row.value("context", Json::object()).items())
            anonymous.circumstances[lower(key)] = {value.get<std::string>()};
        const auto opinion = opinion_of(*policy, anonymous,
                                        {.action = "s3:GetObject", .resource = "arn:aws:s3:::acme-phi/file.txt"}, true);
        const bool is_open = both(opinion.allowed, inverse(opinion.denied)) == Tri::yes;
        const bool is_blocked = row.value("blockPublicAccess", false);
        EXPECT_EQ(is_open && !is_blocked, row["iam_simulate"] == "Allowed");
        if (rgw["put"] == 204) EXPECT_EQ(owner_may_read(*policy), rgw["owner_get"] == 200);
    }
    EXPECT_EQ(judged, 12);
}

} // namespace
} // namespace dossier::aws
