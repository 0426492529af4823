#include "listen.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/base/task.hpp"
#include "dossier/net/config.hpp"

#include <boost/asio/ip/address.hpp>

#include <charconv>

namespace dossier::net {

auto parse_listen(std::string_view listen) -> Result<ListenAddress> {
    const auto bad = [&] {
        return fail(Errc::invalid_argument,
                    "'" + std::string(listen) + "' is not host:port, like 127.0.0.1:8080 or [::1]:8080");
    };
    const auto colon = listen.rfind(':');
    if (colon == std::string_view::npos) return bad();
    auto host = listen.substr(0, colon);
    const auto digits = listen.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size()) return bad();
    if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    } else if (host.find_first_of(":[]") != std::string_view::npos) {
        return bad();
    }
    return ListenAddress{.host = std::string(host), .port = port};
}

auto is_loopback(std::string_view listen) -> bool {
    // The port may be missing here: what can't be loopback is all that has to be told apart.
    auto host = std::string(trim(listen));
    if (const auto parsed = parse_listen(host)) {
        host = parsed->host;
    } else if (host.starts_with('[') && host.ends_with(']')) {
        host = host.substr(1, host.size() - 2);
    }
    if (lower(host) == "localhost") return true;
    boost::system::error_code error;
    const auto address = asio::ip::make_address(host, error);
    if (error) return false;
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).is_loopback();
    }
    return address.is_loopback();
}

} // namespace dossier::net
