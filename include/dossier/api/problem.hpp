#pragma once
// Errors as `application/problem+json` (RFC 9457): status, title, detail for a person, a stable `code`, the request id.

#include "dossier/base/error.hpp"
#include "dossier/net/http_message.hpp"

#include <string>
#include <string_view>

namespace dossier::api {

/// HTTP status for an error code; what is our own fault or bound is 5xx, never 4xx.
[[nodiscard]] auto status_of(Errc code) -> int;
[[nodiscard]] auto problem(int status, std::string_view detail, const std::string& request_id,
                           std::string_view code = {}) -> net::HttpResponse;
/// With Retry-After where the error asks for it, and always on 429 and 503.
[[nodiscard]] auto problem(const Error& error, const std::string& request_id) -> net::HttpResponse;

} // namespace dossier::api
