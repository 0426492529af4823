#include "aws_credentials.hpp"

#include "aws_endpoints.hpp"
#include "aws_errors.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace dossier::net {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr Duration renew_early{300'000}; ///< AWS' SDKs renew five minutes before the end
constexpr std::chrono::hours forever{24 * 3650};
constexpr std::size_t longest_file = 64U << 10U;

// One set of keys is one token for TokenSource; no part of it has a line break.
auto pack(const AwsKeys& keys) -> Secret {
    return Secret(keys.access_key_id + "\n" + keys.secret_access_key.reveal() + "\n" + keys.session_token.reveal());
}

auto unpack(const Secret& packed) -> AwsKeys {
    const auto lines = split(packed.reveal(), '\n');
    const auto line = [&](std::size_t index) { return index < lines.size() ? std::string(lines[index]) : ""; };
    return {.access_key_id = line(0), .secret_access_key = Secret(line(1)), .session_token = Secret(line(2))};
}

auto lasting(const AwsKeys& keys) -> AccessToken {
    return {.value = pack(keys), .expires_at = SteadyClock::now() + forever};
}

auto expiring(AwsKeys keys, std::string_view expiration, const HttpResponse& response) -> Result<AccessToken> {
    const auto until = parse_time(expiration);
    const bool has_line_break =
        (keys.access_key_id + keys.secret_access_key.reveal() + keys.session_token.reveal()).find_first_of("\r\n") !=
        std::string::npos;
    if (keys.access_key_id.empty() || keys.secret_access_key.empty() || has_line_break)
        return fail(Errc::malformed, "the answer holds no AWS credentials");
    // An answer without an end is asked for again soon.
    const auto now = date_of(response).value_or(SystemClock().now()); // by the clock that the end is given in
    const auto lifetime = until ? *until - now : Duration{300'000};
    return AccessToken{.value = pack(keys), .expires_at = SteadyClock::now() + lifetime};
}

auto read_file(const std::string& path) -> Result<std::string> {
    std::ifstream file(path, std::ios::binary);
    if (!file) return fail(Errc::unauthenticated, "cannot read the token file " + path);
    std::string text;
    text.resize(longest_file);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    text = trim(text);
    if (text.empty()) return fail(Errc::unauthenticated, "the token file " + path + " is empty");
    return text;
}

/// The agents of ECS and EKS speak plain HTTP on addresses that no packet leaves the machine for; nobody else may.
auto is_safe_container_url(std::string_view url) -> bool {
    if (url.starts_with("https://")) return true;
    static constexpr std::array hosts{"127.0.0.1",     "localhost",      "[::1]",
                                      "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};
    return std::ranges::any_of(hosts, [&](std::string_view host) {
        const auto start = "http://" + std::string(host);
        if (!url.starts_with(start)) return false;
        const auto rest = url.substr(start.size());
        return rest.empty() || rest.front() == ':' || rest.front() == '/';
    });
}

auto session_name(const EnvironmentLookup& environment) -> std::string {
    return environment("AWS_ROLE_SESSION_NAME").value_or("dossier");
}

} // namespace

auto process_environment() -> EnvironmentLookup {
    return [](const std::string& name) -> std::optional<std::string> {
        const auto* value = std::getenv(name.c_str()); // NOLINT(concurrency-mt-unsafe): nobody sets the environment
        return value == nullptr || *value == '\0' ? std::nullopt : std::optional<std::string>(value);
    };
}

AwsCredentials::AwsCredentials(const AwsSettings& settings, std::string sts_url, AwsClock& clock, Send send)
    : settings_(settings),
      sts_url_(std::move(sts_url)),
      clock_(clock),
      send_(std::move(send)),
      tokens_([this](std::optional<Secret>, Deadline deadline) { return fetch(deadline); }, renew_early) {}

auto AwsCredentials::variable(const std::string& name) const -> std::string {
    return settings_.environment(name).value_or("");
}

auto AwsCredentials::get(Deadline deadline) -> Task<Result<AwsKeys>> {
    auto token = co_await tokens_.get(deadline);
    if (!token) co_return fail(std::move(token.error()));
    co_return unpack(*token);
}

void AwsCredentials::reject(const AwsKeys& used) { tokens_.reject(pack(used)); }

auto AwsCredentials::fetch(Deadline deadline) -> Task<Result<AccessToken>> {
    auto base = co_await base_keys(deadline);
    if (!base || settings_.role_arn.empty()) co_return base;
    co_return co_await by_role(unpack(base->value), deadline);
}

auto AwsCredentials::base_keys(Deadline deadline) -> Task<Result<AccessToken>> {
    if (!settings_.keys.access_key_id.empty()) co_return lasting(settings_.keys);
    AwsKeys from_environment{.access_key_id = variable("AWS_ACCESS_KEY_ID"),
                             .secret_access_key = Secret(variable("AWS_SECRET_ACCESS_KEY")),
                             .session_token = Secret(variable("AWS_SESSION_TOKEN"))};
    if (!from_environment.access_key_id.empty() && !from_environment.secret_access_key.empty())
        co_return lasting(from_environment);
    auto token_file = variable("AWS_WEB_IDENTITY_TOKEN_FILE");
    auto role_arn = variable("AWS_ROLE_ARN");
    if (!token_file.empty() && !role_arn.empty())
        co_return co_await by_web_identity(std::move(token_file), std::move(role_arn), deadline);
    auto url = variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    const auto path = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    if (url.empty() && !path.empty()) url = "http://169.254.170.2" + path;
    if (!url.empty()) co_return co_await by_container(std::move(url), deadline);
    co_return fail(Errc::unauthenticated,
                   "no AWS credentials: neither configured nor in AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE or "
                   "AWS_CONTAINER_CREDENTIALS_FULL_URI");
}

auto AwsCredentials::by_web_identity(std::string token_file, std::string role_arn, Deadline deadline)
    -> Task<Result<AccessToken>> {
    const auto token = read_file(token_file); // each time: Kubernetes replaces it before it expires
    if (!token) co_return fail(token.error());
    ClientRequest request;
    request.method = "POST";
    request.url = sts_url_ + "/";
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = form_encode({{"Action", "AssumeRoleWithWebIdentity"},
                                {"Version", "2011-06-15"},
                                {"RoleArn", role_arn},
                                {"RoleSessionName", session_name(settings_.environment)},
                                {"WebIdentityToken", *token}});
    co_return co_await ask_sts(std::move(request), "AssumeRoleWithWebIdentity", clock_.offset(), deadline);
}

auto AwsCredentials::by_role(AwsKeys base, Deadline deadline) -> Task<Result<AccessToken>> {
    ClientRequest request;
    request.method = "POST";
    request.url = sts_url_ + "/";
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    request.body = form_encode({{"Action", "AssumeRole"},
                                {"Version", "2011-06-15"},
                                {"RoleArn", settings_.role_arn},
                                {"RoleSessionName", session_name(settings_.environment)}});
    const auto signed_at = [&](Duration offset) {
        auto copy = request;
        sign_v4(copy, base, sigv4_options("sts", settings_.region, SystemClock().now() + offset));
        return copy;
    };
    const auto offset = clock_.offset();
    auto token = co_await ask_sts(signed_at(offset), "AssumeRole", offset, deadline);
    if (token || clock_.offset() == offset) co_return token;
    co_return co_await ask_sts(signed_at(clock_.offset()), "AssumeRole", clock_.offset(), deadline);
}

auto AwsCredentials::ask_sts(ClientRequest request, std::string action, Duration clock_offset, Deadline deadline)
    -> Task<Result<AccessToken>> {
    auto response = co_await send_("sts", std::move(request), deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (!response->ok()) {
        const auto fault = fault_of(*response);
        if (is_clock_skew(fault)) clock_.correct(*response, clock_offset);
        auto error = to_error(*response, fault, "sts:" + action);
        // A refused role is a matter of trust policies, an invalid token one of credentials: neither mends itself.
        if (error.code == Errc::rejected) error.code = Errc::unauthenticated;
        co_return fail(std::move(error));
    }
    const auto document = XmlDocument::parse(response->body);
    if (!document) co_return fail(document.error());
    const auto credentials = document->root()[action + "Result"]["Credentials"];
    AwsKeys keys{.access_key_id = credentials.text_at("AccessKeyId"),
                 .secret_access_key = Secret(credentials.text_at("SecretAccessKey")),
                 .session_token = Secret(credentials.text_at("SessionToken"))};
    co_return expiring(std::move(keys), credentials.text_at("Expiration"), *response);
}

auto AwsCredentials::by_container(std::string url, Deadline deadline) -> Task<Result<AccessToken>> {
    if (!is_safe_container_url(url))
        co_return fail(Errc::unauthenticated, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https or a local agent");
    ClientRequest request;
    request.url = std::move(url);
    request.max_response = longest_file;
    auto token = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (const auto file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"); !file.empty()) {
        auto text = read_file(file);
        if (!text) co_return fail(std::move(text.error()));
        token = std::move(*text);
    }
    if (token.find_first_of("\r\n") != std::string::npos)
        co_return fail(Errc::unauthenticated, "the container's authorization token has a line break");
    if (!token.empty()) request.headers.set("Authorization", token);
    auto response = co_await send_("container", std::move(request), deadline);
    if (!response) co_return fail(std::move(response.error()));
    if (!response->ok())
        co_return fail(Errc::unauthenticated,
                       fmt::format("the container's credentials endpoint answered {}", response->status));
    const auto document = JsonDocument::parse(response->body);
    if (!document) co_return fail(document.error());
    const auto root = document->root();
    AwsKeys keys{.access_key_id = root["AccessKeyId"].text_or(""),
                 .secret_access_key = Secret(root["SecretAccessKey"].text_or("")),
                 .session_token = Secret(root["Token"].text_or(""))};
    co_return expiring(std::move(keys), root["Expiration"].text_or(""), *response);
}

} // namespace dossier::net
