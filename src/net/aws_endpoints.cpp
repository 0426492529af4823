#include "aws_endpoints.hpp"

#include "dossier/net/aws_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::net {
namespace {

struct Partition {
    std::string_view id;
    std::string_view region_prefix;
    std::string_view suffix;
    std::string_view iam_region;           ///< where the global services are signed
    std::string_view organizations_region; ///< "" = none there
};
constexpr std::array partitions{
    Partition{"aws-cn", "cn-", "amazonaws.com.cn", "cn-north-1", "cn-northwest-1"},
    Partition{"aws-us-gov", "us-gov-", "amazonaws.com", "us-gov-west-1", "us-gov-west-1"},
    Partition{"aws-iso-b", "us-isob-", "sc2s.sgov.gov", "us-isob-east-1", "us-isob-east-1"},
    Partition{"aws-iso-e", "eu-isoe-", "cloud.adc-e.uk", "eu-isoe-west-1", "eu-isoe-west-1"},
    Partition{"aws-iso-f", "us-isof-", "csp.hci.ic.gov", "us-isof-south-1", "us-isof-south-1"},
    Partition{"aws-iso", "us-iso-", "c2s.ic.gov", "us-iso-east-1", "us-iso-east-1"},
    Partition{"aws-eusc", "eusc-", "amazonaws.eu", "eusc-de-east-1", "eusc-de-east-1"},
    Partition{"aws", "", "amazonaws.com", "us-east-1", "us-east-1"},
};

auto partition_of(std::string_view region) -> const Partition& {
    const auto* at =
        std::ranges::find_if(partitions, [&](const Partition& one) { return region.starts_with(one.region_prefix); });
    return *at; // the last one's prefix is every region's
}

struct ServiceNames {
    std::string_view endpoint;
    std::string_view signing;
    std::string_view action;
};
/// Services whose names differ by where they stand; all others have one name.
constexpr std::array service_names{
    ServiceNames{"tagging", "tagging", "tag"},
    ServiceNames{"s3-control", "s3", "s3"},
    ServiceNames{"bedrock-runtime", "bedrock", "bedrock"},
};

auto names_of(std::string_view service) -> ServiceNames {
    const auto* at = std::ranges::find(service_names, service, &ServiceNames::endpoint);
    return at == service_names.end() ? ServiceNames{service, service, service} : *at;
}

/// IAM has one endpoint a partition; only those of the commercial and the US government's carry no region.
auto iam_host(const Partition& partition, bool fips) -> std::string {
    if (partition.id == "aws") return fips ? "iam-fips.amazonaws.com" : "iam.amazonaws.com";
    if (partition.id == "aws-us-gov") return "iam.us-gov.amazonaws.com"; // is a FIPS endpoint
    return fmt::format("iam.{}.{}", partition.iam_region, partition.suffix);
}

} // namespace

auto aws_partition(std::string_view region) -> std::string_view { return partition_of(region).id; }

auto signing_name(std::string_view service) -> std::string_view { return names_of(service).signing; }

auto action_prefix(std::string_view service) -> std::string_view { return names_of(service).action; }

auto is_region_name(std::string_view region) -> bool {
    return !region.empty() && region.size() <= 32 &&
           region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos &&
           region.front() != '-';
}

auto aws_endpoint(std::string_view service, std::string_view region, bool fips) -> AwsEndpoint {
    const auto& partition = partition_of(region);
    AwsEndpoint endpoint{.url = {}, .region = std::string(region), .service = std::string(signing_name(service))};
    const auto* const variant = fips ? "-fips" : "";
    if (service == "iam") {
        endpoint.region = partition.iam_region;
        endpoint.url = "https://" + iam_host(partition, fips);
        return endpoint;
    }
    if (service == "organizations") endpoint.region = partition.organizations_region;
    endpoint.url = fmt::format("https://{}{}.{}.{}", service, variant, endpoint.region, partition.suffix);
    return endpoint;
}

} // namespace dossier::net
