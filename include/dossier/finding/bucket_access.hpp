#pragma once
// Who gets into an S3 bucket: its policy, Block Public Access and a public access control list, asked for one person
// and one deed. Pure; what depends on something unknown is "maybe". Follows AWS' evaluation logic: explicit denials
// win, RestrictPublicBuckets shuts everyone outside the account out of a public policy, and inside the account a grant
// of IAM counts as much as one of the policy, while outside both are needed.

#include "dossier/finding/aws_policy.hpp"

#include <string>

namespace dossier::aws {

struct PublicAccessBlock {
    bool block_acls = false;
    bool ignore_acls = false;
    bool block_policy = false;
    bool restrict_buckets = false;
};

struct BucketAccess {
    PolicyDocument policy;
    bool restricts_public = false; ///< RestrictPublicBuckets of the bucket or the account
    bool has_public_acl = false;   ///< an access control list that counts lets anyone read
    std::string account;           ///< the bucket's; "" = unknown
};

struct Verdict {
    Tri allowed = Tri::no;
    bool is_denied = false; ///< an explicit denial or the block decided, not the lack of a grant
    std::string why;        ///< "statement PublicRead", "no statement allows it"
};

/// What a principal may already do by its own policies, which a bucket policy doesn't show.
enum class OwnGrant { none, given };

/// One asker before one bucket, for many deeds.
class Entrance {
public:
    /// @param bucket, asker outlive this
    Entrance(const BucketAccess& bucket, const Asker& asker);

    /// May the asker do this? Somebody of another account or without credentials needs the bucket's policy for it; of
    /// somebody of the bucket's account, `own` says whether IAM grants it.
    /// @param spoken what the bucket's policy says of the deed
    [[nodiscard]] auto may(const Deed& deed, const Spoken& spoken, OwnGrant own) -> Verdict;

private:
    const BucketAccess& bucket_;
    bool is_inside_;
    bool is_shut_; ///< by the block, as an outsider before a public policy
    Hearing hearing_;
};
/// For one deed.
[[nodiscard]] auto may(const BucketAccess& bucket, const Asker& asker, const Deed& deed, OwnGrant own) -> Verdict;
/// Whether a policy counts as public, and so is what RestrictPublicBuckets acts on: a statement that allows something
/// to anyone and whose conditions don't keep strangers out.
[[nodiscard]] auto is_public(const PolicyDocument& policy) -> bool;
/// Whether a statement allows something to anyone: `Principal: "*"`, or everyone but some.
[[nodiscard]] auto allows_anyone(const Statement& statement) -> bool;

} // namespace dossier::aws
