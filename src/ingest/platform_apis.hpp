#pragma once
// The implementations behind make_platform_api, one a platform. Each is told its configuration with `api` set.

#include "dossier/ingest/platform_api.hpp"

namespace dossier::ingest {

[[nodiscard]] auto make_wiz_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi>;
[[nodiscard]] auto make_prisma_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi>;
[[nodiscard]] auto make_orca_api(const SourceConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<PlatformApi>;

} // namespace dossier::ingest
