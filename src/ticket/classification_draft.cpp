#include "dossier/ticket/classification_draft.hpp"

#include "markdown_escape.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"
#include "dossier/ingest/classification_payload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace dossier::ticket {
namespace {

struct ClassWords {
    std::string_view word;   ///< of the model
    std::string_view label;  ///< as users of tags know it
    std::string_view domain; ///< what data of the class is about
};

/// The most sensitive first: so they are listed, and the first decides the domain.
constexpr std::array class_words{
    ClassWords{"phi", "PHI", "Health"},
    ClassWords{"pci", "PCI", "Payments"},
    ClassWords{"secrets", "Secrets", "Security"},
    ClassWords{"pii", "PII", "Customer"},
    ClassWords{"financial", "Financial", "Finance"},
    ClassWords{"customer", "Customer", "Customer"},
};

auto classes_of(const std::vector<Finding>& findings) -> std::set<std::string> {
    std::set<std::string> classes;
    for (const auto& finding : findings)
        for (const auto& word : finding.data.classes)
            if (!trim(word).empty()) classes.emplace(lower(trim(word)));
    return classes;
}

auto labels_of(std::set<std::string> classes) -> std::vector<std::string> {
    std::vector<std::string> labels;
    for (const auto& known : class_words)
        if (classes.erase(std::string(known.word)) > 0) labels.emplace_back(known.label);
    for (auto word : classes) { // in the order of the alphabet
        word.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(word.front())));
        labels.push_back(shorten(one_line(word), 60));
    }
    return labels;
}

auto domain_of(const std::set<std::string>& classes, const std::optional<Asset>& asset) -> std::string {
    if (asset && !asset->business_unit.empty()) return one_line(asset->business_unit);
    if (asset && !asset->application.empty()) return one_line(asset->application);
    const auto* known = std::ranges::find_if(
        class_words, [&](const ClassWords& one) { return classes.contains(std::string(one.word)); });
    return known == class_words.end() ? std::string() : std::string(known->domain);
}

/// Catalogues of controls regulate nobody's data.
auto is_about_data(std::string_view framework) -> bool {
    static constexpr std::string_view catalogues[] = {"NIST", "ISO", "SOC", "CIS"};
    return std::ranges::none_of(catalogues, [&](std::string_view one) { return framework.starts_with(one); });
}

auto frameworks_of(const Assessment& assessment) -> std::vector<std::string> {
    std::vector<std::string> frameworks;
    for (const auto& regulation : assessment.regulations)
        if (is_about_data(regulation.framework) &&
            std::ranges::find(frameworks, regulation.framework) == frameworks.end())
            frameworks.push_back(regulation.framework);
    return frameworks;
}

/// 0…1, also from a percentage; nullopt for anything else.
auto share_of(std::string_view text) -> std::optional<double> {
    text = trim(text);
    const bool is_percent = text.ends_with('%');
    if (is_percent) text = trim(text.substr(0, text.size() - 1));
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (is_percent) value /= 100;
    if (!(value >= 0 && value <= 1)) return std::nullopt;
    return value;
}

/// Named by a platform among its facts: "confidence", "classification_confidence".
auto confidence_of(const std::vector<Finding>& findings) -> std::optional<double> {
    std::optional<double> least;
    for (const auto& finding : findings) {
        for (const auto& [key, value] : finding.facts) {
            const auto name = lower(key);
            if (name != "confidence" && !name.ends_with("classification_confidence") &&
                name != "classification confidence")
                continue;
            if (const auto share = share_of(value)) least = std::min(least.value_or(*share), *share);
        }
    }
    return least;
}

auto reasoning_of(const std::vector<Finding>& findings) -> std::string {
    std::set<std::string> sources;
    std::set<std::string> detectors;
    for (const auto& finding : findings) {
        if (finding.data.classes.empty()) continue;
        sources.insert(one_line(finding.source));
        for (const auto& one : finding.data.identifiers) detectors.insert(one_line(one));
    }
    auto text = fmt::format("Found by {}", join({sources.begin(), sources.end()}, ", "));
    if (!detectors.empty())
        text += fmt::format(" with the detectors {}", join({detectors.begin(), detectors.end()}, ", "));
    return shorten(text, 500) + ".";
}

auto text_member(const Json& flat, const char* key) -> std::string {
    const auto found = flat.find(key);
    return found != flat.end() && found->is_string() ? found->get<std::string>() : std::string();
}

constexpr std::array flat_keys{"data_classification", "data_domain", "regulatory_framework",
                               "classification_confidence", "classified_by"};

} // namespace

auto known_classification(const std::vector<Finding>& findings, const Context& context, const Assessment& assessment)
    -> std::optional<ingest::Classification> {
    const auto classes = classes_of(findings);
    if (classes.empty()) return std::nullopt;
    return ingest::Classification{.data_classification = join(labels_of(classes), ", "),
                                  .data_domain = domain_of(classes, context.asset),
                                  .regulatory_frameworks = frameworks_of(assessment),
                                  .confidence = confidence_of(findings),
                                  .reasoning = reasoning_of(findings)};
}

auto payload_of(const ingest::Classification& classification) -> std::string {
    return fmt::format(R"({{"flat":{},"list":{}}})", ingest::flat_payload(classification),
                       ingest::list_payload(classification));
}

auto edited_classification(const std::string& flat, const ingest::Classification& before)
    -> Result<ingest::Classification> {
    const auto json = parse_json(flat);
    if (!json || !json->is_object())
        return fail(Errc::invalid_argument, "payload must be the flat form, an object such as "
                                            R"({"data_classification":"PII"})");
    for (const auto& [key, value] : json->items()) {
        if (std::ranges::find(flat_keys, key) == flat_keys.end())
            return fail(Errc::invalid_argument, "payload has no member " + shorten(key, 60));
        if (!value.is_string()) return fail(Errc::invalid_argument, key + " must be a string");
        const auto text = value.get<std::string>();
        if (text.size() > 256 || one_line(text) != text || text.empty())
            return fail(Errc::invalid_argument, key + " must be one line of 1 to 256 bytes; leave out what is unknown");
    }
    ingest::Classification classification{.data_classification = text_member(*json, "data_classification"),
                                          .data_domain = text_member(*json, "data_domain"),
                                          .classified_by = text_member(*json, "classified_by"),
                                          .reasoning = before.reasoning};
    if (classification.data_classification.empty())
        return fail(Errc::invalid_argument, "payload needs data_classification");
    for (const auto one : split(text_member(*json, "regulatory_framework"), ','))
        if (!trim(one).empty()) classification.regulatory_frameworks.emplace_back(trim(one));
    if (json->contains("classification_confidence")) {
        classification.confidence = share_of(text_member(*json, "classification_confidence"));
        if (!classification.confidence)
            return fail(Errc::invalid_argument, R"(classification_confidence must be a number from 0 to 1 in quotes)");
    }
    return classification;
}

auto classification_of_payload(const std::string& payload) -> Result<ingest::Classification> {
    const auto json = parse_json(payload);
    if (!json || !json->is_object() || !json->contains("flat") || !json->contains("list"))
        return fail(Errc::malformed, "the payload is no classification in both its forms");
    const auto& list = (*json)["list"];
    ingest::Classification carried;
    if (list.is_object()) carried.reasoning = text_member(list, "reasoning");
    auto classification = edited_classification(dump_json((*json)["flat"]), carried);
    if (!classification) return fail(Errc::malformed, "the payload: " + classification.error().message);
    if (payload_of(*classification) != payload)
        return fail(Errc::malformed, "the two forms of the payload don't say the same");
    return classification;
}

auto render_classification(const ingest::Classification& classification, const Resource& resource,
                           const std::vector<std::string>& targets) -> ClassificationText {
    const auto& called = resource.name.empty() ? resource.id : resource.name;
    ClassificationText text;
    text.title = shorten(fmt::format("Classify {} as {}", one_line(called), classification.data_classification), 250);
    text.body = fmt::format(
        "## Classification of {}\n\nThese tags are written to the asset in {} once they are approved."
        "\n\n| Tag | Value |\n| --- | --- |",
        inline_code(resource.id.empty() ? resource.name : resource.id), escape_markdown(join(targets, ", ")));
    for (const auto& [key, value] : ingest::flat_tags(classification))
        text.body += fmt::format("\n| {} | {} |", key, escape_markdown(value));
    if (!classification.confidence) text.body += "\n\nNo platform says how sure it is, so no confidence is written.";
    if (!classification.reasoning.empty())
        text.body += fmt::format("\n\nWhy: {}", escape_markdown(classification.reasoning));
    text.body += "\n\nDecided in code from the platforms' findings, the CMDB and the regulations that apply.\n";
    return text;
}

auto with_edited_payload(Draft draft, const std::string& flat, const Resource& resource) -> Result<Draft> {
    auto before = classification_of_payload(draft.payload);
    if (!before) return fail(std::move(before.error()));
    auto edited = edited_classification(flat, *before);
    if (!edited) return fail(std::move(edited.error()));
    std::vector<std::string> targets;
    for (const auto one : split(draft.sink, ',')) targets.emplace_back(trim(one));
    auto text = render_classification(*edited, resource, targets);
    draft.payload = payload_of(*edited);
    draft.title = std::move(text.title);
    draft.body = std::move(text.body);
    return draft;
}

} // namespace dossier::ticket
