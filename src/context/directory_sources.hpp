#pragma once
// The identity sources that are directories of people. `invalid_argument` where the configuration can't work.

#include "dossier/context/enricher.hpp"

#include <memory>

namespace dossier::context {

[[nodiscard]] auto make_scim_identity(const ProviderConfig& provider, const ContextConfig& config,
                                      const SourceMakings& makings) -> Result<std::unique_ptr<IdentitySource>>;
[[nodiscard]] auto make_okta_identity(const ProviderConfig& provider, const ContextConfig& config,
                                      const SourceMakings& makings) -> Result<std::unique_ptr<IdentitySource>>;
[[nodiscard]] auto make_msgraph_identity(const ProviderConfig& provider, const ContextConfig& config,
                                         const SourceMakings& makings) -> Result<std::unique_ptr<IdentitySource>>;

} // namespace dossier::context
