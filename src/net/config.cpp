#include "dossier/net/config.hpp"

#include "dossier/base/strings.hpp"

#include <arpa/inet.h>

#include <charconv>
#include <optional>

namespace dossier::net {
namespace {

struct HostPort {
    std::string host; ///< without brackets
    bool is_v6 = false;
};

auto parse_host_port(std::string_view listen) -> std::optional<HostPort> {
    const auto colon = listen.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return std::nullopt;
    const auto port_text = listen.substr(colon + 1);
    unsigned port = 0;
    const auto [at, error] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (error != std::errc{} || at != port_text.data() + port_text.size() || port > 65535) return std::nullopt;
    auto host = listen.substr(0, colon);
    if (host.front() == '[') {
        if (host.back() != ']') return std::nullopt;
        HostPort out{.host = std::string(host.substr(1, host.size() - 2)), .is_v6 = true};
        in6_addr address{};
        if (::inet_pton(AF_INET6, out.host.c_str(), &address) != 1) return std::nullopt;
        return out;
    }
    if (host.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != host.npos)
        return std::nullopt;
    return HostPort{.host = std::string(host)};
}

void read_listen(config::Section& section, std::string_view key, std::string& out) {
    std::string listen;
    section.read(key, listen);
    if (listen.empty()) return;
    if (!parse_host_port(listen)) return section.problem(key, "expected host:port, as 127.0.0.1:8080 or [::1]:8080");
    out = std::move(listen);
}

auto read_tls(config::Section section) -> TlsConfig {
    TlsConfig tls;
    section.read("cert", tls.cert);
    section.read("key", tls.key);
    section.read("client_ca", tls.client_ca);
    if (!tls.cert.empty() && tls.key.empty()) section.problem("key", "is required beside `cert`");
    if (!tls.key.empty() && tls.cert.empty()) section.problem("cert", "is required beside `key`");
    if (!tls.client_ca.empty() && tls.cert.empty()) section.problem("client_ca", "works only with `cert` and `key`");
    return tls;
}

} // namespace

auto read_server(config::Section section) -> ServerConfig {
    ServerConfig server;
    read_listen(section, "listen", server.listen);
    read_listen(section, "admin_listen", server.admin_listen);
    section.read("max_body", server.max_body);
    section.read("body_memory", server.body_memory);
    section.read("max_header", server.max_header);
    section.read("drain_timeout", server.drain_timeout);
    section.read("header_timeout", server.header_timeout);
    section.read("body_timeout", server.body_timeout);
    section.read("idle_timeout", server.idle_timeout);
    section.read("max_connections", server.max_connections, 1);
    server.tls = read_tls(section.child("tls"));
    constexpr std::uint64_t least = 1024;
    constexpr std::uint64_t most = std::uint64_t{1} << 30U;
    if (server.max_body.bytes < least || server.max_body.bytes > most)
        section.problem("max_body", "must be from 1KiB to 1GiB");
    if (server.body_memory.bytes < server.max_body.bytes) {
        if (section.has("body_memory"))
            section.problem("body_memory", "must not be less than `max_body`: no body of that size could come in");
        server.body_memory = server.max_body;
    }
    if (server.max_header.bytes < least || server.max_header.bytes > (1U << 20U))
        section.problem("max_header", "must be from 1KiB to 1MiB");
    for (const auto& [key, timeout] :
         {std::pair{"header_timeout", server.header_timeout}, std::pair{"body_timeout", server.body_timeout},
          std::pair{"idle_timeout", server.idle_timeout}})
        if (timeout.count() <= 0) section.problem(key, "must be longer than nothing");
    return server;
}

auto is_loopback(std::string_view listen) -> bool {
    const auto parsed = parse_host_port(listen);
    if (!parsed) return false;
    if (parsed->is_v6) {
        in6_addr address{};
        return ::inet_pton(AF_INET6, parsed->host.c_str(), &address) == 1 && IN6_IS_ADDR_LOOPBACK(&address);
    }
    in_addr address{};
    if (::inet_pton(AF_INET, parsed->host.c_str(), &address) == 1) return (ntohl(address.s_addr) >> 24U) == 127;
    return iequals(parsed->host, "localhost");
}

} // namespace dossier::net
