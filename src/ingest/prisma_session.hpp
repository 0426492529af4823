#pragma once
// How one is known to Prisma Cloud (VENDORS §2.3; pan.dev "Login", "Extend Session"): an access key gives a JSON Web
// Token, sent as `x-redlock-auth`, which lives for ten minutes or as long as its `exp` says, and may be extended while
// it lives. A key that belongs to several tenants has to name one. What went wrong stands in the header
// `x-redlock-status`, a JSON list, and seldom in the body.

#include "dossier/base/time.hpp"
#include "dossier/ingest/config.hpp"
#include "dossier/net/token_source.hpp"

#include <string>

namespace dossier::ingest {

/// "invalid_credentials (access key)" from the header, else the body's message; "" where there is neither.
[[nodiscard]] auto prisma_words(const net::HttpResponse& response) -> std::string;

void apply_redlock(net::ClientRequest& request, const Secret& token);

/// Extends the current token, else signs in.
/// @param upstream outlives the Fetch
[[nodiscard]] auto prisma_sign_in(net::Upstream& upstream, const ApiConfig& api) -> net::TokenSource::Fetch;

/// How long a token lives, by its own claims: `exp` − `iat`, which no clock difference spoils, else `exp` − now, else
/// ten minutes. Never under a second or over a day.
[[nodiscard]] auto jwt_lifetime(std::string_view token, Timestamp now) -> std::chrono::seconds;

} // namespace dossier::ingest
