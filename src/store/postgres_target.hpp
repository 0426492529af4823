#pragma once
// Where the PostgreSQL store is, as libpq takes it: a URL with everything that libpq knows (several hosts, sslmode,
// sslrootcert, options, …) and defaults of ours where it is silent. No password stands in the URL: it comes from the
// configuration's `store.password`, or by libpq's own ways (PGPASSWORD, ~/.pgpass, a client certificate).

#include "dossier/base/error.hpp"
#include "dossier/base/units.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::store {

[[nodiscard]] auto is_postgres_url(std::string_view url) -> bool;

class PostgresTarget {
public:
    /// `invalid_argument` for a URL that libpq can't read or that holds a password; the message never quotes it.
    [[nodiscard]] static auto parse(const std::string& url, const Secret& password) -> Result<PostgresTarget>;

    enum class Access {
        read_write, ///< of several hosts the one that takes writes
        read_only,  ///< of several hosts the primary, even one that takes no writes for now; its own are refused
    };
    /// Keywords and values for PQconnectdbParams.
    [[nodiscard]] auto parameters(Access access) const -> std::vector<std::pair<std::string, std::string>>;
    /// Hosts, port and database, for people.
    [[nodiscard]] auto describe() const -> std::string;

private:
    [[nodiscard]] auto value(std::string_view keyword) const -> std::string;

    std::vector<std::pair<std::string, std::string>> given_;
    Secret password_;
};

} // namespace dossier::store
