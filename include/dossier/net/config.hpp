#pragma once
// Section `server`.

#include "dossier/base/config.hpp"

#include <string>

namespace dossier::net {

struct TlsConfig {
    std::string cert;      ///< PEM chain file
    std::string key;       ///< PEM key file
    std::string client_ca; ///< PEM file; set = client certificates are asked for and verified
    [[nodiscard]] auto enabled() const -> bool { return !cert.empty(); }
};

struct ServerConfig {
    std::string listen = "127.0.0.1:8080"; ///< host:port; port 0 takes a free one (logged as `server.listening`)
    std::string admin_listen;              ///< `/metrics` moves there when set
    ByteSize max_body{4U << 20U};
    ByteSize body_memory{64U << 20U}; ///< of all bodies that are under way at once
    ByteSize max_header{16U << 10U};
    Duration drain_timeout{20'000};
    Duration header_timeout{10'000}; ///< from the first byte of a request to the end of its header
    Duration body_timeout{30'000};   ///< for the whole body
    Duration idle_timeout{60'000};   ///< keep-alive between requests
    std::size_t max_connections = 4096;
    TlsConfig tls;
};

[[nodiscard]] auto read_server(config::Section section) -> ServerConfig;
/// True for 127.0.0.0/8, ::1 and localhost.
[[nodiscard]] auto is_loopback(std::string_view listen) -> bool;

} // namespace dossier::net
