#pragma once
// Parts of http(s) URLs, as far as our rules ask for them: which host is meant, and whether two are of one origin
// (RFC 6454), so that a token is sent to nobody but who gave it.

#include <string>
#include <string_view>

namespace dossier::net {

/// "https://host:port" of a URL, in lower case and without a default port; "" where it is none.
[[nodiscard]] auto origin_of(std::string_view url) -> std::string;
/// "host" of a URL or of an address without a scheme, in lower case.
[[nodiscard]] auto host_of(std::string_view url) -> std::string;
/// False where either is no URL.
[[nodiscard]] auto same_origin(std::string_view a, std::string_view b) -> bool;

} // namespace dossier::net
