#include "aws_config.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/finding/aws_arn.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::context::aws {
using namespace dossier::aws;
namespace {

constexpr std::array<std::string_view, 10> services{
    "sts",           "s3",         "s3-control",    "iam",           "tagging", "access-analyzer",
    "organizations", "cloudtrail", "identitystore", "secretsmanager"};

void check_endpoints(config::Section& section, const ProviderConfig& provider) {
    for (const auto& [service, url] : provider.endpoints) {
        if (std::ranges::find(services, service) == services.end()) {
            const auto near = nearest(service, {services.begin(), services.end()});
            section.problem("endpoints", fmt::format("'{}' is no service that is asked{}", service,
                                                     near ? fmt::format("; did you mean `{}`?", *near) : ""));
        }
        if (!url.starts_with("https://") && !url.starts_with("http://"))
            section.problem("endpoints", fmt::format("the address of {} is no http(s) URL", service));
    }
}

} // namespace

void check_provider(config::Section& section, const ProviderConfig& provider) {
    // Half a pair would fall back to the environment in silence and ask as somebody else.
    if (provider.access_key_id.empty() != provider.secret_access_key.empty())
        section.problem(provider.access_key_id.empty() ? "access_key_id" : "secret_access_key",
                        "access_key_id and secret_access_key belong together");
    if (!provider.session_token.empty() && provider.access_key_id.empty())
        section.problem("session_token", "works only with access_key_id and secret_access_key");
    if (!provider.region.empty() &&
        provider.region.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") != std::string::npos)
        section.problem("region", "expected the name of a region, as eu-west-1");
    if (!provider.role_arn.empty()) {
        const auto arn = parse_arn(replace_all(provider.role_arn, "{account}", "000000000000"));
        if (!arn || arn->service != "iam" || !arn->resource.starts_with("role/"))
            section.problem("role_arn",
                            "expected arn:aws:iam::<account id, or {account} for the resource's>:role/<name>");
    }
    if (!provider.analyzer_arn.empty()) {
        const auto arn = parse_arn(provider.analyzer_arn);
        if (!arn || arn->service != "access-analyzer")
            section.problem("analyzer_arn", "expected arn:aws:access-analyzer:<region>:<account id>:analyzer/<name>");
    }
    check_endpoints(section, provider);
}

} // namespace dossier::context::aws
