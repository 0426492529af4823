#include "listen.hpp"

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

} // namespace dossier::net
