#pragma once
// What `dossier check --connect` asks of the store: whether `serve` could open it. Only looks: nothing is created or
// migrated.

#include "dossier/store/store.hpp"

#include <string>
#include <vector>

namespace dossier::store {

struct StoreCheck {
    std::vector<std::string> missing; ///< privileges, in PostgreSQL's words
    std::string detail;               ///< one sentence: server, user and schema
};

/// Where the store is, for people; never with a password.
[[nodiscard]] auto describe_store(const StoreConfig& config) -> std::string;
/// True for a store that is a server, and so can be out of reach.
[[nodiscard]] auto is_remote(const StoreConfig& config) -> bool;
/// Asks the server of a remote store; waits for it. `unavailable` when it can't be reached, `unauthenticated` when it
/// doesn't let us in, `forbidden` when its tables are not ours to use, `storage` when it can't be used otherwise (no
/// such database, takes no writes, holds another program's tables).
[[nodiscard]] auto check_store(const StoreConfig& config) -> Result<StoreCheck>;

} // namespace dossier::store
