#pragma once
// Every GraphQL document that dossier sends to Wiz. Field names and types follow Wiz's own schema as public clients
// carry it (VENDORS §1.3); each document has one un-aliased root field, and everything that varies is a variable.

#include "wiz_client.hpp"

#include <string>

namespace dossier::ingest::wiz {

/// One page of issues. Variables: filterBy, first, after, orderBy.
[[nodiscard]] auto issues() -> WizOperation;
/// Ids and times only, for looking through all open issues. Variables as above.
[[nodiscard]] auto issue_times() -> WizOperation;
/// Notes, tickets, type and status of issues: what a write looks at first. Variables: filterBy, first.
[[nodiscard]] auto issue_marks() -> WizOperation;
/// One issue of whatever generation. Variables: id.
[[nodiscard]] auto issue() -> WizOperation;
[[nodiscard]] auto configuration_findings() -> WizOperation;
[[nodiscard]] auto vulnerability_findings() -> WizOperation;
[[nodiscard]] auto detection() -> WizOperation;
[[nodiscard]] auto data_finding() -> WizOperation;

/// Variables: query, projectId, first, after, quick.
[[nodiscard]] auto graph_search() -> WizOperation;
[[nodiscard]] auto network_exposures() -> WizOperation;
[[nodiscard]] auto effective_access() -> WizOperation;
[[nodiscard]] auto excessive_access() -> WizOperation;
[[nodiscard]] auto cloud_events() -> WizOperation;
[[nodiscard]] auto data_classifiers() -> WizOperation;
[[nodiscard]] auto automation_rules() -> WizOperation;

[[nodiscard]] auto create_note() -> WizOperation;
[[nodiscard]] auto associate_ticket() -> WizOperation;
[[nodiscard]] auto update_issue() -> WizOperation;

} // namespace dossier::ingest::wiz
