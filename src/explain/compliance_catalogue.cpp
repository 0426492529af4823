#include "compliance_catalogue.hpp"

#include "control_failure.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/explain/compliance.hpp"
#include "knowledge_files.hpp"

#include <algorithm>
#include <array>

namespace dossier::explain {

namespace {

auto controls_at(const KnowledgeNode& node) -> std::vector<std::string> {
    auto words = words_at(node, "controls");
    for (const auto& word : words)
        if (!is_control_word(word))
            throw KnowledgeMistake{.line = node["controls"].line(),
                                   .message = "'" + word + "' is no control family and no failure of one"};
    return words;
}

auto read_requirement(const KnowledgeNode& node) -> Requirement {
    only_keys(node, {"id", "title", "reason", "controls", "data", "resources"});
    return {
        .id = text_in(node, "id"),
        .title = text_in(node, "title"),
        .reason = text_in(node, "reason"),
        .controls = controls_at(node),
        .data = words_at(node, "data"),
        .resources = words_at(node, "resources"),
    };
}

auto read_framework(const KnowledgeNode& node) -> Framework {
    only_keys(node, {"framework", "jurisdiction", "condition", "data", "clouds", "most", "references"});
    Framework framework{.name = text_in(node, "framework"), .data = words_at(node, "data")};
    framework.clouds = words_at(node, "clouds");
    if (node["condition"]) framework.condition = text_in(node, "condition");
    const auto word = text_in(node, "jurisdiction");
    if (word == "eu")
        framework.jurisdiction = Jurisdiction::eu;
    else if (word == "us")
        framework.jurisdiction = Jurisdiction::us;
    else if (word != "any")
        throw KnowledgeMistake{.line = node["jurisdiction"].line(), .message = "'" + word + "' is no place"};
    if (node["most"]) framework.most = node["most"].as_count();
    for (const auto& reference : node["references"]) {
        auto requirement = read_requirement(reference);
        if (has_closed_list(framework.name) && !is_known_citation(framework.name, requirement.id))
            throw KnowledgeMistake{.line = reference.line(), .message = framework.name + " has no " + requirement.id};
        framework.requirements.push_back(std::move(requirement));
    }
    return framework;
}

template <class Set>
auto meets(const std::vector<typename Set::value_type>& wanted, const Set& given) -> bool {
    return wanted.empty() ||
           std::ranges::any_of(wanted, [&](const auto& each) { return given.find(each) != given.end(); });
}

/// Why the law of this framework may apply here; nullopt = it doesn't.
auto applies(const Framework& framework, const Place& place) -> std::optional<std::string> {
    const bool is_unknown = !place.is_eu && !place.is_us;
    switch (framework.jurisdiction) {
    case Jurisdiction::any:
        return framework.condition;
    case Jurisdiction::us:
        return place.is_us ? std::optional(place.why) : std::nullopt;
    case Jurisdiction::eu:
        if (place.is_eu) return place.why;
        return is_unknown ? std::optional<std::string>("where data subjects are in the EU") : std::nullopt;
    }
    return std::nullopt;
}

auto join_words(const std::set<std::string>& words) -> std::string {
    return join(std::vector<std::string>(words.begin(), words.end()), ", ");
}

} // namespace

auto place_of(const Resource& resource) -> Place {
    constexpr std::array eu_regions{"eu",       "eu-*",     "europe",   "europe-*", "westeurope", "northeurope",
                                    "germany*", "france*",  "sweden*",  "poland*",  "italy*",     "spain*",
                                    "austria*", "ireland*", "denmark*", "finland*", "belgium*",   "greece*"};
    constexpr std::array not_eu{"eu-west-2", "europe-west2", "eu-central-2", "europe-west6"}; // London, Zürich
    constexpr std::array us_regions{"us", "us-*", "*us", "*us2", "*us3", "northamerica-us*"};
    Place place;
    const auto region = lower(trim(resource.region));
    const auto among = [&](const auto& globs) {
        return std::ranges::any_of(globs, [&](auto glob) { return glob_match(glob, region); });
    };
    if (!region.empty()) {
        place.is_eu = among(eu_regions) && !among(not_eu);
        place.is_us = among(us_regions);
        if (place.is_eu || place.is_us) place.why = "the resource is in " + shorten(region, 40);
    }
    for (const auto& [key, value] : resource.tags) {
        const auto words = lower(key) + "=" + lower(value);
        const bool names_place = icontains(key, "residency") || icontains(key, "jurisdiction") ||
                                 icontains(key, "compliance") || icontains(key, "regulation") ||
                                 icontains(key, "gdpr") || icontains(key, "ccpa");
        if (!names_place || words.ends_with("=false") || words.ends_with("=no")) continue;
        const bool eu = words.find("gdpr") != std::string::npos || words.ends_with("=eu");
        const bool us = words.find("ccpa") != std::string::npos || words.ends_with("=us") ||
                        words.find("california") != std::string::npos;
        if ((eu && !place.is_eu) || (us && !place.is_us))
            place.why += (place.why.empty() ? "" : "; ") + std::string("a tag of the resource says so");
        place.is_eu = place.is_eu || eu;
        place.is_us = place.is_us || us;
    }
    return place;
}

auto ComplianceCatalogue::parse(const std::vector<EmbeddedFile>& files) -> Result<ComplianceCatalogue> {
    ComplianceCatalogue catalogue;
    for (const auto& file : files) {
        auto read = read_knowledge(
            file, [&](const KnowledgeNode& root) { catalogue.frameworks_.push_back(read_framework(root)); });
        if (!read) return fail(std::move(read.error()));
    }
    if (catalogue.frameworks_.empty()) return fail(Errc::not_found, "there is no compliance knowledge");
    return catalogue;
}

auto ComplianceCatalogue::select(const ComplianceQuery& query) const -> std::vector<RegulationRef> {
    static const Resource nothing;
    const auto& resource = query.resource != nullptr ? *query.resource : nothing;
    const auto place = place_of(resource);
    std::vector<RegulationRef> selected;
    for (const auto& framework : frameworks_) {
        if (!framework.data.empty() && (query.data.empty() || !meets(framework.data, query.data))) continue;
        if (!framework.clouds.empty() && std::ranges::find(framework.clouds, resource.cloud) == framework.clouds.end())
            continue;
        const auto why = applies(framework, place);
        if (!why) continue;
        std::string further; // reasons of the framework
        if (!why->empty()) further.append("; ").append(*why);
        if (!framework.data.empty()) further.append("; data found: ").append(join_words(query.data));
        std::size_t named = 0;
        std::set<std::string_view> seen;
        for (const auto& requirement : framework.requirements) {
            if (framework.most > 0 && named == framework.most) break;
            if (!meets(requirement.controls, query.controls) || !meets(requirement.data, query.data)) continue;
            if (!takes_resource(requirement.resources, resource.type, resource.id)) continue;
            // What fits everything is named only where nothing closer does.
            if (requirement.controls.empty() && requirement.data.empty() && named > 0) continue;
            if (!seen.insert(requirement.id).second) continue; // by another of its reasons
            selected.push_back({.framework = framework.name,
                                .citation = requirement.id,
                                .title = requirement.title,
                                .reason = requirement.reason + further});
            ++named;
        }
    }
    return selected;
}

} // namespace dossier::explain
