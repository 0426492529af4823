#pragma once
// OAuth 2.0 client credentials with a signed assertion instead of a shared secret (`private_key_jwt`: RFC 7523 §2.2,
// OpenID Connect Core §9), as Okta wants it of service apps. RS256 or ES256, by the kind of the key.

#include "dossier/net/token_source.hpp"

#include <chrono>
#include <string>

namespace dossier::net {

struct PrivateKeyJwt {
    std::string url; ///< of the token endpoint, which is also the assertion's audience
    std::string client_id;
    Secret private_key; ///< PEM: RSA of at least 2,048 bits or EC P-256; "\n" for line ends is understood
    std::string key_id; ///< "" = no `kid`
    std::string scope;
};

/// The assertion itself, good for five minutes. `invalid_argument` for a key that can't be used.
[[nodiscard]] auto client_assertion(const PrivateKeyJwt& credentials, std::chrono::system_clock::time_point now)
    -> Result<std::string>;
/// `invalid_argument` for a key that can't be used; errors of the Fetch are those of client_credentials().
/// @param upstream outlives the Fetch
[[nodiscard]] auto private_key_jwt(Upstream& upstream, PrivateKeyJwt credentials) -> Result<TokenSource::Fetch>;

} // namespace dossier::net
