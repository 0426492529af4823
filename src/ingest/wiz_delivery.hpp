#pragma once
// Why Wiz may have sent no webhook for an issue, as far as its automation rules show it: none that sends anything out,
// none for that event, or one whose filter leaves the issue out.

#include "dossier/base/json_view.hpp"

#include <string>
#include <vector>

namespace dossier::ingest {

struct WizAutomationRule {
    std::string name;
    bool enabled = false;
    bool sends_out = false; ///< to a webhook or to a queue that may end in one
    bool about_issues = false;
    std::vector<std::string> triggers;   ///< CREATED, UPDATED, RESOLVED, REOPENED …
    std::vector<std::string> severities; ///< that its filter takes; empty = all
    std::vector<std::string> projects;   ///< ids, likewise
};
[[nodiscard]] auto read_automation_rule(JsonView rule) -> WizAutomationRule;

/// "" where a rule should have sent it, or nothing can be said.
[[nodiscard]] auto why_not_delivered(const std::vector<WizAutomationRule>& rules, JsonView issue) -> std::string;

} // namespace dossier::ingest
