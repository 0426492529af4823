#include "sqlite_store.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace dossier::store {

namespace {

auto open_sqlite(const StoreConfig& config, Sealer sealer, Database::Access access) -> Result<std::unique_ptr<Store>> {
    constexpr std::string_view sqlite = "sqlite:";
    if (!config.url.starts_with(sqlite) || config.url.size() == sqlite.size()) {
        // Only the scheme is repeated: a database URL may hold a password.
        return fail(Errc::invalid_argument, fmt::format("store.url: '{}…' is no store of this build; use sqlite:PATH",
                                                        config.url.substr(0, config.url.find(':'))));
    }
    if (!sealer) return fail(Errc::invalid_argument, "the store needs a sealer for its audit chain");
    auto path = config.url.substr(sqlite.size());
    if (access == Database::Access::read_only && !std::filesystem::exists(path))
        return fail(Errc::not_found, "there is no store at " + path);
    try {
        return std::make_unique<SqliteStore>(path, std::move(sealer), access);
    } catch (const SqliteFailure& failure) {
        return fail(failure.to_error());
    }
}

} // namespace

auto open_store(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    return open_sqlite(config, std::move(sealer), Database::Access::read_write);
}

auto open_store_to_read(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    return open_sqlite(config, std::move(sealer), Database::Access::read_only);
}

auto SqliteStore::probe() -> Task<Result<void>> {
    return writer_.submit<void>([](WriteSession& session) -> Result<void> {
        session.db.run("UPDATE probe SET writes = writes + 1 WHERE id=1");
        return {};
    });
}

auto SqliteStore::on_writer(std::function<void(Database&)> act) -> Task<Result<void>> {
    return writer_.submit<void>([act = std::move(act)](WriteSession& session) -> Result<void> {
        act(session.db);
        return {};
    });
}

} // namespace dossier::store
