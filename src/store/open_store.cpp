#include "postgres_migrate.hpp"
#include "postgres_store.hpp"
#include "sql_rows.hpp"
#include "sqlite_migrate.hpp"
#include "sqlite_store.hpp"
#include "store_to_read.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace dossier::store {

namespace {

using Opened = Result<std::unique_ptr<Store>>;

/// Calls what belongs to the kind of database that the URL names.
auto open_by_kind(const StoreConfig& config, Sealer sealer, Opened (*sqlite)(const std::string& path, Sealer sealer),
                  Opened (*postgres)(PostgresTarget target, Sealer sealer)) -> Opened {
    constexpr std::string_view scheme = "sqlite:";
    if (!sealer) return fail(Errc::invalid_argument, "the store needs a sealer for its audit chain");
    try {
        if (is_postgres_url(config.url)) {
            auto target = PostgresTarget::parse(config.url, config.password);
            if (!target) return fail(Errc::invalid_argument, "store.url: " + target.error().message);
            return postgres(std::move(*target), std::move(sealer));
        }
        if (config.url.starts_with(scheme) && config.url.size() > scheme.size())
            return sqlite(config.url.substr(scheme.size()), std::move(sealer));
    } catch (const StoreFailure& failure) {
        return fail(failure.to_error());
    }
    // Only the scheme is repeated: a database URL may hold a password.
    return fail(Errc::invalid_argument,
                fmt::format("store.url: '{}…' is no store; use sqlite:PATH or postgresql://user@host/database",
                            config.url.substr(0, config.url.find(':'))));
}

auto open_sqlite_to_read(const std::string& path, Sealer sealer) -> Opened {
    if (!std::filesystem::exists(path)) return fail(Errc::not_found, "there is no store at " + path);
    SqliteDatabase db(path, SqliteDatabase::Access::read_only);
    check_schema(db, schema());
    return std::make_unique<StoreToRead<SqliteReaders, std::string>>(path, std::move(sealer),
                                                                     count_unfinished(db, Writers::one));
}

auto open_postgres_to_read(PostgresTarget target, Sealer sealer) -> Opened {
    PostgresDatabase db(target, PostgresTarget::Access::read_only);
    if (!check_schema(db, schema())) return fail(Errc::not_found, "there is no store at " + target.describe());
    return std::make_unique<StoreToRead<PostgresReaders, PostgresTarget>>(std::move(target), std::move(sealer),
                                                                          count_unfinished(db, Writers::many));
}

} // namespace

auto open_store(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    return open_by_kind(
        config, std::move(sealer),
        [](const std::string& path, Sealer its) -> Opened {
            return std::make_unique<SqliteStore>(path, std::move(its));
        },
        [](PostgresTarget target, Sealer its) -> Opened {
            return std::make_unique<PostgresStore>(std::move(target), std::move(its));
        });
}

auto open_store_to_read(const StoreConfig& config, Sealer sealer) -> Result<std::unique_ptr<Store>> {
    return open_by_kind(config, std::move(sealer), open_sqlite_to_read, open_postgres_to_read);
}

} // namespace dossier::store
