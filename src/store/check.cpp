#include "dossier/store/check.hpp"

#include "postgres_database.hpp"
#include "postgres_migrate.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::store {

namespace {

/// libpq hands on no SQLSTATE of a connection that was refused; these are the server's words and its own.
auto refusal_of(const PostgresFailure& failure) -> Error {
    constexpr std::pair<std::string_view, Errc> meanings[] = {{"authentication failed", Errc::unauthenticated},
                                                              {"no password supplied", Errc::unauthenticated},
                                                              {"no pg_hba.conf entry", Errc::unauthenticated},
                                                              {"is not permitted to log in", Errc::unauthenticated},
                                                              {"does not exist", Errc::storage},
                                                              {"permission denied for database", Errc::forbidden}};
    const std::string_view words = failure.what();
    const auto* known =
        std::ranges::find_if(meanings, [&](const auto& meaning) { return words.contains(meaning.first); });
    return {.code = known == std::end(meanings) ? Errc::unavailable : known->second,
            .message = failure.what(),
            .context = {},
            .retry_after = {}};
}

auto can_be_read(const PostgresTarget& target) -> bool {
    try {
        const PostgresDatabase db(target, PostgresTarget::Access::read_only);
        return true;
    } catch (const PostgresFailure&) {
        return false;
    }
}

auto look_at(PostgresDatabase& db) -> Result<StoreCheck> {
    StoreCheck check;
    db.begin("BEGIN READ ONLY");
    auto rows = db.query("SELECT current_setting('server_version'), current_user::text, current_schema()::text, "
                         "has_schema_privilege(current_schema(), 'CREATE')");
    if (!rows.next()) return fail(Errc::storage, "store: PostgreSQL said nothing of itself");
    if (rows.is_null(2)) return fail(Errc::storage, "store: no schema of the search path exists");
    check.detail = fmt::format("PostgreSQL {}, as {}, schema {}", rows.text(0), rows.text(1), rows.text(2));
    if (rows.integer(3) == 0) {
        check.missing.push_back("CREATE on schema " + rows.text(2));
        return check;
    }
    const auto version = schema_version(db, static_cast<std::int64_t>(schema().size()));
    check.detail += version ? fmt::format(" at version {} of {}", *version, schema().size())
                            : std::string(" without our tables yet: serve makes them");
    return check;
}

} // namespace

auto describe_store(const StoreConfig& config) -> std::string {
    if (!is_remote(config)) return config.url;
    const auto target = PostgresTarget::parse(config.url, {});
    return target ? target->describe() : "postgresql";
}

auto is_remote(const StoreConfig& config) -> bool { return is_postgres_url(config.url); }

auto check_store(const StoreConfig& config) -> Result<StoreCheck> {
    const auto target = PostgresTarget::parse(config.url, config.password);
    if (!target) return fail(target.error());
    std::optional<PostgresDatabase> db;
    try {
        db.emplace(*target, PostgresTarget::Access::read_write);
    } catch (const PostgresFailure& failure) {
        if (can_be_read(*target))
            return fail(Errc::storage,
                        "store: the server takes no writes (a standby, or default_transaction_read_only)");
        return fail(refusal_of(failure));
    }
    try {
        return look_at(*db);
    } catch (const StoreFailure& failure) {
        auto error = failure.to_error();
        const std::pair<std::string, std::string> insufficient_privilege{"sqlstate", "42501"};
        if (std::ranges::find(error.context, insufficient_privilege) != error.context.end())
            error.code = Errc::forbidden;
        return fail(std::move(error));
    }
}

} // namespace dossier::store
