#pragma once
// What must hold of an entry of `cmdb` beyond its keys: pairs of credentials, names in maps, places in URLs.

#include "dossier/context/config.hpp"

namespace dossier::context {

void check_cmdb_entry(config::Section& section, const ProviderConfig& provider);

} // namespace dossier::context
