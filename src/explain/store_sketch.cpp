// What is known of a store, gathered from its findings.

#include "dossier/base/strings.hpp"
#include "dossier/explain/classifier.hpp"

#include <algorithm>
#include <array>
#include <set>

namespace dossier::explain {
namespace {

constexpr std::size_t most_cells = 20; ///< of one field

/// "name=<PERSON>, note=<TEXT 40>": masked rows as the backlog writes them. A cell's value never holds ", name=".
void read_row(const std::string& row, std::map<std::string, std::vector<std::string>>& samples) {
    std::size_t begin = 0;
    while (begin < row.size()) {
        const auto equals = row.find('=', begin);
        if (equals == std::string::npos) return;
        auto end = row.find(", ", equals);
        while (end != std::string::npos && row.find('=', end) == std::string::npos) end = std::string::npos;
        // "<TEXT 40 with EMAIL, PHONE>" has commas of its own.
        if (const auto open = row.find('<', equals); open == equals + 1)
            if (const auto close = row.find('>', open); close != std::string::npos) end = row.find(", ", close);
        auto& cells = samples[row.substr(begin, equals - begin)];
        if (cells.size() < most_cells)
            cells.push_back(row.substr(equals + 1, end == std::string::npos ? end : end - equals - 1));
        if (end == std::string::npos) return;
        begin = end + 2;
    }
}

auto is_document(std::string_view name) -> bool {
    static constexpr std::array endings = {".doc", ".docx", ".pdf", ".xls", ".xlsx", ".ppt", ".pptx", ".txt",  ".rtf",
                                           ".odt", ".eml",  ".msg", ".md",  ".pem",  ".key", ".env",  ".kdbx", ".html"};
    const auto text = lower(name);
    return std::ranges::any_of(endings, [&](std::string_view one) { return text.ends_with(one); });
}

} // namespace

auto sketch_of(const std::vector<Finding>& findings, const Context& context) -> StoreSketch {
    StoreSketch sketch;
    sketch.environment = context.environment;
    std::set<std::string> tags;
    std::set<std::string> seen;
    for (const auto& finding : findings) {
        if (sketch.name.empty())
            sketch.name = finding.resource.name.empty() ? finding.resource.id : finding.resource.name;
        if (sketch.kind.empty()) sketch.kind = finding.resource.type;
        for (const auto& field : finding.data.fields)
            if (seen.insert(field.container + "\n" + field.name).second) sketch.fields.push_back(field);
        for (const auto& row : finding.data.samples) read_row(row, sketch.samples);
        for (const auto& object : finding.data.objects)
            if (seen.insert("\n" + object).second) sketch.documents.push_back({.name = object, .text = {}});
        for (const auto& text : finding.data.texts) {
            const auto known = std::ranges::find(sketch.documents, text.first, &StoreSketch::Document::name);
            if (known == sketch.documents.end())
                sketch.documents.push_back({.name = text.first, .text = text.second});
            else
                known->text = text.second;
        }
        for (const auto& [key, value] : finding.facts)
            if (key == "current_classification")
                for (const auto one : split(value, ',')) tags.emplace(trim(one));
        for (const auto& [key, value] : finding.resource.tags) {
            const auto name = lower(key);
            if (name.find("classification") != std::string::npos || name.find("sensitivity") != std::string::npos ||
                name.find("data") != std::string::npos)
                tags.insert(key + ": " + value);
            if (name == "purpose" || name == "project" || name == "campaign" || name == "description" || name == "use")
                sketch.about += value + ". ";
        }
        sketch.detectors.insert(sketch.detectors.end(), finding.data.identifiers.begin(),
                                finding.data.identifiers.end());
        if (finding.finding_type != FindingType::unclassified_data || !finding.data.fields.empty())
            sketch.about += finding.description + ". ";
    }
    sketch.tags.assign(tags.begin(), tags.end());
    // Names of tables among the objects say as little as columns without a table: only documents are read by name.
    if (!sketch.fields.empty())
        std::erase_if(sketch.documents,
                      [](const StoreSketch::Document& one) { return one.text.empty() && !is_document(one.name); });
    return sketch;
}

} // namespace dossier::explain
