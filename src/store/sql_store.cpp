#include "postgres_store.hpp"
#include "sqlite_store.hpp"

#include <fmt/format.h>

namespace dossier::store {

auto open_store(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    constexpr std::string_view sqlite = "sqlite:";
    if (!sealer) return fail(Errc::invalid_argument, "the store needs a sealer for its audit chain");
    try {
        if (is_postgres_url(config.url)) {
            auto target = PostgresTarget::parse(config.url, config.password);
            if (!target) return fail(Errc::invalid_argument, "store.url: " + target.error().message);
            return std::make_unique<PostgresStore>(std::move(*target), std::move(sealer));
        }
        if (config.url.starts_with(sqlite) && config.url.size() > sqlite.size())
            return std::make_unique<SqliteStore>(config.url.substr(sqlite.size()), std::move(sealer));
    } catch (const StoreFailure& failure) {
        return fail(failure.to_error());
    }
    // Only the scheme is repeated: a database URL may hold a password.
    return fail(Errc::invalid_argument,
                fmt::format("store.url: '{}…' is no store; use sqlite:PATH or postgresql://user@host/database",
                            config.url.substr(0, config.url.find(':'))));
}

auto SqlStore::probe() -> Task<Result<void>> {
    return write<void>([](WriteSession& session) -> Result<void> {
        session.db.run("UPDATE probe SET writes = writes + 1 WHERE id=1");
        return {};
    });
}

} // namespace dossier::store
