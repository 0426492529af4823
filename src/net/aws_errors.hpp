#pragma once
// What AWS says when it says no: the code word out of whichever of its forms an answer has (JSON `__type`,
// `x-amzn-errortype`, the XML of the query protocol and of S3), and what it means for us.

#include "dossier/base/error.hpp"
#include "dossier/net/http_message.hpp"

#include <string>
#include <string_view>

namespace dossier::net {

struct AwsFault {
    std::string code;    ///< without namespace and URL: "AccessDeniedException"; "" where the answer names none
    std::string message; ///< as sent: may quote what we sent, never shown as it is
};

[[nodiscard]] auto fault_of(const HttpResponse& response) -> AwsFault;
[[nodiscard]] auto is_throttling(std::string_view code) -> bool;
[[nodiscard]] auto is_expired_token(std::string_view code) -> bool;
/// Codes of a request whose time is too far from theirs.
[[nodiscard]] auto is_clock_skew(const AwsFault& fault) -> bool;
/// @param action that was asked for; what the answer itself names wins
[[nodiscard]] auto to_error(const HttpResponse& response, const AwsFault& fault, const std::string& action) -> Error;

} // namespace dossier::net
