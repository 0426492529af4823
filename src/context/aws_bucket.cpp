#include "aws_bucket.hpp"

#include "dossier/finding/aws_arn.hpp"

#include "concurrent.hpp"
#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::context::aws {
namespace {

constexpr std::size_t most_grants = 100;
constexpr std::string_view groups_prefix = "http://acs.amazonaws.com/groups/";

auto is_true(const std::string& text) -> bool { return iequals(text, "true"); } // "TRUE" occurs, too

auto call(const BucketQuestion& question, std::string action, std::string_view subresource) -> net::AwsRequest {
    auto request = net::aws_rest("s3", std::move(action), "GET",
                                 "/" + percent_encode(question.name) + "?" + std::string(subresource) + "=");
    request.region = question.region;
    request.max_response = 1U << 20U;
    return request;
}

/// 404 with one of S3's words for "there is none". A bucket that doesn't exist is something else.
auto says_none(const Error& error) -> bool {
    const auto code = net::aws_code(error);
    return code == "NoSuchBucketPolicy" || code == "NoSuchPublicAccessBlockConfiguration" || code == "NoSuchTagSet" ||
           code == "OwnershipControlsNotFoundError";
}

auto ask_policy(net::AwsClient& aws, const BucketQuestion& question, Bucket& bucket, Deadline deadline) -> Task<void> {
    auto response = co_await aws.send(call(question, "GetBucketPolicy", "policy"), deadline);
    if (!response) {
        bucket.has_no_policy = says_none(response.error());
        if (!bucket.has_no_policy) bucket.gaps.add(response.error());
        co_return;
    }
    auto policy = parse_policy(response->body);
    if (!policy) {
        bucket.gaps.add("the bucket's policy can't be read: " + policy.error().message);
        co_return;
    }
    bucket.policy_text = std::move(response->body);
    bucket.policy = std::move(*policy);
}

auto ask_status(net::AwsClient& aws, const BucketQuestion& question, Bucket& bucket, Deadline deadline) -> Task<void> {
    const auto status = co_await aws.xml(call(question, "GetBucketPolicyStatus", "policyStatus"), deadline);
    if (status)
        bucket.policy_is_public = is_true(status->root().text_at("IsPublic"));
    else if (!says_none(status.error()))
        bucket.gaps.add(status.error());
}

auto ask_block(net::AwsClient& aws, const BucketQuestion& question, Bucket& bucket, Deadline deadline) -> Task<void> {
    const auto block = co_await aws.xml(call(question, "GetBucketPublicAccessBlock", "publicAccessBlock"), deadline);
    if (block)
        bucket.block = read_block(block->root());
    else if (says_none(block.error()))
        bucket.has_no_block = true;
    else
        bucket.gaps.add(block.error());
}

auto ask_acl(net::AwsClient& aws, const BucketQuestion& question, Bucket& bucket, Deadline deadline) -> Task<void> {
    const auto acl = co_await aws.xml(call(question, "GetBucketAcl", "acl"), deadline);
    if (!acl) {
        bucket.gaps.add(acl.error());
        co_return;
    }
    bucket.grants = read_grants(acl->root());
    if (bucket.grants.empty()) co_return;
    // Grants that nobody looks at any more: only worth a question where there are some.
    const auto controls = co_await aws.xml(call(question, "GetBucketOwnershipControls", "ownershipControls"), deadline);
    if (controls)
        bucket.ignores_acls = controls->root()["Rule"].text_at("ObjectOwnership") == "BucketOwnerEnforced";
    else if (!says_none(controls.error()))
        bucket.gaps.add(controls.error());
}

auto ask_tags(net::AwsClient& aws, const BucketQuestion& question, Bucket& bucket, Deadline deadline) -> Task<void> {
    const auto tags = co_await aws.xml(call(question, "GetBucketTagging", "tagging"), deadline);
    if (!tags) {
        if (!says_none(tags.error())) bucket.gaps.add(tags.error());
        co_return;
    }
    for (const auto tag : tags->root()["TagSet"].all("Tag"))
        bucket.tags.emplace_back(tag.text_at("Key"), tag.text_at("Value"));
}

/// Either block counts: the account's goes before all of its buckets.
auto is_blocked(const Bucket& bucket, bool PublicAccessBlock::* what) -> bool {
    return (bucket.block && (*bucket.block).*what) || (bucket.account_block && (*bucket.account_block).*what);
}

auto level_of_permission(std::string_view permission) -> std::string {
    if (permission == "FULL_CONTROL" || permission == "WRITE_ACP") return "admin";
    if (permission == "WRITE") return "write";
    return permission == "READ" ? "read" : "";
}

/// What one of a policy's principals may do, by the actions named.
auto level_of_actions(const Statement& statement) -> std::string {
    const auto allows = [&](std::string_view action) {
        PolicyDocument alone{.statements = {statement}};
        auto& only = alone.statements.front();
        only.resources.clear();
        only.not_resources.clear();
        only.conditions.clear();
        return opinion_of(alone, {}, {.action = std::string(action), .resource = {}}, false).allowed != Tri::no;
    };
    if (allows("s3:PutBucketPolicy") || allows("s3:PutBucketAcl")) return "admin";
    if (allows("s3:PutObject") || allows("s3:DeleteObject")) return "write";
    return "read";
}

struct PublicAccess {
    std::string level;
    const Statement* by = nullptr;
    bool conditional = false;
};

/// What somebody without credentials gets from the policy alone.
auto public_access(const Bucket& bucket, const std::string& name) -> std::optional<PublicAccess> {
    if (!bucket.policy) return std::nullopt;
    std::optional<PublicAccess> best;
    const auto arn = "arn:aws:s3:::" + name;
    struct Row {
        const char* level;
        const char* action;
        std::string resource;
    };
    // The highest level comes last and wins; what is sure wins over what is conditional.
    for (const auto& row : {Row{"read", "s3:ListBucket", arn}, Row{"read", "s3:GetObject", arn + "/*"},
                            Row{"write", "s3:DeleteObject", arn + "/*"}, Row{"write", "s3:PutObject", arn + "/*"},
                            Row{"admin", "s3:PutBucketPolicy", arn}}) {
        const auto opinion =
            opinion_of(*bucket.policy, Asker{}, {.action = row.action, .resource = row.resource}, true);
        const auto verdict = both(opinion.allowed, inverse(opinion.denied));
        if (verdict == Tri::no) continue;
        const bool conditional = verdict == Tri::maybe;
        if (best && conditional && !best->conditional) continue;
        best = PublicAccess{.level = row.level, .by = opinion.allowed_by, .conditional = conditional};
    }
    return best;
}

auto label_of(const Statement& statement) -> std::string {
    return statement.sid.empty() ? "a statement of the bucket policy" : "bucket policy statement " + statement.sid;
}

void tell_public_policy(const Bucket& bucket, const std::string& name, const std::string& origin,
                        IdentityAnswer& answer) {
    const auto open = public_access(bucket, name);
    if (!open) return;
    if (is_blocked(bucket, &PublicAccessBlock::restrict_buckets)) {
        answer.exposure_path.push_back(label_of(*open->by) +
                                       " would let anyone in; S3 Block Public Access (RestrictPublicBuckets) stops it");
        return;
    }
    // A condition that narrows enough makes a policy not public; whether it does, AWS has decided.
    if (open->conditional && !bucket.policy_is_public.value_or(false)) {
        answer.exposure_path.push_back(label_of(*open->by) +
                                       " lets anyone in under conditions: " + describe(open->by->conditions));
        return;
    }
    answer.access.push_back({.id = "*",
                             .kind = "anyone",
                             .level = open->level,
                             .origin = origin,
                             .how = "by " + label_of(*open->by) + (open->conditional ? ", conditional" : "")});
    answer.exposure_path.push_back("internet: anyone, without credentials");
    answer.exposure_path.push_back(label_of(*open->by) + ": " + describe(*open->by));
    answer.exposure_path.push_back("S3 Block Public Access doesn't restrict public buckets here");
}

/// Other accounts, services and federated users whom the policy names.
void tell_outsiders(const Bucket& bucket, const std::string& account, const std::string& origin,
                    IdentityAnswer& answer) {
    if (!bucket.policy) return;
    for (const auto& statement : bucket.policy->statements) {
        if (!statement.allows) continue;
        for (const auto& principal : statement.principals) {
            if (is_anyone(principal)) continue;
            const auto arn = parse_arn(principal.id);
            const auto owner = arn ? arn->account : principal.id;
            if (principal.kind == "AWS" && owner == account) continue;
            const bool is_root = !arn || arn->resource == "root";
            std::string kind = "account";
            if (principal.kind == "Service")
                kind = "service";
            else if (principal.kind != "AWS")
                kind = "user";
            else if (!is_root)
                kind = arn->resource.starts_with("user/") ? "user" : "role";
            answer.access.push_back(
                {.id = kind == "account" ? owner : principal.id,
                 .kind = kind,
                 .level = level_of_actions(statement),
                 .origin = origin,
                 .how = "by " + label_of(statement) + (statement.conditions.empty() ? "" : ", conditional")});
        }
    }
}

void tell_acl(const Bucket& bucket, const std::string& origin, IdentityAnswer& answer) {
    const bool ignored = bucket.ignores_acls || is_blocked(bucket, &PublicAccessBlock::ignore_acls);
    for (const auto& grant : bucket.grants) {
        const auto level = level_of_permission(grant.permission);
        const bool is_public = grant.who == "AllUsers" || grant.who == "AuthenticatedUsers";
        if (level.empty() || (bucket.ignores_acls && !is_public)) continue;
        const auto who = grant.who == "AllUsers" ? "anyone" : "anyone with an AWS account";
        if (is_public && ignored) {
            answer.exposure_path.push_back("the bucket's ACL grants " + grant.permission + " to " + who +
                                           "; it is ignored (Block Public Access or object ownership)");
            continue;
        }
        if (is_public) {
            answer.access.push_back({.id = "*",
                                     .kind = "anyone",
                                     .level = level,
                                     .origin = origin,
                                     .how = "by the bucket's ACL, " + grant.permission + " for " + grant.who});
            answer.exposure_path.push_back("internet: " + std::string(who));
            answer.exposure_path.push_back("the bucket's ACL grants " + grant.permission + " to " + grant.who);
        } else {
            answer.access.push_back({.id = grant.who,
                                     .kind = grant.who == "LogDelivery" ? "service" : "account",
                                     .level = level,
                                     .origin = origin,
                                     .how = "by the bucket's ACL, " + grant.permission});
        }
    }
}

auto in_words(const PublicAccessBlock& block) -> std::string {
    const auto on = [](bool value) { return value ? "on" : "off"; };
    return fmt::format("BlockPublicAcls {}, IgnorePublicAcls {}, BlockPublicPolicy {}, RestrictPublicBuckets {}",
                       on(block.block_acls), on(block.ignore_acls), on(block.block_policy), on(block.restrict_buckets));
}

void tell_policies(const Bucket& bucket, const std::string& name, const std::string& origin, IdentityAnswer& answer) {
    constexpr std::size_t most_statements = 20;
    const auto arn = "arn:aws:s3:::" + name;
    const auto add = [&](std::string id, std::string title, std::string statement) {
        answer.policies.push_back({.id = std::move(id),
                                   .name = std::move(title),
                                   .kind = "attached",
                                   .statement = std::move(statement),
                                   .origin = origin});
    };
    if (bucket.policy) {
        std::size_t number = 0;
        for (const auto& statement : bucket.policy->statements) {
            if (++number > most_statements) break;
            const auto sid = statement.sid.empty() ? std::to_string(number) : statement.sid;
            add(arn + "?policy#" + sid, "bucket policy, statement " + sid, describe(statement));
        }
        if (bucket.policy_is_public)
            add(arn + "?policyStatus", "bucket policy status",
                *bucket.policy_is_public ? "AWS calls the bucket policy public"
                                         : "AWS calls the bucket policy not public");
    }
    if (bucket.block) add(arn + "?publicAccessBlock", "S3 Block Public Access of the bucket", in_words(*bucket.block));
    if (bucket.account_block)
        add("account?publicAccessBlock", "S3 Block Public Access of the account", in_words(*bucket.account_block));
    for (const auto& grant : bucket.grants)
        add(arn + "?acl#" + grant.who + "-" + grant.permission, "bucket ACL",
            "grants " + grant.permission + " to " + grant.who);
}

/// What a better policy would be drafted from; nothing where the present one is not to be had.
void tell_store_policy(const Bucket& bucket, const std::string& account, const std::string& origin,
                       IdentityAnswer& answer) {
    if ((!bucket.policy && !bucket.has_no_policy) || bucket.policy_text.size() > longest_store_policy) return;
    StorePolicy facts{.document = bucket.policy_text, .blocks_public = {}, .account = account, .origin = origin};
    if (bucket.block || bucket.has_no_block || bucket.account_block)
        facts.blocks_public = is_blocked(bucket, &PublicAccessBlock::restrict_buckets);
    const bool ignored = bucket.ignores_acls || is_blocked(bucket, &PublicAccessBlock::ignore_acls);
    facts.has_public_acl = !ignored && std::ranges::any_of(bucket.grants, [](const AclGrant& grant) {
        return grant.who == "AllUsers" || grant.who == "AuthenticatedUsers";
    });
    answer.store_policy = std::move(facts);
}

} // namespace

auto read_block(XmlView configuration) -> PublicAccessBlock {
    return {.block_acls = is_true(configuration.text_at("BlockPublicAcls")),
            .ignore_acls = is_true(configuration.text_at("IgnorePublicAcls")),
            .block_policy = is_true(configuration.text_at("BlockPublicPolicy")),
            .restrict_buckets = is_true(configuration.text_at("RestrictPublicBuckets"))};
}

auto read_grants(XmlView acl) -> std::vector<AclGrant> {
    const auto owner = acl["Owner"].text_at("ID");
    std::vector<AclGrant> grants;
    for (const auto grant : acl["AccessControlList"].all("Grant")) {
        const auto grantee = grant["Grantee"];
        auto who = grantee.text_at("URI");
        if (who.starts_with(groups_prefix))
            who = who.substr(who.rfind('/') + 1);
        else
            who = grantee.text_at("ID");
        if (who.empty()) who = grantee.text_at("EmailAddress");
        if (who.empty() || who == owner || grants.size() >= most_grants) continue;
        grants.push_back({.who = shorten(who, 128), .permission = shorten(grant.text_at("Permission"), 32)});
    }
    return grants;
}

auto read_bucket(net::AwsClient& aws, BucketQuestion question, Deadline deadline) -> Task<Bucket> {
    Bucket bucket;
    std::vector<Task<void>> asks;
    asks.push_back(ask_policy(aws, question, bucket, deadline));
    asks.push_back(ask_status(aws, question, bucket, deadline));
    asks.push_back(ask_block(aws, question, bucket, deadline));
    asks.push_back(ask_acl(aws, question, bucket, deadline));
    if (question.with_tags) asks.push_back(ask_tags(aws, question, bucket, deadline));
    co_await all_of(std::move(asks));
    co_return bucket;
}

auto read_account_block(net::AwsClient& aws, std::string account, std::string region, Deadline deadline)
    -> Task<Result<std::optional<PublicAccessBlock>>> {
    auto request =
        net::aws_rest("s3-control", "GetAccountPublicAccessBlock", "GET", "/v20180820/configuration/publicAccessBlock");
    request.headers.set("x-amz-account-id", account);
    request.host_prefix = std::move(account);
    request.region = std::move(region);
    const auto block = co_await aws.xml(std::move(request), deadline);
    if (block) co_return std::optional(read_block(block->root()));
    if (says_none(block.error())) co_return std::optional<PublicAccessBlock>();
    co_return fail(block.error());
}

void describe_bucket(const Bucket& bucket, const std::string& name, const std::string& account,
                     const std::string& origin, IdentityAnswer& answer) {
    tell_public_policy(bucket, name, origin, answer);
    tell_acl(bucket, origin, answer);
    tell_outsiders(bucket, account, origin, answer);
    tell_policies(bucket, name, origin, answer);
    tell_store_policy(bucket, account, origin, answer);
}

} // namespace dossier::context::aws
