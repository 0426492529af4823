#pragma once
// AWS' own APIs: credentials from wherever a pod or a machine has them, endpoints by service and region in every
// partition, signatures (sigv4.hpp) and the errors of the four protocols as `Error`. Callers build an AwsRequest by one
// of the functions at the end and read the answer as JSON or XML. Each service is an Upstream of its own, so that IAM's
// limits don't hold up S3. Callable from any lane; outlives its callers.

#include "dossier/base/json_view.hpp"
#include "dossier/base/xml_view.hpp"
#include "dossier/net/sigv4.hpp"
#include "dossier/net/upstream.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::net {

/// The process environment, or what a test puts in its place. nullopt or "" = not set.
using EnvironmentLookup = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] auto process_environment() -> EnvironmentLookup;

struct AwsSettings {
    std::string name;     ///< of the upstreams: "<name>:<service>"
    std::string region;   ///< where a request names none
    AwsKeys keys;         ///< "" = environment, then web identity of the pod, then container credentials
    std::string role_arn; ///< assumed on top of those; "" = none
    /// Service → base URL, for private endpoints and tests.
    std::vector<std::pair<std::string, std::string>> endpoints;
    std::size_t max_in_flight = 64; ///< per service
    Duration timeout{10'000};       ///< for one try; above 20 s for long polls
    RetryPolicy retry;
    Rate rate; ///< requests a second over all services; 0 = no limit of ours
    EnvironmentLookup environment = process_environment();
    std::function<bool(const HttpResponse&)> is_final; ///< as in UpstreamConfig
};

struct AwsRequest {
    std::string service; ///< endpoint prefix: "iam", "tagging", "s3", "s3-control", "bedrock-runtime"
    std::string action;  ///< as policies call it: "tag:GetResources"
    std::string method = "POST";
    std::string path = "/"; ///< with query, percent-encoded
    Headers headers;
    FixedText body;
    std::string region;      ///< "" = the client's; global services have one of their own anyway
    std::string host_prefix; ///< s3-control: the account
    std::string url;         ///< instead of the service's endpoint: an SQS queue
    Repeat repeat = Repeat::safe;
    std::size_t max_response = 8U << 20U;
    Flow flow{};                                           ///< as in ClientRequest
    std::function<void(std::string_view piece)> on_data{}; ///< as in ClientRequest
};

class AwsClient {
public:
    AwsClient(HttpClient& client, Metrics& metrics, AwsSettings settings);
    ~AwsClient();

    /// A successful answer. Errors carry the service's own word in the context `aws_code`: `forbidden` with the missing
    /// `action`, `unauthenticated` (an expired token is renewed and the request sent once more first), `rate_limited`,
    /// `not_found`, `rejected`, and those of Upstream. A clock that is off by minutes is corrected by the service's own
    /// Date, once.
    auto send(AwsRequest request, Deadline deadline) -> Task<Result<HttpResponse>>;
    /// The same, parsed; `malformed` for anything else. An empty body is `{}`.
    auto json(AwsRequest request, Deadline deadline) -> Task<Result<JsonDocument>>;
    auto xml(AwsRequest request, Deadline deadline) -> Task<Result<XmlDocument>>;
    /// Base URL of a service, as requests without a region of their own would use it.
    [[nodiscard]] auto endpoint(const std::string& service) const -> std::string;
    [[nodiscard]] auto region() const -> const std::string&;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// JSON 1.0 and 1.1: `X-Amz-Target: <target>`, as "AmazonSQS.ReceiveMessage"; the action is its last word.
[[nodiscard]] auto aws_json(std::string service, std::string target, std::string body, std::string_view version = "1.1")
    -> AwsRequest;
/// The query protocol: a form with `Action`, `Version` and the parameters.
[[nodiscard]] auto aws_query(std::string service, std::string action, std::string_view version,
                             std::vector<std::pair<std::string, std::string>> parameters = {}) -> AwsRequest;
/// REST; a body is JSON.
[[nodiscard]] auto aws_rest(std::string service, std::string action, std::string method, std::string path,
                            FixedText body = {}) -> AwsRequest;

/// The service's own word for an error ("AccessDenied"), "" where the error isn't one of AWS'.
[[nodiscard]] auto aws_code(const Error& error) -> std::string;
/// The action that the caller may not do; "" for other errors.
[[nodiscard]] auto missing_action(const Error& error) -> std::string;

/// "aws", "aws-cn", "aws-us-gov", …, by the region's name.
[[nodiscard]] auto aws_partition(std::string_view region) -> std::string_view;

} // namespace dossier::net
