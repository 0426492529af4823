#pragma once
// Where AWS keys come from, in the order of AWS' own SDKs: the configuration, the environment, the web identity of a
// pod (IRSA), the credentials endpoint of a container (ECS, EKS Pod Identity); then a role assumed with them. Temporary
// keys are shared, renewed before they expire and after a service has called them expired.

#include "aws_clock.hpp"
#include "dossier/net/aws_client.hpp"
#include "dossier/net/token_source.hpp"

#include <functional>
#include <string>

namespace dossier::net {

class AwsCredentials {
public:
    /// Sends one request of a service, as it is, to its upstream.
    using Send = std::function<Task<Result<HttpResponse>>(std::string service, ClientRequest request, Deadline)>;

    /// @param settings outlives this object, as do the clock and what `send` needs
    /// @param sts_url endpoint of STS
    AwsCredentials(const AwsSettings& settings, std::string sts_url, AwsClock& clock, Send send);

    auto get(Deadline deadline) -> Task<Result<AwsKeys>>;
    /// A service called `used` expired: whoever asks next gets new ones, where these can be renewed.
    void reject(const AwsKeys& used);

private:
    auto fetch(Deadline deadline) -> Task<Result<AccessToken>>;
    auto base_keys(Deadline deadline) -> Task<Result<AccessToken>>;
    auto by_web_identity(std::string token_file, std::string role_arn, Deadline deadline) -> Task<Result<AccessToken>>;
    auto by_container(std::string url, Deadline deadline) -> Task<Result<AccessToken>>;
    auto by_role(AwsKeys base, Deadline deadline) -> Task<Result<AccessToken>>;
    auto ask_sts(ClientRequest request, std::string action, Duration clock_offset, Deadline deadline)
        -> Task<Result<AccessToken>>;
    [[nodiscard]] auto variable(const std::string& name) const -> std::string;

    const AwsSettings& settings_;
    std::string sts_url_;
    AwsClock& clock_;
    Send send_;
    TokenSource tokens_; ///< each token is a set of keys, packed
};

} // namespace dossier::net
