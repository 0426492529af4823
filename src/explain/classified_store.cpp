#include "classified_store.hpp"

#include "dossier/base/strings.hpp"
#include "dossier/explain/compliance.hpp"
#include "field_rules.hpp"
#include "name_words.hpp"
#include "store_signs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dossier::explain {
namespace {

void add(Words& into, const std::string& word) {
    if (!word.empty() && std::ranges::find(into, word) == into.end()) into.push_back(word);
}

auto data_of(const ClassificationKnowledge& knowledge, const std::string& one, bool is_of_patient) -> std::string {
    const auto meaning = knowledge.classes.find(one);
    if (meaning == knowledge.classes.end() || meaning->second.data == "none") return {};
    const auto& data = meaning->second.data;
    const bool is_personal = data == "pii" || data == "sensitive_pii";
    return is_personal && is_of_patient ? "phi" : data;
}

auto level_of(std::string_view sensitivity) -> int {
    static constexpr std::array levels = {"public", "internal", "confidential", "restricted"};
    return static_cast<int>(std::ranges::find(levels, sensitivity) - levels.begin());
}

void gather(StoreClassification& result) {
    result.classes.clear();
    Words labels;
    result.frameworks.clear();
    for (const auto& field : result.fields) {
        for (const auto& one : field.classes) add(result.classes, one);
        for (const auto& one : field.labels) add(labels, one);
        for (const auto& one : field.frameworks) add(result.frameworks, one);
    }
    for (const auto& document : result.documents) {
        for (const auto& one : document.classes) add(result.classes, one);
        for (const auto& one : document.labels) add(labels, one);
    }
    result.labels = std::move(labels);
}

auto sensitivity_of(const ClassificationKnowledge& knowledge, const StoreClassification& result) -> std::string {
    std::string worst;
    for (const auto& one : result.classes)
        if (const auto known = knowledge.classes.find(one); known != knowledge.classes.end())
            if (level_of(known->second.sensitivity) > (worst.empty() ? -1 : level_of(worst)))
                worst = known->second.sensitivity;
    const bool has_phi = std::ranges::find(result.labels, "PHI") != result.labels.end();
    if (has_phi) return "restricted";
    if (!worst.empty() && level_of(worst) >= 2) return worst;
    if (result.fields.empty() && result.documents.empty()) return "internal"; // nothing was seen: nothing is promised
    static constexpr std::array open_domains = {"reference", "product", "benchmark", "web", "transport"};
    const bool is_open = std::ranges::find(open_domains, result.domain) != open_domains.end();
    return is_open && result.classes.empty() ? "public" : "internal";
}

/// The least sure of what makes the result: fields that say nothing count only where there is nothing else.
auto confidence_of(const StoreClassification& result) -> double {
    double least = 1;
    double sum = 0;
    std::size_t count = 0;
    bool has_open = false;
    std::map<std::string, double> best; // a class seen surely once is sure
    for (const auto& field : result.fields) {
        has_open = has_open || field.is_open;
        sum += field.confidence;
        ++count;
        for (const auto& one : field.labels) best[one] = std::max(best[one], field.confidence);
    }
    for (const auto& document : result.documents) {
        sum += document.confidence;
        ++count;
        for (const auto& one : document.labels) best[one] = std::max(best[one], document.confidence);
    }
    if (count == 0) return 0.3;
    for (const auto& [label, confidence] : best) least = std::min(least, confidence);
    const auto mean = sum / static_cast<double>(count);
    auto confidence = best.empty() ? mean : 0.7 * least + 0.3 * mean;
    if (has_open) {
        // What nobody could read may hold anything.
        const auto open = std::ranges::count_if(result.fields, [](const auto& field) { return field.is_open; });
        confidence -= 0.3 * static_cast<double>(open) / static_cast<double>(result.fields.size());
    }
    return std::clamp(confidence, 0.05, 0.99);
}

auto is_critical(const ClassificationKnowledge& knowledge, const StoreClassification& result, const std::string& type)
    -> bool {
    const auto is_it = [&](const std::string& word) { return iequals(word, type); };
    if (std::ranges::any_of(result.classes, is_it) || std::ranges::any_of(result.labels, is_it)) return true;
    return std::ranges::any_of(result.classes, [&](const std::string& one) {
        const auto known = knowledge.classes.find(one);
        return known != knowledge.classes.end() && iequals(known->second.data, type);
    });
}

auto steward_of(const ClassifierConfig& config, const std::string& domain) -> std::string {
    for (const auto& [name, who] : config.stewards)
        if (iequals(name, domain)) return who;
    return config.steward;
}

/// A label's laws, by the data that it stands for.
auto frameworks_of_labels(const ClassificationKnowledge& knowledge, const Words& labels) -> Words {
    Words frameworks;
    for (const auto& meaning : knowledge.labels)
        if (std::ranges::any_of(labels, [&](const std::string& label) { return iequals(label, meaning.label); }))
            for (const auto& data : meaning.data)
                for (const auto& framework : frameworks_touched_by(data)) add(frameworks, framework);
    return frameworks;
}

/// Puts a person's word on the store in place of what its parts add up to. "Internal" and its like are no labels but
/// say that there is none, and how open the rest is.
void apply_correction(const ClassificationKnowledge& knowledge, StoreClassification& result) {
    if (!result.correction) return;
    const auto& said = *result.correction;
    if (said.labels) {
        result.labels.clear();
        result.is_test_data = false;
        for (const auto& label : *said.labels) {
            if (iequals(label, "test data")) result.is_test_data = true;
            const auto word = lower(label);
            if (level_of(word) < 4)
                result.sensitivity = word;
            else if (!iequals(label, "test data"))
                add(result.labels, label);
        }
        result.primary = result.labels.empty() ? "" : result.labels.front();
        result.frameworks = frameworks_of_labels(knowledge, result.labels);
        if (std::ranges::find(result.labels, "PHI") != result.labels.end()) result.sensitivity = "restricted";
        result.confidence = 1;
    }
    if (said.domain) result.domain = *said.domain;
    if (said.frameworks) result.frameworks = *said.frameworks;
}

} // namespace

auto labels_of(const ClassificationKnowledge& knowledge, const Words& classes, bool is_of_patient) -> Words {
    Words labels;
    for (const auto& meaning : knowledge.labels)
        for (const auto& one : classes)
            if (meaning.data.contains(data_of(knowledge, one, is_of_patient))) add(labels, meaning.label);
    return labels;
}

auto frameworks_of_classes(const ClassificationKnowledge& knowledge, const Words& classes, bool is_of_patient)
    -> Words {
    Words frameworks;
    for (const auto& one : classes)
        for (const auto& framework : frameworks_touched_by(data_of(knowledge, one, is_of_patient)))
            add(frameworks, framework);
    return frameworks;
}

void use_taxonomy(ClassificationKnowledge& knowledge, const std::vector<ClassifierConfig::Domain>& domains) {
    if (domains.empty()) return;
    std::vector<DomainWords> taxonomy;
    for (const auto& own : domains) {
        DomainWords domain{.name = lower(own.name), .label = own.name};
        const auto known = std::ranges::find(knowledge.domains, domain.name, &DomainWords::name);
        if (known != knowledge.domains.end()) {
            domain.words = known->words;
            domain.classes = known->classes;
        }
        for (const auto& word : own.words)
            for (const auto& part : words_of(knowledge, word)) {
                domain.words.insert(part);
                knowledge.vocabulary.insert(part);
            }
        taxonomy.push_back(std::move(domain));
    }
    knowledge.domains = std::move(taxonomy);
}

void conclude_store(const ClassificationKnowledge& knowledge, const ClassifierConfig& config, const StoreSketch& store,
                    StoreClassification& result) {
    result.test_signs.clear();
    result.is_test_data = is_test_data(knowledge, store, result);
    gather(result);
    if (result.is_test_data) {
        result.labels.clear();
        result.frameworks.clear();
    }
    for (const auto& document : result.documents)
        for (const auto& one : frameworks_of_classes(knowledge, document.classes, false))
            if (!result.is_test_data) add(result.frameworks, one);
    // In the order of sensitivity; the first is the primary one.
    Words ordered;
    for (const auto& meaning : knowledge.labels)
        if (std::ranges::find(result.labels, meaning.label) != result.labels.end()) ordered.push_back(meaning.label);
    result.labels = std::move(ordered);
    result.primary = result.labels.empty() ? "" : result.labels.front();
    const auto domain = domain_of(knowledge, store, result);
    result.domain = domain.name;
    result.sensitivity = result.is_test_data ? "internal" : sensitivity_of(knowledge, result);
    result.domain = domain.label;
    result.confidence = confidence_of(result);
    apply_correction(knowledge, result);
    result.business_context = business_context(knowledge, store, result);
    result.platform_tags = verdicts_on_tags(knowledge, store, result);
    result.needs_person.clear();
    for (const auto& type : config.policy_critical) // also of what looks like test data: that, too, may be a mistake
        if (is_critical(knowledge, result, type))
            result.needs_person.push_back(fmt::format("{} is policy-critical", type));
    if (result.confidence < config.min_confidence)
        result.needs_person.push_back(
            fmt::format("it is {:.2f} sure, and {:.2f} is asked for", result.confidence, config.min_confidence));
    if (std::ranges::any_of(result.platform_tags, [](const auto& one) { return one.verdict == "contradicted"; }))
        result.needs_person.emplace_back("it contradicts what the platform says");
    result.steward = result.needs_person.empty() ? "" : steward_of(config, result.domain);
}

} // namespace dossier::explain
