#include "dossier/ingest/platform_api.hpp"

#include "platform_apis.hpp"

namespace dossier::ingest {

auto make_platform_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi> {
    if (!config.api) return nullptr;
    static_cast<void>(client);
    static_cast<void>(metrics);
    return nullptr;
}

} // namespace dossier::ingest
