#include "aws_errors.hpp"

#include "dossier/base/json_view.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/base/xml_view.hpp"
#include "dossier/net/aws_client.hpp"
#include "dossier/net/upstream.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::net {
namespace {

constexpr std::size_t longest_code = 80;

// The lists of AWS' own SDKs (retry classification in "AWS SDKs and Tools Reference Guide").
constexpr std::array throttling_codes{"Throttling",
                                      "ThrottlingException",
                                      "ThrottledException",
                                      "RequestThrottled",
                                      "RequestThrottledException",
                                      "TooManyRequestsException",
                                      "RequestLimitExceeded",
                                      "BandwidthLimitExceeded",
                                      "ProvisionedThroughputExceededException",
                                      "SlowDown",
                                      "PriorRequestNotComplete",
                                      "EC2ThrottledException",
                                      "TooManyRequests"};
constexpr std::array expired_codes{"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"};
constexpr std::array credential_codes{"InvalidClientTokenId",
                                      "UnrecognizedClientException",
                                      "InvalidAccessKeyId",
                                      "SignatureDoesNotMatch",
                                      "InvalidSignatureException",
                                      "MissingAuthenticationToken",
                                      "MissingAuthenticationTokenException",
                                      "IncompleteSignature",
                                      "IncompleteSignatureException",
                                      "AuthFailure",
                                      "InvalidToken",
                                      "RequestTimeTooSkewed",
                                      "RequestExpired",
                                      "NotSignedUp",
                                      "OptInRequired",
                                      "InvalidIdentityToken"};
constexpr std::array permission_codes{"AccessDenied",       "AccessDeniedException",       "UnauthorizedOperation",
                                      "AuthorizationError", "AuthorizationErrorException", "UnauthorizedAccess",
                                      "AllAccessDisabled",  "UnauthorizedException",       "AccountProblem"};

template <std::size_t N>
auto among(const std::array<const char*, N>& codes, std::string_view code) -> bool {
    return std::ranges::any_of(codes, [&](std::string_view one) { return one == code; });
}

/// "com.amazonaws.sqs#QueueDoesNotExist" and "ThrottlingException:http://…" are both one word with trimmings.
auto bare_code(std::string_view text) -> std::string {
    if (const auto hash = text.rfind('#'); hash != std::string_view::npos) text.remove_prefix(hash + 1);
    text = trim(text.substr(0, text.find(':')));
    const bool is_word = text.size() <= longest_code && std::ranges::all_of(text, [](unsigned char c) {
                             return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-';
                         });
    return is_word ? std::string(text) : std::string();
}

auto fault_in_json(std::string_view body) -> AwsFault {
    const auto document = JsonDocument::parse(body);
    if (!document) return {};
    const auto root = document->root();
    AwsFault fault;
    for (const auto* member : {"__type", "code", "Code"})
        if (fault.code.empty()) fault.code = bare_code(root[member].text_or(""));
    for (const auto* member : {"message", "Message", "errorMessage"})
        if (fault.message.empty()) fault.message = root[member].text_or("");
    return fault;
}

auto fault_in_xml(std::string_view body) -> AwsFault {
    const auto document = XmlDocument::parse(body);
    if (!document) return {};
    auto error = document->root(); // S3: <Error>; query: <ErrorResponse><Error>; EC2: <Response><Errors><Error>
    if (error.name() == "ErrorResponse") error = error["Error"];
    if (error.name() == "Response") error = error["Errors"]["Error"];
    return {.code = bare_code(error.text_at("Code")), .message = error.text_at("Message")};
}

/// The action in "… is not authorized to perform: iam:ListRoles on resource: …".
auto action_in(std::string_view message) -> std::string {
    static constexpr std::string_view before = "perform: ";
    const auto at = message.find(before);
    if (at == std::string_view::npos) return {};
    auto word = message.substr(at + before.size());
    word = word.substr(0, word.find_first_of(" \n\r\t,"));
    const auto colon = word.find(':');
    const bool is_action = colon != std::string_view::npos && word.size() <= longest_code &&
                           std::ranges::all_of(word, [](unsigned char c) {
                               return std::isalnum(c) != 0 || c == ':' || c == '-' || c == '*';
                           });
    return is_action ? std::string(word) : std::string();
}

auto code_of(int status, std::string_view code) -> Errc {
    if (is_throttling(code)) return Errc::rate_limited;
    if (is_expired_token(code) || among(credential_codes, code)) return Errc::unauthenticated;
    if (among(permission_codes, code)) return Errc::forbidden;
    if (code.starts_with("NoSuch") || code.contains("NotFound")) return Errc::not_found;
    return errc_of_status(status, Repeat::safe);
}

} // namespace

auto is_throttling(std::string_view code) -> bool { return among(throttling_codes, code); }
auto is_expired_token(std::string_view code) -> bool { return among(expired_codes, code); }

auto is_clock_skew(const AwsFault& fault) -> bool {
    if (fault.code == "RequestTimeTooSkewed" || fault.code == "RequestExpired" || fault.code == "RequestInTheFuture")
        return true;
    const bool is_about_signature = fault.code == "InvalidSignatureException" || fault.code == "SignatureDoesNotMatch";
    return is_about_signature &&
           (icontains(fault.message, "signature expired") || icontains(fault.message, "not yet current"));
}

auto fault_of(const HttpResponse& response) -> AwsFault {
    AwsFault fault;
    const auto body = trim(response.body);
    if (body.starts_with('{')) fault = fault_in_json(body);
    if (body.starts_with('<')) fault = fault_in_xml(body);
    if (const auto type = response.headers.get("x-amzn-errortype"); type && !bare_code(*type).empty())
        fault.code = bare_code(*type);
    return fault;
}

auto to_error(const HttpResponse& response, const AwsFault& fault, const std::string& action) -> Error {
    Error error;
    error.code = code_of(response.status, fault.code);
    const auto word = fault.code.empty() ? std::to_string(response.status) : fault.code;
    error.context = {{"status", std::to_string(response.status)}};
    if (!fault.code.empty()) error.context.emplace_back("aws_code", fault.code);
    if (error.code == Errc::forbidden) {
        const auto named = action_in(fault.message);
        const auto& missing = named.empty() ? action : named;
        error.message = fmt::format("AWS allows us no {} ({})", missing, word);
        error.context.emplace_back("action", missing);
    } else {
        error.message = fmt::format("AWS answered {} with {}", action, word);
    }
    return error;
}

auto aws_code(const Error& error) -> std::string {
    const auto at = std::ranges::find(error.context, "aws_code", &std::pair<std::string, std::string>::first);
    return at == error.context.end() ? "" : at->second;
}

auto missing_action(const Error& error) -> std::string {
    const auto at = std::ranges::find(error.context, "action", &std::pair<std::string, std::string>::first);
    return error.code == Errc::forbidden && at != error.context.end() ? at->second : "";
}

} // namespace dossier::net
