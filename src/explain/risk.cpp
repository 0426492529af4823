#include "risk.hpp"

#include "dossier/base/strings.hpp"
#include "graph_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <utility>

namespace dossier::explain {

namespace {

constexpr double severity_weight = 0.30;
constexpr double data_weight = 0.20;
constexpr double exposure_weight = 0.20;
constexpr double environment_weight = 0.10;
constexpr double reach_weight = 0.10;
constexpr double criticality_weight = 0.10;

auto severity_factor(const std::vector<Finding>& findings) -> RiskFactor {
    constexpr std::array shares{0.05, 0.25, 0.5, 0.8, 1.0};
    const auto worst = std::ranges::max(findings, {}, &Finding::severity).severity;
    return {
        .name = "severity",
        .value = std::string(to_string(worst)),
        .weight = severity_weight * shares[static_cast<std::size_t>(worst)],
        .reason = findings.size() > 1 ? "the worst that a platform says" : "what the platform says",
    };
}

auto share_of_class(std::string_view word) -> double {
    constexpr std::array<std::pair<std::string_view, double>, 6> shares{
        {{"phi", 1.0}, {"pci", 1.0}, {"secrets", 1.0}, {"pii", 0.85}, {"financial", 0.85}, {"customer", 0.7}}};
    const auto found = std::ranges::find(shares, word, &std::pair<std::string_view, double>::first);
    return found == shares.end() ? 0.5 : found->second;
}

auto data_factor(const std::vector<Finding>& findings) -> RiskFactor {
    const auto classes = data_classes(findings);
    if (classes.empty())
        return {.name = "data",
                .value = "unknown",
                .weight = data_weight * 0.5,
                .reason = "nobody has said what the resource holds, so it may be sensitive"};
    double share = 0;
    for (const auto& word : classes) share = std::max(share, share_of_class(word));
    return {.name = "data",
            .value = join(classes, ", "),
            .weight = data_weight * share,
            .reason = "the most sensitive class that was found counts"};
}

auto exposure_factor(Exposure exposure) -> RiskFactor {
    const auto made = [&](double share, const char* reason) {
        return RiskFactor{.name = "exposure",
                          .value = std::string(to_string(exposure)),
                          .weight = exposure_weight * share,
                          .reason = reason};
    };
    switch (exposure) {
    case Exposure::public_:
        return made(1.0, "anyone on the internet can reach it");
    case Exposure::cross_account:
        return made(0.7, "other accounts can reach it");
    case Exposure::internal:
        return made(0.3, "only the own organisation can reach it");
    case Exposure::none:
        return made(0.1, "nobody beyond its own application can reach it");
    case Exposure::unknown:
        break;
    }
    return made(0.5, "no platform says who can reach it");
}

auto environment_factor(const Context& context) -> RiskFactor {
    const auto made = [&](double share, std::string reason) {
        return RiskFactor{.name = "environment",
                          .value = std::string(to_string(context.environment)),
                          .weight = environment_weight * share,
                          .reason = std::move(reason)};
    };
    const auto from = context.environment_origin.empty() ? std::string("as the context says")
                                                         : "according to " + context.environment_origin;
    switch (context.environment) {
    case Environment::prod:
        return made(1.0, from);
    case Environment::staging:
        return made(0.5, from);
    case Environment::test:
        return made(0.3, from);
    case Environment::dev:
        return made(0.2, from);
    case Environment::unknown:
        break;
    }
    return made(1.0, "an unknown environment counts as production");
}

auto people_share(std::size_t count) -> double { return count > 10 ? 0.7 : 0.4; }

/// Who can reach it, and what can be reached from it, as far as a graph says so.
auto reach_factor(const Context& context, Exposure exposure) -> RiskFactor {
    const bool has_anyone =
        exposure == Exposure::public_ ||
        std::ranges::any_of(context.access, [](const Principal& p) { return p.kind == "anyone" || p.id == "*"; });
    const auto near = [&](std::string_view kind) {
        return context.blast_radius ? nearest_of(*context.blast_radius, kind) : nullptr;
    };
    std::size_t identities = 0;
    if (context.blast_radius)
        for (const auto& [kind, count] : counts_by_kind(*context.blast_radius))
            if (kind == "identity") identities = static_cast<std::size_t>(count);
    const auto count = std::max(context.access.size(), identities);
    RiskFactor factor{.name = "reach"};
    if (has_anyone) {
        factor = {.name = "reach", .value = "anyone", .weight = 1.0, .reason = "no identity is needed to reach it"};
    } else if (const auto* internet = near("internet")) {
        factor = {.name = "reach",
                  .value = "internet, " + hops_text(internet->hops) + " away",
                  .weight = 0.9,
                  .reason = "the platform's graph has a way to it from the internet"};
    } else if (count == 0) {
        factor = {.name = "reach", .value = "unknown", .weight = 0.4, .reason = "no source knows who can reach it"};
    } else {
        factor = {.name = "reach",
                  .value = std::to_string(count) + (count == 1 ? " principal" : " principals"),
                  .weight = people_share(count),
                  .reason = "known users, groups, roles and services with access"};
    }
    if (near("secret") != nullptr || near("data_store") != nullptr) {
        factor.weight = std::max(factor.weight, 0.6);
        factor.reason += "; the graph leads on to secrets or other data stores";
    }
    factor.weight *= reach_weight;
    return factor;
}

auto criticality_factor(const Context& context) -> RiskFactor {
    constexpr std::array shares{0.2, 0.5, 0.75, 1.0, 0.5};
    const auto criticality = context.asset ? context.asset->criticality : Criticality::unknown;
    return {
        .name = "criticality",
        .value = std::string(to_string(criticality)),
        .weight = criticality_weight * shares[static_cast<std::size_t>(criticality)],
        .reason = criticality == Criticality::unknown ? "no CMDB says how much the business depends on it"
                                                      : "how much the business depends on it, by the CMDB",
    };
}

} // namespace

auto data_classes(const std::vector<Finding>& findings) -> std::vector<std::string> {
    std::set<std::string> classes;
    for (const auto& finding : findings) classes.insert(finding.data.classes.begin(), finding.data.classes.end());
    return {classes.begin(), classes.end()};
}

auto widest_exposure(const std::vector<Finding>& findings) -> Exposure {
    auto widest = Exposure::unknown;
    for (const auto& finding : findings) {
        if (finding.exposure == Exposure::unknown) continue;
        if (widest == Exposure::unknown || finding.exposure < widest) widest = finding.exposure;
    }
    return widest;
}

auto risk_factors(const std::vector<Finding>& findings, const Context& context) -> std::vector<RiskFactor> {
    if (findings.empty()) return {};
    const auto exposure = widest_exposure(findings);
    return {severity_factor(findings),   data_factor(findings),           exposure_factor(exposure),
            environment_factor(context), reach_factor(context, exposure), criticality_factor(context)};
}

auto risk_of(const std::vector<RiskFactor>& factors) -> double {
    double sum = 0;
    for (const auto& factor : factors) sum += factor.weight;
    return std::clamp(std::round(sum * 1000) / 10, 0.0, 100.0);
}

auto level_of(double risk) -> std::string {
    if (risk >= 80) return "critical";
    if (risk >= 60) return "high";
    return risk >= 35 ? "medium" : "low";
}

} // namespace dossier::explain
