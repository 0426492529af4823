#pragma once
// `host:port` as the configuration writes it: a name, an IPv4 address, an IPv6 address in brackets (RFC 3986 §3.2.2),
// or nothing for every address.

#include "dossier/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dossier::net {

struct ListenAddress {
    std::string host; ///< without brackets; "" = every address
    std::uint16_t port = 0;
};

[[nodiscard]] auto parse_listen(std::string_view listen) -> Result<ListenAddress>;

} // namespace dossier::net
