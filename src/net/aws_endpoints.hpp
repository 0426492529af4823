#pragma once
// Where AWS' services live and what they are called: endpoint, region of the signature, signing name, prefix of their
// actions in policies.

#include <string>
#include <string_view>

namespace dossier::net {

struct AwsEndpoint {
    std::string url;     ///< without a path
    std::string region;  ///< of the signature
    std::string service; ///< signing name
};

/// @param fips the FIPS 140 endpoints (AWS_USE_FIPS_ENDPOINT)
[[nodiscard]] auto aws_endpoint(std::string_view service, std::string_view region, bool fips) -> AwsEndpoint;
/// "s3" for "s3-control", "tag" for "tagging".
[[nodiscard]] auto action_prefix(std::string_view service) -> std::string_view;
[[nodiscard]] auto signing_name(std::string_view service) -> std::string_view;
/// A region's name can't do anything else than name a region.
[[nodiscard]] auto is_region_name(std::string_view region) -> bool;

} // namespace dossier::net
