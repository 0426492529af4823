#pragma once
// A better policy for an S3 bucket, and the proof of what it changes. The draft takes out what lets strangers in, keeps
// principals by name, and adds denials on the bucket and all of its objects; the table comes from our own evaluation of
// both policies (finding/bucket_access.hpp), for strangers, for the account and for every principal known to use it.

#include "dossier/base/json.hpp"
#include "dossier/finding/bucket_access.hpp"
#include "dossier/finding/dossier.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::explain {

inline constexpr auto bucket_evaluator = "dossier S3 policy evaluation";

/// What is known of a bucket before anything is changed.
struct BucketCase {
    std::string name;
    std::string partition = "aws";
    std::string account; ///< "" = unknown
    Exposure exposure = Exposure::unknown;
    Json document = Json::object(); ///< the policy, or one with nothing but the statement that was reported
    bool is_assumed = false;        ///< the document is not what AWS has but what the finding says
    bool had_document = false;      ///< there is a policy, which a new one replaces
    bool is_block_known = false;
    aws::BucketAccess before;
    std::vector<std::string> principals; ///< ARNs of the account's own that are known to use it
};

/// nullopt where the resource is no bucket, or its policy can't be read.
[[nodiscard]] auto bucket_case(const Finding& finding, const Context& context) -> std::optional<BucketCase>;

struct BucketDraft {
    Json document;
    std::vector<std::string> assumptions;
};
[[nodiscard]] auto draft_bucket_policy(const BucketCase& given) -> BucketDraft;

/// The table of a change, and what it comes to: closes | narrows | hardens | fails.
struct Judgement {
    std::vector<ReachRow> reach;
    std::string effect;
    std::string verdict;
};
[[nodiscard]] auto judge_bucket(const BucketCase& given, const aws::BucketAccess& after) -> Judgement;
/// What the bucket is with a drafted policy; `malformed` where AWS would refuse it.
[[nodiscard]] auto with_policy(const BucketCase& given, const Json& document) -> Result<aws::BucketAccess>;
/// What the bucket is with all four settings of Block Public Access.
[[nodiscard]] auto with_block(const BucketCase& given) -> aws::BucketAccess;

/// Somebody of an account that has nothing to do with it, and somebody of the bucket's own.
[[nodiscard]] auto stranger(const std::string& not_of_account) -> aws::Asker;
[[nodiscard]] auto insider(const std::string& arn, const std::string& account) -> aws::Asker;

} // namespace dossier::explain
