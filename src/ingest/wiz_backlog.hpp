#pragma once
// Stores whose sensitivity Wiz doesn't know: the graph's stores without a data inventory and without a data finding
// (Wiz writes an inventory for every store that its scanner has looked into), with what the graph knows of their shape.

#include "dossier/ingest/platform_api.hpp"
#include "wiz_graph.hpp"

#include <string>

namespace dossier::ingest {

/// @param cursor "" = from the beginning
/// @param console base of Wiz's console, for links
auto wiz_backlog(WizClient& client, std::string cursor, std::string console, Deadline deadline)
    -> Task<Result<BacklogPage>>;

/// s3 | azure_blob | gcs | rds | bigquery | snowflake | data_lake, else the type in lower case.
[[nodiscard]] auto wiz_store_kind(const WizEntity& store) -> std::string;

} // namespace dossier::ingest
