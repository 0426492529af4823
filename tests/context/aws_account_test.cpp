#include "aws_account.hpp"

#include "aws_lookups.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <gtest/gtest.h>

namespace dossier::context::aws {
namespace {

auto allow(std::string_view action, std::string_view resource, std::string_view more = "") -> std::string {
    return fmt::format(R"({{"Statement":[{{"Effect":"Allow","Action":"{}","Resource":"{}"{}}}]}})", action, resource,
                       more);
}

auto inline_policy(std::string_view list, std::string_view name, const std::string& document) -> std::string {
    return fmt::format("<{0}><member><PolicyName>{1}</PolicyName><PolicyDocument>{2}</PolicyDocument></member></{0}>",
                       list, name, percent_encode(document));
}

auto attached(std::string_view arn) -> std::string {
    return fmt::format("<AttachedManagedPolicies><member><PolicyArn>{}</PolicyArn></member></AttachedManagedPolicies>",
                       arn);
}

auto role(std::string_view name, const std::string& inside,
          std::string_view trusted = R"({"Service":"ec2.amazonaws.com"})") -> std::string {
    const auto trust =
        fmt::format(R"({{"Statement":[{{"Effect":"Allow","Principal":{},"Action":"sts:AssumeRole"}}]}})", trusted);
    return fmt::format("<member><RoleName>{0}</RoleName><Arn>arn:aws:iam::123456789012:role/{0}</Arn>"
                       "<AssumeRolePolicyDocument>{1}</AssumeRolePolicyDocument>{2}</member>",
                       name, percent_encode(trust), inside);
}

auto managed(std::string_view arn, const std::string& old_document, const std::string& document) -> std::string {
    return fmt::format("<member><Arn>{}</Arn><PolicyVersionList>"
                       "<member><Document>{}</Document><IsDefaultVersion>false</IsDefaultVersion></member>"
                       "<member><Document>{}</Document><IsDefaultVersion>true</IsDefaultVersion></member></"
                       "PolicyVersionList></member>",
                       arn, percent_encode(old_document), percent_encode(document));
}

auto account_of(const std::string& roles, const std::string& rest = "") -> Account {
    const auto document = XmlDocument::parse("<R><RoleDetailList>" + roles + "</RoleDetailList>" + rest + "</R>");
    EXPECT_TRUE(document);
    Account account;
    if (document) read_page(account, document->root());
    return account;
}

/// "etl write by policy p; …".
auto reach_of(const Account& account, std::string_view resource, const std::string& resource_policy = "")
    -> std::vector<std::string> {
    std::optional<PolicyDocument> policy;
    if (!resource_policy.empty()) {
        auto parsed = parse_policy(resource_policy);
        EXPECT_TRUE(parsed);
        if (parsed) policy = std::move(*parsed);
    }
    std::vector<std::string> lines;
    for (const auto& principal : who_can_reach(account, *parse_arn(resource), policy).principals) {
        const auto how = principal.how.substr(0, principal.how.find("; assumable"));
        lines.push_back(fmt::format("{} {} {} {}", principal.kind, principal.id.substr(principal.id.rfind('/') + 1),
                                    principal.level, how));
    }
    return lines;
}

using Lines = std::vector<std::string>;

TEST(AwsAccount, FindsWhoCanReachABucket) {
    struct Row {
        const char* name;
        std::string role; ///< inside of the role "etl"
        std::string resource_policy;
        Lines expected;
    };
    const auto get = allow("s3:GetObject", "arn:aws:s3:::pay/*");
    const auto deny_all =
        R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":["arn:aws:s3:::pay","arn:aws:s3:::pay/*"]}]})";
    const auto deny_writes =
        R"({"Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"},{"Effect":"Deny","NotAction":"s3:Get*","Resource":"*"}]})";
    const auto grants_role =
        R"({"Statement":{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/etl"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::pay/*"}})";
    const auto denies_all_but_tls =
        R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::pay/*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}})";
    const auto denies_outside_vpc =
        R"({"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::pay/*","Condition":{"StringNotEquals":{"aws:SourceVpce":"vpce-1"}}}})";
    const Row rows[] = {
        {"nothing", "", "", {}},
        {"reads", inline_policy("RolePolicyList", "p", get), "", {"role etl read by policy p"}},
        {"another bucket", inline_policy("RolePolicyList", "p", allow("s3:*", "arn:aws:s3:::other/*")), "", {}},
        {"administers", inline_policy("RolePolicyList", "p", allow("s3:*", "*")), "", {"role etl admin by policy p"}},
        {"everything", inline_policy("RolePolicyList", "p", allow("*", "*")), "", {"role etl admin by policy p"}},
        {"objects only",
         inline_policy("RolePolicyList", "p", allow("s3:*", "arn:aws:s3:::pay/*")),
         "",
         {"role etl write by policy p"}},
        {"explicitly denied", inline_policy("RolePolicyList", "p", deny_all), "", {}},
        {"denied all but reading",
         inline_policy("RolePolicyList", "p", deny_writes),
         "",
         {"role etl read by policy p"}},
        {"under a condition",
         inline_policy(
             "RolePolicyList", "p",
             allow("s3:GetObject", "*", R"(,"Condition":{"StringEquals":{"aws:RequestedRegion":"eu-west-1"}})")),
         "",
         {"role etl read by policy p, conditional"}},
        {"by the bucket's policy", "", grants_role, {"role etl write by the resource's policy"}},
        {"TLS is no obstacle",
         inline_policy("RolePolicyList", "p", get),
         denies_all_but_tls,
         {"role etl read by policy p"}},
        {"from one network only",
         inline_policy("RolePolicyList", "p", get),
         denies_outside_vpc,
         {"role etl read by policy p, conditional"}},
        {"attached, in its default version",
         attached("arn:aws:iam::123456789012:policy/reader"),
         "",
         {"role etl read by policy reader"}},
        {"attached, but unknown", attached("arn:aws:iam::123456789012:policy/gone"), "", {}},
        {"bounded to nothing here",
         inline_policy("RolePolicyList", "p", allow("s3:*", "*")) +
             "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/sqs-only"
             "</PermissionsBoundaryArn></PermissionsBoundary>",
         "",
         {}},
        {"bounded to reading",
         inline_policy("RolePolicyList", "p", allow("s3:*", "*")) +
             "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/reader"
             "</PermissionsBoundaryArn></PermissionsBoundary>",
         "",
         {"role etl read by policy p"}},
        {"bounded by what wasn't sent",
         inline_policy("RolePolicyList", "p", get) +
             "<PermissionsBoundary><PermissionsBoundaryArn>arn:aws:iam::123456789012:policy/gone"
             "</PermissionsBoundaryArn></PermissionsBoundary>",
         "",
         {"role etl read by policy p, conditional"}},
        {"a policy that follows no rules", inline_policy("RolePolicyList", "p", R"({"Statement":"x"})"), "", {}},
    };
    const auto policies = "<Policies>" + managed("arn:aws:iam::123456789012:policy/reader", allow("s3:*", "*"), get) +
                          managed("arn:aws:iam::123456789012:policy/sqs-only", get, allow("sqs:*", "*")) +
                          "</Policies>";
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto account = account_of(role("etl", row.role), policies);
        EXPECT_EQ(reach_of(account, "arn:aws:s3:::pay", row.resource_policy), row.expected);
    }
}

TEST(AwsAccount, GivesUsersWhatTheirGroupsMay) {
    const auto users = "<UserDetailList><member><UserName>ann</UserName><Arn>arn:aws:iam::123456789012:user/ann</Arn>"
                       "<GroupList><member>readers</member><member>gone</member></GroupList></member>"
                       "<member><UserName>bob</UserName><Arn>arn:aws:iam::123456789012:user/bob</Arn><GroupList/>"
                       "</member></UserDetailList><GroupDetailList><member><GroupName>readers</GroupName>"
                       "<Arn>arn:aws:iam::123456789012:group/readers</Arn>" +
                       inline_policy("GroupPolicyList", "g", allow("dynamodb:Scan", "*")) +
                       "</member></GroupDetailList>";
    const auto account = account_of("", users);
    EXPECT_EQ(account.id, "123456789012");
    EXPECT_EQ(reach_of(account, "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"),
              (Lines{"group readers read by policy g", "user ann read by policy g of group readers"}));
}

TEST(AwsAccount, PutsTheMostPowerfulFirstAndBoundsTheList) {
    std::string roles;
    for (int i = 0; i < 100; ++i)
        roles += role(fmt::format("r{:03}", i),
                      inline_policy("RolePolicyList", "p", allow(i == 77 ? "s3:*" : "s3:GetObject", "*")));
    const auto reach = who_can_reach(account_of(roles), *parse_arn("arn:aws:s3:::pay"), {}, 10);
    ASSERT_EQ(reach.principals.size(), 10U);
    EXPECT_TRUE(reach.principals.front().id.ends_with("r077"));
    EXPECT_EQ(reach.left_out, 90U);
}

TEST(AwsAccount, TellsWhoCanAssumeARole) {
    struct Row {
        const char* principal;
        const char* trusted;
        Lines outsiders;
    };
    const Row rows[] = {
        {R"({"Service":"ec2.amazonaws.com"})", "assumable by ec2.amazonaws.com", {}},
        {R"({"AWS":"arn:aws:iam::123456789012:root"})", "assumable by the account's own users and roles", {}},
        {R"({"AWS":"210987654321"})", "assumable by account 210987654321", {"account 210987654321"}},
        {R"({"AWS":"arn:aws:iam::210987654321:role/ci"})",
         "assumable by role/ci of account 210987654321",
         {"role/ci of account 210987654321"}},
        {R"("*")", "assumable by anyone", {"anyone"}},
        {R"({"Federated":"arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"})",
         "assumable by token.actions.githubusercontent.com",
         {"token.actions.githubusercontent.com"}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.principal);
        const auto account = account_of(role("etl", "", row.principal));
        EXPECT_EQ(trusted_by(account.entities.front(), account.id), row.trusted);
        EXPECT_EQ(outsiders_of(account.entities.front(), account.id), row.outsiders);
    }
}

TEST(AwsAccount, SurvivesHostilePages) {
    for (const auto* page :
         {"<R/>", "<R><RoleDetailList><member/></RoleDetailList></R>",
          "<R><RoleDetailList><member><Arn>not one</Arn></member></RoleDetailList></R>",
          "<R><Policies><member><PolicyVersionList><member><IsDefaultVersion>true</IsDefaultVersion></member>"
          "</PolicyVersionList></member></Policies></R>"}) {
        SCOPED_TRACE(page);
        const auto document = XmlDocument::parse(page);
        ASSERT_TRUE(document);
        Account account;
        read_page(account, document->root());
        EXPECT_TRUE(account.entities.empty());
    }
}

TEST(AwsAccount, KnowsThePersonBehindAnSsoSession) {
    EXPECT_EQ(sso_user_of("arn:aws:sts::123456789012:assumed-role/AWSReservedSSO_Admin_0a1b2c/alice@acme.example"),
              "alice@acme.example");
    for (const auto* other : {"arn:aws:sts::123456789012:assumed-role/etl/i-0abc", "alice",
                              "arn:aws:iam::123456789012:role/AWSReservedSSO_Admin_0a1b2c", ""})
        EXPECT_EQ(sso_user_of(other), "") << other;
}

} // namespace
} // namespace dossier::context::aws
