#pragma once
// A scan of a data source by Microsoft Purview Data Map, as an approved action: one run of a scan that people have set
// up there, watched to its end. Scanning data plane 2023-09-01 (learn.microsoft.com,
// rest/api/purview/scanningdataplane): the caller chooses the run's id, so a run whose start was never answered is
// recognised and not started twice. Microsoft Graph has no such thing (decision 31).

#include "dossier/base/config.hpp"
#include "dossier/finding/dossier.hpp"
#include "dossier/net/http_client.hpp"
#include "dossier/ticket/action.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ticket {

/// Which scan covers a store.
struct PurviewScanRule {
    std::vector<std::string> resource; ///< globs on id or name; none = any
    std::vector<std::string> account;  ///< globs; none = any
    std::string data_source;           ///< as it is registered in Purview
    std::string scan;
};

struct PurviewConfig {
    std::string name;
    std::string url;      ///< "https://acme.purview.azure.com"
    std::string auth_url; ///< token endpoint; "" = that of the tenant at login.microsoftonline.com
    std::string tenant_id;
    std::string client_id;
    Secret client_secret;
    std::string level = "incremental"; ///< full | incremental
    Duration poll{60'000};             ///< how often a run is asked for
    Duration timeout{15'000};
    std::vector<PurviewScanRule> scans; ///< first match wins
};
/// Section `scanners`.
[[nodiscard]] auto read_scanners(std::vector<config::Section> sections) -> std::vector<PurviewConfig>;

/// What a draft of kind `scan` is to start: its payload.
struct ScanOrder {
    std::string data_source;
    std::string scan;
    std::string level; ///< Full | Incremental
};
[[nodiscard]] auto to_text(const ScanOrder& order) -> std::string;
/// nullopt where it can't be read, or a part may not stand in a path.
[[nodiscard]] auto scan_order_from(const std::string& text) -> std::optional<ScanOrder>;
/// nullopt where no rule covers the store.
[[nodiscard]] auto scan_for(const PurviewConfig& config, const Resource& resource) -> std::optional<ScanOrder>;

/// Title, body and payload of a draft of kind `scan`; code's words alone.
[[nodiscard]] auto scan_draft(const PurviewConfig& config, const Finding& finding, const ScanOrder& order) -> Draft;

/// RFC 9562 version 8 of an action's key: the same action has the same run, whoever tries it and how often.
[[nodiscard]] auto run_id_of(const std::string& action_key) -> std::string;

[[nodiscard]] auto make_purview_target(const PurviewConfig& config, net::HttpClient& client, Metrics& metrics)
    -> std::shared_ptr<ActionTarget>;

} // namespace dossier::ticket
