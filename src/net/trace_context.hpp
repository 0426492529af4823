#pragma once
// What ties a request to its neighbours: X-Request-Id, and `traceparent` of W3C Trace Context (level 1). Both come from
// strangers and go into logs and outbound headers, so anything that isn't exactly well formed is replaced.

#include <optional>
#include <string>
#include <string_view>

namespace dossier::net {

/// The client's id if it has 1 to 128 characters of [A-Za-z0-9._-], else a new one.
[[nodiscard]] auto request_id_from(std::optional<std::string_view> header) -> std::string;
/// The caller's trace with a span id of ours; a new, unsampled trace where the header is absent or invalid.
[[nodiscard]] auto continue_trace(std::optional<std::string_view> header) -> std::string;

} // namespace dossier::net
