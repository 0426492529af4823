#include "dossier/store/config.hpp"

namespace dossier::store {

auto read_store(config::Section section) -> StoreConfig {
    StoreConfig store;
    section.read("url", store.url);
    // The URL may hold a password: messages don't quote it.
    if (store.url.starts_with("postgresql://") || store.url.starts_with("postgres://"))
        section.unavailable("url", "the PostgreSQL store");
    else if (!store.url.starts_with("sqlite:") || store.url.size() == std::string_view("sqlite:").size())
        section.problem("url", "expected sqlite:PATH, as sqlite:data/dossier.db");
    return store;
}

} // namespace dossier::store
