#pragma once
// Section `store`.

#include "dossier/base/config.hpp"
#include "dossier/store/store.hpp"

namespace dossier::store {
[[nodiscard]] auto read_store(config::Section section) -> StoreConfig;
}
