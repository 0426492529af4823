#pragma once
// Tags on an asset of Orca's (VENDORS §3.3; `custom_tag_rule.go` and its document in
// orcasecurity/terraform-provider-orcasecurity). Orca has no call for one asset: a *rule* tags whatever its query
// finds, and a tag key may stand in one rule only. So one rule of ours names the assets of one classification; an asset
// that is classified anew moves to another rule. Where a key is taken by a rule with other values, Orca can't hold
// both, and that is an error which says so: `write_back.tag_endpoint` is the way out.

#include "dossier/ingest/platform_api.hpp"

#include "orca_query.hpp"

namespace dossier::ingest {

auto orca_tag(RestClient& client, std::string asset_id, Classification classification, Deadline deadline)
    -> Task<Result<WriteReceipt>>;

} // namespace dossier::ingest
