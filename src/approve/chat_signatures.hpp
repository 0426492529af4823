#pragma once
// Proofs that a call-back comes from the platform. Comparisons take the same time whatever differs.

#include "dossier/base/time.hpp"
#include "dossier/base/units.hpp"
#include "dossier/net/http_message.hpp"

#include <string>
#include <string_view>

namespace dossier::approve {

/// How far a timestamp may be from now, before or after (Slack's own library lets the future pass).
inline constexpr std::chrono::seconds slack_tolerance{300};

/// "v0=" and the HMAC-SHA256 of "v0:<timestamp>:<body>" in hex.
[[nodiscard]] auto slack_signature(const Secret& signing_secret, std::string_view timestamp, std::string_view body)
    -> std::string;
/// X-Slack-Signature over the raw body, and X-Slack-Request-Timestamp within the tolerance.
[[nodiscard]] auto is_signed_by_slack(const net::HttpRequest& request, const Secret& signing_secret, Timestamp now)
    -> bool;
/// "HMAC <base64>" over the raw body; the key is the base64-decoded security token.
[[nodiscard]] auto is_signed_by_teams(const net::HttpRequest& request, const Secret& security_token) -> bool;
/// What stands in a link to the confirmation page: hex HMAC-SHA256.
[[nodiscard]] auto link_signature(const Secret& link_secret, std::string_view draft_id, std::string_view content_hash,
                                  std::string_view expires) -> std::string;

} // namespace dossier::approve
