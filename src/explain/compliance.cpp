#include "dossier/explain/compliance.hpp"

#include "closed_lists.hpp"
#include "dossier/base/strings.hpp"
#include "law_notation.hpp"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier::explain {
namespace {

auto framework_of(Law law) -> std::string {
    switch (law) {
    case Law::gdpr:
        return "GDPR";
    case Law::dora:
        return "DORA";
    case Law::hipaa:
        return "HIPAA";
    case Law::ccpa:
        return "CCPA";
    case Law::pci:
        return "PCI DSS 4.0.1";
    case Law::soc2:
        return "SOC 2";
    case Law::nist:
        return "NIST 800-53 r5";
    case Law::csf:
        return "NIST CSF 2.0";
    case Law::iso:
        return "ISO 27001:2022";
    case Law::cis:
        return "CIS";
    case Law::other:
        break;
    }
    return {};
}

auto numbering_word(Law law) -> std::string_view {
    switch (law) {
    case Law::gdpr:
    case Law::dora:
        return "article";
    case Law::hipaa:
    case Law::ccpa:
        return "section";
    case Law::soc2:
        return "criterion";
    case Law::nist:
    case Law::iso:
        return "control";
    default:
        return "requirement";
    }
}

/// Nothing but words that lead to a number stands between a name and the number: "GDPR's Article", "NIST control".
auto leads_on(std::string_view between) -> bool {
    static const RE2 words(
        R"((?i)^['’]?s?[\s(:]*(?:(?:v|version)\s*[\d.]+\s*)?(?:(?:requirements?|reqs?\.?|controls?|recommendations?|sections?|sec\.|clauses?|criteri(?:on|a)|rules?|§+|no\.)[\s:]*)?$)");
    return RE2::FullMatch(re2::StringPiece(between.data(), between.size()), words);
}

/// "Art. 32 GDPR", "AC-3 of NIST 800-53", "A.8.3 (ISO 27001)", "164.312(b) of the HIPAA".
auto belongs_to(std::string_view between) -> bool {
    static const RE2 words(R"((?i)^[\s,(]*(?:(?:of|in|under|from)\s+)?(?:the\s+|EU\s+)?$)");
    return RE2::FullMatch(re2::StringPiece(between.data(), between.size()), words);
}

struct Bound {
    const NamedLaw* name = nullptr;
    Law law = Law::other;
    bool is_foreign = false; ///< the framework beside the number doesn't number like this
};

auto bind(std::string_view text, const NumberedLaw& number, const std::vector<NamedLaw>& names) -> Bound {
    const auto is_home = [&](const NamedLaw& name) {
        return std::ranges::find(number.homes, name.law) != number.homes.end();
    };
    const NamedLaw* foreign = nullptr;
    const NamedLaw* nearest = nullptr;
    std::size_t distance = 0;
    for (const auto& name : names) {
        const bool is_before = name.end <= number.begin;
        const auto between = is_before                  ? text.substr(name.end, number.begin - name.end)
                             : name.begin >= number.end ? text.substr(number.end, name.begin - number.end)
                                                        : std::string_view();
        const bool is_beside = is_before ? leads_on(between) : belongs_to(between);
        if (is_home(name)) {
            if (is_beside) return {&name, name.law};
            // what stands before a number is meant rather than what comes after it
            const auto away = between.size() + (is_before ? 0 : 40);
            if (nearest == nullptr || away < distance) nearest = &name, distance = away;
        } else if (is_beside && name.law != Law::other && (is_before || !between.empty())) {
            foreign = &name;
        }
    }
    if (foreign != nullptr && nearest == nullptr) return {foreign, foreign->law, true};
    if (nearest != nullptr) return {nearest, nearest->law};
    return {nullptr, number.homes.front()};
}

auto problem_of(Law law, const std::string& framework, const std::string& id) -> std::string {
    const auto& lists = ClosedLists::built_in();
    const auto* list = lists.find(framework);
    if (list == nullptr)
        return law == Law::cis ? "its number means something only with the benchmark and its version"
                               : "its framework has no list";
    if (lists.knows(framework, id)) return {};
    if (const auto gone = list->withdrawn.find(id); gone != list->withdrawn.end())
        return gone->second.empty() ? "withdrawn" : "withdrawn, see " + gone->second;
    return fmt::format("no such {}", numbering_word(law));
}

} // namespace

auto law_in(std::string_view text) -> CitedLaw {
    CitedLaw law;
    const auto names = named_laws(text);
    for (const auto& number : numbered_laws(text, names)) {
        const auto bound = bind(text, number, names);
        if (bound.name == nullptr && number.needs_name) continue;
        Citation citation{.framework = bound.name != nullptr && !bound.name->framework.empty()
                                           ? bound.name->framework
                                           : framework_of(bound.law),
                          .id = number.id,
                          .begin = number.begin,
                          .end = number.end};
        citation.problem = bound.is_foreign ? "a number of another framework"
                           : bound.name != nullptr && !bound.name->outdated.empty()
                               ? bound.name->outdated
                               : problem_of(bound.law, citation.framework, citation.id);
        law.citations.push_back(std::move(citation));
    }
    for (const auto& name : names) law.frameworks.push_back({name.framework, name.begin, name.end});
    return law;
}

auto normalise_citation(std::string_view text) -> Result<Citation> {
    auto law = law_in(text);
    if (law.citations.empty()) return fail(Errc::not_found, "the text cites no requirement");
    return std::move(law.citations.front());
}

auto is_known_citation(std::string_view framework, std::string_view id) -> bool {
    return ClosedLists::built_in().knows(framework, id);
}

auto has_closed_list(std::string_view framework) -> bool { return ClosedLists::built_in().find(framework) != nullptr; }

auto frameworks_touched_by(std::string_view data_class) -> std::vector<std::string> {
    constexpr std::array<std::pair<std::string_view, std::string_view>, 13> touched{{
        {"pii", "GDPR,CCPA"},
        {"sensitive_pii", "GDPR,CCPA"},
        {"government_id", "GDPR,CCPA"},
        {"children", "GDPR,CCPA"},
        {"customer", "GDPR,CCPA"},
        {"phi", "HIPAA,GDPR,CCPA"},
        {"pci", "PCI DSS 4.0.1,GDPR,CCPA"},
        {"pci_sad", "PCI DSS 4.0.1"},
        {"financial", "GDPR,CCPA,SOC 2"},
        {"secrets", "NIST 800-53 r5,ISO 27001:2022,SOC 2"},
        {"credentials", "NIST 800-53 r5,ISO 27001:2022,SOC 2"},
        {"confidential", "SOC 2,ISO 27001:2022"},
        {"intellectual_property", "SOC 2,ISO 27001:2022"},
    }};
    const auto word = lower(data_class);
    const auto found =
        std::ranges::find(touched, std::string_view(word), &std::pair<std::string_view, std::string_view>::first);
    std::vector<std::string> frameworks;
    if (found == touched.end()) return frameworks;
    for (const auto name : split(found->second, ',')) frameworks.emplace_back(name);
    return frameworks;
}

auto health_data_controls(bool is_reached_by_api) -> std::vector<HealthDataControl> {
    // NIST SP 800-66r2 maps the standards of the Security Rule; the technical ones are what an asset itself can meet.
    std::vector<HealthDataControl> all = {
        {"45 CFR 164.312(a)(1)",
         "Access control",
         {"AC-1", "AC-2", "AC-3", "AC-5", "AC-6", "AC-12", "CP-2", "IA-2", "IA-3", "IA-4", "IA-8", "SC-13"}},
        {"45 CFR 164.312(b)", "Audit controls", {"AU-1", "AU-2", "AU-3", "AU-4", "AU-6", "AU-7", "AU-8"}},
        {"45 CFR 164.312(c)(1)", "Integrity", {"CP-9", "MP-2", "MP-5", "SC-8", "SI-1", "SI-7"}},
        {"45 CFR 164.308(a)(4)(i)",
         "Managing who may access what",
         {"AC-1", "AC-2", "AC-3", "AC-4", "AC-5", "AC-6", "CA-3", "PS-6", "PS-7"}},
        {"45 CFR 164.308(a)(1)(i)",
         "Managing security by risk",
         {"AU-6", "AU-7", "CA-7", "IR-5", "IR-6", "PL-2", "PS-8", "RA-1", "RA-2", "RA-3", "SI-4"}},
    };
    if (!is_reached_by_api) return all;
    all.push_back(
        {"45 CFR 164.312(d)", "Authentication of people and entities", {"IA-2", "IA-3", "IA-4", "IA-8", "IA-9"}});
    all.push_back({"45 CFR 164.312(e)(1)", "Security of transmission", {"SC-8", "SC-12", "SC-13", "SI-7"}});
    all.push_back({"45 CFR 164.308(b)(1)", "Contracts with business associates", {"CA-3", "PS-7", "SA-4", "SA-9"}});
    return all;
}

} // namespace dossier::explain
