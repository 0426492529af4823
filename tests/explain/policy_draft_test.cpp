// Drafted policies as tables: what closes, what only looks so, and who keeps access.

#include "bucket_draft.hpp"
#include "identity_draft.hpp"
#include "policy_drafter.hpp"
#include "policy_literal.hpp"

#include "dossier/explain/assessor.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace dossier::explain {
namespace {

constexpr auto own_account = "123456789012";
constexpr auto app_role = "arn:aws:iam::123456789012:role/app";

auto bucket_finding(std::string name = "acme-phi") -> Finding {
    Finding finding;
    finding.resource = {.id = "arn:aws:s3:::" + name,
                        .name = name,
                        .type = "bucket",
                        .cloud = "aws",
                        .account = own_account,
                        .region = "eu-west-1"};
    finding.exposure = Exposure::public_;
    finding.control = ControlFamily::public_access;
    return finding;
}

auto policy_of(std::string statements) -> std::string {
    return R"({"Version":"2012-10-17","Statement":[)" + std::move(statements) + "]}";
}

constexpr auto public_read =
    R"({"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-phi/*"})";

auto context_with(std::string document) -> Context {
    Context context;
    context.store_policy = StorePolicy{.document = std::move(document), .blocks_public = false, .account = own_account};
    context.access.push_back({.id = app_role, .kind = "role", .level = "read"});
    return context;
}

struct DraftRow {
    const char* name;
    const char* statements;
    const char* before; ///< anonymous reading
    const char* policy_effect;
    const char* block_effect;
};

TEST(PolicyDraft, ClosesWhatIsOpenAndSaysWhereItCannot) {
    const std::vector<DraftRow> rows = {
        {"public read", public_read, "allowed", "closes", "closes"},
        {"by a wildcard",
         R"({"Effect":"Allow","Principal":{"AWS":"*"},"Action":"s3:Get*","Resource":"arn:aws:s3:::acme-phi/*"})",
         "allowed", "closes", "closes"},
        {"one prefix",
         R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-phi/public/*"})",
         "allowed under conditions", "closes", "closes"},
        {"everyone but one",
         R"({"Effect":"Allow","NotPrincipal":{"AWS":"arn:aws:iam::123456789012:role/x"},"Action":"s3:*","Resource":"*"})",
         "allowed", "closes", "closes"},
        {"one role",
         R"({"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/app"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-phi/*"})",
         "denied", "hardens", "hardens"},
        {"public and the owner locked out",
         R"({"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-phi/*"},
            {"Sid":"DenyOthers","Effect":"Deny","NotPrincipal":{"AWS":["arn:aws:iam::123456789012:role/other"]},"Action":"s3:*","Resource":["arn:aws:s3:::acme-phi","arn:aws:s3:::acme-phi/*"]})",
         "denied", "fails", "fails"},
    };
    for (const auto& row : rows) {
        const auto given = bucket_case(bucket_finding(), context_with(policy_of(row.statements)));
        ASSERT_TRUE(given) << row.name;
        const auto draft = draft_bucket_policy(*given);
        const auto after = with_policy(*given, draft.document);
        ASSERT_TRUE(after) << row.name;
        const auto judgement = judge_bucket(*given, *after);
        EXPECT_EQ(judgement.reach.front().before, row.before) << row.name;
        EXPECT_EQ(judgement.effect, row.policy_effect) << row.name << ": " << judgement.verdict;
        EXPECT_EQ(judge_bucket(*given, with_block(*given)).effect, row.block_effect) << row.name;
        const bool closes = std::string_view(row.policy_effect) == "closes";
        for (const auto& reach : judgement.reach)
            if (closes) EXPECT_EQ(reach.after, reach.is_owner ? "allowed" : "denied") << row.name << ": " << reach.who;
    }
}

TEST(PolicyDraft, IsJudgedOnTheBucketAndOnItsObjects) {
    const auto given = bucket_case(bucket_finding(), context_with(policy_of(public_read)));
    struct Looks {
        const char* name;
        const char* added;
    };
    for (
        const auto& looks :
        {Looks{
             "TLS only",
             R"({"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-phi","arn:aws:s3:::acme-phi/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}})"},
         Looks{"the bucket without its objects",
               R"({"Effect":"Deny","Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::acme-phi"})"},
         Looks{"reading without versions",
               R"({"Effect":"Deny","Principal":"*","Action":"s3:PutObject","Resource":"arn:aws:s3:::acme-phi/*"})"}}) {
        const auto document = parse_json(policy_of(std::string(public_read) + "," + looks.added));
        const auto after = with_policy(*given, *document);
        ASSERT_TRUE(after) << looks.name;
        const auto judgement = judge_bucket(*given, *after);
        EXPECT_EQ(judgement.effect, "fails") << looks.name;
        EXPECT_NE(judgement.verdict.find("Does not close"), std::string::npos) << looks.name;
    }
    const auto lockout = parse_json(policy_of(
        R"({"Sid":"D","Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::acme-phi","arn:aws:s3:::acme-phi/*"]})"));
    const auto judgement = judge_bucket(*given, *with_policy(*given, *lockout));
    EXPECT_EQ(judgement.effect, "fails");
    EXPECT_NE(judgement.verdict.find("locked out"), std::string::npos);
}

TEST(PolicyDraft, KeepsWhatWasSharedOnPurposeAndTakesOutWhatWasReported) {
    const auto shared = policy_of(
        R"({"Sid":"Partner","Effect":"Allow","Principal":{"AWS":["arn:aws:iam::222233334444:role/partner","arn:aws:iam::123456789012:role/app"]},"Action":"s3:GetObject","Resource":"arn:aws:s3:::acme-phi/*"})");
    auto finding = bucket_finding();
    finding.exposure = Exposure::cross_account;
    const auto given = bucket_case(finding, context_with(shared));
    const auto draft = draft_bucket_policy(*given);
    EXPECT_EQ(draft.document["Statement"][0]["Principal"]["AWS"], app_role);
    EXPECT_EQ(judge_bucket(*given, *with_policy(*given, draft.document)).effect, "closes");

    const auto kept = bucket_case(
        bucket_finding(),
        context_with(policy_of(std::string(public_read) + "," +
                               shared.substr(shared.find('[') + 1, shared.rfind(']') - shared.find('[') - 1))));
    const auto public_draft = draft_bucket_policy(*kept);
    const auto text = dump_json(public_draft.document);
    EXPECT_NE(text.find("222233334444:role/partner"), std::string::npos);
    EXPECT_NE(text.find(R"("aws:PrincipalAccount":["123456789012","222233334444"])"), std::string::npos) << text;
}

TEST(PolicyDraft, SaysWhatItAssumesWhereNobodyCouldReadThePolicy) {
    Context context;
    const auto given = bucket_case(bucket_finding(), context);
    ASSERT_TRUE(given);
    EXPECT_TRUE(given->is_assumed);
    const auto draft = draft_bucket_policy(*given);
    ASSERT_FALSE(draft.assumptions.empty());
    EXPECT_NE(draft.assumptions.front().find("could not be read"), std::string::npos);
    EXPECT_EQ(judge_bucket(*given, *with_policy(*given, draft.document)).effect, "closes");
}

TEST(PolicyDraft, NeverTrustsADocumentThatAwsWouldRefuse) {
    for (const auto* document : {R"({"Statement":[{"Effect":"allow","Principal":"*","Action":"s3:*"}]})", R"([1])", "{",
                                 R"({"Statement":"x"})", R"({"Statement":[7]})",
                                 R"({"Statement":[{"Effect":"Allow","Principal":7,"Action":"s3:*"}]})"})
        EXPECT_FALSE(bucket_case(bucket_finding(), context_with(document))) << document;
}

TEST(PolicyDraft, NarrowsAPrincipalToWhatItWasSeenUsing) {
    auto finding = bucket_finding();
    finding.control = ControlFamily::excessive_access;
    Context context;
    context.access = {{.id = app_role, .kind = "role", .level = "admin"}};
    context.access_log = {{.principal = "arn:aws:sts::123456789012:assumed-role/app/s1", .action = "GetObject"}};
    const auto draft = draft_identity_policy(finding, context);
    ASSERT_TRUE(draft);
    EXPECT_EQ(draft->principal, app_role);
    EXPECT_EQ(draft->document["Statement"][0]["Action"], Json::array({"s3:GetObject", "s3:ListBucket"}));
    EXPECT_EQ(draft->judgement.effect, "narrows");
    EXPECT_EQ(draft->judgement.reach[0].after, "allowed");
    EXPECT_EQ(draft->judgement.reach[1].after, "denied");
}

TEST(PolicyDraft, LeavesTheKeyToTheAccountAndNobodyElse) {
    const auto draft = draft_key_policy(bucket_finding(), context_with(policy_of(public_read)));
    ASSERT_TRUE(draft);
    EXPECT_EQ(draft->judgement.effect, "hardens");
    EXPECT_EQ(draft->judgement.reach.front().after, "denied");
    EXPECT_EQ(draft->judgement.reach.back().after, "allowed");
}

TEST(PolicyLiteral, CannotBeEscapedFromByAnyName) {
    struct Name {
        const char* text;
        const char* hcl;
        const char* shell;
        const char* sql;
    };
    for (const auto& name : {
             Name{"plain", R"("plain")", "'plain'", "'plain'"},
             Name{R"(a" b)", R"("a\" b")", R"('a" b')", R"('a" b')"},
             Name{"${path.root}", R"("$${path.root}")", "'${path.root}'", "'${path.root}'"},
             Name{"$${x}", R"("$\u0024{x}")", "'$${x}'", "'$${x}'"},
             Name{"%{ if true }", R"("%%{ if true }")", "'%{ if true }'", "'%{ if true }'"},
             Name{"x'; rm -rf / #", R"("x'; rm -rf / #")", R"('x'\''; rm -rf / #')", "'x''; rm -rf / #'"},
             Name{R"(back\)", R"("back\\")", R"('back\')", R"('back\\')"},
             Name{"$(id)`id`", R"("$(id)`id`")", "'$(id)`id`'", "'$(id)`id`'"},
         }) {
        EXPECT_EQ(hcl_string(name.text), name.hcl);
        EXPECT_EQ(shell_word(name.text), name.shell);
        EXPECT_EQ(sql_string(name.text), name.sql);
        EXPECT_EQ(parse_json(*literal(Json(name.text), "json", "", 0))->get<std::string>(), name.text);
    }
    EXPECT_EQ(sql_identifier(R"(a"; drop table x; --)"), R"("a""; drop table x; --")");
    EXPECT_EQ(hcl_label("9 Läden; rm -rf"), "r_9_l_den_rm_rf");
    EXPECT_EQ(hcl_label("\"${}"), "resource");
}

TEST(PolicyLiteral, RefusesWhatAReviewerCannotSee) {
    for (const auto* text : {"", "two\nlines", "bell\a",
                             "\xe2\x80\xae"
                             "evil",
                             "zero\xe2\x80\x8bwidth", "bad\xff", "\xc2\x85"}) {
        EXPECT_FALSE(is_writable(text)) << text;
        EXPECT_FALSE(literal(Json(text), "hcl", "", 0)) << text;
        EXPECT_FALSE(literal(Json{{"a", Json::array({text})}}, "bash", "", 0)) << text;
    }
    EXPECT_TRUE(is_writable("Zoë's 日本語"));
    EXPECT_FALSE(is_writable(std::string(2'000, 'x')));
}

struct FitRow {
    const char* cloud;
    const char* type;
    const char* id;
    const char* name;
    ControlFamily control;
    const char* policy;
    std::size_t texts;
};

auto proposals_for(const FitRow& row) -> std::vector<PolicyProposal> {
    static const auto assessor = Assessor::load(DOSSIER_SOURCE_DIR "/config").value();
    Finding finding;
    finding.resource = {.id = row.id,
                        .name = row.name,
                        .type = row.type,
                        .cloud = row.cloud,
                        .account = "acme-prod-1",
                        .region = "eu-west-1"};
    if (std::string_view(row.cloud) == "aws") finding.resource.account = own_account;
    finding.control = row.control;
    finding.exposure = Exposure::public_;
    return assessor->assess({finding}, {}).policies;
}

TEST(PolicyDraft, HasOneForEachKindOfExposure) {
    for (const auto& row : {
             FitRow{"aws", "bucket", "arn:aws:s3:::b-1", "b-1", ControlFamily::public_access, "s3-bucket-policy", 3},
             FitRow{"aws", "bucket", "arn:aws:s3:::b-1", "b-1", ControlFamily::public_access, "s3-public-access-block",
                    3},
             FitRow{"aws", "bucket", "arn:aws:s3:::b-1", "b-1", ControlFamily::encryption, "s3-encryption-kms", 3},
             FitRow{"aws", "bucket", "arn:aws:s3:::b-1", "b-1", ControlFamily::encryption, "kms-key-policy", 3},
             FitRow{"aws", "bucket", "arn:aws:s3:::b-1", "b-1", ControlFamily::logging, "s3-access-logging", 2},
             FitRow{"aws", "rdsInstance", "arn:aws:rds:eu-west-1:123456789012:db:orders", "orders",
                    ControlFamily::public_access, "rds-not-public", 2},
             FitRow{"aws", "securityGroup", "arn:aws:ec2:eu-west-1:123456789012:security-group/sg-0ab1", "web",
                    ControlFamily::network_exposure, "security-group-rules", 2},
             FitRow{"azure", "storageAccount",
                    "/subscriptions/acme-prod-1/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/acmest",
                    "acmest", ControlFamily::public_access, "azure-storage-account", 3},
             FitRow{"azure", "storageAccount",
                    "/subscriptions/acme-prod-1/resourceGroups/rg1/providers/Microsoft.Storage/storageAccounts/acmest",
                    "acmest", ControlFamily::public_access, "azure-storage-private-endpoint", 2},
             FitRow{"azure", "sqlServer",
                    "/subscriptions/acme-prod-1/resourceGroups/rg1/providers/Microsoft.Sql/servers/s1", "s1",
                    ControlFamily::public_access, "azure-sql-firewall", 2},
             FitRow{
                 "azure", "networkSecurityGroup",
                 "/subscriptions/acme-prod-1/resourceGroups/rg1/providers/Microsoft.Network/networkSecurityGroups/n1",
                 "n1", ControlFamily::network_exposure, "azure-nsg-rule", 2},
             FitRow{"gcp", "bucket", "//storage.googleapis.com/acme", "acme", ControlFamily::public_access,
                    "gcs-bucket", 3},
             FitRow{"gcp", "sqlInstance", "//cloudsql.googleapis.com/projects/p/instances/i", "i",
                    ControlFamily::public_access, "cloud-sql-networks", 2},
             FitRow{"gcp", "firewall", "//compute.googleapis.com/projects/p/global/firewalls/f", "f",
                    ControlFamily::network_exposure, "gcp-firewall-rule", 2},
             FitRow{"snowflake", "account", "ACME-EU", "ACME-EU", ControlFamily::network_exposure,
                    "snowflake-network-policy", 2},
         }) {
        const auto proposals = proposals_for(row);
        const auto found = std::ranges::find(proposals, row.policy, &PolicyProposal::id);
        ASSERT_NE(found, proposals.end()) << row.policy;
        EXPECT_EQ(found->texts.size(), row.texts) << row.policy;
        EXPECT_FALSE(found->reach.empty()) << row.policy;
        const bool is_judged = std::string_view(row.policy).starts_with("s3-bucket") ||
                               std::string_view(row.policy).starts_with("s3-public") ||
                               std::string_view(row.policy).starts_with("kms");
        EXPECT_EQ(found->proof, is_judged ? "proven" : "unproven") << row.policy;
        EXPECT_EQ(found->evaluator.empty(), !is_judged) << row.policy;
        for (const auto& text : found->texts) {
            EXPECT_EQ(text.text.find("{{"), std::string::npos) << text.text;
            if (text.language == "json") EXPECT_TRUE(parse_json(text.text)) << text.text;
        }
    }
}

TEST(PolicyDraft, QuotesHostileNamesWhole) {
    const auto* hostile = "x\"; ${exec} $(reboot) `id` ' --delete";
    const auto proposals =
        proposals_for({"gcp", "bucket", "//storage.googleapis.com/x", hostile, ControlFamily::public_access, "", 0});
    ASSERT_FALSE(proposals.empty());
    for (const auto& text : proposals.front().texts) {
        if (text.language == "json") EXPECT_EQ((*parse_json(text.text))["name"], hostile);
        if (text.language == "hcl") EXPECT_NE(text.text.find(hcl_string(hostile)), std::string::npos) << text.text;
        EXPECT_NE(text.language, "bash") << "a bucket with such a name can't exist: " << text.text;
    }
    EXPECT_TRUE(
        proposals_for({"gcp", "firewall", "//x/firewalls/f", "two\nlines", ControlFamily::network_exposure, "", 0})
            .empty());
}

} // namespace
} // namespace dossier::explain
