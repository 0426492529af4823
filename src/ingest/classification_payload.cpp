#include "dossier/ingest/classification_payload.hpp"

#include "dossier/base/json.hpp"
#include "dossier/base/strings.hpp"

#include <fmt/format.h>

namespace dossier::ingest {
namespace {

/// Shortest text of two decimals at most: 0.92, 0.9, 1.
auto confidence_text(double confidence) -> std::string {
    auto text = fmt::format("{:.2f}", confidence);
    while (text.ends_with('0')) text.pop_back();
    if (text.ends_with('.')) text.pop_back();
    return text;
}

auto dump(const OrderedJson& json) -> std::string { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// What is said about the asset itself, in the order in which users know it.
auto statements(const Classification& value) -> std::vector<std::pair<std::string, std::string>> {
    std::vector<std::pair<std::string, std::string>> said;
    const auto say = [&](const char* key, const std::string& text) {
        if (!text.empty()) said.emplace_back(key, text);
    };
    say("data_classification", value.data_classification);
    say("data_domain", value.data_domain);
    say("regulatory_framework", join(value.regulatory_frameworks, ", "));
    return said;
}

} // namespace

auto flat_tags(const Classification& classification) -> std::vector<std::pair<std::string, std::string>> {
    auto tags = statements(classification);
    if (classification.confidence)
        tags.emplace_back("classification_confidence", confidence_text(*classification.confidence));
    if (!classification.classified_by.empty()) tags.emplace_back("classified_by", classification.classified_by);
    return tags;
}

auto flat_payload(const Classification& classification) -> std::string {
    OrderedJson payload = OrderedJson::object();
    for (const auto& [key, value] : flat_tags(classification)) payload[key] = value;
    return dump(payload);
}

auto list_payload(const Classification& classification) -> std::string {
    OrderedJson tags = OrderedJson::array();
    for (const auto& [key, value] : statements(classification)) {
        OrderedJson tag{{"key", key}, {"value", value}};
        if (!classification.classified_by.empty()) tag["source"] = classification.classified_by;
        if (classification.confidence)
            tag["confidence"] = OrderedJson::parse(confidence_text(*classification.confidence));
        tags.push_back(std::move(tag));
    }
    OrderedJson payload{{"tags", std::move(tags)}};
    if (!classification.reasoning.empty()) payload["reasoning"] = classification.reasoning;
    return dump(payload);
}

} // namespace dossier::ingest
