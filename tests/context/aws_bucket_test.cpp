#include "aws_bucket.hpp"

#include "dossier/base/strings.hpp"

#include <gtest/gtest.h>

namespace dossier::context::aws {
namespace {

constexpr const char* public_read =
    R"({"Statement":[{"Sid":"Public","Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]})";

auto bucket_with(const char* policy) -> Bucket {
    Bucket bucket;
    if (policy != nullptr) {
        auto parsed = parse_policy(policy);
        EXPECT_TRUE(parsed);
        if (parsed) bucket.policy = std::move(*parsed);
    }
    return bucket;
}

/// "anyone * read" a principal, in order.
auto access_of(const Bucket& bucket) -> std::vector<std::string> {
    IdentityAnswer answer;
    describe_bucket(bucket, "b", "123456789012", "identity:aws_iam", answer);
    std::vector<std::string> lines;
    for (const auto& principal : answer.access)
        lines.push_back(principal.kind + " " + principal.id + " " + principal.level +
                        (principal.how.contains("conditional") ? " (conditional)" : ""));
    return lines;
}
using Lines = std::vector<std::string>;

TEST(AwsBucket, IsPublicByPolicyUnlessBlocked) {
    auto bucket = bucket_with(public_read);
    EXPECT_EQ(access_of(bucket), Lines{"anyone * read"});
    bucket.block = PublicAccessBlock{.block_acls = true, .ignore_acls = true, .block_policy = true};
    EXPECT_EQ(access_of(bucket), Lines{"anyone * read"}) << "BlockPublicPolicy only stops new policies";
    bucket.block->restrict_buckets = true;
    EXPECT_EQ(access_of(bucket), Lines{});
    bucket.block.reset();
    bucket.account_block = PublicAccessBlock{.restrict_buckets = true};
    EXPECT_EQ(access_of(bucket), Lines{}) << "the account's block holds for all of its buckets";
    IdentityAnswer answer;
    describe_bucket(bucket, "b", "123456789012", "x", answer);
    ASSERT_FALSE(answer.exposure_path.empty());
    EXPECT_TRUE(answer.exposure_path.front().contains("RestrictPublicBuckets")) << answer.exposure_path.front();
}

TEST(AwsBucket, SaysHowFarItIsOpen) {
    struct Row {
        const char* name;
        const char* statement; ///< with its Principal
        std::optional<bool> aws_calls_it_public;
        Lines expected;
    };
    const Row rows[] = {
        {"writes",
         R"("Principal":"*","Action":["s3:GetObject","s3:PutObject"],"Resource":"arn:aws:s3:::b/*")",
         true,
         {"anyone * write"}},
        {"gives away",
         R"("Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::b","arn:aws:s3:::b/*"])",
         true,
         {"anyone * admin"}},
        {"lists", R"("Principal":"*","Action":"s3:ListBucket","Resource":"arn:aws:s3:::b")", true, {"anyone * read"}},
        {"a typo in the action",
         R"("Principal":"*","Action":"s3:GetObjectt","Resource":"arn:aws:s3:::b/*")",
         false,
         {}},
        {"an office, which AWS calls not public",
         R"("Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}})",
         false,
         {}},
        {"half of the internet, which AWS calls public",
         R"("Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}})",
         true,
         {"anyone * read (conditional)"}},
        {"the organisation only",
         R"("Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}})",
         false,
         {}},
        {"another account",
         R"("Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":"s3:GetObject","Resource":"*")",
         false,
         {"account 210987654321 read"}},
        {"a role of another account",
         R"("Principal":{"AWS":"arn:aws:iam::210987654321:role/etl"},"Action":"s3:Put*","Resource":"*")",
         false,
         {"role arn:aws:iam::210987654321:role/etl admin"}},
        {"a service",
         R"("Principal":{"Service":"logging.s3.amazonaws.com"},"Action":"s3:PutObject","Resource":"*")",
         false,
         {"service logging.s3.amazonaws.com write"}},
        {"a role of its own account, as Ceph calls public",
         R"("Principal":{"AWS":"arn:aws:iam::123456789012:role/app"},"Action":"s3:GetObject","Resource":"*")",
         true,
         {}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.name);
        const auto text = std::string(R"({"Statement":[{"Effect":"Allow",)") + row.statement + "}]}";
        auto bucket = bucket_with(text.c_str());
        bucket.policy_is_public = row.aws_calls_it_public;
        EXPECT_EQ(access_of(bucket), row.expected);
    }
}

TEST(AwsBucket, ReadsAclsAndTheirBlocks) {
    const auto document = XmlDocument::parse(
        R"(<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>me</ID></Owner>
        <AccessControlList>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>me</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant>
        <Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant>
        <Grant><Grantee><URI>http://acs.amazonaws.com/groups/global/AuthenticatedUsers</URI></Grantee><Permission>WRITE_ACP</Permission></Grant>
        <Grant><Grantee><ID>79a59df900b949e5</ID></Grantee><Permission>WRITE</Permission></Grant>
        <Grant><Grantee/><Permission>READ</Permission></Grant>
        </AccessControlList></AccessControlPolicy>)");
    ASSERT_TRUE(document);
    Bucket bucket;
    bucket.grants = read_grants(document->root());
    EXPECT_EQ(access_of(bucket), (Lines{"anyone * read", "anyone * admin", "account 79a59df900b949e5 write"}));
    bucket.block = PublicAccessBlock{.ignore_acls = true};
    EXPECT_EQ(access_of(bucket), Lines{"account 79a59df900b949e5 write"});
    bucket.block.reset();
    bucket.ignores_acls = true;
    EXPECT_EQ(access_of(bucket), Lines{}) << "bucket owner enforced: no grant counts";
}

TEST(AwsBucket, ReadsBlocksWhateverTheirRootIsCalled) {
    for (const auto* root : {"PublicAccessBlockConfiguration", "BlockPublicAccessBlockConfiguration"}) {
        const auto document =
            XmlDocument::parse("<" + std::string(root) +
                               "><IgnorePublicAcls>TRUE</IgnorePublicAcls><RestrictPublicBuckets>false"
                               "</RestrictPublicBuckets></" +
                               root + ">");
        ASSERT_TRUE(document);
        const auto block = read_block(document->root());
        EXPECT_TRUE(block.ignore_acls);
        EXPECT_FALSE(block.restrict_buckets);
        EXPECT_FALSE(block.block_acls);
    }
}

TEST(AwsBucket, NamesWhatIsAttached) {
    auto bucket = bucket_with(public_read);
    bucket.policy_is_public = true;
    bucket.block = PublicAccessBlock{};
    bucket.grants = {{.who = "AllUsers", .permission = "READ"}};
    IdentityAnswer answer;
    describe_bucket(bucket, "b", "123456789012", "identity:aws_iam", answer);
    std::vector<std::string> statements;
    for (const auto& policy : answer.policies) {
        EXPECT_EQ(policy.kind, "attached");
        statements.push_back(policy.statement);
    }
    EXPECT_EQ(statements,
              (Lines{"Allow s3:GetObject on arn:aws:s3:::b/* to anyone", "AWS calls the bucket policy public",
                     "BlockPublicAcls off, IgnorePublicAcls off, BlockPublicPolicy off, RestrictPublicBuckets off",
                     "grants READ to AllUsers"}));
}

} // namespace
} // namespace dossier::context::aws
