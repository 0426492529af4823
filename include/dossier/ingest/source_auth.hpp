#pragma once
// Does this delivery come from its source? None, bearer, basic, fixed header, HMAC or client certificate; all secrets
// are compared in constant time.

#include "dossier/base/time.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/http_message.hpp"

namespace dossier::ingest {

/// @param with_body false: only what the head can tell (hmac then passes for now)
/// @return `unauthenticated` with a message that doesn't help an attacker
[[nodiscard]] auto authenticate(const SourceAuthConfig& config, const net::HttpRequest& request, Timestamp now,
                                bool with_body) -> Result<void>;

} // namespace dossier::ingest
