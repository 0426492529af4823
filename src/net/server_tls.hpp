#pragma once
// The server's side of TLS: 1.2 or newer, certificate chain and key from PEM files. With `client_ca`, client
// certificates are asked for and a bad one fails the handshake; a client without one is let in, because sources with
// other kinds of authentication share the port. Who must have one is decided by the subject, above.

#include "dossier/base/error.hpp"
#include "dossier/net/config.hpp"

#include <boost/asio/ssl/context.hpp>

#include <memory>
#include <string>

namespace dossier::net {

/// `invalid_argument` with OpenSSL's reason when a file can't be used.
[[nodiscard]] auto make_server_tls(const TlsConfig& config) -> Result<std::shared_ptr<boost::asio::ssl::context>>;
/// Subject of the verified client certificate in RFC 2253 form, "" without one.
[[nodiscard]] auto verified_subject(SSL* connection) -> std::string;

} // namespace dossier::net
