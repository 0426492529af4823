#pragma once
// How far an S3 bucket is open: its policy, AWS' own word on it, its ACL and what Block Public Access makes of both.
// "No policy", "no block" and "no tags" are answers, not failures.

#include "aws_gaps.hpp"
#include "dossier/base/task.hpp"
#include "dossier/base/xml_view.hpp"
#include "dossier/context/sources.hpp"
#include "dossier/finding/aws_policy.hpp"
#include "dossier/finding/bucket_access.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::context::aws {
using namespace dossier::aws;

[[nodiscard]] auto read_block(XmlView configuration) -> PublicAccessBlock;

/// A grant of the ACL to somebody else than the bucket's owner.
struct AclGrant {
    std::string who;        ///< "AllUsers", "AuthenticatedUsers", "LogDelivery", or a canonical user's id
    std::string permission; ///< READ | WRITE | READ_ACP | WRITE_ACP | FULL_CONTROL
};
/// @param acl `AccessControlPolicy`
[[nodiscard]] auto read_grants(XmlView acl) -> std::vector<AclGrant>;

struct Bucket {
    std::string policy_text;    ///< "" = none, or not to be had
    bool has_no_policy = false; ///< S3 says that there is none
    std::optional<PolicyDocument> policy;
    std::optional<bool> policy_is_public; ///< GetBucketPolicyStatus; nullopt = no policy, or not to be had
    std::optional<PublicAccessBlock> block;
    bool has_no_block = false; ///< S3 says that none is set
    std::optional<PublicAccessBlock> account_block;
    std::vector<AclGrant> grants;
    bool ignores_acls = false; ///< object ownership "bucket owner enforced"
    Tags tags;
    Gaps gaps;
};

struct BucketQuestion {
    std::string name;
    std::string region; ///< "" = the client's; S3 says where it is
    bool with_tags = false;
};
/// @param aws outlives the call
auto read_bucket(net::AwsClient& aws, BucketQuestion question, Deadline deadline) -> Task<Bucket>;
/// What holds for all buckets of an account; nullopt = never set.
auto read_account_block(net::AwsClient& aws, std::string account, std::string region, Deadline deadline)
    -> Task<Result<std::optional<PublicAccessBlock>>>;

/// Whom the bucket lets in from outside its account, what its policy says, and how one gets in.
void describe_bucket(const Bucket& bucket, const std::string& name, const std::string& account,
                     const std::string& origin, IdentityAnswer& answer);

} // namespace dossier::context::aws
