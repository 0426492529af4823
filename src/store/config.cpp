#include "dossier/store/config.hpp"

#include "postgres_target.hpp"

namespace dossier::store {

auto read_store(config::Section section) -> StoreConfig {
    StoreConfig store;
    section.read("url", store.url);
    section.read("password", store.password);
    // The URL may hold a password: messages don't quote it.
    if (is_postgres_url(store.url)) {
        if (const auto target = PostgresTarget::parse(store.url, {}); !target)
            section.problem("url", target.error().message);
    } else if (!store.url.starts_with("sqlite:") || store.url.size() == std::string_view("sqlite:").size()) {
        section.problem("url", "expected sqlite:PATH, as sqlite:data/dossier.db, or postgresql://user@host/database");
    } else if (!store.password.empty()) {
        section.problem("password", "only PostgreSQL takes one");
    }
    return store;
}

} // namespace dossier::store
