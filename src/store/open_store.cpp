#include "sqlite_store.hpp"

#include <fmt/format.h>

namespace dossier::store {

auto open_store(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    constexpr std::string_view sqlite = "sqlite:";
    if (!config.url.starts_with(sqlite) || config.url.size() == sqlite.size()) {
        // Only the scheme is repeated: a database URL may hold a password.
        return fail(Errc::invalid_argument, fmt::format("store.url: '{}…' is no store of this build; use sqlite:PATH",
                                                        config.url.substr(0, config.url.find(':'))));
    }
    if (!sealer) return fail(Errc::invalid_argument, "the store needs a sealer for its audit chain");
    try {
        return std::make_unique<SqliteStore>(config.url.substr(sqlite.size()), std::move(sealer));
    } catch (const SqliteFailure& failure) {
        return fail(failure.to_error());
    }
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
