#pragma once
// What an item of Wiz is: its webhooks are texts that the customer edits, and its API returns several kinds of
// findings, so an item is told by the members that it has.

#include "json_unfolder.hpp"

#include "dossier/base/json_view.hpp"

namespace dossier::ingest {

enum class WizShape { issue_webhook, detection, threat, issue, configuration, vulnerability, data_finding, unknown };

[[nodiscard]] auto wiz_shape_of(JsonView item) -> WizShape;
/// The item inside the envelopes around a body: PagerDuty, Opsgenie, queues and GraphQL answers.
[[nodiscard]] auto unwrap_wiz(JsonUnfolder& unfold, JsonView item) -> JsonView;

} // namespace dossier::ingest
