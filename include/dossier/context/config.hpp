#pragma once
// Sections `identity`, `cmdb` and `context`.

#include "dossier/base/config.hpp"

#include <string>
#include <vector>

namespace dossier::context {

struct ProviderConfig {
    std::string kind; ///< file
    std::string name; ///< for messages and metrics; default "<kind>"
    std::string path; ///< file: YAML
};

struct ContextConfig {
    Duration timeout{2'000}; ///< for one source and one finding
    Duration cache_ttl{600'000};
    std::size_t max_in_flight = 64;
    std::vector<ProviderConfig> identity;
    std::vector<ProviderConfig> cmdb;
};

/// @param root the whole configuration: reads `identity`, `cmdb`, `context`
[[nodiscard]] auto read_context(config::Section& root) -> ContextConfig;

} // namespace dossier::context
