#include "dossier/ingest/platform_api.hpp"

#include "platform_apis.hpp"

namespace dossier::ingest {

auto make_platform_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi> {
    if (!config.api) return nullptr;
    if (config.kind == "wiz") return make_wiz_api(config, client, metrics);
    if (config.kind == "prisma") return make_prisma_api(config, client, metrics);
    if (config.kind == "orca") return make_orca_api(config, client, metrics);
    return nullptr;
}

} // namespace dossier::ingest
