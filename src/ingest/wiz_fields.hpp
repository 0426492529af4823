#pragma once
// Members that Wiz's kinds of findings share, each in its many places: the rule, the resource and its subscription,
// projects, frameworks, and what a data finding says of a store.

#include "finding_draft.hpp"

#include "dossier/base/json_view.hpp"
#include "dossier/finding/finding.hpp"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::ingest {

[[nodiscard]] auto severity_in(std::initializer_list<JsonView> places) -> std::optional<Severity>;
[[nodiscard]] auto status_in(std::initializer_list<JsonView> places) -> std::optional<Status>;

/// The rule in its many places: `control` (default template), `sourceRule`, `sourceRules[0]`, the issue's own copies.
struct RuleViews {
    JsonView first;
    JsonView second;
    JsonView third;
    [[nodiscard]] auto text(std::string_view name) const -> std::string;
};
void read_rule(FindingDraft& draft, const RuleViews& rule);

void read_compliance(Finding& finding, JsonView categories);
void read_projects(Finding& finding, JsonView projects);

[[nodiscard]] auto native_or_graph_type(JsonView resource) -> std::string;
void read_subscription(Resource& resource, JsonView account);
/// `resource` of an issue webhook and `entitySnapshot` of an API issue name the same things differently.
void read_entity(Finding& finding, JsonView entity);

/// `GDPR 2415`: the classifier that found something; the store that holds it is known to the graph only.
void read_data_entity(FindingDraft& draft, JsonView entity);
/// The store that holds what a data finding found, as our client asked the graph and added it to the issue.
void read_data_store(Finding& finding, JsonView store);
/// A data finding names no store; what the API has been asked for carries `dataStore`, be it empty.
[[nodiscard]] auto lacks_data_store(JsonView item) -> bool;

[[nodiscard]] auto type_of_issue(JsonView issue) -> std::optional<FindingType>;
/// Where nothing says a type, the title may.
void settle_type(FindingDraft& draft);

} // namespace dossier::ingest
