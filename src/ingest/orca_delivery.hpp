#pragma once
// Why Orca sent no webhook for an alert, as far as its automations show it (GET /api/automations; action types as in
// orcasecurity/terraform-provider-orcasecurity, `automation_action_types.go`). An automation picks alerts by a query;
// the plain conditions of such a query are judged here, anything else counts as a match.

#include "dossier/ingest/platform_api.hpp"

#include "orca_query.hpp"

#include <memory>
#include <string>
#include <vector>

namespace dossier::ingest {

/// All automations, as they were read.
struct OrcaAutomations {
    std::vector<JsonDocument> pages;
    [[nodiscard]] auto all() const -> std::vector<JsonView>;
};
auto orca_automations(RestClient& client, Deadline deadline) -> Task<Result<std::shared_ptr<const OrcaAutomations>>>;

/// @param alert in the serving layer's form
/// @return "" where one should have been sent
[[nodiscard]] auto why_orca_was_silent(const OrcaAutomations& automations, JsonView alert) -> std::string;

} // namespace dossier::ingest
