#pragma once
// What only a provider of AWS has to get right in the configuration.

#include "dossier/context/config.hpp"

namespace dossier::context::aws {

void check_provider(config::Section& section, const ProviderConfig& provider);

} // namespace dossier::context::aws
