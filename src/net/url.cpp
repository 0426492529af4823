#include "dossier/net/url.hpp"

#include "dossier/base/strings.hpp"

#include <algorithm>

namespace dossier::net {
namespace {

constexpr std::string_view scheme_end = "://";

/// "user@host:port" without what is not the address: a user part could pass another host off as the first one.
auto address_of(std::string_view url) -> std::string_view {
    if (const auto scheme = url.find(scheme_end); scheme != std::string_view::npos)
        url.remove_prefix(scheme + scheme_end.size());
    url = url.substr(0, std::min(url.find_first_of("/?#\\"), url.size()));
    if (const auto user = url.rfind('@'); user != std::string_view::npos) url.remove_prefix(user + 1);
    return url;
}

} // namespace

auto origin_of(std::string_view url) -> std::string {
    const auto scheme_size = url.find(scheme_end);
    const auto address = address_of(url);
    if (scheme_size == std::string_view::npos || address.empty()) return {};
    const auto scheme = lower(url.substr(0, scheme_size));
    auto origin = scheme + std::string(scheme_end) + lower(address);
    const std::string_view default_port = scheme == "https" ? ":443" : ":80";
    if (origin.ends_with(default_port)) origin.resize(origin.size() - default_port.size());
    return origin;
}

auto host_of(std::string_view url) -> std::string {
    const auto address = address_of(url);
    if (address.starts_with('[')) return lower(address.substr(0, address.find(']') + 1)); // IPv6
    return lower(address.substr(0, address.find(':')));
}

auto same_origin(std::string_view a, std::string_view b) -> bool {
    const auto origin = origin_of(a);
    return !origin.empty() && origin == origin_of(b);
}

} // namespace dossier::net
