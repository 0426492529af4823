#pragma once
// Amazon Resource Names: which resource of which account, region and service a finding speaks of.

#include "dossier/finding/finding.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier::aws {

struct Arn {
    std::string partition; ///< aws | aws-cn | aws-us-gov | …
    std::string service;   ///< s3 | iam | dynamodb | …
    std::string region;    ///< "" for global names and buckets
    std::string account;   ///< 12 digits, "" where the name has none
    std::string resource;  ///< "payments-exports", "table/orders", "role/etl"
    [[nodiscard]] auto text() const -> std::string;
    /// The part after the last '/' or ':' of `resource`.
    [[nodiscard]] auto name() const -> std::string_view;
};

[[nodiscard]] auto parse_arn(std::string_view text) -> std::optional<Arn>;
/// The name of a finding's resource, with account and region filled in where the finding has them: from its id, or for
/// a bucket from its name. nullopt for resources that aren't AWS' or have no name there.
[[nodiscard]] auto arn_of(const Resource& resource) -> std::optional<Arn>;
[[nodiscard]] auto is_account_id(std::string_view text) -> bool;
/// S3's rules, so that a name can't become another path or host.
[[nodiscard]] auto is_bucket_name(std::string_view text) -> bool;

} // namespace dossier::aws
