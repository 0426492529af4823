#include "policy_library.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

namespace dossier::context {
namespace {

constexpr std::size_t most_facts = 4;
constexpr int most_of_one_document = 2;
constexpr std::size_t most_library_sections = 20'000;
constexpr std::size_t most_quoted = 300;

} // namespace

void PolicyLibrary::add(const PolicyDocument& document) {
    for (const auto& section : document.sections) {
        if (sections_.size() == most_library_sections) return;
        sections_.push_back({.document = document.name,
                             .title = document.title,
                             .section = section,
                             .index = index_text(section.heading, section.text)});
    }
}

auto PolicyLibrary::relevant_to(const Finding& finding) const -> std::vector<PolicyFact> {
    const auto topic = topic_of(finding);
    std::vector<std::pair<int, std::size_t>> found; // score and place
    for (std::size_t i = 0; i < sections_.size(); ++i)
        if (const auto score = relevance(topic, sections_[i].index); score >= least_relevance)
            found.emplace_back(score, i);
    // Documents are added in the order of their names and sections in theirs: equals stay in it.
    std::ranges::sort(found, {}, [](const auto& one) { return std::pair(-one.first, one.second); });
    std::vector<PolicyFact> facts;
    std::map<std::string_view, int> of_document;
    for (const auto& [score, index] : found) {
        const auto* section = &sections_[index];
        if (facts.size() == most_facts) break;
        if (++of_document[section->document] > most_of_one_document) continue;
        const auto& heading = section->section.heading;
        const auto place = heading.empty() ? section->document : fmt::format("{}#{}", section->document, heading);
        const auto name = heading.empty() || heading.starts_with(section->title)
                              ? (heading.empty() ? section->title : heading)
                              : fmt::format("{}: {}", section->title, heading);
        facts.push_back({.id = place,
                         .name = name,
                         .kind = "company",
                         .statement = quotation(topic, section->section.text, most_quoted),
                         .origin = "policies:" + place});
    }
    return facts;
}

} // namespace dossier::context
