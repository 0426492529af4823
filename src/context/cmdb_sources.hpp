#pragma once
// CMDBs over the network, by kind. What each asks and how it reads the answer stands in its own file.

#include "dossier/context/enricher.hpp"

#include <memory>

namespace dossier::context {

[[nodiscard]] auto make_http_cmdb(const ProviderConfig& provider, const ContextConfig& config,
                                  const SourceMakings& makings) -> std::unique_ptr<CmdbSource>;
[[nodiscard]] auto make_servicenow_cmdb(const ProviderConfig& provider, const ContextConfig& config,
                                        const SourceMakings& makings) -> std::unique_ptr<CmdbSource>;
[[nodiscard]] auto make_backstage_cmdb(const ProviderConfig& provider, const ContextConfig& config,
                                       const SourceMakings& makings) -> std::unique_ptr<CmdbSource>;

} // namespace dossier::context
