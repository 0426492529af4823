#include "wiz_delivery.hpp"

#include "dossier/base/strings.hpp"

#include "json_unfolder.hpp"
#include "payload_fields.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace dossier::ingest {
namespace {

auto holds(const std::vector<std::string>& words, std::string_view word) -> bool {
    return std::ranges::any_of(words, [&](const auto& one) { return iequals(one, word); });
}

auto goes_out(std::string_view template_type) -> bool {
    static const std::vector<std::string> channels = {"WEBHOOK",         "AWS_SNS",           "AWS_EVENT_BRIDGE",
                                                      "GCP_PUB_SUB",     "AZURE_SERVICE_BUS", "AZURE_LOGIC_APPS",
                                                      "AZURE_EVENT_GRID"};
    return holds(channels, template_type);
}

/// A filter's value: a list, or {equals: [...]}.
auto filter_words(JsonView filter) -> std::vector<std::string> {
    return words_in(filter.is_object() ? filter["equals"] : filter);
}

/// The event that the issue's present state would have been told by.
auto event_of(std::string_view status) -> std::string_view {
    if (iequals(status, "RESOLVED")) return "RESOLVED";
    if (iequals(status, "IN_PROGRESS") || iequals(status, "REJECTED")) return "UPDATED";
    return "CREATED";
}

} // namespace

auto read_automation_rule(JsonView rule) -> WizAutomationRule {
    JsonUnfolder unfold;
    WizAutomationRule read;
    read.name = first_text({rule["name"], rule["id"]});
    read.enabled = rule["enabled"].boolean().value_or(false);
    const auto source = first_text({rule["triggerSource"]});
    read.about_issues = holds({"ISSUES", "CONTROL", "THREATS", "POSTURE_ISSUES"}, source);
    read.triggers = words_in(rule["triggerType"]);
    for (const auto& action : rule["actions"].elements())
        read.sends_out = read.sends_out || goes_out(first_text({action["actionTemplateType"]}));
    const auto filters = unfold.member(rule, "filters");
    read.severities = filter_words(filters["severity"]);
    read.projects = filter_words(filters["project"]);
    return read;
}

auto why_not_delivered(const std::vector<WizAutomationRule>& rules, JsonView issue) -> std::string {
    std::vector<const WizAutomationRule*> candidates;
    for (const auto& rule : rules)
        if (rule.about_issues && rule.sends_out) candidates.push_back(&rule);
    if (candidates.empty()) return "no automation rule of Wiz sends issues out";
    std::erase_if(candidates, [](const auto* rule) { return !rule->enabled; });
    if (candidates.empty()) return "every automation rule of Wiz that sends issues out is switched off";

    const auto event = event_of(first_text({issue["status"]}));
    const auto fires = [&](const WizAutomationRule& rule) {
        return rule.triggers.empty() || holds(rule.triggers, event) || holds(rule.triggers, "STATUS_CHANGED");
    };
    std::erase_if(candidates, [&](const auto* rule) { return !fires(*rule); });
    if (candidates.empty()) return fmt::format("no enabled automation rule of Wiz fires on {}", event);

    std::string reason;
    const auto severity = first_text({issue["severity"]});
    for (const auto* rule : candidates) {
        if (!rule->severities.empty() && !holds(rule->severities, severity)) {
            reason = fmt::format("the automation rule \"{}\" takes only {}", shorten(rule->name, 80),
                                 join(rule->severities, ", "));
            continue;
        }
        const auto projects = issue["projects"].elements();
        const bool is_inside = std::ranges::any_of(
            projects, [&](const auto& project) { return holds(rule->projects, first_text({project["id"]})); });
        if (!rule->projects.empty() && !is_inside) {
            reason = fmt::format("the automation rule \"{}\" is limited to other projects", shorten(rule->name, 80));
            continue;
        }
        return {};
    }
    return reason;
}

} // namespace dossier::ingest
