#pragma once
// `dossier check --connect` for a Wiz source: a token, then each right that the configuration needs by a read that
// changes nothing; rights to write can't be tried so, and are read off the token where it shows its scopes.

#include "dossier/net/connect_check.hpp"
#include "wiz_client.hpp"

#include <optional>
#include <string>
#include <vector>

namespace dossier::ingest {

auto wiz_check(WizClient& client, Deadline deadline) -> Task<net::ConnectCheck>;

/// Scopes that a JSON Web Token shows in its payload (`scope`, `scopes`, `scp` or `permissions`); nullopt where it is
/// none or shows none. Only read, never trusted: Wiz decides.
[[nodiscard]] auto scopes_in_token(std::string_view token) -> std::optional<std::vector<std::string>>;
/// Whether `scopes` cover `wanted`; `read:all`, `write:all`, `admin:all` and `write:x` for `update:x` count.
[[nodiscard]] auto is_covered(const std::vector<std::string>& scopes, std::string_view wanted) -> bool;

} // namespace dossier::ingest
