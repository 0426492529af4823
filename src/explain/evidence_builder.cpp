#include "dossier/explain/evidence_builder.hpp"

#include "context_evidence.hpp"
#include "dossier/base/concat.hpp"
#include "dossier/base/strings.hpp"
#include "evidence_list.hpp"
#include "tampering.hpp"
#include "untrusted_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <ranges>
#include <set>

namespace dossier::explain {
namespace {

constexpr auto name_limit = evidence_name_limit;
constexpr auto text_limit = evidence_text_limit;
constexpr auto list_limit = evidence_list_limit;
constexpr std::size_t findings_limit = 8;
constexpr std::size_t containers_limit = 8; ///< tables whose fields are listed
constexpr std::size_t samples_limit = 5;    ///< masked rows

auto spaced(std::string_view word) -> std::string { return replace_all(std::string(word), "_", " "); }
auto name(std::string_view text) -> std::string { return clean_text(text, name_limit); }

/// "0.9 (90 %)": narratives use either form.
auto confidence_text(double confidence) -> std::string {
    return fmt::format("{:.2g} ({} %)", confidence, std::lround(confidence * 100));
}

auto joined(const std::vector<std::string>& words) -> std::string {
    std::vector<std::string> clean;
    for (const auto& word : words) {
        if (clean.size() == list_limit) break;
        clean.push_back(name(word));
    }
    return join(clean, ", ");
}

/// What one finding says; with several sources each statement names its own.
class Voice {
public:
    Voice(EvidenceItems& list, const Finding& finding, bool name_source)
        : list_(list), source_(name(finding.source)), name_source_(name_source) {}

    void add(std::string_view kind, std::string_view field, const std::string& statement, std::string value) {
        if (value.empty()) return;
        list_.add(kind, name_source_ ? concat({"according to ", source_, ", ", statement}) : statement,
                  std::move(value), concat({source_, ":", field}));
    }
    [[nodiscard]] auto source() const -> const std::string& { return source_; }

private:
    EvidenceItems& list_;
    std::string source_;
    bool name_source_;
};

void add_finding(Voice voice, const Finding& finding) {
    const auto title = name(finding.title);
    voice.add("finding", "title", concat({"the finding is titled \"", title, "\""}), title);
    const auto description = clean_text(finding.description, text_limit);
    voice.add("finding", "description", concat({"the description reads: \"", description, "\""}), description);
    const auto type = spaced(to_string(finding.finding_type));
    voice.add("finding", "finding_type", concat({"the finding is of the type ", type}), type);
    voice.add("finding", "source", concat({"the finding was reported by ", voice.source()}), voice.source());
}

void add_severity(Voice voice, const Finding& finding) {
    const std::string severity(to_string(finding.severity));
    voice.add("severity", "severity", concat({"the severity is ", severity}), severity);
}

void add_status(Voice voice, const Finding& finding) {
    const auto status = spaced(to_string(finding.status));
    voice.add("status", "status", concat({"the status is ", status}), status);
}

void add_rule(Voice voice, const Finding& finding) {
    const auto rule = name(finding.rule.name);
    const auto id = name(finding.rule.id);
    voice.add("rule", "rule.name", concat({"the rule that fired is \"", rule, "\""}), rule);
    voice.add("rule", "rule.id", concat({"the id of the rule is ", id}), id);
}

void add_resource(Voice voice, const Finding& finding) {
    const auto& resource = finding.resource;
    const auto type = name(resource.type);
    const auto called = name(resource.name);
    voice.add("resource", "resource.name", concat({"the resource is named ", called}), called);
    voice.add("resource", "resource.type", concat({"the resource is of the type ", type}), type);
    const auto id = name(resource.id);
    voice.add("resource", "resource.id", concat({"the id of the resource is ", id}), id);
}

void add_location(Voice voice, const Finding& finding) {
    const auto& resource = finding.resource;
    const auto cloud = name(resource.cloud);
    voice.add("location", "resource.cloud", concat({"the cloud is ", cloud}), cloud);
    const auto account = name(resource.account);
    const auto account_name = name(resource.account_name);
    voice.add("location", "resource.account",
              account_name.empty() ? fmt::format("the account is {}", account)
                                   : fmt::format("the account is {} ({})", account, account_name),
              account);
    const auto region = name(resource.region);
    voice.add("location", "resource.region", concat({"the region is ", region}), region);
}

void add_tags(Voice voice, const Finding& finding) {
    std::size_t count = 0;
    for (const auto& [key, value] : finding.resource.tags) {
        if (count++ == list_limit) break;
        const auto tag = fmt::format("{}={}", clean_text(key, 100), clean_text(value, 200));
        voice.add("tag", "resource.tags", concat({"the resource carries the tag ", tag}), tag);
    }
}

/// What a store of unknown content looks like inside: the names that it uses, and rows that were masked when they came.
void add_content(Voice& voice, const DataProfile& data) {
    std::vector<std::string> containers; // in the order in which the platform lists them
    std::map<std::string, std::vector<std::string>> fields;
    for (const auto& field : data.fields) {
        auto& list = fields[field.container];
        if (list.empty()) containers.push_back(field.container);
        list.push_back(field.type.empty() ? field.name : concat({field.name, " (", field.type, ")"}));
    }
    if (containers.size() > containers_limit) containers.resize(containers_limit);
    for (const auto& container : containers) {
        const auto names = joined(fields[container]);
        voice.add("data", "data.fields",
                  container.empty() ? concat({"it has these fields: ", names})
                                    : concat({name(container), " has these fields: ", names}),
                  names);
    }
    const auto objects = joined(data.objects);
    voice.add("data", "data.objects", fmt::format("{} objects are known, among them: {}", data.objects.size(), objects),
              objects);
    for (std::size_t i = 0; i < data.samples.size() && i < samples_limit; ++i) {
        const auto row = name(data.samples[i]);
        voice.add("data", "data.samples", concat({"a masked row reads: \"", row, "\""}), row);
    }
}

void add_data(Voice voice, const Finding& finding) {
    const auto& data = finding.data;
    const auto classes = joined(data.classes);
    voice.add("data", "data.classes", concat({"data of these classes was found: ", classes}), classes);
    const auto identifiers = joined(data.identifiers);
    voice.add("data", "data.identifiers", concat({"these detectors matched: ", identifiers}), identifiers);
    if (data.volume) {
        const auto volume = std::to_string(*data.volume);
        voice.add("data", "data.volume", concat({"about ", volume, " records or objects are concerned"}), volume);
    }
    add_content(voice, data);
}

void add_exposure(Voice voice, const Finding& finding) {
    const auto exposure = spaced(to_string(finding.exposure));
    const auto statement = finding.exposure == Exposure::unknown ? "how far the resource is exposed is unknown"
                           : finding.exposure == Exposure::none
                               ? "the exposure is none: the resource is not exposed"
                               : concat({"the exposure of the resource is ", exposure});
    voice.add("exposure", "exposure", statement, exposure);
}

void add_times(Voice voice, const Finding& finding) {
    if (finding.first_seen) {
        const auto time = format_time(*finding.first_seen);
        voice.add("time", "first_seen", concat({"it was first seen at ", time}), time);
    }
    if (finding.last_seen) {
        const auto time = format_time(*finding.last_seen);
        voice.add("time", "last_seen", concat({"it was last seen at ", time}), time);
    }
}

void add_compliance(Voice voice, const Finding& finding) {
    const auto frameworks = joined(finding.compliance);
    voice.add("compliance", "compliance", concat({"the platform maps the finding to: ", frameworks}), frameworks);
}

void add_facts(Voice voice, const Finding& finding) {
    std::size_t count = 0;
    for (const auto& [key, value] : finding.facts) {
        if (count++ == list_limit) break;
        const auto fact = clean_text(value, name_limit);
        voice.add("fact", "facts", fmt::format("{}: {}", spaced(clean_text(key, 100)), fact), fact);
    }
    const auto projects = joined(finding.projects);
    voice.add("fact", "projects", concat({"the platform files it under the projects: ", projects}), projects);
}

void add_control(Voice voice, const Finding& finding) {
    if (finding.control == ControlFamily::other) return;
    const auto control = spaced(to_string(finding.control));
    voice.add("control", "control", concat({"the kind of control that failed is ", control}), control);
}

void add_recommendation(Voice voice, const Finding& finding) {
    const auto text = clean_text(finding.recommendation, text_limit);
    voice.add("remediation", "recommendation", concat({"the platform recommends: \"", text, "\""}), text);
}

/// Whom the platform names. Who owns the resource is decided elsewhere, from these and other signs.
void add_hints(Voice voice, const Finding& finding) {
    for (const auto& hint : finding.owner_hints | std::views::take(list_limit)) {
        const auto called = name(hint);
        voice.add("owner_candidate", "owner_hints",
                  concat({voice.source(), " names ", called, " as owner of the project, the account or the resource"}),
                  called);
    }
}

void add_tampering(Voice voice, const std::vector<TamperSign>& signs) {
    for (const auto& [place, kind] : signs)
        voice.add("tampering", "check",
                  concat({"text in ", place, " of the finding reads like an instruction (", kind,
                          "); it was treated as data"}),
                  place);
}

auto who(std::string_view person, std::string_view email, std::string_view id) -> std::string {
    const auto called = person.empty() ? (email.empty() ? name(id) : name(email)) : name(person);
    return person.empty() || email.empty() ? called : concat({called, " (", name(email), ")"});
}

void add_owner(EvidenceItems& list, const Owner& owner) {
    if (!owner.known()) {
        list.add("owner", "no owner is known", "unknown", "context:owner");
        return;
    }
    const auto called = who(owner.name, owner.email, owner.id);
    list.add("owner", concat({"the owner is ", called}), called, "context:owner");
    if (!owner.department.empty())
        list.add("owner", concat({"the owner's department is ", name(owner.department)}), name(owner.department),
                 "context:department");
    if (!owner.title.empty())
        list.add("owner", concat({"the owner's job title is ", name(owner.title)}), name(owner.title), "context:title");
    if (!owner.cost_center.empty())
        list.add("owner", concat({"the owner's cost center is ", name(owner.cost_center)}), name(owner.cost_center),
                 "context:cost_center");
    const auto manager = who(owner.manager_name, owner.manager, "");
    if (!manager.empty()) list.add("owner", concat({"the owner's manager is ", manager}), manager, "context:manager");
    if (!owner.inactive.empty())
        list.add("owner", concat({"the owner has left: the account is ", name(owner.inactive)}), name(owner.inactive),
                 "context:inactive");
    if (!owner.escalation.empty())
        list.add("owner", concat({"the owner's manager is to be asked instead: ", name(owner.escalation)}),
                 name(owner.escalation), "context:escalation");
    if (!owner.team.empty())
        list.add("owner", concat({"the owner's team is ", name(owner.team)}), name(owner.team), "context:team");
    if (!owner.rule.empty())
        list.add("owner", concat({"the owner was decided by the rule ", name(owner.rule)}), name(owner.rule),
                 "context:rule");
    list.add("owner", fmt::format("the confidence in the owner is {}", confidence_text(owner.confidence)),
             fmt::format("{:.2g}", owner.confidence), "context:confidence");
    if (owner.disputed) list.add("owner", "the sources disagree about the owner", "disputed", "context:disputed");
}

/// Also without the mark that newer decisions carry.
auto names_owner(const Owner& owner, const OwnerSignal& signal) -> bool {
    return signal.agrees || (!signal.person.id.empty() && signal.person.id == owner.id) ||
           (!signal.person.email.empty() && iequals(signal.person.email, owner.email));
}

void add_candidates(EvidenceItems& list, const Owner& owner) {
    std::size_t count = 0;
    for (const auto& signal : owner.signals) {
        if (names_owner(owner, signal)) continue;
        if (count++ == list_limit) break;
        const auto called = who(signal.person.name, signal.person.email, signal.person.id);
        if (called.empty()) continue;
        const auto left = signal.person.inactive.empty()
                              ? std::string()
                              : concat({", whose account is ", name(signal.person.inactive)});
        list.add("owner_candidate",
                 fmt::format("{} names {} as owner{}, by the rule {}, with confidence {}", name(signal.origin), called,
                             left, name(signal.rule), confidence_text(signal.confidence)),
                 called, concat({name(signal.origin), ":owner_candidate"}));
    }
}

void add_access(EvidenceItems& list, const std::vector<Principal>& access) {
    std::size_t count = 0;
    for (const auto& principal : access) {
        if (count++ == list_limit) break;
        const auto id = name(principal.id);
        const auto level = name(principal.level);
        const auto origin = concat({name(principal.origin), ":access"});
        const auto how = principal.how.empty() ? "" : ", " + name(principal.how);
        if (principal.kind == "anyone") {
            list.add("access", concat({"anyone has ", level, " access", how}), concat({"anyone (", level, ")"}),
                     origin);
        } else {
            list.add("access", concat({"the ", name(principal.kind), " ", id, " has ", level, " access", how}),
                     concat({id, " (", level, ")"}), origin);
        }
    }
}

void add_business(EvidenceItems& list, const Context& context) {
    const auto add = [&](std::string_view field, std::string_view words, const std::string& value,
                         std::string_view origin) {
        if (value.empty()) return;
        list.add("business", concat({"the ", words, " is ", value}), value, concat({origin, ":", field}));
    };
    if (context.asset) {
        const auto& asset = *context.asset;
        const auto origin = asset.origin.empty() ? std::string("cmdb") : name(asset.origin);
        add("application", "application", name(asset.application), origin);
        add("business_unit", "business unit", name(asset.business_unit), origin);
        if (asset.criticality != Criticality::unknown)
            add("criticality", "business criticality", std::string(to_string(asset.criticality)), origin);
        add("support_group", "support group", name(asset.support_group), origin);
    }
    const auto origin = context.environment_origin.empty() ? std::string("context") : name(context.environment_origin);
    add("environment", "environment", std::string(to_string(context.environment)), origin);
}

void add_gaps(EvidenceItems& list, const std::vector<ContextGap>& gaps) {
    for (const auto& gap : gaps) {
        list.add("gap", concat({"context from ", name(gap.source), " is missing: ", name(gap.reason)}),
                 name(gap.source), concat({name(gap.source), ":gap"}));
    }
}

void add_risk(EvidenceItems& list, const Assessment& assessment) {
    if (assessment.level.empty()) return;
    const auto risk = std::lround(assessment.risk);
    list.add("risk", concat({"the risk is ", std::to_string(risk), " of 100, level ", assessment.level}),
             std::to_string(risk), "assessment:risk");
    for (const auto& factor : assessment.factors) {
        list.add("risk",
                 fmt::format("risk factor {}: {} (weight {:.2g}), {}", spaced(factor.name), name(factor.value),
                             factor.weight, name(factor.reason)),
                 name(factor.value), "assessment:factor");
    }
}

void add_regulations(EvidenceItems& list, const Assessment& assessment) {
    for (const auto& regulation : assessment.regulations) {
        const auto citation = regulation.citation.empty() ? regulation.framework
                                                          : concat({regulation.framework, " ", regulation.citation});
        list.add("regulation",
                 concat({citation, " (", name(regulation.title), ") is touched: ", name(regulation.reason)}), citation,
                 "assessment:regulation");
    }
}

void add_remediation(EvidenceItems& list, const Assessment& assessment) {
    for (const auto& step : assessment.remediation) {
        const auto text = clean_text(step.text, text_limit);
        list.add("remediation", concat({"to do: ", text}), text, "assessment:remediation");
    }
    if (!assessment.snippet.empty()) {
        const auto title = name(assessment.snippet_title);
        list.add("remediation", concat({"a draft is attached: ", title}), title, "assessment:snippet");
    }
}

/// What the drafted policies would do. Their text stays with us: a narrative explains a policy, it never writes one.
void add_drafted_policies(EvidenceItems& list, const Assessment& assessment) {
    constexpr std::size_t most_drafts = 3;
    for (const auto& policy : assessment.policies | std::views::take(most_drafts)) {
        const auto title = name(policy.title);
        list.add("remediation", concat({"a policy is drafted for review: ", title}), title, "assessment:policy");
        list.add("remediation",
                 concat({"the effect of the drafted policy ", title, " is ", policy.proof, ": ",
                         clean_text(policy.verdict, text_limit)}),
                 policy.proof, "assessment:policy");
    }
}

} // namespace

auto build_evidence(const std::vector<Finding>& findings, const Context& context, const Assessment& assessment)
    -> EvidenceList {
    return build_evidence(findings, context, assessment, orders_in(findings, context));
}

auto build_evidence(const std::vector<Finding>& all_findings, const Context& whole_context,
                    const Assessment& assessment, const Orders& orders) -> EvidenceList {
    EvidenceItems list;
    std::set<std::string> sources;
    for (const auto& finding : all_findings) sources.insert(finding.source);
    const Told told(all_findings, whole_context, orders);
    const auto& context = told.context();
    const auto findings = told.findings() | std::views::take(findings_limit);
    const auto voice_of = [&](const Finding& finding) { return Voice(list, finding, sources.size() > 1); };
    const auto said = [&](void (*add)(Voice, const Finding&)) {
        for (const auto& finding : findings) add(voice_of(finding), finding);
    };
    for (const auto kind : evidence_kinds) {
        if (kind == "finding") said(add_finding);
        if (kind == "severity") said(add_severity);
        if (kind == "status") said(add_status);
        if (kind == "rule") said(add_rule);
        if (kind == "resource") said(add_resource);
        if (kind == "location") said(add_location);
        if (kind == "tag") said(add_tags);
        if (kind == "data") {
            said(add_data);
            add_classification(list, assessment.classification);
        }
        if (kind == "exposure") said(add_exposure);
        if (kind == "exposure_path") add_exposure_path(list, context);
        if (kind == "time") said(add_times);
        if (kind == "policy") add_policies(list, context.policies);
        if (kind == "compliance") said(add_compliance);
        if (kind == "fact") said(add_facts);
        if (kind == "owner") add_owner(list, context.owner);
        if (kind == "owner_candidate") {
            add_candidates(list, context.owner);
            said(add_hints);
        }
        if (kind == "access") add_access(list, context.access);
        if (kind == "access_log") add_access_log(list, context.access_log);
        if (kind == "blast_radius") add_blast_radius(list, context, assessment);
        if (kind == "business") add_business(list, context);
        if (kind == "gap") add_gaps(list, context.gaps);
        if (kind == "risk") add_risk(list, assessment);
        if (kind == "regulation") add_regulations(list, assessment);
        if (kind == "control") said(add_control);
        if (kind == "remediation") {
            add_remediation(list, assessment);
            add_drafted_policies(list, assessment);
            said(add_recommendation);
        }
        if (kind == "tampering") {
            for (std::size_t i = 0; i < findings.size(); ++i)
                add_tampering(voice_of(all_findings[i]), orders.of_findings[i]);
            add_context_tampering(list, orders.of_context);
        }
    }
    return list.take();
}

} // namespace dossier::explain
