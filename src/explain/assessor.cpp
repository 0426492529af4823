#include "dossier/explain/assessor.hpp"

#include "compliance_catalogue.hpp"
#include "control_failure.hpp"
#include "graph_words.hpp"
#include "knowledge_files.hpp"
#include "policy_catalogue.hpp"
#include "policy_drafter.hpp"
#include "remediation_catalogue.hpp"
#include "risk.hpp"

#include <algorithm>
#include <utility>

namespace dossier::explain {

namespace {

constexpr std::size_t most_principals = 20;

/// The control to mend first: the one that is named, unless it is only a consequence of being public.
auto control_to_mend(const Finding& finding, Exposure exposure) -> ControlFamily {
    const bool is_vague = finding.control == ControlFamily::other || finding.control == ControlFamily::data_at_risk;
    if (is_vague && exposure == Exposure::public_) return ControlFamily::public_access;
    if (is_vague && exposure == Exposure::cross_account) return ControlFamily::excessive_access;
    return finding.control;
}

auto reach_lines(const Context& context, Exposure exposure) -> std::vector<std::string> {
    std::vector<std::string> lines;
    if (exposure == Exposure::public_) lines.emplace_back("Anyone on the internet can reach the resource.");
    if (exposure == Exposure::cross_account) lines.emplace_back("Principals of other accounts can reach the resource.");
    std::size_t shown = 0;
    for (const auto& principal : context.access) {
        if (shown++ == most_principals) {
            lines.push_back(std::to_string(context.access.size() - most_principals) + " more principals have access.");
            break;
        }
        const auto who = principal.kind == "anyone" ? "Anyone" : principal.kind + " " + principal.id;
        lines.push_back(who + " has " + principal.level + " access (" + principal.origin + ").");
    }
    if (context.blast_radius)
        if (auto sentence = radius_sentence(*context.blast_radius); !sentence.empty())
            lines.push_back(std::move(sentence));
    return lines;
}

} // namespace

struct Assessor::Impl {
    ComplianceCatalogue compliance;
    RemediationCatalogue remediation;
    PolicyCatalogue policies;
};

Assessor::Assessor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Assessor::~Assessor() = default;

auto Assessor::load(const std::string& directory) -> Result<std::unique_ptr<Assessor>> {
    auto compliance_files = knowledge_files(directory, "compliance");
    if (!compliance_files) return fail(std::move(compliance_files.error()));
    auto compliance = ComplianceCatalogue::parse(*compliance_files);
    if (!compliance) return fail(std::move(compliance.error()));
    auto remediation_files = knowledge_files(directory, "remediation");
    if (!remediation_files) return fail(std::move(remediation_files.error()));
    auto remediation = RemediationCatalogue::parse(*remediation_files);
    if (!remediation) return fail(std::move(remediation.error()));
    auto policy_files = knowledge_files(directory, "policies");
    if (!policy_files) return fail(std::move(policy_files.error()));
    auto policies = PolicyCatalogue::parse(*policy_files);
    if (!policies) return fail(std::move(policies.error()));
    return std::unique_ptr<Assessor>(new Assessor(std::make_unique<Impl>(Impl{.compliance = std::move(*compliance),
                                                                              .remediation = std::move(*remediation),
                                                                              .policies = std::move(*policies)})));
}

auto Assessor::assess(const std::vector<Finding>& findings, const Context& context) const -> Assessment {
    Assessment assessment;
    if (findings.empty()) return assessment;
    const auto& first = findings.front();
    const auto exposure = widest_exposure(findings);

    assessment.factors = risk_factors(findings, context);
    assessment.risk = risk_of(assessment.factors);
    assessment.level = level_of(assessment.risk);
    assessment.reach = reach_lines(context, exposure);

    assessment.regulations = impl_->compliance.select({
        .controls = failed_controls(findings, exposure, context.environment),
        .data = data_facets(findings),
        .resource = &first.resource,
    });

    const auto& remedy = impl_->remediation.find(control_to_mend(first, exposure), first.resource);
    for (const auto& step : remedy.steps) assessment.remediation.push_back({.text = step});
    const auto snippet = remedy.snippet ? fill(*remedy.snippet, first.resource) : std::nullopt;
    if (snippet) {
        assessment.snippet = snippet->text;
        assessment.snippet_title = snippet->title;
        assessment.snippet_language = snippet->language;
    } else {
        // A step must not point at a snippet that isn't there.
        for (auto& step : assessment.remediation)
            if (const auto at = step.text.find(" (snippet below)"); at != std::string::npos) step.text.erase(at, 16);
    }
    auto exposed = first;
    exposed.exposure = exposure;
    assessment.policies = draft_policies(impl_->policies, control_to_mend(first, exposure), exposed, context);
    return assessment;
}

} // namespace dossier::explain
