#pragma once
// From an entry of `identity` or `cmdb` to its source, by kind.

#include "dossier/context/enricher.hpp"

namespace dossier::context {

[[nodiscard]] auto make_identity_source(const ProviderConfig& provider, const ContextConfig& config,
                                        const SourceMakings& makings) -> Result<std::unique_ptr<IdentitySource>>;
[[nodiscard]] auto make_cmdb_source(const ProviderConfig& provider, const ContextConfig& config,
                                    const SourceMakings& makings) -> Result<std::unique_ptr<CmdbSource>>;

} // namespace dossier::context
